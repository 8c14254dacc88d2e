package keeper_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// The whole way of a stake: in, reward, out.
func TestLifecycle(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 1000)
	bob := f.account(t, "bob", 3000*proof)
	require.NoError(t, f.stake(bob, alice, 3000*proof))
	require.EqualValues(t, 3000*proof, f.shares(bob, alice, 1))
	require.EqualValues(t, 0, f.balance(bob))

	f.reward(t, alice, 400*proof) // 40 commission, 360 vest over a day
	require.EqualValues(t, 4000*proof, f.standing(t, alice).Assets.Int64())
	f.endBlock(t, day/2)
	require.EqualValues(t, 4180*proof, f.standing(t, alice).Assets.Int64())
	f.endBlock(t, day)
	require.EqualValues(t, 4360*proof, f.standing(t, alice).Assets.Int64())
	require.EqualValues(t, 1090*proof, f.standing(t, alice).SelfStake.Int64())
	f.requireSound(t)

	paid, err := f.claim(alice, 0)
	require.NoError(t, err)
	require.EqualValues(t, 40*proof, paid)
	_, err = f.claim(alice, 0)
	require.ErrorIs(t, err, types.ErrNoCommission)

	id, err := f.unstake(bob, alice, 3000*proof)
	require.NoError(t, err)
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeNotReady)
	f.endBlock(t, 7*day-time.Nanosecond)
	f.endBlock(t, time.Nanosecond) // ready_at is not reached
	require.EqualValues(t, 0, f.balance(bob))
	f.endBlock(t, time.Second) // it is: law S4, it completes by itself
	require.EqualValues(t, 3270*proof, f.balance(bob))
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeNotFound, "invariant 6: once")
	f.requireSound(t)
}

func TestRegister(t *testing.T) {
	cases := []struct {
		name    string
		malform func(*types.MsgRegister)
		err     error
	}{
		{name: "as it should be", malform: func(*types.MsgRegister) {}},
		{name: "name at the limit", malform: func(m *types.MsgRegister) { m.Profile.Name = strings.Repeat("n", types.MaxNameBytes) }},
		{name: "name too long", malform: func(m *types.MsgRegister) { m.Profile.Name = strings.Repeat("n", types.MaxNameBytes+1) }, err: types.ErrInvalidProfile},
		{name: "icon at the limit", malform: func(m *types.MsgRegister) { m.Profile.IconUrl = strings.Repeat("u", types.MaxIconURLBytes) }},
		{name: "icon too long", malform: func(m *types.MsgRegister) { m.Profile.IconUrl = strings.Repeat("u", types.MaxIconURLBytes+1) }, err: types.ErrInvalidProfile},
		{name: "name not UTF-8", malform: func(m *types.MsgRegister) { m.Profile.Name = "\xff" }, err: types.ErrInvalidProfile},
		{name: "commission at the limit", malform: func(m *types.MsgRegister) { m.CommissionBps = 10_000 }},
		{name: "commission too high", malform: func(m *types.MsgRegister) { m.CommissionBps = 10_001 }, err: types.ErrInvalidCommission},
		{name: "one uproof short", malform: func(m *types.MsgRegister) { m.SelfStake = math.NewInt(1000*proof - 1) }, err: types.ErrSelfStakeTooLow},
		{name: "no stake", malform: func(m *types.MsgRegister) { m.SelfStake = math.Int{} }, err: types.ErrInvalidAmount},
		{name: "negative stake", malform: func(m *types.MsgRegister) { m.SelfStake = math.NewInt(-1) }, err: types.ErrInvalidAmount},
		{name: "not an address", malform: func(m *types.MsgRegister) { m.Prover = "proof1xyz" }, err: types.ErrInvalidAddress},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			alice := f.account(t, "alice", 1000*proof)
			msg := &types.MsgRegister{Prover: alice.String(), CommissionBps: 500, SelfStake: math.NewInt(1000 * proof)}
			c.malform(msg)
			err := f.tx(func(ctx context.Context) error {
				_, err := f.msg.Register(ctx, msg)
				return err
			})
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				_, is, err := f.k.Find(f.ctx, alice)
				require.NoError(t, err)
				require.False(t, is)
				require.EqualValues(t, 1000*proof, f.balance(alice), "nothing moved")
				return
			}
			require.NoError(t, err)
			require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State)
			require.EqualValues(t, 1000*proof, f.balance(types.VaultAddress(alice, 1)), "law S12: an account of its own")
			metadata, found := f.bk.GetDenomMetaData(f.ctx, types.ShareDenom(alice.String(), 1))
			require.True(t, found)
			require.NoError(t, metadata.Validate())
			require.ErrorIs(t, f.tryRegister(alice, 1000*proof, 0), types.ErrAlreadyProver)
			f.requireSound(t)
		})
	}
}

// An address may come in upper case; records and denoms know one form only.
func TestRegisterWithAnUpperCaseAddress(t *testing.T) {
	f := newFixture(t)
	alice := f.account(t, "alice", 1000*proof)
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.Register(ctx, &types.MsgRegister{Prover: strings.ToUpper(alice.String()), SelfStake: math.NewInt(1000 * proof)})
		return err
	}))
	require.EqualValues(t, 1000*proof, f.shares(alice, alice, 1))
	f.requireSound(t)
}

func TestStakeRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	stake := func(change func(*types.MsgStake)) error {
		msg := &types.MsgStake{Staker: bob.String(), Prover: alice.String(), Amount: math.NewInt(10 * proof)}
		change(msg)
		return f.tx(func(ctx context.Context) error {
			_, err := f.msg.Stake(ctx, msg)
			return err
		})
	}
	require.NoError(t, stake(func(*types.MsgStake) {}))
	require.NoError(t, stake(func(m *types.MsgStake) { m.Amount = math.NewInt(proof) }), "min_stake")
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.Amount = math.NewInt(proof - 1) }), types.ErrAmountTooSmall)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.Amount = math.Int{} }), types.ErrInvalidAmount)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.Amount = math.NewInt(-5) }), types.ErrInvalidAmount)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.MinSharesOut = math.NewInt(-5) }), types.ErrInvalidAmount)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.MinSharesOut = math.NewInt(10*proof + 1) }), types.ErrMinOut)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.Prover = bob.String() }), types.ErrProverNotFound)
	require.ErrorIs(t, stake(func(m *types.MsgStake) { m.Staker = "nobody" }), types.ErrInvalidAddress)
	require.Error(t, stake(func(m *types.MsgStake) { m.Amount = math.NewInt(1000 * proof) }), "more than it has")
	f.requireSound(t)
}

func TestUnstakeRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	try := func(staker sdk.AccAddress, shares int64) error {
		_, err := f.unstake(staker, alice, shares)
		return err
	}
	require.ErrorIs(t, try(bob, 0), types.ErrInvalidAmount)
	require.ErrorIs(t, try(bob, 100*proof+1), types.ErrTooFewShares)
	require.ErrorIs(t, try(bob, proof-1), types.ErrAmountTooSmall, "below min_unstake")
	require.NoError(t, try(bob, proof), "min_unstake")
	require.NoError(t, try(bob, 98*proof+proof/2))
	require.NoError(t, try(bob, proof/2), "all that is left may be less")
	_, err := f.unstakeFrom(bob, alice, 1, 2)
	require.ErrorIs(t, err, types.ErrVaultNotFound)
	require.ErrorIs(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{
			Staker: alice.String(), Prover: alice.String(), Shares: math.NewInt(1000 * proof), MinOut: math.NewInt(1000*proof + 1),
		})
		return err
	}), types.ErrMinOut)

	// Law S3: none or at least min_self_stake.
	require.ErrorIs(t, try(alice, 1000*proof+1), types.ErrSelfStakeRange)
	require.NoError(t, try(alice, 1000*proof))
	require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State)
	require.NoError(t, try(alice, 1000*proof))
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State, "law S1: full self-exit")
	f.requireSound(t)
}

// Bounds: at the limit and one past it.
func TestUnstakeLimit(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 100*proof), f.account(t, "carol", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	require.NoError(t, f.stake(carol, alice, 100*proof))
	for range types.DefaultParams().MaxUnstakes {
		_, err := f.unstake(bob, alice, proof)
		require.NoError(t, err)
	}
	_, err := f.unstake(bob, alice, proof)
	require.ErrorIs(t, err, types.ErrTooManyUnstakes)
	_, err = f.unstake(carol, alice, proof)
	require.NoError(t, err, "each staker has room of its own")
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	_, err = f.unstake(bob, alice, proof)
	require.NoError(t, err)
}

// The end of a block handles no more than its cap, oldest first.
func TestEndBlockCap(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	for range 5 {
		_, err := f.unstake(bob, alice, proof)
		require.NoError(t, err)
		f.endBlock(t, time.Second)
	}
	f.endBlock(t, 8*day)
	for _, want := range []int64{2, 4, 5} {
		f.endBlock(t, time.Second)
		require.EqualValues(t, want*proof, f.balance(bob))
		f.requireSound(t)
	}
}
