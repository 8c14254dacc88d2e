package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// marketTime is the market time of the present block.
func (f *fixture) marketTime() time.Time {
	clock, err := f.keeper.GetClock(f.Ctx)
	require.NoError(f.t, err)
	return clock.MarketTime
}

// slashed is what the prover was slashed so far.
func (f *fixture) slashed(prover sdk.AccAddress) int64 {
	p, _ := f.provers.get(f.Ctx, prover)
	return p.Slashed
}

// untouched checks that a suspended request has its deadline still, that nobody
// was slashed, and that neither a proof nor MsgRefund changes anything.
func (f *fixture) untouched(id string) {
	v := f.view(id)
	require.Equal(f.t, verifiertypes.VERIFIER_STATUS_SUSPENDED, v.VerifierStatus)
	require.NotNil(f.t, v.Auction.Assignment)
	require.False(f.t, v.Due)
	prover := sdk.MustAccAddressFromBech32(v.Auction.Assignment.Prover)
	require.Zero(f.t, f.slashed(prover))
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, prover), verifiertypes.ErrVerifierDisabled)
	before := f.export()
	result := f.refund(id)
	require.False(f.t, result.Applied)
	require.Contains(f.t, result.Error, types.ErrVerifierSuspended.Error())
	require.Equal(f.t, before, f.export())
}

// gaps are the block times of a test, as the lengths of block gaps.
type gaps []time.Duration

// pass passes blocks of these gaps.
func (f *fixture) pass(g gaps) {
	for _, gap := range g {
		f.endBlock()
		f.beginBlock(gap)
	}
}

// seconds are n blocks of one second.
func seconds(n int) (g gaps) {
	for range n {
		g = append(g, time.Second)
	}
	return g
}

// halt is a halt and the rest of its grace.
func halt() gaps { return append(gaps{72 * time.Hour}, seconds(20)...) }

// law M11: a deadline that had not passed when the suspension began is put off to
// the resumption and the prover's own window; the last moment of it still counts.
func TestSuspensionPutsTheDeadlineOff(t *testing.T) {
	for name, tc := range map[string]struct {
		standby        bool
		before, during gaps
		suspend        []verifiertypes.Target
		window         time.Duration
	}{
		"winner":                   {before: seconds(30), during: seconds(70), window: time.Minute},
		"in its last second":       {before: seconds(59), during: seconds(70), window: time.Minute},
		"short":                    {before: seconds(30), during: seconds(1), window: time.Minute},
		"at once":                  {window: time.Minute},
		"by its family":            {before: seconds(30), during: seconds(70), suspend: []verifiertypes.Target{onFamily}, window: time.Minute},
		"by both":                  {before: seconds(30), during: seconds(70), suspend: []verifiertypes.Target{onFamily, onVerifier}, window: time.Minute},
		"standby":                  {standby: true, before: seconds(80), during: seconds(70), window: 30 * time.Second},
		"standby, in its last":     {standby: true, before: seconds(90), during: seconds(70), window: 30 * time.Second},
		"a halt meanwhile":         {before: seconds(30), during: append(seconds(50), append(halt(), seconds(50)...)...), window: time.Minute},
		"a halt before":            {before: append(halt(), seconds(30)...), during: seconds(70), window: time.Minute},
		"halts before, meanwhile":  {before: append(halt(), seconds(30)...), during: append(halt(), halt()...), window: time.Minute},
		"resumed by the halt":      {before: seconds(30), during: gaps{72 * time.Hour}, window: time.Minute},
		"in the grace, overdue":    {before: append(seconds(45), append(gaps{72 * time.Hour}, seconds(17)...)...), during: seconds(70), window: time.Minute},
		"in the grace's last":      {before: append(seconds(45), append(gaps{72 * time.Hour}, seconds(19)...)...), during: seconds(70), window: time.Minute},
		"in a grace cut by a halt": {before: append(seconds(45), append(gaps{72 * time.Hour}, append(seconds(17), time.Hour)...)...), during: seconds(70), window: time.Minute},
	} {
		if tc.suspend == nil {
			tc.suspend = []verifiertypes.Target{onVerifier}
		}
		for _, last := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				f := setup(t)
				id := f.assigned(withStandby)
				f.pass(tc.before)
				d := f.view(id).Auction.Assignment
				require.Equal(t, tc.standby, d.Standby)
				earlier := f.slashed(bob)
				for _, target := range tc.suspend {
					f.suspend(target)
				}
				for i, gap := range tc.during {
					if i%20 == 0 || len(tc.during)-i < 3 {
						f.untouched(id)
					}
					require.Equal(t, earlier, f.slashed(bob))
					f.pass(gaps{gap})
				}
				require.Equal(t, max(tc.window, d.Deadline.Sub(f.marketTime())), f.view(id).TimeLeft, "as if it resumed now")
				for _, target := range tc.suspend {
					f.resume(target)
				}
				want := f.marketTime().Add(tc.window)
				require.Equal(t, want, *f.view(id).Deadline)
				f.lastMoment(id, want, last)
			})
		}
	}
}

// lastMoment passes blocks up to the deadline, in which nobody is slashed. Then the
// proof is delivered, or it is missed.
func (f *fixture) lastMoment(id string, deadline time.Time, deliver bool) {
	d := f.view(id).Auction.Assignment
	prover := sdk.MustAccAddressFromBech32(d.Prover)
	for f.marketTime().Before(deadline) {
		require.Zero(f.t, f.slashed(prover))
		require.Equal(f.t, d.Prover, f.view(id).Auction.Assignment.Prover)
		require.Equal(f.t, deadline, *f.view(id).Deadline)
		f.blocks(1)
	}
	require.Equal(f.t, deadline, f.marketTime())
	clock, err := f.keeper.GetClock(f.Ctx)
	require.NoError(f.t, err)
	require.False(f.t, clock.Graced(uint64(f.Ctx.BlockHeight())))
	if deliver {
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, prover))
		require.NoError(f.t, err)
		require.Zero(f.t, f.slashed(prover))
		return
	}
	f.blocks(1)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, prover), types.ErrOverdue)
	require.True(f.t, f.view(id).Due)
	f.blocks(1)
	require.Equal(f.t, int64(penalty), f.slashed(prover))
}

// law M11: what was overdue when the suspension began does not expire while it
// lasts, and is missed after it.
func TestSuspensionDoesNotSaveTheLate(t *testing.T) {
	noGrace := func(f *fixture) {
		p, err := f.keeper.GetParams(f.Ctx)
		require.NoError(f.t, err)
		p.HaltGraceBlocks = 0
		_, err = run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: p})
		require.NoError(f.t, err)
	}
	for name, tc := range map[string]struct {
		prepare func(f *fixture)
		before  gaps
		stage   types.Stage
	}{
		"winner":               {before: seconds(60)},
		"after a halt":         {before: append(halt(), seconds(40)...)},
		"a halt with no grace": {prepare: noGrace, before: append(append(seconds(59), 72*time.Hour), time.Second)},
		"standby":              {before: seconds(91), stage: types.STAGE_STANDBY},
	} {
		for _, asked := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				f := setup(t)
				id := f.assigned(withStandby)
				if tc.prepare != nil {
					tc.prepare(f)
				}
				f.pass(tc.before)
				v := f.view(id)
				require.True(t, v.Due)
				prover := sdk.MustAccAddressFromBech32(v.Auction.Assignment.Prover)
				require.Equal(t, tc.stage == types.STAGE_STANDBY, v.Auction.Assignment.Standby)
				f.suspend(onVerifier)
				for i := range 100 {
					if i%20 == 0 {
						f.untouched(id)
					}
					require.Zero(t, f.view(id).TimeLeft)
					f.blocks(1)
				}
				f.resume(onVerifier)
				require.Equal(t, v.Auction.Assignment.Deadline, *f.view(id).Deadline)
				fails(f, f.msgs.SubmitProof, f.proofMsg(id, prover), types.ErrOverdue)
				require.True(t, f.view(id).Due)
				if asked {
					require.True(t, f.refund(id).Applied)
				} else {
					f.blocks(int(types.SuspensionReview/time.Second) + 1)
				}
				require.Equal(t, int64(penalty), f.slashed(prover))
			})
		}
	}
}

// law M11: a suspension long over keeps its market time through later halts.
func TestHaltsAfterTheResumption(t *testing.T) {
	for _, before := range []gaps{nil, halt()} {
		f := setup(t)
		f.pass(before)
		id := f.assigned()
		f.blocks(30)
		f.suspend(onVerifier)
		f.blocks(70)
		f.resume(onVerifier)
		deadline := f.marketTime().Add(time.Minute)
		f.pass(halt())
		f.pass(halt())
		require.Equal(t, deadline, *f.view(id).Deadline)
		f.lastMoment(id, deadline, true)
	}
}

// law M11: a second suspension within the time that the first one gave counts too;
// one after it doesn't.
func TestSuspendedTwice(t *testing.T) {
	for _, late := range []bool{false, true} {
		f := setup(t)
		id := f.assigned()
		f.blocks(30)
		f.suspend(onVerifier)
		f.blocks(100)
		f.suspend(onFamily)
		f.blocks(100)
		f.resume(onVerifier)
		f.blocks(100)
		f.untouched(id)
		f.resume(onFamily)
		f.blocks(60)
		if late {
			f.endBlock()
			f.beginBlock(time.Second)
		}
		f.suspend(onFamily)
		f.blocks(100)
		f.untouched(id)
		f.resume(onFamily)
		if late {
			require.True(t, f.refund(id).Applied)
			require.Equal(t, int64(penalty), f.slashed(bob))
			continue
		}
		f.lastMoment(id, f.marketTime().Add(time.Minute), true)
	}
}

// law M11: what is counted in blocks goes on: bids, reveals and the closing; the
// winner has its whole time after the resumption. New requests are refused.
func TestAuctionGoesOnWhileSuspended(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.suspend(onVerifier)
	fails(f, f.msgs.Request, f.requestMsg(), verifiertypes.ErrVerifierNotActive)
	f.bid(id, bob, 5)
	may, err := f.queries.MayBid(f.Ctx, &types.QueryMayBidRequest{RequestId: id, Prover: alice.String()})
	require.NoError(t, err)
	require.True(t, may.MayBid)
	result := f.refund(id)
	require.Contains(t, result.Error, types.ErrNothingDue.Error())
	f.toReveal(id)
	f.reveal(id, bob, 5)
	f.blocks(1)
	require.Equal(t, types.STAGE_ASSIGNED, f.view(id).Stage)
	f.blocks(100)
	f.untouched(id)
	f.resume(onVerifier)
	f.lastMoment(id, f.marketTime().Add(time.Minute), true)
}

// law M11: a request without bids, or of which no bid was revealed, ends as ever.
func TestAuctionEndsWhileSuspended(t *testing.T) {
	f := setup(t)
	none, sealed, cancelled := f.request(), f.request(), f.request()
	f.bid(sealed, bob, 5)
	f.suspend(onVerifier)
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: cancelled})
	require.NoError(t, err)
	f.blocks(15)
	require.Equal(t, types.END_REASON_NO_BIDS, f.view(none).Auction.EndReason)
	require.Equal(t, types.END_REASON_NONE_RANKED, f.view(sealed).Auction.EndReason)
	require.Equal(t, verifiertypes.VERIFIER_STATUS_UNSPECIFIED, f.view(none).VerifierStatus)
}

// law M11: suspended and then revoked, everybody gets everything back, whether the
// deadline had passed when it began or not.
func TestSuspendedThenRevoked(t *testing.T) {
	for name, before := range map[string]int{"in time": 30, "overdue": 60} {
		for _, asked := range []bool{false, true} {
			for _, target := range []verifiertypes.Target{onVerifier, onFamily} {
				t.Run(name, func(t *testing.T) {
					f := setup(t)
					id := f.assigned(withStandby)
					f.pass(seconds(before))
					f.suspend(onVerifier)
					f.blocks(200)
					f.untouched(id)
					f.revoke(target)
					require.True(t, f.view(id).Due)
					if asked {
						require.True(t, f.refund(id).Applied)
					}
					f.blocks(62)
					require.Equal(t, types.END_REASON_REVOKED, f.view(id).Auction.EndReason)
					require.Equal(t, int64(wealth-10_000), f.Balance(requester).Int64())
					for _, p := range []sdk.AccAddress{alice, bob, carol} {
						require.Zero(t, f.slashed(p))
						require.Equal(t, int64(wealth), f.Balance(p).Int64(), "bonds are paid back")
					}
				})
			}
		}
	}
}

// law M11: looks at suspended requests count against the cap, come no more often
// than SuspensionReview, fail nothing, and hold up nobody else.
func TestSuspendedRequestsAndTheCap(t *testing.T) {
	const many, limit = 10, 4
	f := setup(t)
	var ids []string
	for range many {
		id := f.request(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
		f.bid(id, bob, 5)
		ids = append(ids, id)
	}
	f.toReveal(ids[0])
	for _, id := range ids {
		f.reveal(id, bob, 5)
	}
	p := types.DefaultParams()
	f.blocks(1)
	p.EndBlockCap = limit
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: p})
	require.NoError(t, err)
	f.suspend(onVerifier)
	looks, blocks := 0, 120
	for range blocks {
		before := f.verifier.asked
		f.endBlock()
		require.LessOrEqual(t, f.verifier.asked-before, limit)
		looks += f.verifier.asked - before
		f.beginBlock(time.Second)
	}
	rounds := blocks/int(types.SuspensionReview/time.Second) + 1
	require.LessOrEqual(t, looks, many*rounds)
	require.GreaterOrEqual(t, looks, many*(rounds-1))

	// Everybody falls due at once, and so does a request of another verifier.
	f.pass(gaps{59 * time.Second})
	other := f.request(ofCircuit, func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.blocks(2)
	require.Equal(t, types.END_REASON_NO_BIDS, f.view(other).Auction.EndReason)

	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	for _, r := range g.Requests {
		require.False(t, r.DeadLetter)
	}
	f.resume(onVerifier)
	require.Zero(t, f.slashed(bob))
	f.blocks(int(types.SuspensionReview/time.Second) + many)
	require.Equal(t, int64(many*penalty), f.slashed(bob), "each is missed once it is over")
}
