package treasury_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
)

const module = "market"

// fakePool stands for the distribution keeper: it takes the coins into an
// account of its own.
type fakePool struct{ f *banktest.Fixture }

var poolAddr = authtypes.NewModuleAddress("pool")

func (p fakePool) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	return p.f.Bank.SendCoins(ctx, sender, poolAddr, amount)
}

func TestCollectAndSweep(t *testing.T) {
	owner := sdk.AccAddress("owner_______________")
	for name, txBytes := range map[string][]byte{"in a transaction": {1}, "outside": nil} {
		t.Run(name, func(t *testing.T) {
			f := banktest.New(t, map[string][]string{module: nil})
			moduleAddr := f.Account.GetModuleAccount(f.Ctx, module).GetAddress()
			f.Fund(t, owner, 100)
			supply := f.Bank.GetSupply(f.Ctx, chain.Denom)

			require.NoError(t, treasury.Collect(f.Ctx.WithTxBytes(txBytes), f.Bank, owner, module, chain.Denom, math.NewInt(30)))
			require.Equal(t, math.NewInt(70), f.Balance(owner))
			// A virtual credit reaches the account in bank's EndBlock only.
			require.Equal(t, txBytes != nil, f.Balance(moduleAddr).IsZero())

			require.NoError(t, f.Bank.CreditVirtualAccounts(f.Ctx))
			require.NoError(t, treasury.Sweep(f.Ctx, f.Bank, fakePool{f}, moduleAddr, chain.Denom))
			require.True(t, f.Balance(moduleAddr).IsZero())
			require.Equal(t, math.NewInt(30), f.Balance(poolAddr))
			require.Equal(t, supply, f.Bank.GetSupply(f.Ctx, chain.Denom))
		})
	}
}

func TestCollectNothingMovesNothing(t *testing.T) {
	f := banktest.New(t, map[string][]string{module: nil})
	owner := sdk.AccAddress("owner_______________")
	require.NoError(t, treasury.Collect(f.Ctx, f.Bank, owner, module, chain.Denom, math.ZeroInt()))
	require.Error(t, treasury.Collect(f.Ctx, f.Bank, owner, module, chain.Denom, math.OneInt()))
}

// A virtual send takes a negative amount, and pays the sender with it.
func TestCollectNothingNegative(t *testing.T) {
	f := banktest.New(t, map[string][]string{module: nil})
	owner := sdk.AccAddress("owner_______________")
	f.Fund(t, owner, 100)
	for _, txBytes := range [][]byte{{1}, nil} {
		err := treasury.Collect(f.Ctx.WithTxBytes(txBytes), f.Bank, owner, module, chain.Denom, math.NewInt(-1))
		require.ErrorIs(t, err, sdkerrors.ErrInvalidCoins)
	}
	require.Equal(t, math.NewInt(100), f.Balance(owner))
}
