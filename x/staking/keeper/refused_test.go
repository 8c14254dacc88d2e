package keeper_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// Bad inputs of the messages about stakes: each has its own error and changes not
// a byte. Those of other messages stand beside their tests.

// cast is a prover in each condition that a stake can meet, and a staker.
type cast struct {
	*fixture
	active, idle, retired, closed, bob sdk.AccAddress
}

func newCast(t *testing.T) cast {
	f := newFixture(t)
	c := cast{
		fixture: f,
		active:  f.register(t, "active", 2000*proof, 0), idle: f.register(t, "idle", 2000*proof, 0),
		retired: f.register(t, "retired", 2000*proof, 0), closed: f.register(t, "closed", 2000*proof, 0),
		bob: f.account(t, "bob", 1000*proof),
	}
	for _, prover := range []sdk.AccAddress{c.active, c.idle, c.retired, c.closed} {
		require.NoError(t, f.stake(c.bob, prover, 100*proof))
	}
	_, err := f.open(c.closed, proof, proof) // keeps it from retiring
	require.NoError(t, err)
	require.NoError(t, f.deactivate(c.idle))
	require.NoError(t, f.retire(c.retired))
	f.slash(t, c.closed, 9999*proof)
	f.fund(t, c.closed, 10*proof)
	return c
}

func TestBadStakes(t *testing.T) {
	c := newCast(t)
	good := types.MsgStake{
		Staker: c.bob.String(), Prover: c.active.String(), Amount: math.NewInt(10 * proof), MinSharesOut: math.NewInt(10 * proof),
	}
	for _, b := range []struct {
		name   string
		change func(*types.MsgStake)
		err    error
	}{
		{"no staker", func(m *types.MsgStake) { m.Staker = "" }, types.ErrInvalidAddress},
		{"staker malformed", func(m *types.MsgStake) { m.Staker = strings.Repeat("proof1", 100) }, types.ErrInvalidAddress},
		{"a poor staker", func(m *types.MsgStake) { m.Staker = sdk.AccAddress("poor________________").String() }, sdkerrors.ErrInsufficientFunds},
		{"no prover", func(m *types.MsgStake) { m.Prover = "" }, types.ErrInvalidAddress},
		{"prover malformed", func(m *types.MsgStake) { m.Prover = "proof1\x00" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgStake) { m.Prover = c.bob.String() }, types.ErrProverNotFound},
		{"a deactivated prover", func(m *types.MsgStake) { m.Prover = c.idle.String() }, types.ErrProverNotActive},
		{"a retired prover", func(m *types.MsgStake) { m.Prover = c.retired.String() }, types.ErrProverRetired},
		{"a closed vault", func(m *types.MsgStake) { m.Prover, m.Staker = c.closed.String(), c.closed.String() }, types.ErrVaultClosed},
		{"no amount", func(m *types.MsgStake) { m.Amount = math.Int{} }, types.ErrInvalidAmount},
		{"zero", func(m *types.MsgStake) { m.Amount = math.ZeroInt() }, types.ErrInvalidAmount},
		{"negative", func(m *types.MsgStake) { m.Amount = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"one under min_stake", func(m *types.MsgStake) { m.Amount = math.NewInt(proof - 1) }, types.ErrAmountTooSmall},
		{"one more than it has", func(m *types.MsgStake) { m.Amount = math.NewInt(600*proof + 1) }, sdkerrors.ErrInsufficientFunds},
		{"past the most shares", func(m *types.MsgStake) { m.Amount = vault.MaxShares() }, types.ErrInvalidAmount},
		{"2^256 - 1", func(m *types.MsgStake) { m.Amount = vault.MaxAssets().MulRaw(63) }, types.ErrInvalidAmount},
		{"negative minimum", func(m *types.MsgStake) { m.MinSharesOut = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"minimum missed by one", func(m *types.MsgStake) { m.MinSharesOut = math.NewInt(10*proof + 1) }, types.ErrMinOut},
	} {
		t.Run(b.name, func(t *testing.T) {
			msg := good
			b.change(&msg)
			c.requireRefusal(t, b.err, func(ctx context.Context) error {
				_, err := c.msg.Stake(ctx, &msg)
				return err
			})
		})
	}
	for _, change := range []func(*types.MsgStake){
		func(*types.MsgStake) {},
		func(m *types.MsgStake) { m.Amount, m.MinSharesOut = math.NewInt(proof), math.Int{} },
		func(m *types.MsgStake) { m.Amount = math.NewInt(589 * proof) }, // all that is left
	} {
		msg := good
		change(&msg)
		require.NoError(t, c.tx(func(ctx context.Context) error {
			_, err := c.msg.Stake(ctx, &msg)
			return err
		}))
	}
	require.EqualValues(t, 0, c.balance(c.bob))
}

func TestBadUnstakes(t *testing.T) {
	c := newCast(t)
	c.setParams(t, func(p *types.Params) { p.MaxUnstakes = 2 })
	carol := c.account(t, "carol", 10*proof)
	require.NoError(t, c.stake(carol, c.active, 10*proof))
	for range 2 {
		_, err := c.unstake(carol, c.active, 2*proof)
		require.NoError(t, err)
	}
	good := types.MsgRequestUnstake{
		Staker: c.bob.String(), Prover: c.active.String(), Shares: math.NewInt(10 * proof), MinOut: math.NewInt(10 * proof), Generation: 1,
	}
	for _, b := range []struct {
		name   string
		change func(*types.MsgRequestUnstake)
		err    error
	}{
		{"no staker", func(m *types.MsgRequestUnstake) { m.Staker = "" }, types.ErrInvalidAddress},
		{"no prover", func(m *types.MsgRequestUnstake) { m.Prover = "" }, types.ErrInvalidAddress},
		{"prover malformed", func(m *types.MsgRequestUnstake) { m.Prover += "x" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgRequestUnstake) { m.Prover = c.bob.String() }, types.ErrProverNotFound},
		{"a stranger to the vault", func(m *types.MsgRequestUnstake) { m.Staker = c.idle.String() }, types.ErrTooFewShares},
		{"one entry too many", func(m *types.MsgRequestUnstake) { m.Staker, m.Shares = carol.String(), math.NewInt(2*proof) }, types.ErrTooManyUnstakes},
		{"a closed vault", func(m *types.MsgRequestUnstake) { m.Prover = c.closed.String() }, types.ErrVaultClosed},
		{"generation to come", func(m *types.MsgRequestUnstake) { m.Generation = 2 }, types.ErrVaultNotFound},
		{"the last generation", func(m *types.MsgRequestUnstake) { m.Generation = 1<<64 - 1 }, types.ErrVaultNotFound},
		{"no shares", func(m *types.MsgRequestUnstake) { m.Shares = math.Int{} }, types.ErrInvalidAmount},
		{"zero", func(m *types.MsgRequestUnstake) { m.Shares = math.ZeroInt() }, types.ErrInvalidAmount},
		{"negative", func(m *types.MsgRequestUnstake) { m.Shares = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"a number and all", func(m *types.MsgRequestUnstake) { m.All = true }, types.ErrInvalidAmount},
		{"one more than it has", func(m *types.MsgRequestUnstake) { m.Shares = math.NewInt(100*proof + 1) }, types.ErrTooFewShares},
		{"a huge number", func(m *types.MsgRequestUnstake) { m.Shares = vault.MaxAssets() }, types.ErrTooFewShares},
		{"one under min_unstake", func(m *types.MsgRequestUnstake) { m.Shares, m.MinOut = math.NewInt(proof-1), math.Int{} }, types.ErrAmountTooSmall},
		{"negative minimum", func(m *types.MsgRequestUnstake) { m.MinOut = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"minimum missed by one", func(m *types.MsgRequestUnstake) { m.MinOut = math.NewInt(10*proof + 1) }, types.ErrMinOut},
		{"the prover keeps too little", func(m *types.MsgRequestUnstake) {
			m.Staker, m.Shares = c.active.String(), math.NewInt(1000*proof+1)
		}, types.ErrSelfStakeRange},
	} {
		t.Run(b.name, func(t *testing.T) {
			msg := good
			b.change(&msg)
			c.requireRefusal(t, b.err, func(ctx context.Context) error {
				_, err := c.msg.RequestUnstake(ctx, &msg)
				return err
			})
		})
	}
	for _, prover := range []sdk.AccAddress{c.active, c.idle, c.retired} { // any state but closed
		msg := good
		msg.Prover, msg.Generation = prover.String(), 0
		require.NoError(t, c.tx(func(ctx context.Context) error {
			_, err := c.msg.RequestUnstake(ctx, &msg)
			return err
		}))
	}
	c.requireSound(t)
}

func TestBadCompletions(t *testing.T) {
	c := newCast(t)
	early, err := c.unstake(c.bob, c.active, 10*proof)
	require.NoError(t, err)
	c.ctx = c.ctx.WithBlockTime(c.ctx.BlockTime().Add(8 * day))
	bound, err := c.unstake(c.bob, c.idle, 10*proof)
	require.NoError(t, err)
	good := types.MsgCompleteUnstake{Signer: c.bob.String(), Prover: c.active.String(), Id: early}
	for _, b := range []struct {
		name   string
		change func(*types.MsgCompleteUnstake)
		err    error
	}{
		{"no signer", func(m *types.MsgCompleteUnstake) { m.Signer = "" }, types.ErrInvalidAddress},
		{"no prover", func(m *types.MsgCompleteUnstake) { m.Prover = "" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgCompleteUnstake) { m.Prover = c.bob.String() }, types.ErrProverNotFound},
		{"not a prover's generation", func(m *types.MsgCompleteUnstake) { m.Prover, m.Generation = c.bob.String(), 1 }, types.ErrUnstakeNotFound},
		{"no id", func(m *types.MsgCompleteUnstake) { m.Id = 0 }, types.ErrUnstakeNotFound},
		{"one past the last", func(m *types.MsgCompleteUnstake) { m.Id++ }, types.ErrUnstakeNotFound},
		{"generation to come", func(m *types.MsgCompleteUnstake) { m.Generation = 2 }, types.ErrUnstakeNotFound},
		{"too soon", func(m *types.MsgCompleteUnstake) { m.Prover, m.Id = c.idle.String(), bound }, types.ErrUnstakeNotReady},
	} {
		t.Run(b.name, func(t *testing.T) {
			msg := good
			b.change(&msg)
			c.requireRefusal(t, b.err, func(ctx context.Context) error {
				_, err := c.msg.CompleteUnstake(ctx, &msg)
				return err
			})
		})
	}
	require.NoError(t, c.complete(c.active, 0, early))
	require.ErrorIs(t, c.complete(c.active, 0, early), types.ErrUnstakeNotFound, "once")
	c.requireSound(t)
}
