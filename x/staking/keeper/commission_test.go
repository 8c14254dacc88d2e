package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

const notice = 7 * day // the default of commission_notice

func (f *fixture) setCommission(prover sdk.AccAddress, source string, bps uint32) (at *time.Time, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.SetCommission(ctx, &types.MsgSetCommission{Prover: prover.String(), Source: source, Bps: bps})
		if err == nil {
			at = res.EffectiveAt
		}
		return err
	})
	return at, err
}

func (f *fixture) resetCommission(prover sdk.AccAddress, source string) (at *time.Time, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.ResetCommission(ctx, &types.MsgResetCommission{Prover: prover.String(), Source: source})
		if err == nil {
			at = res.EffectiveAt
		}
		return err
	})
	return at, err
}

// atOnce requires that a change counts already, announced that it waits for the
// whole notice.
func (f *fixture) atOnce(t require.TestingT, at *time.Time, err error) {
	require.NoError(t, err)
	require.Nil(t, at, "counts at once")
}

func (f *fixture) announced(t require.TestingT, at *time.Time, err error) {
	require.NoError(t, err)
	require.NotNil(t, at, "waits")
	require.Equal(t, f.ctx.BlockTime().Add(notice), *at)
}

// later moves time without the end of a block, so that what is due has not been
// written down.
func (f *fixture) later(d time.Duration) { f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(d)) }

// charged returns the rate, in 1/10000, that a reward from source is charged now.
// It pays one in a branch of the state.
func (f *fixture) charged(t require.TestingT, prover sdk.AccAddress, source string) uint32 {
	branch := *f
	branch.ctx, _ = f.ctx.CacheContext()
	before := branch.vault(t, prover, 0).Commission
	payer := branch.account(t, "payer", types.BpsBase)
	require.NoError(t, branch.k.AddRewards(branch.ctx, prover, payer, source, math.NewInt(types.BpsBase), math.ZeroInt()))
	return uint32(branch.vault(t, prover, 0).Commission.Sub(before).Int64())
}

func (f *fixture) commission(t require.TestingT, prover sdk.AccAddress) *types.QueryCommissionResponse {
	res, err := f.query.Commission(f.ctx, &types.QueryCommissionRequest{Prover: prover.String()})
	require.NoError(t, err)
	return res
}

// Reference defect 11: commission raised just before a large reward. Neither the
// default, nor the rate of a source, nor a way around over both reaches a reward
// that comes within the notice.
func TestDefect11CommissionRaisedBeforeReward(t *testing.T) {
	raises := map[string]func(*fixture, sdk.AccAddress) (*time.Time, error){
		"the default": func(f *fixture, p sdk.AccAddress) (*time.Time, error) { return f.setCommission(p, "", 10_000) },
		"the source":  func(f *fixture, p sdk.AccAddress) (*time.Time, error) { return f.setCommission(p, "market", 10_000) },
	}
	for name, raise := range raises {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			alice := f.register(t, "alice", 1000*proof, 500)
			bob := f.account(t, "bob", 9000*proof)
			require.NoError(t, f.stake(bob, alice, 9000*proof))
			at, err := raise(f, alice)
			f.announced(t, at, err)
			f.reward(t, alice, 1000*proof)
			require.EqualValues(t, 50*proof, f.vault(t, alice, 1).Commission.Int64(), "5 %, as announced to bob")
			f.endBlock(t, notice-time.Nanosecond)
			f.reward(t, alice, 1000*proof)
			require.EqualValues(t, 100*proof, f.vault(t, alice, 1).Commission.Int64(), "to the end of the notice")
			f.endBlock(t, time.Nanosecond)
			f.reward(t, alice, 1000*proof)
			require.EqualValues(t, 1100*proof, f.vault(t, alice, 1).Commission.Int64(), "bob had the time to leave")
			f.requireSound(t)
		})
	}
	t.Run("giving a source back to a dear default", func(t *testing.T) {
		f := newFixture(t)
		alice := f.register(t, "alice", 1000*proof, 5000)
		at, err := f.setCommission(alice, "market", 500)
		f.atOnce(t, at, err)
		at, err = f.resetCommission(alice, "market")
		f.announced(t, at, err)
		require.EqualValues(t, 500, f.charged(t, alice, "market"))
		f.later(notice - time.Nanosecond)
		require.EqualValues(t, 500, f.charged(t, alice, "market"))
		f.later(time.Nanosecond)
		require.EqualValues(t, 5000, f.charged(t, alice, "market"))
	})
	t.Run("giving a source back to a default that is about to rise", func(t *testing.T) {
		f := newFixture(t)
		alice := f.register(t, "alice", 1000*proof, 500)
		at, err := f.setCommission(alice, "market", 1000)
		f.announced(t, at, err)
		at, err = f.setCommission(alice, "", 10_000)
		f.announced(t, at, err)
		f.endBlock(t, notice-time.Second)
		// Now 500 below the source's 1000 of tomorrow, in a second 10000.
		at, err = f.resetCommission(alice, "market")
		f.announced(t, at, err)
		f.later(time.Minute)
		require.EqualValues(t, 500, f.charged(t, alice, "market"), "it left the default, and 1000 was dropped")
		require.EqualValues(t, 10_000, f.charged(t, alice, "other"))
		f.later(notice)
		require.EqualValues(t, 10_000, f.charged(t, alice, "market"))
	})
	t.Run("replacing an announcement while the default rises", func(t *testing.T) {
		f := newFixture(t)
		alice := f.register(t, "alice", 1000*proof, 1000)
		at, err := f.setCommission(alice, "market", 1001)
		f.announced(t, at, err)
		at, err = f.setCommission(alice, "", 10_000)
		f.announced(t, at, err)
		f.endBlock(t, notice-time.Second)
		at, err = f.setCommission(alice, "market", 1002)
		f.announced(t, at, err)
		f.later(time.Minute)
		require.EqualValues(t, 1000, f.charged(t, alice, "market"), "not the default's 10000")
	})
}

// Law S6: a lower rate counts at once and cancels what is pending; each
// announcement starts a notice of its own.
func TestCommissionChanges(t *testing.T) {
	for _, source := range []string{"", "market"} {
		t.Run("source "+source, func(t *testing.T) {
			f := newFixture(t)
			alice := f.register(t, "alice", 1000*proof, 3000)
			rate := func() int { return int(f.charged(t, alice, "market")) }

			at, err := f.setCommission(alice, source, 4000)
			f.announced(t, at, err)
			f.endBlock(t, 6*day)
			at, err = f.setCommission(alice, source, 3500) // replaces, waits anew
			f.announced(t, at, err)
			f.endBlock(t, 6*day)
			require.Equal(t, 3000, rate(), "the first was replaced")
			at, err = f.setCommission(alice, source, 2000) // lower: at once
			f.atOnce(t, at, err)
			require.Equal(t, 2000, rate())
			f.endBlock(t, 2*day)
			f.endBlock(t, 0)
			require.Equal(t, 2000, rate(), "the second was cancelled")
			at, err = f.setCommission(alice, source, 3000) // had it before; waits all the same
			f.announced(t, at, err)
			require.Equal(t, 2000, rate())
			at, err = f.setCommission(alice, source, 2000) // the present rate: drops what is pending
			f.atOnce(t, at, err)
			_, err = f.setCommission(alice, source, 2000)
			require.ErrorIs(t, err, types.ErrCommissionUnchanged)
			f.endBlock(t, 30*day)
			f.endBlock(t, 0)
			require.Equal(t, 2000, rate())

			at, err = f.setCommission(alice, source, 2001)
			f.announced(t, at, err)
			f.endBlock(t, notice)
			require.Equal(t, 2001, rate(), "by its time, before anything wrote it down")
			f.requireSound(t)
			f.endBlock(t, 0)
			require.Equal(t, 2001, rate())
			f.requireSound(t)
		})
	}
}

// A source with a rate of its own does not follow the default, from the moment
// at which that rate was chosen.
func TestCommissionOfASource(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 1000)
	at, err := f.setCommission(alice, "market", 1000) // the same, but its own from now on
	f.atOnce(t, at, err)
	at, err = f.setCommission(alice, "", 500)
	f.atOnce(t, at, err)
	require.EqualValues(t, 1000, f.charged(t, alice, "market"))
	require.EqualValues(t, 500, f.charged(t, alice, "other"))
	at, err = f.resetCommission(alice, "market")
	f.atOnce(t, at, err) // lower
	require.EqualValues(t, 500, f.charged(t, alice, "market"))
	_, err = f.resetCommission(alice, "market")
	require.ErrorIs(t, err, types.ErrNoOwnRate)

	// What waits is shown beside what counts.
	at, err = f.setCommission(alice, "", 800)
	f.announced(t, at, err)
	at, err = f.setCommission(alice, "a", 900)
	f.announced(t, at, err)
	at, err = f.setCommission(alice, "b", 0)
	f.atOnce(t, at, err)
	at, err = f.resetCommission(alice, "b")
	f.announced(t, at, err)
	due := f.ctx.BlockTime().Add(notice)
	require.Equal(t, &types.QueryCommissionResponse{
		DefaultRate: types.CommissionRate{Prover: alice.String(), Bps: 500, Pending: &types.PendingCommission{Bps: 800, EffectiveAt: due}},
		Rates: []types.CommissionRate{
			{Prover: alice.String(), Source: "a", Bps: 500, Pending: &types.PendingCommission{Bps: 900, EffectiveAt: due}},
			{Prover: alice.String(), Source: "b", Pending: &types.PendingCommission{Inherit: true, EffectiveAt: due}},
		},
	}, f.commission(t, alice))
	f.requireSound(t)
	f.later(notice)
	want := &types.QueryCommissionResponse{
		DefaultRate: types.CommissionRate{Prover: alice.String(), Bps: 800},
		Rates:       []types.CommissionRate{{Prover: alice.String(), Source: "a", Bps: 900}},
	}
	require.Equal(t, want, f.commission(t, alice), "before it is written down")
	shown, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: alice.String()})
	require.NoError(t, err)
	require.EqualValues(t, 800, shown.Prover.Prover.CommissionBps)
	f.endBlock(t, 0)
	require.Equal(t, want, f.commission(t, alice), "and after")
	f.requireSound(t)

	at, err = f.setCommission(alice, "", 9000)
	f.announced(t, at, err)
	at, err = f.resetCommission(alice, "")
	f.atOnce(t, at, err) // drops it
	f.endBlock(t, 30*day)
	require.EqualValues(t, 800, f.charged(t, alice, "other"))
	_, err = f.resetCommission(alice, "")
	require.ErrorIs(t, err, types.ErrCommissionUnchanged)
}

// Parameters bind when a rate is chosen, not when it counts.
func TestCommissionParamsBindWhenChosen(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 1000)
	at, err := f.setCommission(alice, "", 6000)
	f.announced(t, at, err)
	f.setParams(t, func(p *types.Params) { p.MaxCommissionBps, p.CommissionNotice = 5000, 0 })
	f.endBlock(t, notice-1)
	require.EqualValues(t, 1000, f.charged(t, alice, "market"), "a shorter notice moves no announced time")
	_, err = f.setCommission(alice, "", 5001)
	require.ErrorIs(t, err, types.ErrInvalidCommission)
	f.setParams(t, func(p *types.Params) { p.CommissionNotice = 90 * day })
	f.endBlock(t, 1)
	require.EqualValues(t, 6000, f.charged(t, alice, "market"), "nor a longer one, nor a lower limit")
	_, err = f.setCommission(alice, "", 5001)
	require.ErrorIs(t, err, types.ErrInvalidCommission, "not even to lower it")
	at, err = f.setCommission(alice, "", 5000)
	f.atOnce(t, at, err)
	f.setParams(t, func(p *types.Params) { p.MaxCommissionBps, p.CommissionNotice = 10_000, 0 })
	at, err = f.setCommission(alice, "", 10_000)
	f.atOnce(t, at, err)
	f.requireSound(t)
}

// Reference defect 12, bounds: eight sources, and one past them. A place is free as soon as its rate is
// gone by time.
func TestDefect12CommissionRatesAreBounded(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 1000)
	for i := range types.MaxCommissionRates {
		_, err := f.setCommission(alice, fmt.Sprintf("source%d", i), 0)
		require.NoError(t, err)
	}
	_, err := f.setCommission(alice, "another", 0)
	require.ErrorIs(t, err, types.ErrTooManyRates)
	_, err = f.setCommission(alice, "source3", 2000)
	require.NoError(t, err, "one that has a place keeps it")
	at, err := f.resetCommission(alice, "source3")
	f.announced(t, at, err)
	_, err = f.setCommission(alice, "another", 0)
	require.ErrorIs(t, err, types.ErrTooManyRates)
	f.later(notice)
	_, err = f.setCommission(alice, "another", 0)
	require.NoError(t, err)
	f.requireSound(t)
	bob := f.register(t, "bob", 1000*proof, 1000)
	_, err = f.setCommission(bob, "another", 0)
	require.NoError(t, err, "each prover has its own")
}

// Law S1: what is pending goes when a prover retires, however it does, and the
// next generation has nothing but the rate that it registers with.
func TestCommissionEndsWithTheGeneration(t *testing.T) {
	for name, leave := range map[string]func(*fixture, sdk.AccAddress){
		"retire": func(f *fixture, alice sdk.AccAddress) { require.NoError(t, f.retire(alice)) },
		"slash":  func(f *fixture, alice sdk.AccAddress) { f.slash(t, alice, 1000*proof) },
		"slash with work open": func(f *fixture, alice sdk.AccAddress) {
			number, err := f.open(alice, proof, proof)
			require.NoError(t, err)
			f.slash(t, alice, 1000*proof)
			_, err = f.setCommission(alice, "late", 7)
			require.NoError(t, err, "not retired yet")
			require.NoError(t, f.closeWork(alice, number))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			alice := f.register(t, "alice", 1000*proof, 1000)
			_, err := f.setCommission(alice, "market", 100)
			require.NoError(t, err)
			_, err = f.setCommission(alice, "due", 1500)
			require.NoError(t, err)
			f.later(notice)
			_, err = f.setCommission(alice, "", 9000)
			require.NoError(t, err)
			_, err = f.setCommission(alice, "market", 9000)
			require.NoError(t, err)
			leave(f, alice)
			f.requireSound(t)
			_, err = f.setCommission(alice, "", 0)
			require.ErrorIs(t, err, types.ErrProverRetired)
			_, err = f.resetCommission(alice, "market")
			require.ErrorIs(t, err, types.ErrProverRetired)
			f.endBlock(t, notice)
			f.endBlock(t, 0)
			shown := f.commission(t, alice)
			require.EqualValues(t, 1000, shown.DefaultRate.Bps, "pending changes are dropped")
			rates := map[string]uint32{}
			for _, r := range shown.Rates {
				require.Nil(t, r.Pending)
				rates[r.Source] = r.Bps
			}
			require.EqualValues(t, 100, rates["market"], "rates in force stay, for late rewards")
			require.EqualValues(t, 1500, rates["due"])

			f.fund(t, alice, 1000*proof)
			require.NoError(t, f.tryRegister(alice, 1000*proof, 2000))
			require.EqualValues(t, 2000, f.charged(t, alice, "market"))
			require.Empty(t, f.commission(t, alice).Rates)
			f.requireSound(t)
		})
	}
}
