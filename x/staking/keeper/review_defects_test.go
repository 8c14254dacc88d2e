package keeper_test

import (
	"context"
	"fmt"
	stdmath "math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// What auditors found in the reference (its defect 12) and in its peers, each by
// the name that they gave it.

// Reference defect 12: retire by anyone. The message names nobody but its signer.
func TestDefect12RetireByAnyone(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	mallory, bob := f.account(t, "mallory", 0), f.register(t, "bob", 1000*proof, 0)
	require.ErrorIs(t, f.retire(mallory), types.ErrProverNotFound)
	require.ErrorIs(t, f.retire(sdk.MustAccAddressFromBech32(f.authority)), types.ErrProverNotFound, "nor the authority")
	require.NoError(t, f.retire(bob))
	require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State)
}

// Reference defect 12: stale share maps after retiring. Shares of the old vault
// count for nothing in the new one: not as own stake, not to leave, not to cancel.
func TestDefect12StaleSharesAfterRetire(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	bob := f.account(t, "bob", 500*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	old, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	require.NoError(t, f.retire(alice))
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))

	s := f.standing(t, alice)
	require.EqualValues(t, 1000*proof, s.SelfStake.Int64())
	require.EqualValues(t, 1000*proof, s.Assets.Int64())
	_, err = f.unstakeFrom(bob, alice, proof, 2)
	require.ErrorIs(t, err, types.ErrTooFewShares)
	_, _, err = f.cancel(bob, alice, old)
	require.ErrorIs(t, err, types.ErrUnstakeNotFound)
	f.fund(t, bob, 50*proof)
	require.NoError(t, f.stake(bob, alice, 50*proof), "bob is welcome in the new one")
	positions, err := f.query.Positions(f.ctx, &types.QueryPositionsRequest{Staker: bob.String()})
	require.NoError(t, err)
	require.Len(t, positions.Positions, 2)
	for i, want := range []int64{400 * proof, 50 * proof} {
		require.EqualValues(t, i+1, positions.Positions[i].Generation)
		require.EqualValues(t, want, positions.Positions[i].Value.Int64())
	}
	require.EqualValues(t, 500*proof, f.slash(t, alice, 500*proof))
	require.EqualValues(t, 3400*proof, f.vault(t, alice, 1).Assets.Int64(), "a slash of the new one leaves the old one alone")
	f.requireSound(t)
}

// Reference defect 12: null provers counted as registered. No address is a prover
// until it registers, whatever else it is, and nothing works on it.
func TestDefect12NullProver(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	payer := f.account(t, "payer", proof)
	for name, addr := range map[string]sdk.AccAddress{
		"nil": nil, "empty": {}, "zeroes": make([]byte, 20), "a payer": payer, "the authority": sdk.MustAccAddressFromBech32(f.authority),
		"a vault's account": types.VaultAddress(alice, 1), "the pool": types.IncentiveAddress(), "a part of a prover's": alice[:19],
	} {
		_, is, err := f.k.Find(f.ctx, addr)
		require.NoError(t, err, name)
		require.False(t, is, name)
		_, err = f.k.Standing(f.ctx, addr)
		require.ErrorIs(t, err, types.ErrProverNotFound, name)
		for what, do := range map[string]func(context.Context) error{
			"open": func(ctx context.Context) error {
				_, err := f.k.OpenAssignment(ctx, addr, math.OneInt(), math.OneInt())
				return err
			},
			"close": func(ctx context.Context) error { return f.k.CloseAssignment(ctx, addr, 1) },
			"reward": func(ctx context.Context) error {
				return f.k.AddRewards(ctx, addr, payer, types.SourceMarket, math.OneInt(), math.OneInt())
			},
			"slash": func(ctx context.Context) error {
				_, err := f.k.Slash(ctx, addr, "test", math.OneInt())
				return err
			},
			"stake": func(ctx context.Context) error {
				_, _, err := f.k.Stake(ctx, payer, addr, math.NewInt(proof), math.ZeroInt())
				return err
			},
		} {
			f.requireRefused(t, name+"/"+what, types.ErrProverNotFound, do)
		}
	}
	f.requireSound(t)
}

// Reference defect 12: unbounded parameters. Each at the end of its type is
// refused, and none of those that are allowed keeps a staker from getting out.
func TestDefect12UnboundedParameters(t *testing.T) {
	f := newFixture(t)
	huge := vault.MaxAssets().MulRaw(63)
	for name, change := range map[string]func(*types.Params){
		"min_self_stake":      func(p *types.Params) { p.MinSelfStake = huge },
		"min_stake":           func(p *types.Params) { p.MinStake = huge },
		"min_unstake":         func(p *types.Params) { p.MinUnstake = huge },
		"unstake_delay":       func(p *types.Params) { p.UnstakeDelay = stdmath.MaxInt64 },
		"max_unstakes":        func(p *types.Params) { p.MaxUnstakes = stdmath.MaxUint32 },
		"reward_period":       func(p *types.Params) { p.RewardPeriod = stdmath.MaxInt64 },
		"max_commission_bps":  func(p *types.Params) { p.MaxCommissionBps = stdmath.MaxUint32 },
		"end_block_cap":       func(p *types.Params) { p.EndBlockCap = stdmath.MaxUint32 },
		"commission_notice":   func(p *types.Params) { p.CommissionNotice = stdmath.MaxInt64 },
		"epoch_length":        func(p *types.Params) { p.EpochLength = stdmath.MaxInt64 },
		"incentive_budget":    func(p *types.Params) { p.IncentiveBudget = huge },
		"incentive_fee_bps":   func(p *types.Params) { p.IncentiveFeeBps = stdmath.MaxUint32 },
		"incentive_kappa_bps": func(p *types.Params) { p.IncentiveKappaBps = stdmath.MaxUint32 },
	} {
		params := types.DefaultParams()
		change(&params)
		f.requireRefused(t, name, types.ErrInvalidParams, func(ctx context.Context) error {
			_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: f.authority, Params: params})
			return err
		})
	}

	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	f.setParams(t, func(p *types.Params) {
		p.MinSelfStake, p.MinStake, p.MinUnstake = types.MaxParamAmount, types.MaxParamAmount, types.MaxParamAmount
		p.UnstakeDelay, p.RewardPeriod, p.CommissionNotice = types.MaxUnstakeDelay, types.MaxRewardPeriod, types.MaxCommissionNotice
		p.EpochLength, p.MaxUnstakes, p.EndBlockCap, p.MaxCommissionBps = types.MaxEpochLength, 1, 1, 0
		p.AllowList = true
	})
	require.NoError(t, f.unstakeAll(bob, alice))
	require.NoError(t, f.unstakeAll(alice, alice))
	require.NoError(t, f.retire(alice))
	f.endBlock(t, types.MaxUnstakeDelay)
	f.endBlock(t, 0)
	f.endBlock(t, 0)
	require.EqualValues(t, 100*proof, f.balance(bob))
	require.EqualValues(t, 1000*proof, f.balance(alice))
	f.requireSound(t)
}

// From the peers' audits: a slasher that names the recipient slashes itself for
// profit. Here nobody names one: the treasury gets all, whoever sent the message.
func TestPeersSlasherNamesNoRecipient(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	authority := sdk.MustAccAddressFromBech32(f.authority)
	before := f.balance(authority)
	slashed, err := f.slashBy(f.authority, alice, 300*proof)
	require.NoError(t, err)
	require.EqualValues(t, 300*proof, slashed)
	require.EqualValues(t, 200*proof, f.slash(t, alice, 200*proof), "the market's way")
	f.endBlock(t, time.Second)
	require.EqualValues(t, 500*proof, f.pool(t))
	require.Equal(t, before, f.balance(authority))
	require.EqualValues(t, 0, f.balance(alice))
	f.requireSound(t)
}

// From the peers' audits: a limit that admits one too many.
func TestPeersLimitsAdmitNotOneMore(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.MaxUnstakes = 3 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	require.NoError(t, f.setBreaker(alice, 10*proof, 0))
	count := func(try func(i int) error, want error) (admitted int) {
		for ; ; admitted++ {
			if err := try(admitted); err != nil {
				require.ErrorIs(t, err, want)
				return admitted
			}
		}
	}
	require.Equal(t, 3, count(func(int) error {
		_, err := f.unstake(bob, alice, proof)
		return err
	}, types.ErrTooManyUnstakes))
	_, _, err := f.cancel(bob, alice, 1, 2)
	require.NoError(t, err)
	require.Equal(t, 2, count(func(int) error {
		_, err := f.unstake(bob, alice, proof)
		return err
	}, types.ErrTooManyUnstakes), "what was taken back makes room")
	require.Equal(t, types.MaxCommissionRates, count(func(i int) error {
		_, err := f.setCommission(alice, fmt.Sprintf("source-%d", i), 0)
		return err
	}, types.ErrTooManyRates))
	require.Equal(t, 10, count(func(int) error {
		_, err := f.open(alice, proof, proof)
		return err
	}, types.ErrMaxExposure))
	f.requireSound(t)
}

// From the peers' audits: a zero unstake delay. There is none, and with the least
// that there is nobody leaves in the block of the request, nor past work that is
// open.
func TestPeersZeroUnstakeDelay(t *testing.T) {
	f := newFixture(t)
	params := types.DefaultParams()
	params.UnstakeDelay = 0
	require.ErrorIs(t, f.k.SetParams(f.ctx, params), types.ErrInvalidParams)
	f.setParams(t, func(p *types.Params) { p.UnstakeDelay = 1 })
	alice := f.register(t, "alice", 1000*proof, 0)
	work, err := f.open(alice, proof, 400*proof)
	require.NoError(t, err)
	require.NoError(t, f.unstakeAll(alice, alice))
	require.ErrorIs(t, f.complete(alice, 1, 1), types.ErrUnstakeNotReady)
	f.endBlock(t, time.Nanosecond)
	require.ErrorIs(t, f.complete(alice, 1, 1), types.ErrUnstakeObligations)
	require.EqualValues(t, 400*proof, f.slash(t, alice, 400*proof))
	require.NoError(t, f.closeWork(alice, work))
	f.endBlock(t, 0)
	require.EqualValues(t, 600*proof, f.balance(alice))
}

// Laws M18 and S12 for the messages that TestTwoProversShareNoKey leaves out:
// registering, terms, incentives' figures, judgements and the end of a vault write
// no key that the same messages on another prover write.
func TestReviewTermsOfTwoProversShareNoKey(t *testing.T) {
	f := newFixture(t)
	old := map[string]sdk.AccAddress{"alice": f.register(t, "alice", 3000*proof, 1000), "bob": f.register(t, "bob", 3000*proof, 1000)}
	fresh := map[string]sdk.AccAddress{"alice": f.account(t, "anna", 1000*proof), "bob": f.account(t, "ben", 1000*proof)}
	payer := map[string]sdk.AccAddress{"alice": f.account(t, "payer1", proof), "bob": f.account(t, "payer2", proof)}
	f.endBlock(t, 2*day)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 1 })
	f.endBlock(t, time.Second) // an epoch ended and one of the two was scored
	everything := func(who string) func(*fixture) {
		prover := old[who]
		return func(f *fixture) {
			require.NoError(t, f.tryRegister(fresh[who], 1000*proof, 0))
			for _, bps := range []uint32{2000, 500} {
				_, err := f.setCommission(prover, "", bps)
				require.NoError(t, err)
				_, err = f.setCommission(prover, "market", bps)
				require.NoError(t, err)
			}
			_, err := f.setCommission(prover, "", 700)
			require.NoError(t, err)
			_, err = f.resetCommission(prover, "market")
			require.NoError(t, err)
			require.NoError(t, f.act(t, "profile", prover, nil))
			require.NoError(t, f.setBreaker(prover, proof, proof))
			require.NoError(t, f.tx(func(ctx context.Context) error {
				return f.k.AddRewards(ctx, prover, payer[who], types.SourceMarket, math.NewInt(10), math.NewInt(1))
			}))
			_, err = f.slashBy(f.authority, prover, 2*proof)
			require.NoError(t, err)
			require.NoError(t, f.reactivate(prover))
			require.NoError(t, f.jail(prover))
			require.NoError(t, f.unjail(prover))
			require.NoError(t, f.condemn(prover))
			require.NoError(t, f.lift(prover))
			require.NoError(t, f.unstakeAll(prover, prover))
			require.NoError(t, f.retire(prover))
			require.NoError(t, f.act(t, "complete first", prover, nil))
			_, err = f.claim(prover, 1)
			require.NoError(t, err)
			require.True(t, f.vault(t, prover, 1).Ended)
		}
	}
	for name, key := range map[string]storetypes.StoreKey{"provers": f.key, "bank": f.bankKey} {
		one, two := f.written(t, key, everything("alice")), f.written(t, key, everything("bob"))
		require.NotEmpty(t, one)
		for k := range one {
			require.False(t, two[k], "%s: both write %x", name, k)
		}
	}
}

// Law S9: allow-list, profiles, and totals for each prover and for all, each to be
// queried in pages.
func TestReviewLawS9(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.AllowList = true })
	var all []sdk.AccAddress
	var texts []string
	for i := range 5 {
		all = append(all, f.account(t, fmt.Sprintf("prover%d", i), 5000*proof))
		texts = append(texts, all[i].String())
	}
	require.NoError(t, f.updateAllowList(texts, nil))
	for i, addr := range all {
		require.NoError(t, f.tryRegister(addr, int64(i+1)*1000*proof, 0))
	}
	require.ErrorIs(t, f.tryRegister(f.account(t, "other", 1000*proof), 1000*proof, 0), types.ErrNotAllowed)
	require.NoError(t, f.updateAllowList(nil, texts[:1]))
	f.endBlock(t, time.Second)

	require.Equal(t, []string{texts[4], texts[3], texts[2], texts[1], texts[0]}, f.ranking(t, types.PROVER_STATE_ACTIVE, 2))
	totals := f.totals(t).Totals
	require.EqualValues(t, 5, totals.Active)
	require.EqualValues(t, 15_000*proof, totals.Assets.Int64())
	list := f.allowed(t)
	require.Len(t, list, 4)
	res, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: texts[0]})
	require.NoError(t, err)
	require.Equal(t, types.Profile{Name: "prover"}, res.Prover.Profile)
	require.EqualValues(t, 1000*proof, res.Prover.Assets.Int64())
	require.Equal(t, types.PROVER_STATE_ACTIVE, res.Prover.State, "off the list, still a prover")
	f.requireSound(t)
}
