package load

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// devnetTimeout bounds the start of a development network on a busy machine; the first
// one makes keys.
const devnetTimeout = 10 * time.Minute

// buildBinaries builds node and sidecar.
func buildBinaries(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// The test depends on the sources of what it runs: go test repeats it only if
	// something changed that it saw.
	require.NoError(t, filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	}))
	out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", dir, "../../cmd/marketd", "../../cmd/proverd").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// guide collects what `marketd devnet` prints.
type guide struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (g *guide) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.out.Write(b)
}

func (g *guide) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.out.String()
}

// devnet is a network of real processes.
type devnet struct {
	marketd, home, rpc, grpc string
}

func startDevnet(t *testing.T) *devnet {
	t.Helper()
	bin := buildBinaries(t)
	home := filepath.Join(t.TempDir(), "net")
	var out guide
	child := exec.Command(filepath.Join(bin, "marketd"), "devnet", "--home", home, "--block-time", "400ms")
	child.Stdout, child.Stderr = &out, &out
	require.NoError(t, child.Start())
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	t.Cleanup(func() {
		_ = child.Process.Signal(syscall.SIGINT) // it ends its own children
		<-ended
	})
	rpc, grpc := regexp.MustCompile(`RPC +(http://\S+)`), regexp.MustCompile(`gRPC +(\S+)`)
	deadline := time.After(devnetTimeout)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		// The guide comes once everything is up.
		if text := out.String(); strings.Contains(text, "The network runs.") && strings.Contains(text, "second terminal") {
			return &devnet{
				marketd: filepath.Join(bin, "marketd"), home: filepath.Join(home, "node"),
				rpc: rpc.FindStringSubmatch(text)[1], grpc: grpc.FindStringSubmatch(text)[1],
			}
		}
		select {
		case err := <-ended:
			ended <- err
			require.FailNow(t, "the network did not start", "%v: %s", err, &out)
		case <-deadline:
			require.FailNow(t, "the network did not start in time", "%s", &out)
		case <-tick.C:
		}
	}
}

// call runs a command as a user would.
func (d *devnet) call(ctx context.Context, t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(ctx, d.marketd, append(args, "--home", d.home)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "marketd %s: %s", args, &stderr)
	return stdout.Bytes()
}

// load runs a load; what args name again wins.
func (d *devnet) load(ctx context.Context, t *testing.T, args ...string) Report {
	t.Helper()
	if !slices.Contains(args, "--node") {
		args = append(args, "--node", d.rpc, "--grpc-addr", d.grpc)
	}
	// Every bid must come in time, on a busy machine too.
	out := d.call(ctx, t, append([]string{"load", "--from", "faucet", "--output", "json", "--bidding-blocks", "20"}, args...)...)
	var r Report
	require.NoError(t, json.Unmarshal(out, &r), "%s", out)
	return r
}

// funds is what the faucet holds.
func (d *devnet) funds(ctx context.Context, t *testing.T) math.Int {
	t.Helper()
	address := strings.TrimSpace(string(d.call(ctx, t, "keys", "show", "faucet", "-a")))
	var res struct {
		Balance struct {
			Amount math.Int `json:"amount"`
		} `json:"balance"`
	}
	out := d.call(ctx, t, "query", "bank", "balance", address, "uproof", "--output", "json")
	require.NoError(t, json.Unmarshal(out, &res), "%s", out)
	return res.Balance.Amount
}

// Real processes over real sockets: every request settles with a real proof, and every
// coin that left the faucet is found.
func TestLoadOfADevnet(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a network")
	}
	ctx := t.Context()
	d := startDevnet(t)
	t.Run("one message each", func(t *testing.T) { d.testSettles(ctx, t, "--concurrency", "10", "--seed", "e2e") })
	t.Run("batches, with accounts that are there", func(t *testing.T) {
		r := d.testSettles(ctx, t, "--concurrency", "20", "--requesters", "2", "--batch", "32", "--seed", "e2e")
		require.True(t, r.Money.Before.IsPositive(), "the accounts of the first run")
		require.Less(t, r.Txs.Included, r.Txs.Messages/2)
		require.True(t, r.Money.CircuitDeposit.IsZero(), "the circuit was there")
	})
	t.Run("sidecars do the work", func(t *testing.T) {
		r := d.load(ctx, t, "--mode", "buy", "--job", filepath.Join(d.home, "demo-job.json"), "--requests", "2", "--concurrency", "2", "--bidding-blocks", "30")
		require.Equal(t, Requests{Sent: 2, Settled: 2}, r.Requests)
		require.True(t, r.Money.Paid.IsPositive())
		require.True(t, r.Money.Difference.IsZero())
		require.Equal(t, 2, r.Latency.RequestToAssigned.Count)
	})
	t.Run("one of two nodes is down", func(t *testing.T) {
		r := d.load(ctx, t, "--node", "http://127.0.0.1:1,"+d.rpc, "--grpc-addr", "127.0.0.1:1,"+d.grpc, "--requests", "4", "--seed", "e2e")
		require.Equal(t, Requests{Sent: 4, Settled: 4}, r.Requests)
		require.Positive(t, r.Failovers)
		require.True(t, r.Money.Difference.IsZero())
	})
	t.Run("an interrupt ends it in order", func(t *testing.T) { d.testInterrupt(ctx, t) })
	t.Run("spam", func(t *testing.T) {
		r := d.load(ctx, t, "--mode", "spam", "--spam-accounts", "20", "--spam-bids", "5", "--requests", "100")
		require.Equal(t, 100, r.Txs.Sent)
		require.Equal(t, 100, r.Txs.Included)
		require.Empty(t, r.Txs.Errors)
		require.True(t, r.Money.Escrow.IsPositive(), "of the request that it bids on")
		require.True(t, r.Money.Difference.IsZero())
	})
}

func (d *devnet) testSettles(ctx context.Context, t *testing.T, args ...string) Report {
	before := d.funds(ctx, t)
	r := d.load(ctx, t, append([]string{"--requests", "20", "--requesters", "4", "--provers", "3"}, args...)...)
	after := d.funds(ctx, t)
	require.Equal(t, Requests{Sent: 20, Settled: 20}, r.Requests)
	require.Empty(t, r.Txs.Errors)
	require.Zero(t, r.Txs.Lost)
	require.Equal(t, 160, r.Txs.Messages, "a request, three bids, three reveals and a proof each")
	require.Equal(t, 20, r.Latency.RequestToAssigned.Count)
	require.Equal(t, 20, r.Latency.ProofToSettled.Count)

	m := r.Money
	require.Equal(t, before.Sub(after).String(), m.Given.Add(m.FunderFees).Add(m.CircuitDeposit).String(), "what the faucet paid")
	require.Equal(t, m.Given.Add(m.Before).String(), m.sum().String(), "accounts, vaults and fees")
	require.True(t, m.Difference.IsZero())
	require.True(t, m.ProtocolFees.IsPositive())
	require.True(t, m.Escrow.IsZero())
	return r
}

// A load without an end goes on until it is interrupted, and then follows what is open
// to its end.
func (d *devnet) testInterrupt(ctx context.Context, t *testing.T) {
	cmd := exec.CommandContext(ctx, d.marketd, "load", "--node", d.rpc, "--grpc-addr", d.grpc, "--from", "faucet",
		"--output", "json", "--seed", "e2e", "--concurrency", "4", "--bidding-blocks", "20", "--home", d.home)
	var stdout bytes.Buffer
	var progress guide
	cmd.Stdout, cmd.Stderr = &stdout, &progress
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	some := regexp.MustCompile(`[1-9][0-9]* requests sent`)
	require.Eventually(t, func() bool { return some.MatchString(progress.String()) }, devnetTimeout, 50*time.Millisecond, "%s", &progress)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, <-ended, "%s", &progress)
	var r Report
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &r), "%s", &stdout)
	require.Positive(t, r.Requests.Settled)
	require.Equal(t, r.Requests.Sent, r.Requests.Settled)
}
