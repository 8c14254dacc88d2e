package app_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil"
)

// TestExecutorsAgree runs the same blocks with both executors: a network may mix
// them, so state and everything that consensus covers of the results must be
// the same.
func TestExecutorsAgree(t *testing.T) {
	const accounts, blocks = 12, 4
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprintf("account-%d", i)
	}
	run := func(opts ...testutil.Option) (hashes []string) {
		a := testutil.NewApp(t, append(opts, testutil.WithAccounts(names...))...)
		for round := range blocks {
			var txs [][]byte
			for i := range names {
				// Neighbours pay each other, some twice, some more than they have.
				from, to := a.Account(names[i]), a.Account(names[(i+1)%accounts])
				txs = append(txs, a.Tx(from, send(from, to, int64(i+1))))
				if (i+round)%3 == 0 {
					txs = append(txs, a.Tx(from, send(from, to, 5*testutil.DefaultBalance)))
				}
				if (i+round)%4 == 0 {
					txs = append(txs, a.SignTx(from, testutil.TxSpec{Gas: 30_000}, send(from, to, 1)))
				}
			}
			block := a.Block(append(txs, []byte("not a transaction"))...)
			hashes = append(hashes, fmt.Sprintf("%x %x", block.AppHash, block.ResultsHash))
		}
		return hashes
	}
	want := run()
	require.Equal(t, want, run(testutil.WithBlockSTM(4)))
	require.Equal(t, want, run(testutil.WithBlockSTM(1)))
}
