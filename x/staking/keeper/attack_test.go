package keeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// The classic attacks on the price of a share, each with its figures before and
// after. Sums of money are in uproof where no unit is named.

// wealthIn is all that somebody has with one prover's first vault and at hand.
func (f *fixture) wealthIn(t require.TestingT, staker, prover sdk.AccAddress) int64 {
	total := f.balance(staker)
	positions, err := f.query.Positions(f.ctx, &types.QueryPositionsRequest{Staker: staker.String()})
	require.NoError(t, err)
	for _, p := range positions.Positions {
		total += p.Value.Int64()
	}
	for _, u := range f.unstakes(t, staker) {
		total += u.Value.Int64()
	}
	if staker.Equals(prover) {
		v := f.vault(t, prover, 1)
		total += v.Commission.Int64()
	}
	return total
}

// tiny lets vaults be as small as parameters allow, where inflation is cheapest,
// and lets rewards count at once.
func tiny(p *types.Params) {
	p.MinSelfStake, p.MinStake, p.MinUnstake = math.OneInt(), math.OneInt(), math.OneInt()
	p.RewardPeriod = 0
}

// Reference defect 12: the first depositor makes a share dear, so that the next
// one's stake rounds down to few shares and pays for the rest.
func TestAttackFirstDepositorInflation(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, tiny)
	mallory := f.register(t, "mallory", 1, 0) // one share
	f.fund(t, mallory, 1000*proof)
	require.NoError(t, f.tx(func(ctx context.Context) error {
		return f.k.AddRewards(ctx, mallory, mallory, "market", math.NewInt(1000*proof), math.ZeroInt())
	}))
	require.EqualValues(t, 1000*proof+1, f.wealthIn(t, mallory, mallory), "a share costs 1000 PROOF")

	victim := f.account(t, "victim", 1999*proof)
	require.NoError(t, f.stake(victim, mallory, 1999*proof))
	require.EqualValues(t, 1, f.shares(victim, mallory, 1))
	require.EqualValues(t, 998_999_999, f.balance(victim), "what makes no share stays with the victim")
	require.EqualValues(t, 1999*proof, f.wealthIn(t, victim, mallory), "not one uproof lost")
	require.EqualValues(t, 1000*proof+1, f.wealthIn(t, mallory, mallory), "none gained")

	less := f.account(t, "less", 1000*proof)
	require.ErrorIs(t, f.stake(less, mallory, 1000*proof), types.ErrAmountTooSmall, "less than a share buys nothing and costs nothing")

	// The same against somebody who takes an unstaking back.
	require.NoError(t, f.unstakeAll(victim, mallory))
	require.NoError(t, f.tx(func(ctx context.Context) error {
		f.fund(t, mallory, 600*proof)
		return f.k.AddRewards(ctx, mallory, mallory, "market", math.NewInt(600*proof), math.ZeroInt())
	}))
	_, _, err := f.cancel(victim, mallory, 1)
	require.ErrorIs(t, err, types.ErrAmountTooSmall)
	require.EqualValues(t, 1999*proof, f.wealthIn(t, victim, mallory))
	f.requireSound(t)
}

// All leave but one share; the one who holds it makes it dear and waits for the
// next depositor.
func TestAttackPostExitInflation(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, tiny)
	alice := f.register(t, "alice", 1000*proof, 0)
	mallory := f.account(t, "mallory", 2000*proof)
	require.NoError(t, f.stake(mallory, alice, 1000*proof))
	_, err := f.unstake(mallory, alice, 1000*proof-1)
	require.NoError(t, err)
	require.NoError(t, f.unstakeAll(alice, alice))
	v := f.vault(t, alice, 1)
	require.EqualValues(t, 1, v.Shares.Int64())
	require.EqualValues(t, 1, v.Assets.Int64())
	before := f.wealthIn(t, mallory, alice)

	// By a bank send, which counts for nothing, and by rewards, which do.
	require.NoError(t, f.tx(func(ctx context.Context) error {
		return f.bk.SendCoins(ctx, mallory, types.VaultAddress(alice, 1), sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 500*proof)))
	}))
	require.EqualValues(t, 1, f.vault(t, alice, 1).Assets.Int64())
	require.NoError(t, f.tx(func(ctx context.Context) error {
		return f.k.AddRewards(ctx, alice, mallory, "market", math.NewInt(500*proof), math.ZeroInt())
	}))
	require.EqualValues(t, 500*proof+1, f.vault(t, alice, 1).Assets.Int64())

	f.fund(t, alice, 1499*proof) // comes back: 2 shares for 1000 PROOF and 2 uproof
	had := f.wealthIn(t, alice, alice)
	require.NoError(t, f.stake(alice, alice, 1499*proof))
	require.EqualValues(t, 2, f.shares(alice, alice, 1))
	require.Equal(t, had, f.wealthIn(t, alice, alice), "alice lost nothing")
	require.Equal(t, before-500*proof, f.wealthIn(t, mallory, alice), "mallory lost what it sent")
	require.NoError(t, f.k.CheckInvariants(f.ctx))
}

// Coins sent to the vault's account by hand change no price, no limit and no
// standing; they end with the treasury.
func TestAttackDonation(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	before, price := f.standing(t, alice), f.vault(t, alice, 1)
	f.fund(t, types.VaultAddress(alice, 1), 5000*proof)
	require.Equal(t, before, f.standing(t, alice))
	require.Equal(t, price, f.vault(t, alice, 1))
	require.NoError(t, f.k.CheckInvariants(f.ctx))

	require.NoError(t, f.unstakeAll(bob, alice))
	require.NoError(t, f.unstakeAll(alice, alice))
	require.NoError(t, f.retire(alice))
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 100*proof, f.balance(bob))
	require.EqualValues(t, 1000*proof, f.balance(alice))
	require.EqualValues(t, 5000*proof, f.pool(t))
	f.requireSound(t)
}

// A stake just before a reward and an exit just after: the reward vests over a
// day, so the sandwich earns for the time that it was there, which in the same
// block is none.
func TestAttackRewardSandwich(t *testing.T) {
	for _, c := range []struct {
		stay   time.Duration
		gained int64 // of 90 PROOF, with nine tenths of the shares
	}{
		{0, 0}, {time.Second, 936}, {time.Hour, 3_375_000}, {day, 81_000_000},
	} {
		f := newFixture(t)
		alice := f.register(t, "alice", 1000*proof, 0)
		mallory := f.account(t, "mallory", 9000*proof)
		require.NoError(t, f.stake(mallory, alice, 9000*proof))
		f.reward(t, alice, 90*proof)
		f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(c.stay))
		require.NoError(t, f.unstakeAll(mallory, alice))
		f.endBlock(t, 8*day)
		f.endBlock(t, 0)
		require.EqualValues(t, 9000*proof+c.gained, f.balance(mallory), "stayed %s", c.stay)
		require.EqualValues(t, 1090*proof-c.gained, f.vault(t, alice, 1).Assets.Int64(), "the rest is for those who stayed")
		f.requireSound(t)
	}

	// Nor by taking an unstaking back for the reward: it starts from nothing too.
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	mallory := f.account(t, "mallory", 9000*proof)
	require.NoError(t, f.stake(mallory, alice, 9000*proof))
	id, err := f.unstake(mallory, alice, 9000*proof)
	require.NoError(t, err)
	_, _, err = f.cancel(mallory, alice, id)
	require.NoError(t, err)
	f.reward(t, alice, 90*proof)
	require.NoError(t, f.unstakeAll(mallory, alice))
	require.EqualValues(t, 9000*proof, f.wealthIn(t, mallory, alice))
	f.requireSound(t)
}
