package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// A node that checks the invariants stops before it commits a broken state; one
// that does not goes on.
func TestNodeStopsOnABrokenInvariant(t *testing.T) {
	for name, period := range map[string]uint{"checked": 1, "not checked": 0} {
		t.Run(name, func(t *testing.T) {
			a := testutil.NewApp(t, testutil.WithAccounts("alpha"), testutil.WithNodeOption(server.FlagInvCheckPeriod, period))
			alpha := a.Account("alpha")
			a.MustDeliver(alpha, &proverstypes.MsgRegister{Prover: alpha.String(), SelfStake: math.NewInt(2_000_000_000)})

			// Take coins out of the vault's account, which no message can do.
			ctx := a.Ctx().WithBlockHeight(a.Height() + 1)
			vault := proverstypes.VaultAddress(alpha.Address, 1)
			require.NoError(t, a.BankKeeper.SendCoins(ctx, vault, alpha.Address, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1))))
			_, err := a.EndBlocker(ctx)
			if period == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "invariants broken")
			require.ErrorIs(t, err, proverstypes.ErrInvariant)
		})
	}
}
