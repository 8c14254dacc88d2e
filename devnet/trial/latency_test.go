package trial

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/devnet/load"
	"github.com/proofmarket/proofmarket/internal/chain"
)

var latencyRequests = flag.Int("trial.latency", 0, "requests of the latency table; 0 to skip it")

const (
	// Requests come evenly, and so few that none waits for another one.
	latencyRate = 2
	// shortestBidding is the shortest bidding window: a request in one block takes bids
	// until the next.
	shortestBidding = 1
)

// TestLatency measures how long requests wait on a quiet network of one validator with
// the shortest windows that the chain takes.
func TestLatency(t *testing.T) {
	if *latencyRequests <= 0 || testing.Short() {
		t.Skip("takes minutes; run it on a quiet machine with: make latency [REQUESTS=200]")
	}
	chain.ConfigureBech32()
	bin := buildBinaries(t)
	n := startMeasured(t, bin, 1)
	defer n.Stop()
	r, err := load.Run(t.Context(), load.Options{
		ChainID: devnet.ChainID, Endpoints: endpoints(n), Funder: signer(t, n, marketKey), Mode: load.ModeMarket,
		Requests: *latencyRequests, Rate: latencyRate, BiddingBlocks: shortestBidding,
	})
	require.NoError(t, err)
	require.Equal(t, *latencyRequests, r.Requests.Settled+r.Requests.Refunded, "%+v", r)
	text := latencies(r)
	t.Log("\n" + text)
	writeTable(t, text)
}

// latencies is the table.
func latencies(r load.Report) string {
	var b strings.Builder
	b.WriteString("| from | to | requests | p50 | p90 | p99 | blocks, p50 and p99 | goal, p50 |\n|---|---|---|---|---|---|---|---|\n")
	for _, l := range []struct {
		from, to string
		w        load.Waits
		goal     string
	}{
		{"request", "assigned", r.Latency.RequestToAssigned, "2,500 ms"},
		{"proof sent", "settled", r.Latency.ProofToSettled, "1,000 ms"},
		{"request", "settled", r.Latency.RequestToSettled, ""},
	} {
		m, n := l.w.Millis, l.w.Blocks
		fmt.Fprintf(&b, "| %s | %s | %d | %d ms | %d ms | %d ms | %d, %d | %s |\n", l.from, l.to, l.w.Count, m.P50, m.P90, m.P99, n.P50, n.P99, l.goal)
	}
	fmt.Fprintf(&b, "\n%d requests, %d a second, three bids on each, bidding for %d block; blocks %s apart, %.0f a minute. %d settled, %d refunded because no bid came in time.\n",
		r.Requests.Sent, latencyRate, shortestBidding, figuresBlockTime, r.Rates.BlocksPerMinute, r.Requests.Settled, r.Requests.Refunded)
	return b.String()
}
