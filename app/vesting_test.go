package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

func TestVestingAccountsHoldCoins(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice"))
	alice, fresh := a.Account("alice"), a.Account("fresh")
	end := a.Now().Add(time.Hour).Unix()
	a.MustDeliver(alice, vestingtypes.NewMsgCreateVestingAccount(alice.Address, fresh.Address, coins(100), end, true))
	require.Equal(t, math.NewInt(100), a.Balance(fresh.Address))
	require.True(t, a.BankKeeper.SpendableCoins(a.Ctx(), fresh.Address).IsZero())
}

func TestVaultSharesCannotVest(t *testing.T) { // law S3
	shares := sdk.Coins{sdk.NewInt64Coin("vault/"+testutil.NewAccount("prover").String()+"/1", 50)}
	a := testutil.NewApp(t, testutil.WithAccounts("alice"), testutil.WithGenesis(func(cdc codec.Codec, genesis app.GenesisState) {
		testutil.MutateGenesis(cdc, genesis, banktypes.ModuleName, func(s *banktypes.GenesisState) {
			for i := range s.Balances {
				if s.Balances[i].Address == testutil.NewAccount("alice").String() {
					s.Balances[i].Coins = s.Balances[i].Coins.Add(shares...)
				}
			}
		})
	}))
	alice, fresh := a.Account("alice"), a.Account("fresh")
	end := a.Now().Add(time.Hour).Unix()
	vesting := vestingtypes.NewMsgCreateVestingAccount(alice.Address, fresh.Address, shares, end, true)
	exec := authz.NewMsgExec(alice.Address, []sdk.Msg{vesting})
	for name, msg := range map[string]sdk.Msg{
		"continuous or delayed": vesting,
		"locked":                vestingtypes.NewMsgCreatePermanentLockedAccount(alice.Address, fresh.Address, shares),
		"periodic": vestingtypes.NewMsgCreatePeriodicVestingAccount(alice.Address, fresh.Address, a.Now().Unix(),
			[]vestingtypes.Period{{Length: 10, Amount: shares}}),
		"through authz": &exec,
	} {
		t.Run(name, func(t *testing.T) {
			a.RequireError(proverstypes.ErrSharesVesting, a.Deliver(alice, msg))
			require.Nil(t, a.AccountKeeper.GetAccount(a.Ctx(), fresh.Address))
		})
	}
}
