package trial

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/devnet/skew"
	"github.com/proofmarket/proofmarket/internal/chain"
)

var (
	minutes = flag.Float64("trial.minutes", 0, "time in which the chaos test begins faults; 0 to skip it")
	seed    = flag.Uint64("trial.seed", 0, "seed of the chaos test; 0 for another one each time")
	table   = flag.String("trial.table", "", "file that gets the test's table")
)

const (
	validators = 4
	sidecars   = 3
	// blockTime is long enough for four nodes, three sidecars and what loads them to
	// share a small machine.
	blockTime        = 700 * time.Millisecond
	snapshotInterval = 10
	// patience bounds one fault, and the end, on a busy machine. Nothing waits for it.
	patience = 10 * time.Minute
	pollPace = 200 * time.Millisecond

	// One node executes one transaction after another, the others have two workers, and
	// one keeps as few states as it can. They must agree all the same.
	sequential, small = 1, 2
	workers           = 2

	proof = 1_000_000 // uproof in one PROOF
)

// chaos is one run of the chaos test.
type chaos struct {
	*devnet.Localnet
	t       *testing.T
	rng     *rand.Rand
	nodes   []*devnet.Node
	rpcs    []*rpchttp.HTTP
	marketd string // binary of all nodes
	skewed  string // one with a clock that can be wrong
	synced  []int  // by node: how many faults had been injected when it was last wiped
	rows    []*row
	done    int // faults
	books   *books
	loads   []*loading
}

// Four validators and three provers do real work while one thing after the other goes
// wrong. The chain never forks and halts only while under two thirds are together; every
// request ends once, every coin is accounted for, and at the end all nodes have one state,
// from which a new network can begin.
func TestChaos(t *testing.T) {
	if *minutes <= 0 || testing.Short() {
		t.Skip("takes long; run it with: make test-chaos [MINUTES=15] [SEED=number]")
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: to run it again, make test-chaos MINUTES=%v SEED=%d", *seed, *minutes, *seed)
	c := startChaos(t)
	defer c.report()
	began := time.Now()
	limit := time.Duration(*minutes * float64(time.Minute))
	for c.done == 0 || time.Since(began) < limit {
		for _, at := range c.rng.Perm(len(faults)) {
			if c.done >= len(faults) && time.Since(began) >= limit {
				break
			}
			c.strike(faults[at])
		}
	}
	c.finish()
	c.requireTable()
}

// startChaos starts the network and what loads it.
func startChaos(t *testing.T) *chaos {
	t.Helper()
	chain.ConfigureBech32()
	bin := buildBinaries(t)
	dir, err := skew.Dir()
	require.NoError(t, err)
	t.Log("building the node whose clock can be wrong (the first time takes minutes)")
	skewed, err := skew.Build(t.Context(), dir, t.TempDir())
	require.NoError(t, err)

	var out bytes.Buffer
	n, err := devnet.StartLocalnet(t.Context(), devnet.LocalnetOptions{
		Home: homeOf(t), Marketd: filepath.Join(bin, "marketd"), Proverd: filepath.Join(bin, "proverd"),
		Validators: validators, Provers: devnet.DefaultProvers(sidecars), File: filepath.Join("..", "..", "README.md"),
		BlockTime: blockTime, SnapshotInterval: snapshotInterval, InvariantPeriod: 1, Proxied: true, Configure: configure,
		Accounts: []devnet.Account{{Name: buyerKey, Amount: 1_000_000 * proof}, {Name: marketKey, Amount: 5_000_000 * proof}},
		Genesis: []devnet.GenesisChange{
			// Its operators took their time: the first block is an hour before the second.
			{Path: []string{"genesis_time"}, Value: time.Now().Add(-time.Hour).UTC()},
			// No validator is jailed for being down, or the others would be too few next time.
			{Path: []string{"app_state", "slashing", "params", "signed_blocks_window"}, Value: "100000"},
		},
		Out: &out,
	})
	require.NoError(t, err, "%s", &out)
	t.Cleanup(n.Stop)
	c := &chaos{
		Localnet: n, t: t, rng: rand.New(rand.NewPCG(*seed, 0)), nodes: n.Nodes(), marketd: filepath.Join(bin, "marketd"), skewed: skewed,
		synced: make([]int, validators), rows: newRows(),
	}
	for _, d := range c.nodes {
		r, err := rpchttp.New("http://"+d.RPC(), "/websocket")
		require.NoError(t, err)
		c.rpcs = append(c.rpcs, r)
	}
	c.books = newBooks(c)
	c.startLoads()
	return c
}

// configure returns what is different in some nodes.
func configure(node int) []devnet.Setting {
	parallel := devnet.Setting{File: "app.toml", Key: "block-stm-workers", Value: workers}
	switch node {
	case sequential:
		return []devnet.Setting{{File: "app.toml", Key: "block-executor", Value: "sequential"}}
	case small:
		// Such a node may not make snapshots.
		return []devnet.Setting{parallel, {File: "app.toml", Key: "pruning", Value: "everything"}, {File: "app.toml", Key: "state-sync.snapshot-interval", Value: 0}}
	default:
		return []devnet.Setting{parallel}
	}
}

// strike injects one fault, waits until the network is whole again, and checks what
// happened meanwhile.
func (c *chaos) strike(f fault) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	c.requireLoads()
	began := time.Now()
	row := c.row(f.name)
	row.injected++
	c.done++
	c.t.Logf("%3d. %s at block %d …", c.done, f.name, c.top(ctx))
	what, back := f.inject(ctx, c, row)
	whole := c.awaitWhole(ctx, back)
	require.NoError(c.t, c.SameChain(ctx))
	// A pause shows in headers some blocks later: it must not count for the next fault.
	row.pause = max(row.pause, c.books.read(ctx, whole+haltSpan))
	c.requireLoads()
	row.survived++
	row.recovery = append(row.recovery, whole-back)
	c.t.Logf("     %s; whole again at block %d, %d blocks later; %.0f s in all", what, whole, whole-back, time.Since(began).Seconds())
}

// buildBinaries builds node and sidecar.
func buildBinaries(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", dir, "../../cmd/marketd", "../../cmd/proverd").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// homeOf is a folder that stays after a failure, for a look at logs and homes.
func homeOf(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trial-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs and homes are kept in %s", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return filepath.Join(dir, "net")
}
