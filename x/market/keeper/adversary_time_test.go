package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// between runs a life with a disturbance before each of its steps in turn, in which
// the winner delivers and in which it misses, and gives what everybody gained.
func between(t *testing.T, disturb func(l *life, list []stage, next int), check func(t *testing.T, missed bool, at string, gains map[string]int64)) {
	for _, missed := range []bool{false, true} {
		list := stages(missed)
		for at := 1; at < len(list); at++ {
			t.Run(fmt.Sprintf("before %s, missed %t", list[at].name, missed), func(t *testing.T) {
				l, gains := live(setup(t), list, time.Second, func(l *life, next int) {
					if next == at {
						disturb(l, list, next)
					}
				})
				require.Empty(t, l.refused)
				check(t, missed, list[at].name, gains)
			})
		}
	}
}

// unchanged checks that the disturbance changed nobody's fortune.
func unchanged(t *testing.T, missed bool, _ string, gains map[string]int64) {
	require.Equal(t, calm(missed), gains)
}

// law M2: parameters changed between any two steps change nothing for a request that
// was made before.
func TestAdversaryParamsChangedBetweenSteps(t *testing.T) {
	for name, change := range map[string]func(p *types.Params){
		"all rates at their highest": func(p *types.Params) {
			p.ProtocolFeeBps, p.SlashBps, p.BidBondBps, p.OvercommitBps = 10_000, 10_000, 10_000, 10_000
			p.MinBidBond, p.RequestFee = math.NewInt(wealth/2), math.NewInt(wealth/2)
		},
		"all rates zero": func(p *types.Params) {
			p.ProtocolFeeBps, p.SlashBps, p.BidBondBps, p.OvercommitBps = 0, 0, 0, 0
			p.MinBidBond, p.RequestFee = math.ZeroInt(), math.ZeroInt()
		},
		"limits that it would not meet": func(p *types.Params) {
			p.MinMaxFee, p.MaxMinStake = math.NewInt(100*maxFee), math.NewInt(1)
			p.MinBiddingBlocks, p.MaxBiddingBlocks = types.MaxWindowBlocks, types.MaxWindowBlocks
			p.MinRevealBlocks, p.MaxRevealBlocks = types.MaxWindowBlocks, types.MaxWindowBlocks
			p.MinTimeLimit, p.MaxTimeLimit, p.MaxInlineInput = types.MaxTimeLimit, types.MaxTimeLimit, 0
		},
		"limits that it would pass": func(p *types.Params) {
			p.MinMaxFee, p.MaxMaxFee = math.NewInt(1), math.NewInt(1)
			p.MaxBiddingBlocks, p.MinRevealBlocks, p.MaxRevealBlocks = 1, 1, 1
			p.MinTimeLimit, p.MaxTimeLimit = 1, 1
		},
		"another engine": func(p *types.Params) {
			p.EndBlockCap, p.PruneCap, p.Retention = types.MinEndBlockCap, types.MinPruneCap, types.MaxRetention
			p.HaltGraceBlocks, p.MaxBlockGap = types.MaxHaltGraceBlocks, types.MaxMaxBlockGap
		},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(l *life, _ []stage, _ int) { l.set(change) }, unchanged)
		})
	}
}

// Clock: a day without blocks, in any stage, takes no time from anybody and slashes
// nobody; in the grace after it nothing is overdue.
func TestAdversaryHaltedForADayBetweenSteps(t *testing.T) {
	between(t, func(l *life, list []stage, next int) {
		before := l.riches()
		l.pass(gaps{24 * time.Hour})
		if !list[next].waits {
			return // blocks are what counts there
		}
		clock, err := l.keeper.GetClock(l.Ctx)
		require.NoError(l.t, err)
		slashed := l.slashed(alice) + l.slashed(bob)
		for uint64(l.Ctx.BlockHeight()) < clock.GraceUntilHeight {
			require.Equal(l.t, slashed, l.slashed(alice)+l.slashed(bob))
			l.pass(gaps{30 * time.Second}) // slow blocks as well: far past every deadline
		}
		require.Equal(l.t, types.REQUEST_STATUS_PENDING, l.view(l.id).Auction.Status)
		require.Zero(l.t, l.view(l.id).TimeLeft)
		require.Equal(l.t, before["alice"], l.riches()["alice"])
	}, unchanged)
}

// Blocks as far apart as can be without a halt: time counts in full, windows are of
// blocks, and whoever has a window of max_block_gap has a block to deliver in. One whose
// window is shorter than the time between blocks may find it over: that is the risk
// of the request that it took, and of the standby that it offered.
func TestAdversarySlowBlocks(t *testing.T) {
	gap := types.DefaultParams().MaxBlockGap
	for _, gap := range []time.Duration{gap, gap - 1, gap - time.Second} {
		f := setup(t)
		_, gains := live(f, stages(false), gap, nil)
		require.Equal(t, calm(false), gains)
		clock, err := f.keeper.GetClock(f.Ctx)
		require.NoError(t, err)
		require.Zero(t, clock.Lost)

		f = setup(t)
		before := f.riches()
		l := &life{fixture: f, gap: gap}
		for _, s := range stages(true)[:6] {
			s.do(l)
		}
		require.Equal(t, types.STAGE_STANDBY, l.view(l.id).Stage)
		fails(f, f.msgs.SubmitProof, f.proofMsg(l.id, alice), types.ErrOverdue)
		f.pass(gaps{gap})
		require.Equal(t, types.END_REASON_MISSED, l.view(l.id).Auction.EndReason)
		f.blocks(1)
		require.Equal(t, map[string]int64{
			"requester": -requestFee, "alice": -penalty, "bob": -bond - penalty, chest: requestFee + bond + 2*penalty,
		}, f.gains(before))
	}

	// One nanosecond more is a halt: the block after it has a grace.
	f := setup(t)
	before := f.riches()
	l := &life{fixture: f, gap: time.Second}
	for _, s := range stages(true)[:6] {
		s.do(l)
	}
	f.pass(gaps{gap + 1})
	f.proves(l.id)
	f.blocks(1)
	require.Equal(t, calm(true), f.gains(before))
}

// law M11: suspended before any step, by each of the targets and for longer than any
// time limit, and resumed before somebody must deliver: nobody's fortune changes.
func TestAdversarySuspendedBetweenSteps(t *testing.T) {
	for _, target := range []verifiertypes.Target{onVerifier, onFamily} {
		for _, missed := range []bool{false, true} {
			list := stages(missed)
			for at := 1; at < len(list); at++ {
				t.Run(fmt.Sprintf("%s before %s, missed %t", target.Describe(), list[at].name, missed), func(t *testing.T) {
					l, gains := live(setup(t), list, time.Second, func(l *life, next int) {
						if next == at {
							l.suspend(target)
						}
						if !list[next].waits || !l.verifier.on(target).Suspended() {
							return
						}
						slashed := l.slashed(alice) + l.slashed(bob)
						l.pass(gaps{time.Minute, time.Minute, time.Minute})
						prover := people["bob"]
						if list[next].name == "proof" && missed {
							prover = alice
						}
						fails(l.fixture, l.msgs.SubmitProof, l.proofMsg(l.id, prover), verifiertypes.ErrVerifierDisabled)
						require.Contains(l.t, l.refund(l.id).Error, types.ErrVerifierSuspended.Error())
						require.Equal(l.t, slashed, l.slashed(alice)+l.slashed(bob))
						l.resume(target)
					})
					require.Empty(t, l.refused)
					require.Equal(t, calm(missed), gains)
				})
			}
		}
	}
}

// law M11: revoked before any step, at once or while suspended: everybody has what
// they had but for the request fee, and for what was lost before.
func TestAdversaryRevokedBetweenSteps(t *testing.T) {
	for _, suspended := range []bool{false, true} {
		for _, missed := range []bool{false, true} {
			list := stages(missed)
			for at := 1; at < len(list); at++ {
				t.Run(fmt.Sprintf("before %s, missed %t, suspended %t", list[at].name, missed, suspended), func(t *testing.T) {
					f := setup(t)
					before := f.riches()
					l := &life{fixture: f, gap: time.Second}
					for _, s := range list[:at] {
						s.do(l)
					}
					if suspended {
						f.suspend(onFamily)
						f.blocks(1)
					}
					f.revoke(onVerifier)
					fails(f, f.msgs.Bid, f.bidMsg(l.id, dave, dave, 5, false), types.ErrVerifierRevoked)
					fails(f, f.msgs.Reveal, f.revealMsg(l.id, bob, bob, 4_000_000, false), types.ErrVerifierRevoked)
					f.blocks(2)
					require.Equal(t, types.END_REASON_REVOKED, f.view(l.id).Auction.EndReason)
					want := map[string]int64{"requester": -requestFee, chest: requestFee}
					if missed && list[at].name == "proof" {
						want["bob"], want[chest] = -bond-penalty, requestFee+bond+penalty
					}
					require.Equal(t, want, f.gains(before))
					require.False(t, f.refund(l.id).Applied, "once")
				})
			}
		}
	}
}

// law M11: a search for a standby prover goes on while the verifier is suspended, and
// ends with its revocation; the winner's loss stands, the requester has everything.
func TestAdversarySuspendedOrRevokedInASearch(t *testing.T) {
	for _, revoked := range []bool{false, true} {
		f := setup(t)
		start := f.Balance(requester)
		id := f.deserted(3 * types.StandbyPage)
		for f.view(id).Auction.Search == nil {
			f.blocks(1)
		}
		if revoked {
			f.revoke(onFamily)
		} else {
			f.suspend(onFamily)
		}
		f.blocks(3)
		reason := map[bool]types.EndReason{true: types.END_REASON_REVOKED, false: types.END_REASON_MISSED}[revoked]
		require.Equal(t, reason, f.view(id).Auction.EndReason)
		require.Equal(t, int64(-requestFee), f.gained(requester, start))
		require.Equal(t, int64(requestFee+bond), f.Balance(treasuryAddr).Int64(), "slashes go through the module provers")
	}
}
