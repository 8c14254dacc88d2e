package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// The main path: laws M1, M5 to M8, M12, with every coin accounted for.
func TestFulfilled(t *testing.T) {
	f := setup(t)
	supply := f.Bank.GetSupply(f.Ctx, chain.Denom)
	start := f.Balance(requester)
	id := f.request()
	require.Equal(t, int64(-maxFee-10_000), f.gained(requester, start))
	before := f.Balance(bob)
	f.bid(id, alice, 6_000_000)
	f.bid(id, bob, 4_000_000)
	require.Equal(t, int64(-bond), f.gained(bob, before))
	f.toReveal(id)
	require.Equal(t, types.STAGE_REVEALING, f.view(id).Stage)

	require.True(t, f.reveal(id, alice, 6_000_000).Leads)
	require.True(t, f.reveal(id, bob, 4_000_000).Leads, "law M7: the lower fee takes the lead")
	require.Equal(t, int64(wealth), f.Balance(alice).Int64(), "law M6: the displaced leader gets its bond back at once")
	f.blocks(1) // all revealed: the window closed at the end of that block

	v := f.view(id)
	require.Equal(t, types.STAGE_ASSIGNED, v.Stage)
	require.Equal(t, bob.String(), v.Auction.Assignment.Prover)
	require.Equal(t, "6000000", v.Auction.Assignment.Price.String(), "law M7: the second-lowest fee")
	response, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err)
	require.Equal(t, "300000", response.ProtocolFee.String())
	require.Equal(t, "5700000", response.Reward.String())
	require.Equal(t, "4000000", response.Refund.String())
	require.Equal(t, int64(wealth), f.Balance(bob).Int64(), "the bond is back")
	require.Equal(t, int64(-6_000_000-10_000), f.gained(requester, start))
	prover, _ := f.provers.get(f.Ctx, bob)
	require.Equal(t, int64(5_700_000), prover.Reward)
	f.blocks(1)
	require.Equal(t, int64(300_000+10_000), f.Balance(treasuryAddr).Int64(), "law M18: fees reach the pool at the end of the block")

	v = f.view(id)
	require.Equal(t, types.REQUEST_STATUS_FULFILLED, v.Auction.Status)
	require.Equal(t, types.STAGE_DONE, v.Stage)
	raw, _ := types.ParseID(id)
	require.Nil(t, f.Account.GetAccount(f.Ctx, types.RequestAccount(raw)), "law M18: the account goes with the request")
	proof, err := f.queries.Proof(f.Ctx, &types.QueryProofRequest{RequestId: id})
	require.NoError(t, err)
	require.Equal(t, bob.String(), proof.Proof.Prover)
	require.Equal(t, supply, f.Bank.GetSupply(f.Ctx, chain.Denom))
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrRequestEnded)
}

func TestAloneAtItsOwnFee(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 0)
	f.toReveal(id)
	f.reveal(id, alice, 0)
	f.blocks(1)
	response, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	require.True(t, response.Price.IsZero())
	f.blocks(1)
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
}

func TestNoBidsRefunds(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.toReveal(id)
	v := f.view(id)
	require.Equal(t, types.REQUEST_STATUS_REFUNDED, v.Auction.Status)
	require.Equal(t, types.END_REASON_NO_BIDS, v.Auction.EndReason)
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
}

// law M10: the requester takes its request back while no bid stands.
func TestCancel(t *testing.T) {
	f := setup(t)
	id := f.request()
	fails(f, f.msgs.Cancel, &types.MsgCancel{Requester: stranger.String(), RequestId: id}, types.ErrNotRequester)
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id})
	require.NoError(t, err)
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
	fails(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id}, types.ErrRequestEnded)

	other := f.request()
	f.bid(other, alice, 1)
	fails(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: other}, types.ErrBidsStand)
	f.blocks(1)
}

// law M5: a bid may be replaced while the window is open, without a second bond.
func TestReplaceBid(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, alice, 7)
	require.Equal(t, int64(wealth-bond), f.Balance(alice).Int64())
	require.Equal(t, uint64(1), f.view(id).Auction.Bids)
	f.toReveal(id)
	fails(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 9, false), types.ErrBiddingClosed)
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrWrongReveal)
	require.True(t, f.reveal(id, alice, 7).Ranked)
}

// law M8: the last block of each window still counts, the next does not.
func TestWindowEdges(t *testing.T) {
	f := setup(t)
	id := f.request()
	end := int64(f.view(id).Auction.BiddingEnd)
	require.Equal(t, f.Ctx.BlockHeight()+3, end)
	for f.Ctx.BlockHeight() < end {
		f.blocks(1)
	}
	f.bid(id, alice, 5)
	f.bid(id, bob, 6)
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrRevealNotOpen)
	f.blocks(1)
	for f.Ctx.BlockHeight() < int64(f.view(id).Auction.RevealEnd) {
		f.blocks(1)
	}
	require.True(t, f.reveal(id, alice, 5).Leads)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrNotAssigned)
	f.blocks(1)
	fails(f, f.msgs.Reveal, f.revealMsg(id, bob, bob, 6, false), types.ErrRevealClosed)
}

func TestDeadlineEdge(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	deadline := f.view(id).Auction.Assignment.Deadline
	for f.Ctx.BlockTime().Before(deadline) {
		f.blocks(1)
	}
	require.Equal(t, deadline, f.Ctx.BlockTime())
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err, "law M8: market time ≤ deadline")
	f.blocks(1)
}

// law M9 without standby: the winner is slashed and loses its bond, the requester
// gets everything back, and nobody had to ask.
func TestMissedDeadline(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	f.blocks(63)
	v := f.view(id)
	require.Equal(t, types.REQUEST_STATUS_REFUNDED, v.Auction.Status)
	require.Equal(t, types.END_REASON_MISSED, v.Auction.EndReason)
	prover, _ := f.provers.get(f.Ctx, bob)
	require.Equal(t, int64(penalty), prover.Slashed)
	require.Equal(t, int64(wealth-bond), f.Balance(bob).Int64())
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
	require.Equal(t, int64(bond+10_000), f.Balance(treasuryAddr).Int64())
}

// law M9: a message sees that the deadline has passed even where the queue has
// not come, and an overdue request takes no proof, not even from the prover that
// would be promoted.
func TestOverdueBeforeTheQueueComes(t *testing.T) {
	f := setup(t)
	id := f.assigned(withStandby)
	f.blocks(58)
	f.endBlock()
	f.beginBlock(5 * time.Second)
	require.True(t, f.view(id).Due)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrOverdue)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrOverdue)
	result := f.refund(id)
	require.True(t, result.Applied, result.Error)
	require.Equal(t, types.STAGE_STANDBY, result.Stage)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrNotAssignedToYou)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	f.blocks(1)
}

// law M9: the closing is applied by the message where the queue has not come.
func TestSubmitAppliesTheClosing(t *testing.T) {
	f := setup(t)
	params := types.DefaultParams()
	params.EndBlockCap = types.MinEndBlockCap
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	ids := []string{f.request(), f.request(), f.request(), f.request()}
	for _, id := range ids {
		f.bid(id, alice, 5)
	}
	f.toReveal(ids[0])
	f.blocks(5)
	for _, id := range ids {
		f.reveal(id, alice, 5)
	}
	f.blocks(1)
	waiting := 0
	for _, id := range ids {
		if f.view(id).Stage == types.STAGE_REVEALING {
			waiting++
			require.True(t, f.view(id).Due)
		}
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
		require.NoError(t, err)
	}
	require.Equal(t, 2, waiting, "the cap lets two items through")
	f.blocks(3)
}

func TestNotRevealedLosesTheBond(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, bob, 6)
	f.toReveal(id)
	f.blocks(10)
	require.Equal(t, types.END_REASON_NONE_RANKED, f.view(id).Auction.EndReason)
	require.Equal(t, int64(2*bond+10_000), f.Balance(treasuryAddr).Int64())
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
}

// Coins that somebody sent to the request's account are nobody's: they go to the
// treasury when the request ends (law M18).
func TestSurplusGoesToTheTreasury(t *testing.T) {
	f := setup(t)
	id := f.request()
	raw, err := types.ParseID(id)
	require.NoError(t, err)
	f.Fund(t, types.RequestAccount(raw), 777)
	f.blocks(1)
	_, err = run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id})
	require.NoError(t, err)
	f.blocks(1)
	require.Equal(t, int64(777+10_000), f.Balance(treasuryAddr).Int64())
	require.Nil(t, f.Account.GetAccount(f.Ctx, types.RequestAccount(raw)))
}
