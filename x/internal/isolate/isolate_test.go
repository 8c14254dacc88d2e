package isolate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
)

var errPanicked = errorsmod.Register("isolate_test", 2, "item panicked")

func TestRun(t *testing.T) {
	from, to := sdk.AccAddress("from________________"), sdk.AccAddress("to__________________")
	fails := errors.New("no")
	for name, tc := range map[string]struct {
		after func()
		fail  error
		want  error
		moved int64
	}{
		"success is kept":    {func() {}, nil, nil, 30},
		"an error undoes":    {func() {}, fails, fails, 0},
		"a panic undoes":     {func() { panic("boom") }, nil, errPanicked, 0},
		"a nil dereference":  {func() { _ = *(*int)(nil) }, nil, errPanicked, 0},
		"a panic with error": {func() { panic(fails) }, nil, errPanicked, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := banktest.New(t, nil)
			f.Fund(t, from, 100)
			ctx := f.Ctx.WithEventManager(sdk.NewEventManager())
			err := isolate.Run(ctx, errPanicked, func(ctx context.Context) error {
				coins := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 30))
				if err := f.Bank.SendCoins(ctx, from, to, coins); err != nil {
					return err
				}
				tc.after()
				return tc.fail
			})
			require.ErrorIs(t, err, tc.want)
			require.Equal(t, math.NewInt(tc.moved), f.Balance(to))
			require.Equal(t, tc.moved > 0, len(ctx.EventManager().Events()) > 0)
		})
	}
}

// Swallowing it would let a transaction go on with a meter that is empty.
func TestRunningOutOfGasGoesUp(t *testing.T) {
	f := banktest.New(t, nil)
	ctx := f.Ctx.WithGasMeter(storetypes.NewGasMeter(10))
	require.PanicsWithValue(t, storetypes.ErrorOutOfGas{Descriptor: "work"}, func() {
		_ = isolate.Run(ctx, errPanicked, func(ctx context.Context) error {
			sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(11, "work")
			return nil
		})
	})
}
