package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// law M9: the runner-up that offered to stand by is promoted at its own fee.
func TestStandbyPromotion(t *testing.T) {
	f := setup(t)
	// alice, at 6 million, is the cheaper standby; the limit is price + bond.
	id := f.assigned(withStandby)
	require.Equal(t, "6000000", f.view(id).Auction.Assignment.Price.String())
	f.blocks(61)
	v := f.view(id)
	require.Equal(t, types.STAGE_STANDBY, v.Stage)
	d := v.Auction.Assignment
	require.Equal(t, alice.String(), d.Prover)
	require.True(t, d.Standby)
	require.Equal(t, "6000000", d.Price.String())
	require.LessOrEqual(t, v.TimeLeft, 30*time.Second)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	f.blocks(1)
	require.Equal(t, int64(wealth-6_000_000-10_000), f.Balance(requester).Int64())
	require.Equal(t, int64(wealth-bond), f.Balance(bob).Int64())
	require.Equal(t, int64(wealth), f.Balance(alice).Int64())
}

// law M9: once. A standby prover that fails too is slashed, and the request ends.
func TestStandbyMissesToo(t *testing.T) {
	f := setup(t)
	id := f.assigned(withStandby)
	f.blocks(61 + 32)
	require.Equal(t, types.END_REASON_MISSED, f.view(id).Auction.EndReason)
	for _, p := range []sdk.AccAddress{alice, bob} {
		prover, _ := f.provers.get(f.Ctx, p)
		require.Equal(t, int64(penalty), prover.Slashed)
	}
	prover, _ := f.provers.get(f.Ctx, carol)
	require.Zero(t, prover.Slashed)
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
}

// law M9: not eligible any more, or too expensive, is passed over.
func TestStandbyPassedOver(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(f *fixture)
		want   types.Stage
	}{
		"carol is above price + bond": {func(f *fixture) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_JAILED })
		}, types.STAGE_DONE},
		"another generation": {func(f *fixture) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Generation++ })
		}, types.STAGE_DONE},
		"alice may": {func(*fixture) {}, types.STAGE_STANDBY},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			id := f.assigned(withStandby)
			tc.change(f)
			f.blocks(61)
			require.Equal(t, tc.want, f.view(id).Stage)
		})
	}
}

// law M9: a search looks at a bounded number of candidates in one go, and goes on
// in the next block.
func TestStandbySearchInPages(t *testing.T) {
	f := setup(t)
	n := types.StandbyPage + 1
	id := f.request(withStandby, func(m *types.MsgRequest) { m.MaxFee = math.NewInt(100_000_000) })
	var crowd []sdk.AccAddress
	for i := range n + 1 {
		p := account(fmt.Sprint("crowd", i))
		f.Fund(t, p, wealth)
		f.provers.add(f, p, 100_000_000)
		crowd = append(crowd, p)
		f.bid(id, p, int64(i), true)
	}
	f.toReveal(id)
	for i, p := range crowd {
		f.reveal(id, p, int64(i), true)
	}
	f.blocks(1)
	require.Equal(t, crowd[0].String(), f.view(id).Auction.Assignment.Prover)
	for _, p := range crowd[:n] {
		f.provers.change(f.Ctx, p, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
	}
	for f.view(id).Stage == types.STAGE_ASSIGNED {
		f.blocks(1)
	}
	v := f.view(id)
	require.NotNil(t, v.Auction.Search, "the first page held nobody eligible")
	require.True(t, v.Due)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, crowd[n]), types.ErrNotAssigned)
	f.blocks(1)
	require.Equal(t, crowd[n].String(), f.view(id).Auction.Assignment.Prover)
}

// law M11: a revocation of the verifier, the circuit or the family refunds
// everybody, whatever the stage, by message or by the queue; nobody is slashed,
// overdue but unsettled requests included.
func TestRevoked(t *testing.T) {
	stages := map[string]func(f *fixture, statement func(*types.MsgRequest)) string{
		"no bids": func(f *fixture, statement func(*types.MsgRequest)) string { return f.request(statement) },
		"bidding": func(f *fixture, statement func(*types.MsgRequest)) string {
			id := f.request(statement)
			f.bid(id, alice, 5)
			f.bid(id, bob, 6)
			return id
		},
		"revealing": func(f *fixture, statement func(*types.MsgRequest)) string {
			id := f.request(statement)
			f.bid(id, alice, 5)
			f.bid(id, bob, 6)
			f.toReveal(id)
			f.reveal(id, bob, 6)
			return id
		},
		"assigned": func(f *fixture, statement func(*types.MsgRequest)) string { return f.assigned(statement) },
		"overdue": func(f *fixture, statement func(*types.MsgRequest)) string {
			id := f.assigned(withStandby, statement)
			f.blocks(58)
			f.endBlock()
			f.beginBlock(5 * time.Second)
			return id
		},
	}
	plain := func(*types.MsgRequest) {}
	for target, statement := range map[verifiertypes.Target]func(*types.MsgRequest){
		onVerifier: plain, onFamily: plain, onCircuit: ofCircuit, onCircuits: ofCircuit,
	} {
		for name, open := range stages {
			for _, asked := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, asked %t", name, target.Describe(), asked), func(t *testing.T) {
					f := setup(t)
					id := open(f, statement)
					f.revoke(target)
					require.True(t, f.view(id).Due)
					if asked {
						result := f.refund(id)
						require.True(t, result.Applied, result.Error)
						require.Equal(t, types.REQUEST_STATUS_REFUNDED, result.Status)
					}
					f.blocks(62)
					require.Equal(t, types.END_REASON_REVOKED, f.view(id).Auction.EndReason)
					require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
					for _, p := range []sdk.AccAddress{alice, bob, carol} {
						require.Equal(t, int64(wealth), f.Balance(p).Int64(), "bonds are paid back")
						require.Zero(t, f.slashed(p))
					}
					require.Equal(t, int64(10_000), f.Balance(treasuryAddr).Int64())
				})
			}
		}
	}
}

// law M11: a standby prover, and one who is still looked for, too: what the winner
// lost before stays lost.
func TestRevokedOnStandby(t *testing.T) {
	f := setup(t)
	id := f.assigned(withStandby)
	f.blocks(61)
	require.Equal(t, types.STAGE_STANDBY, f.view(id).Stage)
	f.revoke(onFamily)
	f.blocks(32)
	require.Equal(t, types.END_REASON_REVOKED, f.view(id).Auction.EndReason)
	require.Equal(t, int64(penalty), f.slashed(bob))
	require.Zero(t, f.slashed(alice))
	require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
}

// law M11: messages are refused, and change nothing.
func TestRevokedRefusesProofs(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	f.revoke(onVerifier)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrVerifierRevoked)
}

// law M11: with more bidders than one page, the other bonds wait for their payers.
func TestRevokedBondsAreClaimable(t *testing.T) {
	f := setup(t)
	id := f.request()
	var crowd []sdk.AccAddress
	for i := range types.BondPage + 5 {
		p := account(fmt.Sprint("crowd", i))
		f.Fund(t, p, wealth)
		f.provers.add(f, p, 100_000_000)
		crowd = append(crowd, p)
		f.bid(id, p, int64(i))
	}
	f.revoke(onVerifier)
	require.True(t, f.refund(id).Applied)
	f.blocks(1)
	require.Equal(t, int64(5*bond), f.view(id).Auction.UnrevealedBonds.Int64())
	claimed := 0
	for _, p := range crowd {
		msg := &types.MsgClaim{Owner: p.String(), Bids: []types.BidRef{{RequestId: id, Prover: p.String()}}}
		if f.Balance(p).Int64() == wealth {
			fails(f, f.msgs.Claim, msg, types.ErrNothingToClaim)
			continue
		}
		fails(f, f.msgs.Claim, &types.MsgClaim{Owner: stranger.String(), Bids: msg.Bids}, types.ErrNothingToClaim)
		_, err := run(f, f.msgs.Claim, msg)
		require.NoError(t, err)
		require.Equal(t, int64(wealth), f.Balance(p).Int64())
		claimed++
	}
	require.Equal(t, 5, claimed)
	f.blocks(1)
	raw, _ := types.ParseID(id)
	require.Nil(t, f.Account.GetAccount(f.Ctx, types.RequestAccount(raw)), "the account goes with the last claim")
}

// law M12: a payout that cannot be made becomes claimable and stops nothing.
func TestFailedPayoutIsClaimable(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	f.refuse[requester.String()] = true
	f.provers.failRewards = true
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err)
	f.blocks(1)
	for owner, want := range map[string]string{requester.String(): "4000000", bob.String(): "5700000", alice.String(): "0"} {
		response, err := f.queries.Claim(f.Ctx, &types.QueryClaimRequest{Address: owner})
		require.NoError(t, err)
		require.Equal(t, want, response.Amount.String())
	}
	_, err = run(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()})
	require.Error(t, err, "still refused")
	f.refuse[requester.String()] = false
	_, err = run(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()})
	require.NoError(t, err)
	require.Equal(t, int64(wealth-6_000_000-10_000), f.Balance(requester).Int64())
	fails(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()}, types.ErrNothingToClaim)
	f.blocks(1)
}

// law M9: an item that panics moves to the dead letters, stops nothing, and
// MsgRefund retries it.
func TestDeadLetter(t *testing.T) {
	f := setup(t)
	bad := f.assigned()
	good := f.request()
	f.provers.panicOnSlash = true
	f.blocks(62)
	require.Equal(t, types.STAGE_ASSIGNED, f.view(bad).Stage)
	require.Equal(t, types.STAGE_DONE, f.view(good).Stage, "other items go on")
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	dead := 0
	for _, r := range g.Requests {
		if r.DeadLetter {
			dead++
		}
	}
	require.Equal(t, 1, dead)
	result := f.refund(bad)
	require.False(t, result.Applied)
	require.Contains(t, result.Error, "failed")
	f.provers.panicOnSlash = false
	require.True(t, f.refund(bad).Applied)
	f.blocks(1)
	require.Equal(t, types.END_REASON_MISSED, f.view(bad).Auction.EndReason)
}

// law M9: a bad item in a batch fails alone.
func TestRefundBatch(t *testing.T) {
	f := setup(t)
	due, early := f.assigned(), f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1000 })
	f.blocks(58)
	f.endBlock()
	f.beginBlock(5 * time.Second)
	response, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: stranger.String(), RequestIds: []string{"nonsense", early, types.FormatID(account32("none")), due, due}})
	require.NoError(t, err)
	var applied []bool
	for _, r := range response.Results {
		applied = append(applied, r.Applied)
		require.Equal(t, r.Applied, r.Error == "")
	}
	require.Equal(t, []bool{false, false, false, true, false}, applied)
	f.blocks(1)
	for n, want := range map[int]error{0: types.ErrInvalidSize, types.MaxBatch: nil, types.MaxBatch + 1: types.ErrTooManyItems} {
		_, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: stranger.String(), RequestIds: make([]string, n)})
		require.ErrorIs(t, err, want)
	}
}

// Clock: a halt is lost whole, slashes nobody, and is followed by a grace in which
// late proofs are accepted; what falls due in it expires with its last block.
func TestHaltSlashesNobody(t *testing.T) {
	f := setup(t)
	first, second := f.assigned(), f.assigned()
	f.blocks(45)
	f.endBlock()
	f.beginBlock(72 * time.Hour)
	clock, err := f.keeper.GetClock(f.Ctx)
	require.NoError(t, err)
	require.Equal(t, 72*time.Hour, clock.Lost)
	require.Equal(t, uint64(f.Ctx.BlockHeight())+19, clock.GraceUntilHeight, "this block is the first of 20")
	require.Equal(t, types.STAGE_ASSIGNED, f.view(first).Stage)
	for uint64(f.Ctx.BlockHeight()) < clock.GraceUntilHeight {
		f.blocks(1)
	}
	d := f.view(first).Auction.Assignment.Deadline
	clock, err = f.keeper.GetClock(f.Ctx)
	require.NoError(t, err)
	require.True(t, clock.MarketTime.After(d), "past the deadline, in the last block of the grace")
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(first, bob))
	require.NoError(t, err)
	f.endBlock()
	require.Equal(t, types.END_REASON_MISSED, f.view(second).Auction.EndReason)
	f.beginBlock(time.Second)
}

// Clock: a gap of exactly max_block_gap is not a halt.
func TestBlockGapEdge(t *testing.T) {
	f := setup(t)
	f.endBlock()
	f.beginBlock(time.Minute)
	clock, err := f.keeper.GetClock(f.Ctx)
	require.NoError(t, err)
	require.Zero(t, clock.Lost)
	require.Equal(t, f.Ctx.BlockTime(), clock.MarketTime)
	f.endBlock()
	f.beginBlock(time.Minute + 1)
	clock, err = f.keeper.GetClock(f.Ctx)
	require.NoError(t, err)
	require.Equal(t, time.Minute+1, clock.Lost)
}
