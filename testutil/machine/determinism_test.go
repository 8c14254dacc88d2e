package machine

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/determinism"
)

var (
	replayBlocks = flag.Int("machine.blocks", 60, "blocks that TestDeterminism records and replays")
	replaySeed   = flag.Uint64("machine.seed", 1, "seed of what TestDeterminism records")
)

// TestDeterminism records random blocks of the whole application and lets processes
// execute them in different ways: one transaction after the other and with Block-STM
// at one, two and eight workers, each on a warm node in memory and on one that keeps
// its state on disk and stops in the middle, which know different numbers of
// processors and collect garbage at different times. After every block all agree on
// the state, the results and all that was put out. More: make determinism.
func TestDeterminism(t *testing.T) {
	if testing.Short() {
		t.Skip("replays a chain in eight processes")
	}
	defer func() {
		if t.Failed() {
			t.Logf("again: make determinism BLOCKS=%d SEED=%d", *replayBlocks, *replaySeed)
		}
	}()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	file, began := filepath.Join(t.TempDir(), "record"), time.Now()
	record := writeRecord(t, *replaySeed, *replayBlocks)
	require.NoError(t, record.Write(file))
	content, txs := figures(t, record)
	t.Logf("recorded %s, in %s", content, time.Since(began).Round(time.Second))
	want := record.Outcomes()
	require.Len(t, want, *replayBlocks)
	for _, workers := range []int{0, 1, 2, 8} {
		name := "sequential"
		if workers > 0 {
			name = fmt.Sprintf("Block-STM with %d workers", workers)
		}
		t.Run(name, func(t *testing.T) {
			results := make(chan replayed, 2)
			go func() {
				results <- inProcess(t, file, determinism.Node{Workers: workers, Check: true}, "GOMAXPROCS=1", "GOGC=300")
			}()
			go func() {
				results <- inProcess(t, file, determinism.Node{Workers: workers, Disk: true}, "GOMAXPROCS=4", "GOGC=25")
			}()
			for range 2 {
				got := <-results
				require.NoError(t, got.err)
				t.Log(got.summary)
				require.Len(t, got.outcomes, len(want))
				if workers > 0 {
					require.GreaterOrEqual(t, got.executions, int64(txs), "Block-STM executes every transaction: %s", got.summary)
				} else {
					require.Zero(t, got.executions, got.summary)
				}
				for i := range want {
					require.Equal(t, want[i].String(), got.outcomes[i], "%s, block %d of the record", got.summary, i)
				}
			}
		})
	}
}

// writeRecord records machines' lives.
func writeRecord(t *testing.T, seed uint64, blocks int) *determinism.Record {
	t.Helper()
	record := &determinism.Record{}
	for life := seed; len(record.Outcomes()) < blocks && !t.Failed(); life++ {
		rapid.MakeFuzz(func(rt *rapid.T) { live(t, rt, record, life, blocks) })(t, lengthen([]byte{byte(life)}))
	}
	return record
}

// figures tells what is in a record and how many transactions, and requires that it is
// worth replaying.
func figures(t *testing.T, record *determinism.Record) (content string, txs int) {
	t.Helper()
	var crowds, most int
	for _, c := range record.Chains {
		for _, b := range c.Blocks {
			var req abci.RequestFinalizeBlock
			require.NoError(t, req.Unmarshal(b.Request))
			txs += len(req.Txs)
			most = max(most, len(req.Txs))
			if len(req.Txs) >= 100 {
				crowds++
			}
		}
	}
	blocks, failed := len(record.Outcomes()), record.Failed()
	require.GreaterOrEqual(t, txs, 10*blocks, "transactions")
	require.Positive(t, crowds, "blocks with a hundred transactions")
	require.Greater(t, failed, txs/20, "failures")
	return fmt.Sprintf("%d blocks of %d chains with %d transactions, %d of which fail; %d blocks have 100 or more, one has %d",
		blocks, len(record.Chains), txs, failed, crowds, most), txs
}

// replayed is what a process printed.
type replayed struct {
	outcomes   []string
	executions int64 // by Block-STM
	summary    string
	err        error
}

// replayEnv tells the test's own binary to replay a record: what, and how.
const replayEnv = "PROOFMARKET_REPLAY"

type replay struct {
	Record, Out string
	Node        determinism.Node
}

// inProcess replays a record in a process of its own.
func inProcess(t *testing.T, record string, node determinism.Node, env ...string) (r replayed) {
	dir, err := os.MkdirTemp(t.TempDir(), "node")
	if err != nil {
		return replayed{err: err}
	}
	node.Home = dir
	spec := replay{Record: record, Out: filepath.Join(dir, "outcomes"), Node: node}
	bz, err := json.Marshal(spec)
	if err != nil {
		return replayed{err: err}
	}
	binary, err := os.Executable()
	if err != nil {
		return replayed{err: err}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^TestReplay$", "-test.timeout", "0")
	cmd.Env = append(append(os.Environ(), env...), replayEnv+"="+string(bz))
	if out, err := cmd.CombinedOutput(); err != nil {
		return replayed{err: fmt.Errorf("replay %s: %w\n%s", bz, err, out)}
	}
	text, err := os.ReadFile(spec.Out)
	if err != nil {
		return replayed{err: err}
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	last := len(lines) - 1
	r = replayed{outcomes: lines[:last], summary: strings.Join(env, " ") + ": " + lines[last]}
	_, r.err = fmt.Sscanf(lines[last], executionsLine, &r.executions)
	return r
}

// executionsLine begins the last line that a process prints.
const executionsLine = "%d executions by Block-STM"

// TestReplay is what a process of TestDeterminism runs.
func TestReplay(t *testing.T) {
	spec := os.Getenv(replayEnv)
	if spec == "" {
		t.Skip("TestDeterminism runs it in processes of its own")
	}
	var r replay
	require.NoError(t, json.Unmarshal([]byte(spec), &r))
	executions := testutil.CountExecutions(t)
	record, err := determinism.Read(r.Record)
	require.NoError(t, err)
	began := time.Now()
	outcomes, err := r.Node.Replay(record)
	require.NoError(t, err)
	var text strings.Builder
	for _, o := range outcomes {
		fmt.Fprintln(&text, o)
	}
	fmt.Fprintf(&text, executionsLine+", %d blocks in %s\n", executions().Executed, len(outcomes), time.Since(began).Round(100*time.Millisecond))
	require.NoError(t, os.WriteFile(r.Out, []byte(text.String()), 0o600))
}
