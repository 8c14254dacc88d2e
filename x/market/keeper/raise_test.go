package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// raise raises a request's max_fee.
func (f *fixture) raise(id string, fee int64) {
	response, err := run(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: requester.String(), RequestId: id, MaxFee: math.NewInt(fee)})
	require.NoError(f.t, err)
	require.True(f.t, response.Added.IsPositive())
}

// law M10: the difference goes to escrow; bonds that stand stay as they are, later
// ones go by the new max_fee, up to which fees may then be asked.
func TestRaiseFee(t *testing.T) {
	f := setup(t)
	id := f.request()
	account := f.account(id)
	f.bid(id, alice, 3*maxFee) // for when it is raised
	require.Equal(t, int64(maxFee+bond), f.Balance(account).Int64())
	before := f.Balance(requester)
	f.raise(id, 2*maxFee)
	f.raise(id, 3*maxFee)
	require.Equal(t, int64(-2*maxFee), f.gained(requester, before))
	require.Equal(t, int64(3*maxFee), f.view(id).Request.MaxFee.Int64())
	f.bid(id, alice, 3*maxFee)
	f.bid(id, bob, 3*maxFee-1)
	require.Equal(t, int64(3*maxFee+bond+3*bond), f.Balance(account).Int64())
	require.Equal(t, int64(wealth-bond), f.Balance(alice).Int64(), "a bond that stands stays")
	f.toReveal(id)
	f.reveal(id, alice, 3*maxFee)
	f.reveal(id, bob, 3*maxFee-1)
	f.blocks(1)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err)
	require.Equal(t, int64(-3*maxFee), f.gained(requester, before.AddRaw(maxFee)))
	require.Equal(t, int64(wealth), f.Balance(bob).Int64())
	f.blocks(1)
}

// law M10: the last block of the bidding window takes a raise, the next one none;
// what was raised comes back with the rest.
func TestRaiseFeeWindow(t *testing.T) {
	f := setup(t)
	before := f.Balance(requester)
	id, cancelled := f.request(), f.request()
	f.raise(cancelled, maxFee+7)
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: cancelled})
	require.NoError(t, err)
	f.bid(id, alice, 5)
	for f.Ctx.BlockHeight() < int64(f.view(id).Auction.BiddingEnd) {
		f.blocks(1)
	}
	f.raise(id, maxFee+1)
	f.blocks(1)
	fails(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: requester.String(), RequestId: id, MaxFee: math.NewInt(maxFee + 2)}, types.ErrBiddingClosed)
	f.blocks(11) // nobody reveals
	require.Equal(t, types.END_REASON_NONE_RANKED, f.view(id).Auction.EndReason)
	require.Equal(t, 2*types.DefaultParams().RequestFee.Int64(), -f.gained(requester, before), "the request fees alone are spent")
}

// A raise keeps to the cap of new requests, read live.
func TestRaiseFeeCap(t *testing.T) {
	f := setup(t)
	id := f.request()
	params := types.DefaultParams()
	params.MaxMaxFee = math.NewInt(maxFee + 5)
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	fails(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: requester.String(), RequestId: id, MaxFee: math.NewInt(maxFee + 6)}, types.ErrInvalidAmount)
	f.raise(id, maxFee+5)
	f.suspend(onVerifier)
	params.MaxMaxFee = math.ZeroInt()
	_, err = run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	f.raise(id, maxFee+6) // the windows go on while the verifier is suspended
	f.blocks(1)
}

// account is the account that holds a request's coins.
func (f *fixture) account(id string) sdk.AccAddress {
	raw, err := types.ParseID(id)
	require.NoError(f.t, err)
	return types.RequestAccount(raw)
}

// A raise between a bid's making and its landing raises its bond: max_bond is how far
// the bidder goes along.
func TestMaxBond(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.raise(id, 3*maxFee)
	msg := f.bidMsg(id, alice, alice, 5, false)
	msg.MaxBond = math.NewInt(3*bond - 1)
	fails(f, f.msgs.Bid, msg, types.ErrBondTooHigh)
	response, err := run(f, f.msgs.BidBatch, &types.MsgBidBatch{Signer: alice.String(), Items: []types.BidItem{
		{RequestId: id, Commitment: msg.Commitment, MaxBond: math.NewInt(3*bond - 1)},
	}})
	require.NoError(t, err)
	require.Equal(t, types.ErrBondTooHigh.ABCICode(), response.Results[0].Error.Code)
	msg.MaxBond = math.NewInt(3 * bond)
	_, err = run(f, f.msgs.Bid, msg)
	require.NoError(t, err)
	// A bid that replaces another keeps its bond, whatever the limit says.
	msg.MaxBond = math.NewInt(1)
	_, err = run(f, f.msgs.Bid, msg)
	require.NoError(t, err)
	msg = f.bidMsg(id, bob, bob, 5, false)
	msg.MaxBond = math.ZeroInt()
	_, err = run(f, f.msgs.Bid, msg)
	require.NoError(t, err, "0 is no limit")
}
