package keeper_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// law M17: what is urgent at the end of a block is what works in the next one, for every
// message, at every step of an auction.
func TestUrgentIsWhatWorksInTheNextBlock(t *testing.T) {
	f := setup(t)
	id := f.request(withStandby)
	f.bid(id, alice, 6_000_000, true)
	f.bid(id, bob, 4_000_000)
	urgent, worked := map[string]int{}, map[string]int{}
	compare := func(what string, asked types.Urgency, before, after error) {
		t.Helper()
		if before == nil {
			urgent[what]++
			require.False(t, asked.Deadline.Before(f.Ctx.BlockTime().Add(-time.Second)), what)
			require.NotEmpty(t, asked.Key, what)
			require.NotEmpty(t, asked.Prover, what)
		}
		if after == nil {
			worked[what]++
		}
		require.Equal(t, before == nil, after == nil, "%s in block %d: urgency says %v, the message %v", what, f.Ctx.BlockHeight(), before, after)
		for reason := after; after != nil && reason != nil; reason = errors.Unwrap(reason) {
			if errors.Unwrap(reason) == nil {
				require.ErrorIs(t, before, reason, what)
			}
		}
	}
	both := func(signer, prover sdk.AccAddress, fee int64, standby bool) func() {
		reveal, bid, proof := f.revealMsg(id, signer, prover, fee, standby), f.bidMsg(id, signer, prover, 5_000_000, false), f.proofMsg(id, signer)
		ur, er := f.keeper.UrgentReveal(f.Ctx, reveal)
		ub, eb := f.keeper.UrgentBid(f.Ctx, bid)
		up, ep := f.keeper.UrgentProof(f.Ctx, proof)
		return func() {
			f.apart(func() { _, err := run(f, f.msgs.Reveal, reveal); compare("reveal", ur, er, err) })
			f.apart(func() { _, err := run(f, f.msgs.Bid, bid); compare("bid", ub, eb, err) })
			f.apart(func() { _, err := run(f, f.msgs.SubmitProof, proof); compare("proof", up, ep, err) })
		}
	}
	for range 40 {
		f.endBlock()
		before := f.export()
		checks := []func(){
			both(alice, alice, 6_000_000, true), both(bob, bob, 4_000_000, false), both(bob, bob, 4_000_001, false),
			both(carol, carol, 4_000_000, false), both(stranger, bob, 4_000_000, false),
		}
		require.Equal(t, before, f.export(), "the checks changed something")
		f.beginBlock(time.Second)
		for _, check := range checks {
			check()
		}
		if a := f.view(id).Auction; a.Stage == types.STAGE_REVEALING && uint64(f.Ctx.BlockHeight()) == a.RevealEnd-2 {
			f.reveal(id, bob, 4_000_000)
		}
	}
	for _, what := range []string{"reveal", "bid", "proof"} {
		require.NotZero(t, worked[what], what)
	}
}

func TestUrgencyRefusesBadInput(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	for name, msg := range map[string]*types.MsgSubmitProof{
		"no signer":  {RequestId: id, Proof: []byte{1}},
		"no request": {Signer: bob.String(), Proof: []byte{1}},
		"unknown":    {Signer: bob.String(), RequestId: types.FormatID(account32("unknown")), Proof: []byte{1}},
	} {
		_, err := f.keeper.UrgentProof(f.Ctx, msg)
		require.Error(t, err, name)
	}
	_, err := f.keeper.UrgentReveal(f.Ctx, &types.MsgReveal{Signer: bob.String(), RequestId: id})
	require.Error(t, err)
	_, err = f.keeper.UrgentBid(f.Ctx, &types.MsgBid{Signer: bob.String(), RequestId: id})
	require.Error(t, err)
}
