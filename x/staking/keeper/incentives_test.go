package keeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// hour in uproof nanoseconds of one uproof.
const hour = int64(time.Hour)

// incentiveParams: 1000 uproof an epoch of one day, 400 of them by fees, κ = 1/2.
func incentiveParams(p *types.Params) {
	p.EpochLength = day
	p.IncentiveBudget = math.NewInt(1000)
	p.IncentiveFeeBps, p.IncentiveKappaBps = 4000, 5000
}

func (f *fixture) fundIncentives(t require.TestingT, amount int64) {
	funder := f.account(t, "funder", amount)
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.FundIncentives(ctx, &types.MsgFundIncentives{Funder: funder.String(), Amount: math.NewInt(amount)})
		return err
	}))
}

// deliver is a fulfilled request: the payer's fee goes to the treasury, the rest
// to the prover.
func (f *fixture) deliver(t require.TestingT, prover, payer sdk.AccAddress, rest, protocolFee int64) {
	require.NoError(t, f.tx(func(ctx context.Context) error {
		if protocolFee > 0 {
			coins := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, protocolFee))
			if err := f.distr.FundCommunityPool(ctx, coins, payer); err != nil {
				return err
			}
		}
		return f.k.AddRewards(ctx, prover, payer, types.SourceMarket, math.NewInt(rest), math.NewInt(protocolFee))
	}))
}

func (f *fixture) incentives(t require.TestingT) *types.QueryIncentivesResponse {
	res, err := f.query.Incentives(f.ctx, &types.QueryIncentivesRequest{})
	require.NoError(t, err)
	return res
}

func (f *fixture) epochs(t require.TestingT, prover sdk.AccAddress) *types.QueryProverEpochsResponse {
	res, err := f.query.ProverEpochs(f.ctx, &types.QueryProverEpochsRequest{Prover: prover.String()})
	require.NoError(t, err)
	return res
}

// paid returns what a prover got for the epoch that ended last.
func (f *fixture) paid(t require.TestingT, prover sdk.AccAddress) int64 {
	list, last := f.epochs(t, prover).Epochs, f.incentives(t).Clock.Last
	if len(list) == 0 || list[0].Epoch != last {
		return 0
	}
	return list[0].Incentive.Int64()
}

// wealth is all that a prover without other holders has, in uproof.
func (f *fixture) wealth(t require.TestingT, prover sdk.AccAddress) int64 {
	v := f.vault(t, prover, 0)
	return f.balance(prover) + v.Assets.Add(v.Figures().Unvested()).Add(v.Commission).Int64()
}

// commit writes the state into its trees, which walk slowly over what is not.
func (f *fixture) commit() { f.ctx.MultiStore().(storetypes.CommitMultiStore).Commit() }

func (f *fixture) pooled() int64 { return f.balance(types.IncentiveAddress()) }

func TestIncentivesAreSharedByFeesAndStakeTime(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.fundIncentives(t, 5000)
	alice, bob := f.register(t, "alice", 1000*proof, 10_000), f.register(t, "bob", 3000*proof, 10_000)
	payer := f.account(t, "payer", proof)
	f.deliver(t, alice, payer, 1000, 1000)
	f.deliver(t, bob, payer, 3000, 3000)
	f.endBlock(t, day)   // no epoch is over in this block
	f.endBlock(t, day/2) // the first epoch ends
	f.requireSound(t)

	// By fees 1/4 and 3/4 of 400, below κ; by stake 1/4 and 3/4 of 600.
	require.EqualValues(t, 250, f.paid(t, alice))
	require.EqualValues(t, 750, f.paid(t, bob))
	require.EqualValues(t, 4000, f.pooled())
	require.EqualValues(t, 1000+250, f.vault(t, alice, 0).Commission.Int64(), "law S6: a reward like any other")
	e := f.epochs(t, alice).Epochs[0]
	require.Equal(t, []int64{2000, 1000, 1000, 0}, []int64{e.Fees.Int64(), e.ProtocolFees.Int64(), e.Rewards.Int64(), e.Vested.Int64()})
	require.Equal(t, math.NewInt(1000*proof).MulRaw(24*hour).String(), e.StakeTime.String())
	require.Equal(t, e.StakeTime.String(), e.AssetTime.String())

	// κ binds: bob's business of ten uproof of fees is worth five.
	f.deliver(t, bob, payer, 10, 10)
	f.endBlock(t, day)
	require.Empty(t, f.epochs(t, alice).Running.Fees.Int64())
	f.endBlock(t, time.Second)
	require.EqualValues(t, 150, f.paid(t, alice))
	require.EqualValues(t, 450+5, f.paid(t, bob))
	require.EqualValues(t, 4000-605, f.pooled(), "law S10: what is unspent rolls over")
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// Law S10, the attack: a prover buys from itself, through accounts of its own, to
// draw incentives. It ends an epoch with less than the same prover that did not,
// whatever it spends, with and without honest business.
func TestAttackWashTradingForIncentives(t *testing.T) {
	run := func(wash, honest int64) (mine, pool int64) {
		f := newFixture(t)
		f.setParams(t, incentiveParams)
		f.setParams(t, func(p *types.Params) {
			p.IncentiveBudget, p.IncentiveFeeBps, p.IncentiveKappaBps = math.NewInt(1000*proof), 10_000, 9999
		})
		f.fundIncentives(t, 5000*proof)
		mallory, bob := f.register(t, "mallory", 1000*proof, 1000), f.register(t, "bob", 1000*proof, 1000)
		f.fund(t, mallory, 20_000*proof)
		payer := f.account(t, "payer", 100*proof)
		f.deliver(t, bob, payer, 40*proof, 2*proof)
		if honest > 0 {
			f.deliver(t, mallory, payer, 10*honest, honest)
		}
		if wash > 0 {
			f.deliver(t, mallory, mallory, 10*wash, wash)
		}
		f.endBlock(t, day)
		f.endBlock(t, 2*day) // ends the epoch, pays
		f.endBlock(t, time.Second)
		f.requireSound(t)
		return f.wealth(t, mallory), f.pooled()
	}
	for _, honest := range []int64{0, proof} {
		before, _ := run(0, honest)
		for _, wash := range []int64{1, 2, 100, 10_000, proof, 1000 * proof} {
			after, pool := run(wash, honest)
			t.Logf("honest fees %d, %d of its own: %d uproof before, %d after, pool %d", honest, wash, before, after, pool)
			require.LessOrEqual(t, after, before)
			if wash >= 10_000 {
				require.Less(t, after, before)
			}
		}
	}
}

func TestEmptyEpochsAndHaltsRollOver(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.fundIncentives(t, 5000)
	first := f.incentives(t).Clock.Number
	for range 5 { // nobody there
		f.endBlock(t, day)
	}
	in := f.incentives(t)
	require.Equal(t, first+4, in.Clock.Number)
	require.Equal(t, types.PAYOUT_PHASE_DONE, in.Payout.Phase)
	require.EqualValues(t, 5000, f.pooled())

	alice := f.register(t, "alice", 1000*proof, 10_000)
	f.endBlock(t, 100*day) // the chain halts for a hundred epochs
	f.requireSound(t)
	require.EqualValues(t, 5000, f.pooled())
	f.endBlock(t, time.Second)
	require.EqualValues(t, 600, f.paid(t, alice), "one budget for one epoch")
	require.EqualValues(t, 4400, f.pooled(), "the others stayed in the pool")
	in = f.incentives(t)
	require.Equal(t, first+105, in.Clock.Number)
	require.Equal(t, first+5, in.Clock.Last)
	f.endBlock(t, 1)
	require.Equal(t, in.Clock, f.incentives(t).Clock, "the halt is worked off in one block")
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// The pool runs dry: an epoch pays what is left, and never more.
func TestIncentivesStopWithThePool(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	alice := f.register(t, "alice", 1000*proof, 0)
	f.fundIncentives(t, 999)
	require.EqualValues(t, 999, f.incentives(t).Budget.Int64())
	f.endBlock(t, day)
	total := int64(0)
	for range 12 {
		f.endBlock(t, day)
		total += f.paid(t, alice)
		require.EqualValues(t, 999, total+f.pooled())
		f.requireSound(t)
	}
	require.Zero(t, f.pooled())
	require.Zero(t, f.paid(t, alice))
}

// A prover is paid for its epoch whatever it became before its turn.
func TestProversChangeBeforeTheirTurn(t *testing.T) {
	cases := map[string]func(t *testing.T, f *fixture, alice sdk.AccAddress){
		"jailed":      func(t *testing.T, f *fixture, alice sdk.AccAddress) { require.NoError(t, f.jail(alice)) },
		"deactivated": func(t *testing.T, f *fixture, alice sdk.AccAddress) { require.NoError(t, f.deactivate(alice)) },
		"retired":     func(t *testing.T, f *fixture, alice sdk.AccAddress) { require.NoError(t, f.retire(alice)) },
		"closed":      func(t *testing.T, f *fixture, alice sdk.AccAddress) { f.slash(t, alice, 5000*proof) },
		"left": func(t *testing.T, f *fixture, alice sdk.AccAddress) {
			_, err := f.unstake(alice, alice, 1000*proof)
			require.NoError(t, err)
		},
		"ended": func(t *testing.T, f *fixture, alice sdk.AccAddress) {
			f.slash(t, alice, 5000*proof)
			require.True(t, f.vault(t, alice, 1).Ended)
		},
		"registered again": func(t *testing.T, f *fixture, alice sdk.AccAddress) {
			f.slash(t, alice, 5000*proof)
			f.fund(t, alice, 1000*proof)
			require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(t, incentiveParams)
			f.setParams(t, func(p *types.Params) { p.EndBlockCap, p.IncentiveFeeBps = 1, 0 })
			f.fundIncentives(t, 1000)
			alice, bob := f.register(t, "alice", 1000*proof, 0), f.register(t, "bob", 1000*proof, 0)
			f.endBlock(t, day)
			f.endBlock(t, time.Hour) // ends the epoch, scores one
			require.True(t, f.incentives(t).Payout.Open())
			change(t, f, alice)
			f.requireSound(t)
			requireSameAfterImport(t, f)
			for range 8 {
				f.endBlock(t, time.Second)
				f.requireSound(t)
			}
			require.False(t, f.incentives(t).Payout.Open())
			require.EqualValues(t, 500, f.paid(t, alice))
			require.EqualValues(t, 500, f.paid(t, bob))
			require.Zero(t, f.pooled())
		})
	}
}

// Only ACTIVE counts: a prover that was out of business for half of the epoch has
// half the stake-time, and all of its asset-time.
func TestStakeTimeCountsWhileActive(t *testing.T) {
	leave := map[string][2]func(f *fixture, prover sdk.AccAddress) error{
		"own wish": {(*fixture).deactivate, (*fixture).reactivate},
		"jail":     {(*fixture).jail, (*fixture).unjail},
		"condemn":  {(*fixture).condemn, (*fixture).lift},
	}
	for name, change := range leave {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(t, incentiveParams)
			alice := f.register(t, "alice", 1000*proof, 0)
			f.endBlock(t, 6*time.Hour)
			require.NoError(t, change[0](f, alice))
			f.endBlock(t, 12*time.Hour)
			require.NoError(t, change[1](f, alice))
			f.endBlock(t, 6*time.Hour)
			e := f.epochs(t, alice).Running
			require.Equal(t, math.NewInt(1000*proof).MulRaw(12*hour).String(), e.StakeTime.String())
			require.Equal(t, math.NewInt(1000*proof).MulRaw(24*hour).String(), e.AssetTime.String())
			f.endBlock(t, time.Second)
			require.Equal(t, e, withoutIncentive(f.epochs(t, alice).Epochs[0]))
			f.requireSound(t)
		})
	}
}

func withoutIncentive(e types.ProverEpoch) types.ProverEpoch {
	e.Incentive = math.ZeroInt()
	return e
}

// A payout that fails or panics leaves its coins in the pool and holds up nobody.
func TestFailingIncentivesStayInThePool(t *testing.T) {
	for name, fail := range map[string]func(*fixture) map[string]bool{
		"refused": func(f *fixture) map[string]bool { return f.refuses }, "panics": func(f *fixture) map[string]bool { return f.panics },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(t, incentiveParams)
			f.fundIncentives(t, 1000)
			alice, bob := f.register(t, "alice", 1000*proof, 0), f.register(t, "bob", 1000*proof, 0)
			f.endBlock(t, day)
			fail(f)[types.VaultAddress(alice, 1).String()] = true
			f.endBlock(t, time.Second)
			require.Zero(t, f.paid(t, alice))
			require.EqualValues(t, 300, f.paid(t, bob))
			require.EqualValues(t, 700, f.pooled())
			in := f.incentives(t)
			require.Equal(t, types.PAYOUT_PHASE_DONE, in.Payout.Phase)
			require.EqualValues(t, 2, in.Payout.Handled)
			f.requireSound(t)
		})
	}
}
