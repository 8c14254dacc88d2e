// Package isolate runs one item of many so that it can fail alone: a bad entry
// of a queue or of a batch must stop neither the chain nor the rest (law M9).
package isolate

import (
	"context"
	"fmt"

	errorsmod "cosmossdk.io/errors"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Run runs item in a cache context of its own: its changes and events count only
// if it returns nil. A panic becomes panicked; what it said goes to the log
// alone, since it may differ between machines. Running out of gas is no fault of
// the item and goes on up.
func Run(ctx context.Context, panicked *errorsmod.Error, item func(context.Context) error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case storetypes.ErrorOutOfGas, storetypes.ErrorGasOverflow, storetypes.ErrorNegativeGasConsumed:
			panic(r)
		default:
			sdk.UnwrapSDKContext(ctx).Logger().Error("an item panicked", "panic", fmt.Sprint(r))
			err = errorsmod.Wrap(panicked, "panicked")
		}
	}()
	branch, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := item(branch); err != nil {
		return err
	}
	write()
	return nil
}
