package ownaccount_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
)

func TestAddressIsolatesRecords(t *testing.T) {
	a := ownaccount.Address("market", "request", []byte{1})
	require.Len(t, a.Bytes(), 32)
	require.NotEqual(t, a, ownaccount.Address("market", "request", []byte{2}))
	require.NotEqual(t, a, ownaccount.Address("market", "claims", []byte{1}))
	require.NotEqual(t, a, ownaccount.Address("provers", "request", []byte{1}))
}

// A stranger who knows the address beforehand could prepare a vesting account
// there, which would lock the coins that the module sends to it.
func TestOpenReplacesAPreparedVestingAccount(t *testing.T) {
	f := banktest.New(t, nil)
	addr := ownaccount.Address("market", "request", []byte{7})
	locked := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 100))
	vesting, err := vestingtypes.NewPermanentLockedAccount(authtypes.NewBaseAccountWithAddress(addr), locked)
	require.NoError(t, err)
	f.Account.SetAccount(f.Ctx, f.Account.NewAccount(f.Ctx, vesting))
	f.Fund(t, addr, 100)
	require.True(t, f.Bank.SpendableCoins(f.Ctx, addr).IsZero())

	ownaccount.Open(f.Ctx, f.Account, addr)

	require.Equal(t, locked, f.Bank.SpendableCoins(f.Ctx, addr))
	require.Equal(t, math.NewInt(100), ownaccount.Surplus(f.Ctx, f.Bank, addr, chain.Denom))
	ownaccount.Close(f.Ctx, f.Account, addr)
	require.Nil(t, f.Account.GetAccount(f.Ctx, addr))
	ownaccount.Close(f.Ctx, f.Account, addr)
}

func TestOpenKeepsAPlainAccountAndReplacesOneWithAKey(t *testing.T) {
	f := banktest.New(t, nil)
	addr := ownaccount.Address("market", "request", []byte{8})
	ownaccount.Open(f.Ctx, f.Account, addr)
	number := f.Account.GetAccount(f.Ctx, addr).GetAccountNumber()
	ownaccount.Open(f.Ctx, f.Account, addr)
	require.Equal(t, number, f.Account.GetAccount(f.Ctx, addr).GetAccountNumber())

	acc := f.Account.GetAccount(f.Ctx, addr)
	require.NoError(t, acc.SetPubKey(secp256k1.GenPrivKeyFromSecret([]byte("k")).PubKey()))
	f.Account.SetAccount(f.Ctx, acc)
	ownaccount.Open(f.Ctx, f.Account, addr)
	require.Nil(t, f.Account.GetAccount(f.Ctx, addr).GetPubKey())
}

// Law M18: what a stranger makes of an own account locks nothing of what its module pays out, and
// all that anybody else does with it is as it was.
func TestPayerPaysWhateverIsThere(t *testing.T) {
	f := banktest.New(t, nil)
	own, other := ownaccount.Address("market", "request", []byte{7}), sdk.AccAddress("other_______________")
	locked := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 100))
	vesting, err := vestingtypes.NewPermanentLockedAccount(authtypes.NewBaseAccountWithAddress(own), locked)
	require.NoError(t, err)
	f.Account.SetAccount(f.Ctx, f.Account.NewAccount(f.Ctx, vesting))
	f.Fund(t, own, 100)
	half := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 50))
	require.ErrorIs(t, f.Bank.SendCoins(f.Ctx, own, other, half), sdkerrors.ErrInsufficientFunds)
	require.ErrorIs(t, f.Bank.SendCoins(ownaccount.Payer(f.Ctx, other), own, other, half), sdkerrors.ErrInsufficientFunds, "another pays")
	require.NoError(t, f.Bank.SendCoins(ownaccount.Payer(f.Ctx, own), own, other, half))
	require.Equal(t, math.NewInt(50), f.Balance(own))
	require.ErrorIs(t, f.Bank.SendCoins(ownaccount.Payer(f.Ctx, own), own, other, locked), sdkerrors.ErrInsufficientFunds)
	require.NotNil(t, f.Account.GetAccount(ownaccount.Payer(f.Ctx, own), own), "x/auth itself sees what is there")
}

// A request's account is a balance alone. Whoever else receives coins gets a record, also
// from within a payment's own context.
func TestDepositMakesNoRecord(t *testing.T) {
	f := banktest.New(t, nil)
	payer, other := sdk.AccAddress("payer_______________"), sdk.AccAddress("other_______________")
	own := ownaccount.Address("market", "request", []byte{9})
	coins := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 30))
	f.Fund(t, payer, 100)

	require.NoError(t, ownaccount.Deposit(f.Ctx, f.Bank, payer, own, coins))
	require.Equal(t, math.NewInt(30), f.Balance(own))
	require.Nil(t, f.Account.GetAccount(f.Ctx, own))
	require.NoError(t, f.Bank.SendCoins(f.Ctx, own, other, coins), "it pays like any other")
	require.NotNil(t, f.Account.GetAccount(f.Ctx, other))

	require.NoError(t, f.Bank.SendCoins(f.Ctx, payer, own, coins))
	require.NotNil(t, f.Account.GetAccount(f.Ctx, own), "by hand")
	require.ErrorIs(t, ownaccount.Deposit(f.Ctx, f.Bank, payer, own, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 41))), sdkerrors.ErrInsufficientFunds)
}
