package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// goOn finds its way in a world that an earlier run left after that many blocks: what
// it measures is about requests that no earlier run has touched.
func (w *world) goOn(t testing.TB, requests int, blocks uint64) {
	clock, err := w.market.GetClock(w.Ctx)
	require.NoError(t, err)
	w.Ctx = w.Ctx.WithBlockTime(clock.LastBlockTime.Add(time.Second))
	require.NoError(t, w.market.BeginBlock(w.Ctx))
	for _, m := range w.plan(t, requests-assignedOf(requests)) {
		w.open = append(w.open, types.FormatID(m.id))
	}
	w.nonce += blocks << 20
	w.next = blocks * perBlock
}

// warm brings into memory what a node that has run for a while has there, such as the
// filters of its database: it tries requests and bids all over the state, and keeps
// nothing of them.
func (w *world) warm(t testing.TB) {
	const strideAgain = 104_729
	for i := range uint64(looks) {
		ctx, _ := w.Ctx.WithTxBytes([]byte{1}).WithEventManager(sdk.NewEventManager()).CacheContext()
		_, err := w.msgs.Request(ctx, w.requestOf(w.nonce+1<<19+i))
		require.NoError(t, err)
		id := w.open[i*strideAgain%uint64(len(w.open))]
		_, err = w.msgs.Bid(ctx, &types.MsgBid{Signer: benchProver(i).String(), RequestId: id, Commitment: salt("warm")})
		require.NoError(t, err)
	}
}
