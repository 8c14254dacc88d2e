package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// head is where the end of a block begins to read a queue.
func (f *fixture) head(queue byte) uint64 {
	head, err := f.keeper.Head(f.Ctx, queue)
	require.NoError(f.t, err)
	return head
}

// queued gives the heights or times in a queue.
func (f *fixture) queued(queue byte) []uint64 {
	list, err := f.keeper.Queued(f.Ctx, queue)
	require.NoError(f.t, err)
	return list
}

func (f *fixture) height() uint64 { return uint64(f.Ctx.BlockHeight()) }

// The head of each queue follows what was worked off: to the last entry taken while
// more are due, to the present when none is.
func TestHeadFollowsTheHeightQueue(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.EndBlockCap = 4 })
	for range 2 {
		for range 6 {
			f.request()
		}
		f.blocks(1)
	}
	require.Zero(t, f.head(keeper.QueueHeight), "nothing was due yet")
	places := f.queued(keeper.QueueHeight)
	require.Len(t, places, 12)
	for f.height() < places[0] {
		f.blocks(1)
	}
	for left := 8; left >= 4; left -= 4 {
		f.endBlock()
		require.Len(t, f.queued(keeper.QueueHeight), left)
		require.Equal(t, places[12-left-1], f.head(keeper.QueueHeight), "the last that was taken")
		f.beginBlock(time.Second)
	}
	f.endBlock()
	require.Empty(t, f.queued(keeper.QueueHeight))
	f.beginBlock(time.Second)
	f.endBlock()
	require.LessOrEqual(t, f.head(keeper.QueueHeight), f.height())
	require.GreaterOrEqual(t, f.head(keeper.QueueHeight), places[11])
}

// law M9: misses are worked off in the order of their deadlines, and the head with them.
func TestHeadFollowsTheTimeQueue(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.EndBlockCap = 4 })
	for range 6 {
		f.assigned()
	}
	places := f.queued(keeper.QueueTime)
	require.Len(t, places, 6)
	require.Zero(t, f.head(keeper.QueueTime), "nothing was due yet")
	f.endBlock()
	f.beginBlock(time.Minute) // all are due at once, which the grace of no halt puts off
	f.endBlock()
	require.Len(t, f.queued(keeper.QueueTime), 2)
	require.Equal(t, places[3], f.head(keeper.QueueTime), "the last that was taken")
	f.beginBlock(time.Second)
	f.endBlock()
	require.Empty(t, f.queued(keeper.QueueTime))
	require.Equal(t, uint64(f.marketTime().UnixNano()), f.head(keeper.QueueTime), "the present")
}

// law M15: the head of what is retained stops at a request whose bonds are being paid
// back in pages, and passes it once it has shrunk.
func TestHeadStopsAtADrainingRequest(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.Retention, p.PruneCap = 10*time.Second, types.MinPruneCap })
	id := f.request()
	f.crowd(id, types.BondPage+30)
	f.revoke(onVerifier)
	f.refund(id)
	f.blocks(1)
	other := f.request(ofCircuit)
	f.cancel(other)
	place := f.queued(keeper.QueueRetained)[0]
	for uint64(f.marketTime().UnixNano()) <= place {
		require.LessOrEqual(t, f.head(keeper.QueueRetained), place)
		f.blocks(1)
	}
	draining := 0
	for len(f.queued(keeper.QueueRetained)) == 2 {
		f.endBlock()
		require.LessOrEqual(t, f.head(keeper.QueueRetained), place)
		f.beginBlock(time.Second)
		draining++
	}
	require.Greater(t, draining, 1, "in pages")
	for len(f.queued(keeper.QueueRetained)) > 0 {
		f.blocks(1)
	}
	require.Greater(t, f.head(keeper.QueueRetained), place)
	require.False(t, f.receipt(id).Retained)
	require.False(t, f.receipt(other).Retained)
}

// Where nothing falls due the heads move every 64 blocks, since messages take entries
// out as well; that of the time queue stays where it is in the grace after a halt, in
// which the end of a block does not look at that queue.
func TestHeadsMoveNowAndThen(t *testing.T) {
	const period = 64
	f := setup(t)
	queues := []byte{keeper.QueueHeight, keeper.QueueTime, keeper.QueueRetained}
	moved := func(blocks int) map[byte]int {
		n := map[byte]int{}
		for range blocks {
			before := map[byte]uint64{}
			for _, q := range queues {
				before[q] = f.head(q)
			}
			f.endBlock()
			for _, q := range queues {
				if f.head(q) != before[q] {
					require.Zero(t, f.height()%period)
					n[q]++
				}
			}
			f.beginBlock(time.Second)
		}
		return n
	}
	require.Equal(t, map[byte]int{keeper.QueueHeight: 2, keeper.QueueTime: 2, keeper.QueueRetained: 2}, moved(2*period))
	f.set(func(p *types.Params) { p.HaltGraceBlocks = period + 1 })
	f.pass(gaps{24 * time.Hour})
	require.Equal(t, map[byte]int{keeper.QueueHeight: 1, keeper.QueueRetained: 1}, moved(period), "in the grace")
	require.Equal(t, map[byte]int{keeper.QueueHeight: 1, keeper.QueueTime: 1, keeper.QueueRetained: 1}, moved(period), "after it")
}

// The SDK's simulator sends messages after the end of their block. An auction that they
// close early used to lie before the head of the height queue, where no block found it.
func TestEarlyCloseAfterTheEndOfItsBlockIsFound(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5_000_000)
	f.toReveal(id)
	f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.blocks(1)
	f.endBlock() // refunds the other, which moves the head
	require.Equal(t, f.height(), f.head(keeper.QueueHeight))
	f.reveal(id, alice, 5_000_000)
	require.Equal(t, f.height(), f.view(id).Auction.RevealEnd, "every bid is open")
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	f.beginBlock(time.Second)
	f.blocks(1)
	require.Equal(t, alice.String(), f.view(id).Auction.Assignment.GetProver())
}

// invariant 5: a place before the head of its queue would wait for ever, and the
// invariants name it.
func TestPlaceBeforeItsHeadIsBroken(t *testing.T) {
	for name, queue := range map[string]byte{"height": keeper.QueueHeight, "time": keeper.QueueTime, "retained": keeper.QueueRetained} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.assigned()
			f.cancel(f.request())
			f.request()
			places := f.queued(queue)
			require.Len(t, places, 1)
			require.NoError(t, f.keeper.SetHead(f.Ctx, queue, places[0]))
			require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
			require.NoError(t, f.keeper.SetHead(f.Ctx, queue, places[0]+1))
			require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant)
		})
	}
}
