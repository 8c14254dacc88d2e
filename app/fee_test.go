package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/ante"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

// otherDenom is a second coin that accounts hold in these tests.
const otherDenom = "uother"

// withOtherCoin gives every account some of the second coin.
func withOtherCoin(cdc codec.Codec, genesis app.GenesisState) {
	testutil.MutateGenesis(cdc, genesis, banktypes.ModuleName, func(s *banktypes.GenesisState) {
		pool := authtypes.NewModuleAddress(sdkstaking.BondedPoolName).String()
		for i := range s.Balances {
			if s.Balances[i].Address == pool { // must hold the bond and nothing else
				continue
			}
			s.Balances[i].Coins = s.Balances[i].Coins.Add(sdk.NewInt64Coin(otherDenom, 1_000_000))
		}
	})
}

func TestFeeIsExactlyOneCoin(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice"), testutil.WithGenesis(withOtherCoin))
	alice := a.Account("alice")
	proof, other := sdk.NewInt64Coin(chain.Denom, 2_500), sdk.NewInt64Coin(otherDenom, 2_500)
	for name, tc := range map[string]struct {
		fee      sdk.Coins
		want     *errorsmod.Error // in CheckTx and in a block
		simulate *errorsmod.Error
	}{
		"one coin":       {sdk.Coins{proof}, nil, nil},
		"none":           {sdk.Coins{}, ante.ErrFeeCoin, nil},
		"zero":           {sdk.Coins{{Denom: chain.Denom, Amount: proof.Amount.SubRaw(2_500)}}, ante.ErrFeeCoin, nil},
		"another coin":   {sdk.Coins{other}, ante.ErrFeeCoin, ante.ErrFeeCoin},
		"two coins":      {sdk.NewCoins(proof, other), ante.ErrFeeCoin, ante.ErrFeeCoin},
		"the same twice": {sdk.Coins{proof, proof}, ante.ErrFeeCoin, ante.ErrFeeCoin},
		"vault shares": { // law S3
			sdk.Coins{{Denom: "vault/" + alice.String() + "/1", Amount: proof.Amount}}, ante.ErrFeeCoin, ante.ErrFeeCoin,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tx := a.SignTx(alice, testutil.TxSpec{Fee: tc.fee}, send(alice, alice, 1))
			_, _, err := a.Simulate(tx)
			if tc.simulate == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, tc.simulate)
			}
			check, before := a.Check(tx), a.Balance(alice.Address)
			result := a.Block(tx).Results[0]
			if tc.want == nil {
				require.Zero(t, check.Code, check.Log)
				a.RequireOK(result)
				return
			}
			a.RequireCheckError(tc.want, check)
			a.RequireError(tc.want, result)
			require.Equal(t, before, a.Balance(alice.Address), "nothing changes")
		})
	}
}

func TestMinimumGasPriceIsTheNodesOwn(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice"), testutil.WithMinGasPrices("0.0025uproof"))
	alice := a.Account("alice")
	for name, tc := range map[string]struct {
		gas  uint64
		fee  int64
		fail bool
	}{
		"exact":     {1_000_000, 2_500, false},
		"one less":  {1_000_000, 2_499, true},
		"rounds up": {1_000_001, 2_500, true},
		"more":      {1_000_000, 1_000_000, false},
	} {
		t.Run(name, func(t *testing.T) {
			tx := a.SignTx(alice, testutil.TxSpec{Gas: tc.gas, Fee: coins(tc.fee)}, send(alice, alice, 1))
			if check := a.Check(tx); tc.fail {
				a.RequireCheckError(ante.ErrFeeTooLow, check)
				require.Contains(t, check.Log, "--gas-prices 0.0025uproof")
			} else {
				require.Zero(t, check.Code, check.Log)
			}
			// A proposer may include it: the price is not consensus.
			a.RequireOK(a.Block(tx).Results[0])
		})
	}
}

func TestGrantedFeesFollowTheSameRule(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	grant, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{}, bob.Address, alice.Address)
	require.NoError(t, err)
	a.MustDeliver(bob, grant)
	before := a.Balance(bob.Address)
	tx := a.SignTx(alice, testutil.TxSpec{Fee: coins(3_000), Granter: bob.Address}, send(alice, alice, 1))
	a.RequireOK(a.Block(tx).Results[0])
	require.Equal(t, before.SubRaw(3_000), a.Balance(bob.Address))
}

func TestAnteHandlerNeedsItsParts(t *testing.T) {
	_, err := ante.NewHandler(ante.Options{})
	require.ErrorIs(t, err, ante.ErrMissingOption)
}
