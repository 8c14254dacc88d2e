package trial

import (
	"bytes"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/devnet/load"
	"github.com/proofmarket/proofmarket/internal/chain"
)

var requests = flag.Int("trial.requests", 0, "requests of each network of the load table; 0 to skip it")

const (
	figuresBlockTime = 500 * time.Millisecond // that of marketd localnet
	figuresOpen      = 64                     // requests at a time
	disksPer         = 10_000                 // requests
)

// TestLoadTable measures a network of one and one of four validators under a closed load:
// so many requests are open all the time, with three bids each and real proofs.
func TestLoadTable(t *testing.T) {
	if *requests <= 0 || testing.Short() {
		t.Skip("takes long; run it on a quiet machine with: make load-table [REQUESTS=1000]")
	}
	chain.ConfigureBech32()
	bin := buildBinaries(t)
	var b strings.Builder
	b.WriteString("| validators | settled a second | request to assigned, p50 and p99 | proof to settled, p50 and p99 | blocks a minute | memory of each node | disk of a node per 10,000 requests |\n|---|---|---|---|---|---|---|\n")
	for _, n := range []int{1, validators} {
		b.WriteString(figures(t, bin, n))
	}
	fmt.Fprintf(&b, "\n%d requests each, %d open at a time, three bids on each, real proofs; blocks %s apart. Disk is extrapolated from the run.\n", *requests, figuresOpen, figuresBlockTime)
	t.Log("\n" + b.String())
	writeTable(t, b.String())
}

// figures is one line of the table.
func figures(t *testing.T, bin string, count int) string {
	t.Helper()
	var out bytes.Buffer
	n, err := devnet.StartLocalnet(t.Context(), devnet.LocalnetOptions{
		Home: homeOf(t), Marketd: filepath.Join(bin, "marketd"), Validators: count, BlockTime: figuresBlockTime,
		Accounts: []devnet.Account{{Name: marketKey, Amount: 5_000_000 * proof}}, Out: &out,
	})
	require.NoError(t, err, "%s", &out)
	defer n.Stop()
	before := disk(t, n)
	r, err := load.Run(t.Context(), load.Options{
		ChainID: devnet.ChainID, Endpoints: endpoints(n), Funder: signer(t, n, marketKey), Mode: load.ModeMarket,
		Requests: *requests, Concurrency: figuresOpen,
	})
	require.NoError(t, err)
	require.Equal(t, *requests, r.Requests.Settled, "%+v", r)
	grown := float64(disk(t, n)-before) / float64(count) * disksPer / float64(*requests)
	var memory []string
	for _, d := range n.Nodes() {
		use, err := d.Usage()
		require.NoError(t, err)
		memory = append(memory, fmt.Sprint(use.Memory>>20))
	}
	a, p := r.Latency.RequestToAssigned.Millis, r.Latency.ProofToSettled.Millis
	return fmt.Sprintf("| %d | %.1f | %d, %d ms | %d, %d ms | %.0f | %s MiB | %.0f MiB |\n",
		count, r.Rates.SettledPerSecond, a.P50, a.P99, p.P50, p.P99, r.Rates.BlocksPerMinute, strings.Join(memory, ", "), grown/(1<<20))
}

// disk is what all nodes' data folders hold, in bytes.
func disk(t *testing.T, n *devnet.Localnet) (sum int64) {
	t.Helper()
	for _, d := range n.Nodes() {
		use, err := d.Usage()
		require.NoError(t, err)
		sum += use.Disk
	}
	return sum
}
