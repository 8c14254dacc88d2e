package keeper_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Law S7: exact, vault and pool share it, and it arrives at the treasury by both
// ways, out of a transaction and out of a block's end.
func TestSlash(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	_, err := f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	require.EqualValues(t, 300*proof, f.slash(t, alice, 300*proof))
	v := f.vault(t, alice, 1)
	require.EqualValues(t, 1800*proof, v.Assets.Int64())
	require.EqualValues(t, 900*proof, v.PoolAssets.Int64())
	f.endBlock(t, 0)
	require.EqualValues(t, 300*proof, f.pool(t))

	_, err = f.k.Slash(f.ctx, alice, "deadline", math.NewInt(1)) // as market's EndBlock does
	require.NoError(t, err)
	f.endBlock(t, 0)
	require.EqualValues(t, 300*proof+1, f.pool(t))
	require.Zero(t, f.standing(t, alice).Faults, "only the authority's slashes are faults")

	before := f.dump(f.ctx)
	_, err = f.k.Slash(f.ctx, alice, "", math.ZeroInt())
	require.NoError(t, err)
	require.Equal(t, before, f.dump(f.ctx), "a slash of nothing is none")
	_, err = f.k.Slash(f.ctx, alice, "", math.NewInt(-1))
	require.ErrorIs(t, err, types.ErrInvalidAmount)
	_, err = f.k.Slash(f.ctx, alice, strings.Repeat("r", types.MaxSourceBytes+1), math.NewInt(1))
	require.ErrorIs(t, err, types.ErrInvalidReason)
	_, err = f.k.Slash(f.ctx, f.account(t, "bob", 0), "", math.NewInt(1))
	require.ErrorIs(t, err, types.ErrProverNotFound)
	f.requireSound(t)
}

// Laws S4 and S7: a slash of everything closes the vault, voids shares and
// entries at once, deletes entries in pages, and retires the prover when its
// work has ended.
func TestSlashToZero(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	var last uint64
	for range 5 {
		id, err := f.unstake(bob, alice, 10*proof)
		require.NoError(t, err)
		last = id
	}
	f.reward(t, alice, 77*proof)
	number, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	require.EqualValues(t, 1100*proof, f.slash(t, alice, 5000*proof))
	require.EqualValues(t, 0, f.slash(t, alice, 5000*proof), "never reverts")
	f.requireSound(t)
	v := f.vault(t, alice, 1)
	require.True(t, v.Closed)
	require.EqualValues(t, 77*proof, v.Commission.Int64(), "what had not vested")
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State, "work is open")
	require.Empty(t, f.unstakes(t, bob), "void at once")
	require.ErrorIs(t, f.complete(alice, 1, last), types.ErrUnstakeNotFound)
	_, err = f.unstake(bob, alice, 10*proof)
	require.ErrorIs(t, err, types.ErrVaultClosed)
	f.fund(t, alice, 1000*proof)
	require.ErrorIs(t, f.stake(alice, alice, 1000*proof), types.ErrVaultClosed)

	require.NoError(t, f.closeWork(alice, number))
	_, is, err := f.k.Find(f.ctx, alice)
	require.NoError(t, err)
	require.False(t, is, "retired with its last assignment")
	for range 4 {
		f.requireSound(t)
		f.endBlock(t, 0)
	}
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Empty(t, g.Unstakes, "deleted in pages")

	_, err = f.claim(alice, 1)
	require.NoError(t, err)
	require.True(t, f.vault(t, alice, 1).Ended)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0), "a new generation")
	f.requireSound(t)
}

// A jail is not left by being slashed to zero.
func TestJailOutranksRetirement(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	require.NoError(t, f.jail(alice))
	f.slash(t, alice, 1000*proof)
	require.Equal(t, types.PROVER_STATE_JAILED, f.standing(t, alice).State)
	f.fund(t, alice, 1000*proof)
	require.ErrorIs(t, f.tryRegister(alice, 1000*proof, 0), types.ErrProverJailed)
	require.NoError(t, f.unjail(alice))
	require.Equal(t, types.PROVER_STATE_RETIRED, f.standing(t, alice).State)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	f.requireSound(t)
}

// Law S7 with a pool alone: everybody left, the pool is still slashable.
func TestSlashReachesThePoolOfAnEmptyVault(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.MaxUnstakes = 1 })
	alice := f.register(t, "alice", 1000*proof, 0)
	id, err := f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	require.EqualValues(t, 1000*proof, f.slash(t, alice, 2000*proof))
	require.False(t, f.vault(t, alice, 1).Closed, "no shares are void")
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeNotFound)
	f.requireSound(t)
	// Entries made after the wipe are not void, and void ones take no room.
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.stake(alice, alice, 1000*proof))
	_, err = f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 1000*proof, f.balance(alice))
	f.requireSound(t)
}

func TestAddRewardsRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 10)
	add := func(prover sdk.AccAddress, source string, amount, fee math.Int) error {
		return f.tx(func(ctx context.Context) error { return f.k.AddRewards(ctx, prover, bob, source, amount, fee) })
	}
	one := math.OneInt()
	require.NoError(t, add(alice, strings.Repeat("s", types.MaxSourceBytes), one, one))
	require.ErrorIs(t, add(alice, strings.Repeat("s", types.MaxSourceBytes+1), one, one), types.ErrInvalidReward)
	require.ErrorIs(t, add(alice, "", one, one), types.ErrInvalidReward)
	require.ErrorIs(t, add(alice, "market", one.Neg(), one), types.ErrInvalidReward)
	require.ErrorIs(t, add(alice, "market", math.Int{}, one), types.ErrInvalidReward)
	require.ErrorIs(t, add(alice, "market", one, one.Neg()), types.ErrInvalidReward)
	require.ErrorIs(t, add(bob, "market", one, one), types.ErrProverNotFound)
	require.Error(t, add(alice, "market", math.NewInt(10), one), "more than it has")
	require.NoError(t, add(alice, "market", math.ZeroInt(), one))
	require.EqualValues(t, 9, f.balance(bob))
	f.requireSound(t)
}

// Law S6: a vault below the minimum leaves rewards to the commission.
func TestRewardOfAVaultBelowTheMinimum(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	f.slash(t, alice, 1)
	f.reward(t, alice, 50*proof)
	v := f.vault(t, alice, 1)
	require.EqualValues(t, 50*proof, v.Commission.Int64())
	require.EqualValues(t, 1000*proof-1, v.Assets.Int64())
	f.requireSound(t)
}

// Reference defect 2: a winner that was jailed, deactivated or has even retired
// by the time it is paid, is paid.
func TestDefect02RewardsInAnyState(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 10_000)
	require.NoError(t, f.deactivate(alice))
	f.reward(t, alice, proof)
	require.NoError(t, f.jail(alice))
	f.reward(t, alice, proof)
	require.NoError(t, f.unjail(alice))
	require.NoError(t, f.retire(alice))
	f.reward(t, alice, proof)
	paid, err := f.claim(alice, 0)
	require.NoError(t, err)
	require.EqualValues(t, 3*proof, paid)

	// Even when the vault has ended: its account opens again.
	_, err = f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.True(t, f.vault(t, alice, 1).Ended)
	f.reward(t, alice, proof)
	f.requireSound(t)
	_, err = f.claim(alice, 0)
	require.NoError(t, err)
	require.True(t, f.vault(t, alice, 1).Ended)
	f.requireSound(t)
}

// Reference defect 4, through the keeper: exact from the first to the last
// uproof of a large vault.
func TestDefect04SlashOfALargeVaultIsExact(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1_000_000_000*proof, 0)
	require.EqualValues(t, 1, f.slash(t, alice, 1))
	require.EqualValues(t, 999_999_999*proof, f.slash(t, alice, 999_999_999*proof), "beyond 80 % in all")
	require.EqualValues(t, proof-1, f.slash(t, alice, 5*proof))
	f.endBlock(t, 0)
	require.EqualValues(t, 1_000_000_000*proof, f.pool(t))
	f.requireSound(t)
}

// Reference defect 12, the part about retiring: by its own message only (the
// signer is the prover), pending commission survives, dust that others hold
// does not block it, and nothing of the old vault leaks into the new one.
func TestDefect12Retire(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 10_000)
	bob := f.account(t, "bob", proof)
	require.NoError(t, f.stake(bob, alice, proof))
	f.reward(t, alice, 9*proof)
	_, err := f.unstake(bob, alice, proof-1)
	require.ErrorIs(t, err, types.ErrAmountTooSmall) // bob stays
	_, err = f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	require.NoError(t, f.retire(alice), "dust does not block it")
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State, "the self-exit was the old vault's")
	require.EqualValues(t, 0, f.shares(bob, alice, 2), "no stale shares")
	paid, err := f.claim(alice, 1)
	require.NoError(t, err)
	require.EqualValues(t, 9*proof, paid, "pending commission is not lost")
	_, err = f.unstakeFrom(bob, alice, proof, 1)
	require.NoError(t, err, "and bob still gets out")
	f.requireSound(t)
	require.Error(t, f.stake(bob, sdk.AccAddress{}, proof), "a null prover counts for nothing")
	_, is, err := f.k.Find(f.ctx, bob)
	require.NoError(t, err)
	require.False(t, is, "an address is no prover until it registers")
}

// Invariant 2: coins sent by hand are nobody's, change no price, and go to the
// treasury when the account ends.
func TestSurplusGoesToTheTreasury(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	f.fund(t, types.VaultAddress(alice, 1), 5*proof)
	require.EqualValues(t, 1000*proof, f.standing(t, alice).Assets.Int64())
	require.NoError(t, f.k.CheckInvariants(f.ctx))
	_, err := f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	require.NoError(t, f.retire(alice))
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 1000*proof, f.balance(alice))
	require.EqualValues(t, 5*proof, f.pool(t))
	f.requireSound(t)
}

// Law S3: a prover's own shares leave by unstaking only, whatever the form.
func TestSharesOfTheProverStay(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 10*proof), f.account(t, "carol", 0)
	require.NoError(t, f.stake(bob, alice, 10*proof))
	shares := func(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(alice.String(), 1), n)) }

	require.NoError(t, f.bk.SendCoins(f.ctx, bob, carol, shares(4*proof)), "others' travel")
	require.NoError(t, f.bk.SendCoins(f.ctx, carol, alice, shares(proof)), "to the prover too")
	require.ErrorIs(t, f.bk.SendCoins(f.ctx, alice, bob, shares(1)), types.ErrSharesLocked)
	require.NoError(t, f.bk.SendCoins(f.ctx, alice, alice, shares(1)), "a send to itself is ignored")
	require.ErrorIs(t, f.bk.SendCoinsFromAccountToModule(f.ctx, alice, "gov", shares(1)), types.ErrSharesLocked)
	cached, _ := f.ctx.CacheContext()
	require.ErrorIs(t, f.bk.SendCoinsFromAccountToModuleVirtual(cached, alice, "gov", shares(1)), types.ErrSharesLocked)
	cached, _ = f.ctx.CacheContext()
	require.ErrorIs(t, f.bk.InputOutputCoins(cached, banktypes.NewInput(alice, shares(2)), []banktypes.Output{
		banktypes.NewOutput(bob, shares(1)), banktypes.NewOutput(carol, shares(1)),
	}), types.ErrSharesLocked, "in slices")
	mixed := shares(1).Add(sdk.NewInt64Coin(chain.Denom, 1))
	require.ErrorIs(t, f.bk.SendCoins(f.ctx, alice, bob, mixed), types.ErrSharesLocked)
	f.requireSound(t)

	foreign := sdk.NewCoins(sdk.NewInt64Coin("vault/nobody/1", 1))
	_, err := f.k.SendRestriction(f.ctx, alice, bob, foreign)
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	_, err = f.k.SendRestriction(f.ctx, alice, bob, sdk.NewCoins(sdk.NewInt64Coin("vault/nobody", 1)))
	require.ErrorIs(t, err, types.ErrInvalidDenom)
}

// Law S3: vault denoms are refused in vesting.
func TestSharesDoNotVest(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 10*proof), f.account(t, "carol", 0)
	require.NoError(t, f.stake(bob, alice, 10*proof))
	shares := sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(alice.String(), 1), 5))
	vest := func(coins sdk.Coins) {
		base := authtypes.NewBaseAccountWithAddress(carol)
		account, err := vestingtypes.NewBaseVestingAccount(base, coins, genesisTime.Add(day).Unix())
		require.NoError(t, err)
		f.ak.SetAccount(f.ctx, vestingtypes.NewContinuousVestingAccountRaw(account, genesisTime.Unix()))
	}
	vest(shares)
	require.ErrorIs(t, f.bk.SendCoins(f.ctx, bob, carol, shares), types.ErrSharesVesting)
	vest(sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 5)))
	require.NoError(t, f.bk.SendCoins(f.ctx, bob, carol, shares), "an account that vests something else may hold them")
}

// Peers' audits: one failing item must not stop the rest of a batch, and is
// tried again by anyone.
func TestOneFailingUnstakeDoesNotStopTheOthers(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 10*proof), f.account(t, "carol", 10*proof)
	require.NoError(t, f.stake(bob, alice, 10*proof))
	require.NoError(t, f.stake(carol, alice, 10*proof))
	id, err := f.unstake(bob, alice, 10*proof)
	require.NoError(t, err)
	_, err = f.unstake(carol, alice, 10*proof)
	require.NoError(t, err)
	f.refuses[bob.String()] = true
	f.endBlock(t, 8*day)
	f.endBlock(t, time.Second)
	require.EqualValues(t, 10*proof, f.balance(carol))
	require.EqualValues(t, 0, f.balance(bob))
	require.Equal(t, types.UNSTAKE_STATUS_FAILED, f.unstakes(t, bob)[0].Unstake.Status)
	f.requireSound(t)
	require.ErrorIs(t, f.complete(alice, 1, id), errRefused)
	f.refuses[bob.String()] = false
	require.NoError(t, f.complete(alice, 1, id))
	require.EqualValues(t, 10*proof, f.balance(bob))
	f.requireSound(t)
}

// The same for an item that panics.
func TestOnePanickingUnstakeDoesNotStopTheOthers(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 10*proof), f.account(t, "carol", 10*proof)
	require.NoError(t, f.stake(bob, alice, 10*proof))
	require.NoError(t, f.stake(carol, alice, 10*proof))
	number, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	for _, staker := range []sdk.AccAddress{bob, carol} {
		_, err := f.unstake(staker, alice, 10*proof)
		require.NoError(t, err)
	}
	f.endBlock(t, 8*day)
	f.endBlock(t, time.Second)
	f.panics[bob.String()] = true
	require.NoError(t, f.closeWork(alice, number)) // both are parked and now ripe
	f.endBlock(t, time.Second)
	require.EqualValues(t, 10*proof, f.balance(carol))
	require.Equal(t, types.UNSTAKE_STATUS_FAILED, f.unstakes(t, bob)[0].Unstake.Status)
	require.EqualValues(t, 0, f.balance(bob))
	f.requireSound(t)
	requireSameAfterImport(t, f)
}
