package app_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/proofmarket/proofmarket/testutil"
)

// forged is the transaction with a signature that is another one's.
func forged(t *testing.T, tx, other []byte) []byte {
	t.Helper()
	var mine, theirs txtypes.TxRaw
	require.NoError(t, mine.Unmarshal(tx))
	require.NoError(t, theirs.Unmarshal(other))
	mine.Signatures = theirs.Signatures
	raw, err := mine.Marshal()
	require.NoError(t, err)
	return raw
}

// A node that verified signatures when transactions arrived comes to the same results,
// gas included, as one that sees them in the block for the first time; and a signature is
// good for its own transaction only.
func TestSignaturesSeenBeforeChangeNothing(t *testing.T) {
	run := func(seen bool, opts ...testutil.Option) (hashes []string) {
		a := testutil.NewApp(t, append(opts, testutil.WithAccounts("alice", "bob", "carol"))...)
		alice, bob, carol := a.Account("alice"), a.Account("bob"), a.Account("carol")
		for round := range 3 {
			good := [][]byte{a.Tx(alice, send(alice, bob, 1)), a.Tx(alice, send(alice, bob, 2)), a.Tx(bob, send(bob, carol, 3))}
			if seen {
				for _, tx := range good {
					require.Zero(t, a.Check(tx).Code)
				}
			}
			bad := forged(t, a.SignTx(carol, testutil.TxSpec{Sequence: new(uint64(round))}, send(carol, alice, 1)), good[2])
			if seen {
				a.RequireCheckError(sdkerrors.ErrUnauthorized, a.Check(bad))
			}
			block := a.Block(append(good, bad)...)
			a.RequireOK(block.Results[:3]...)
			a.RequireError(sdkerrors.ErrUnauthorized, block.Results[3])
			hashes = append(hashes, fmt.Sprintf("%x %x", block.AppHash, block.ResultsHash))
			// A transaction that ran is refused for its sequence, good as its signature is.
			a.RequireError(sdkerrors.ErrWrongSequence, a.Block(good[0]).Results[0])
			require.NotZero(t, a.MustDeliver(carol, send(carol, alice, 1)).GasUsed)
		}
		return hashes
	}
	want := run(false)
	require.Equal(t, want, run(true))
	require.Equal(t, want, run(true, testutil.WithBlockSTM(2)))
}
