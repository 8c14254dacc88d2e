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
	figuresPer       = 10_000                 // requests
	// figuresWarmUp is how many requests come before the measured ones, so that what a
	// node fills once, such as caches, does not count as growth.
	figuresWarmUp = 200
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
	b.WriteString("| validators | settled a second | request to assigned, p50 and p99 | proof to settled, p50 and p99 | blocks a minute | memory of each node | memory growth per 10,000 requests | disk of a node per 10,000 requests |\n|---|---|---|---|---|---|---|---|\n")
	for _, n := range []int{1, validators} {
		b.WriteString(figures(t, bin, n))
	}
	fmt.Fprintf(&b, "\n%d requests each after %d to warm up, %d open at a time, three bids on each, real proofs; blocks %s apart. Growth is extrapolated from the run.\n",
		*requests, figuresWarmUp, figuresOpen, figuresBlockTime)
	t.Log("\n" + b.String())
	writeTable(t, b.String())
}

// figures is one line of the table.
func figures(t *testing.T, bin string, count int) string {
	t.Helper()
	n := startMeasured(t, bin, count)
	defer n.Stop()
	settle(t, n, figuresWarmUp)
	before := usage(t, n)
	r := settle(t, n, *requests)
	var memory, growth []string
	var disk int64
	per := func(bytes int64) float64 { return float64(bytes) / (1 << 20) * figuresPer / float64(*requests) }
	for i, after := range usage(t, n) {
		memory = append(memory, fmt.Sprint(after.Memory>>20))
		growth = append(growth, fmt.Sprintf("%.0f", per(after.Memory-before[i].Memory)))
		disk += after.Disk - before[i].Disk
	}
	a, p := r.Latency.RequestToAssigned.Millis, r.Latency.ProofToSettled.Millis
	return fmt.Sprintf("| %d | %.1f | %d, %d ms | %d, %d ms | %.0f | %s MiB | %s MiB | %.0f MiB |\n",
		count, r.Rates.SettledPerSecond, a.P50, a.P99, p.P50, p.P99, r.Rates.BlocksPerMinute, strings.Join(memory, ", "), strings.Join(growth, ", "), per(disk)/float64(count))
}

// startMeasured starts a network of so many validators that is to be measured.
func startMeasured(t *testing.T, bin string, count int) *devnet.Localnet {
	t.Helper()
	var out bytes.Buffer
	n, err := devnet.StartLocalnet(t.Context(), devnet.LocalnetOptions{
		Home: homeOf(t), Marketd: filepath.Join(bin, "marketd"), Validators: count, BlockTime: figuresBlockTime,
		Accounts: []devnet.Account{{Name: marketKey, Amount: 5_000_000 * proof}}, Out: &out,
	})
	require.NoError(t, err, "%s", &out)
	return n
}

// settle has requests made until so many have settled.
func settle(t *testing.T, n *devnet.Localnet, count int) load.Report {
	t.Helper()
	r, err := load.Run(t.Context(), load.Options{
		ChainID: devnet.ChainID, Endpoints: endpoints(n), Funder: signer(t, n, marketKey), Mode: load.ModeMarket,
		Requests: count, Concurrency: figuresOpen, Seed: "figures",
	})
	require.NoError(t, err)
	require.Equal(t, count, r.Requests.Settled, "%+v", r)
	return r
}

// usage is what each node uses.
func usage(t *testing.T, n *devnet.Localnet) (list []devnet.Usage) {
	t.Helper()
	for _, d := range n.Nodes() {
		use, err := d.Usage()
		require.NoError(t, err)
		list = append(list, use)
	}
	return list
}
