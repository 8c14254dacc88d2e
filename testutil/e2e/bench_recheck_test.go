package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/testutil"
)

// BenchmarkRecheck fills the last lane of a node with sends, as far as it goes, and
// measures what CometBFT's pool takes after a block of none of them to check them all
// again: the node does nothing else meanwhile, and it is what bounds the size of lanes
// (docs/decisions/0030-lanes.md).
func BenchmarkRecheck(b *testing.B) {
	capacity := lanes.DefaultCapacity()
	var accounts []string
	for i := range capacity.Txs[lanes.Rest] / capacity.OfSigner[lanes.Rest] {
		accounts = append(accounts, fmt.Sprintf("stranger-%d", i))
	}
	options := append(onDisk(b), testutil.WithAccounts(accounts...))
	n := newNode(newQuietNetwork(b, plainCircuit(b), options...), capacity)
	late := n.Now().Add(9 * time.Minute)
	for _, name := range accounts {
		from := n.Account(name)
		for i := range capacity.OfSigner[lanes.Rest] {
			tx := n.SignTx(from, testutil.TxSpec{Unordered: late.Add(time.Duration(i)), Gas: 200_000}, n.send(from))
			require.Zero(b, n.enter(tx).Code)
		}
	}
	full := n.comet.Size()
	require.Equal(b, capacity.Txs[lanes.Rest], full)
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		block := n.Block()
		b.StartTimer()
		n.update(block)
		rounds++
	}
	require.Equal(b, full, n.comet.Size(), "all are still good")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(rounds), "ms/block")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(rounds*full), "µs/tx")
}
