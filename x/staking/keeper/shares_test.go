package keeper_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) transfer(prover, to sdk.AccAddress, shares int64) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.TransferShares(ctx, &types.MsgTransferShares{
			Prover: prover.String(), Recipient: to.String(), Shares: math.NewInt(shares),
		})
		return err
	})
}

func (f *fixture) transferAll(prover, to sdk.AccAddress) (moved int64, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.TransferShares(ctx, &types.MsgTransferShares{Prover: prover.String(), Recipient: to.String(), All: true})
		if err == nil {
			moved = res.Shares.Int64()
		}
		return err
	})
	return moved, err
}

func (f *fixture) unstakeAll(staker, prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{Staker: staker.String(), Prover: prover.String(), All: true})
		return err
	})
}

// sendShares is an ordinary bank send of generation 1's.
func (f *fixture) sendShares(t require.TestingT, from, to, prover sdk.AccAddress, shares int64) {
	coins := sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(prover.String(), 1), shares))
	require.NoError(t, f.tx(func(ctx context.Context) error { return f.bk.SendCoins(ctx, from, to, coins) }))
}

// requireRefusal sends a message without the roll-back that a transaction gives:
// it fails as told, and not a byte of the module's or the bank's state changes.
func (f *fixture) requireRefusal(t *testing.T, want error, send func(context.Context) error) {
	t.Helper()
	for _, key := range []storetypes.StoreKey{f.key, f.bankKey} {
		changed := f.written(t, key, func(b *fixture) {
			require.ErrorIs(t, send(b.ctx.WithTxBytes([]byte{1})), want)
		})
		require.Empty(t, changed, "state changed")
	}
}

// Law S3: the prover's own shares move by message, in part while min_self_stake
// stays, or whole, which deactivates like a full exit.
func TestTransferShares(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	bob := f.account(t, "bob", 0)
	require.NoError(t, f.transfer(alice, bob, 500*proof))
	require.EqualValues(t, 500*proof, f.shares(bob, alice, 1))
	require.EqualValues(t, 2500*proof, f.standing(t, alice).SelfStake.Int64())
	require.EqualValues(t, 3000*proof, f.standing(t, alice).Assets.Int64(), "nothing left the vault")

	require.ErrorIs(t, f.transfer(alice, bob, 1500*proof+1), types.ErrSelfStakeRange, "one past")
	require.NoError(t, f.transfer(alice, bob, 1500*proof), "down to the least")
	require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State)

	moved, err := f.transferAll(alice, bob)
	require.NoError(t, err)
	require.EqualValues(t, 1000*proof, moved)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State)
	require.ErrorIs(t, f.reactivate(alice), types.ErrSelfStakeTooLow)
	f.requireSound(t)

	f.sendShares(t, bob, alice, alice, 1000*proof) // and back, by a bank send
	require.NoError(t, f.reactivate(alice))
	require.NoError(t, f.retire(alice))
	_, err = f.transferAll(alice, bob)
	require.NoError(t, err, "in any state")
	require.Equal(t, types.PROVER_STATE_RETIRED, f.standing(t, alice).State)
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// A generation that is over is left by the same rule and changes no state.
func TestTransferSharesOfAnEarlierGeneration(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	bob := f.account(t, "bob", 0)
	require.NoError(t, f.retire(alice))
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	old := func(shares int64) error {
		return f.tx(func(ctx context.Context) error {
			_, err := f.msg.TransferShares(ctx, &types.MsgTransferShares{
				Prover: alice.String(), Recipient: bob.String(), Shares: math.NewInt(shares), Generation: 1,
			})
			return err
		})
	}
	require.ErrorIs(t, old(2500*proof), types.ErrSelfStakeRange)
	require.NoError(t, old(3000*proof))
	require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, alice).State)
	f.requireSound(t)
}

func TestTransferSharesRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	bob, carol := f.account(t, "bob", 10*proof), f.account(t, "carol", 0)
	closed := f.register(t, "dave", 1000*proof, 0)
	f.slash(t, closed, 1000*proof)
	base := authtypes.NewBaseAccountWithAddress(carol)
	shares := sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(alice.String(), 1), 5))
	vesting, err := vestingtypes.NewBaseVestingAccount(base, shares, genesisTime.Add(day).Unix())
	require.NoError(t, err)
	f.ak.SetAccount(f.ctx, vestingtypes.NewContinuousVestingAccountRaw(vesting, genesisTime.Unix()))

	good := types.MsgTransferShares{Prover: alice.String(), Recipient: bob.String(), Shares: math.NewInt(1000 * proof)}
	for _, c := range []struct {
		name   string
		change func(*types.MsgTransferShares)
		err    error
	}{
		{"no prover", func(m *types.MsgTransferShares) { m.Prover = "" }, types.ErrInvalidAddress},
		{"prover malformed", func(m *types.MsgTransferShares) { m.Prover = "proof1x" }, types.ErrInvalidAddress},
		{"prover too long", func(m *types.MsgTransferShares) { m.Prover = strings.Repeat("p", 1<<16) }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgTransferShares) { m.Prover, m.Recipient = bob.String(), alice.String() }, types.ErrProverNotFound},
		{"no recipient", func(m *types.MsgTransferShares) { m.Recipient = "" }, types.ErrInvalidAddress},
		{"recipient malformed", func(m *types.MsgTransferShares) { m.Recipient = alice.String() + "q" }, types.ErrInvalidAddress},
		{"to itself", func(m *types.MsgTransferShares) { m.Recipient = alice.String() }, types.ErrInvalidRecipient},
		{"to itself, in capitals", func(m *types.MsgTransferShares) { m.Recipient = strings.ToUpper(alice.String()) }, types.ErrInvalidRecipient},
		{"to a blocked address", func(m *types.MsgTransferShares) {
			m.Recipient = authtypes.NewModuleAddress(govtypes.ModuleName).String()
		}, types.ErrInvalidRecipient},
		{"to this module", func(m *types.MsgTransferShares) {
			m.Recipient = authtypes.NewModuleAddress(types.ModuleName).String()
		}, types.ErrInvalidRecipient},
		{"to an account in which they would vest", func(m *types.MsgTransferShares) { m.Recipient = carol.String() }, types.ErrSharesVesting},
		{"no shares", func(m *types.MsgTransferShares) { m.Shares = math.Int{} }, types.ErrInvalidAmount},
		{"zero shares", func(m *types.MsgTransferShares) { m.Shares = math.ZeroInt() }, types.ErrInvalidAmount},
		{"negative shares", func(m *types.MsgTransferShares) { m.Shares = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"a number and all", func(m *types.MsgTransferShares) { m.All = true }, types.ErrInvalidAmount},
		{"one more than it has", func(m *types.MsgTransferShares) { m.Shares = math.NewInt(3000*proof + 1) }, types.ErrTooFewShares},
		{"2^255 shares", func(m *types.MsgTransferShares) { m.Shares = math.NewInt(2).ToLegacyDec().Power(255).TruncateInt() }, types.ErrTooFewShares},
		{"leaves too little", func(m *types.MsgTransferShares) { m.Shares = math.NewInt(2000*proof + 1) }, types.ErrSelfStakeRange},
		{"leaves dust", func(m *types.MsgTransferShares) { m.Shares = math.NewInt(3000*proof - 1) }, types.ErrSelfStakeRange},
		{"unknown generation", func(m *types.MsgTransferShares) { m.Generation = 2 }, types.ErrVaultNotFound},
		{"closed vault", func(m *types.MsgTransferShares) { m.Prover, m.Shares = closed.String(), math.NewInt(1000*proof) }, types.ErrVaultClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg := good
			c.change(&msg)
			f.requireRefusal(t, c.err, func(ctx context.Context) error {
				_, err := f.msg.TransferShares(ctx, &msg)
				return err
			})
		})
	}
	require.NoError(t, f.transfer(alice, bob, 2000*proof), "at the limit")
	_, err = f.transferAll(alice, bob)
	require.NoError(t, err)
	_, err = f.transferAll(alice, bob)
	require.ErrorIs(t, err, types.ErrTooFewShares, "all of nothing")
	f.requireSound(t)
}

// A stranger who sends dust a moment earlier spoils an exit that names a number:
// the rest would be too little. It cannot spoil one that asks for all.
func TestDustDoesNotBlockAFullExit(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, mallory := f.account(t, "bob", 5*proof), f.account(t, "mallory", 5*proof)
	require.NoError(t, f.stake(bob, alice, 5*proof))
	require.NoError(t, f.stake(mallory, alice, 5*proof))
	f.slash(t, alice, 960*proof) // bob's 5 PROOF are worth less than min_unstake
	f.sendShares(t, mallory, alice, alice, 1)
	f.sendShares(t, mallory, bob, alice, 1)

	_, err := f.unstake(alice, alice, 1000*proof)
	require.ErrorIs(t, err, types.ErrSelfStakeRange)
	_, err = f.unstake(bob, alice, 5*proof)
	require.ErrorIs(t, err, types.ErrAmountTooSmall)
	require.ErrorIs(t, f.transfer(alice, bob, 1000*proof), types.ErrSelfStakeRange)

	require.NoError(t, f.unstakeAll(alice, alice))
	require.NoError(t, f.unstakeAll(bob, alice))
	require.EqualValues(t, 0, f.shares(alice, alice, 1))
	require.EqualValues(t, 0, f.shares(bob, alice, 1))
	require.ErrorIs(t, f.unstakeAll(bob, alice), types.ErrTooFewShares)
	require.ErrorIs(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{
			Staker: mallory.String(), Prover: alice.String(), Shares: math.OneInt(), All: true,
		})
		return err
	}), types.ErrInvalidAmount)
	f.requireSound(t)
}

// Law S3: wallets show shares by their address, with a unit and an exponent.
func TestShareMetadata(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	denom := types.ShareDenom(alice.String(), 1)
	m, found := f.bk.GetDenomMetaData(f.ctx, denom)
	require.True(t, found)
	require.NoError(t, m.Validate())
	require.Equal(t, denom, m.Base)
	require.Equal(t, denom, m.Display)
	require.Equal(t, denom, m.Name)
	require.EqualValues(t, 0, m.DenomUnits[0].Exponent)
	// The longest denom that an address and a generation make is a denom too.
	long := sdk.AccAddress(make([]byte, 32))
	require.NoError(t, sdk.ValidateDenom(types.ShareDenom(long.String(), 1<<64-1)))
}
