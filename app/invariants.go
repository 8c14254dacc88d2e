package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cast"

	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// CheckInvariants checks the invariants of our modules (section 7 of
// docs/design.md) and names every one that is broken. It reads the whole state.
func (k Keepers) CheckInvariants(ctx sdk.Context) error {
	var errs []error
	check := func(module string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", module, err))
		}
	}
	check(verifiertypes.ModuleName, k.VerifierKeeper.CheckInvariants(ctx))
	check(proverstypes.ModuleName, k.ProversKeeper.CheckInvariants(ctx))
	check(markettypes.ModuleName, k.MarketKeeper.CheckInvariants(ctx))
	return errors.Join(errs...)
}

// invariantPeriod is how many blocks apart a node checks the invariants; zero
// for never. It is each operator's own choice, since a check changes nothing.
func invariantPeriod(options servertypes.AppOptions) int64 {
	return cast.ToInt64(options.Get(server.FlagInvCheckPeriod))
}

// guardInvariants stops the node before it commits a state with a broken
// invariant.
func (app *App) guardInvariants(ctx sdk.Context) error {
	if app.invariantPeriod <= 0 || ctx.BlockHeight()%app.invariantPeriod != 0 {
		return nil
	}
	branch, _ := ctx.CacheContext()
	if err := app.CheckInvariants(branch); err != nil {
		return fmt.Errorf("invariants broken in block %d: %w", ctx.BlockHeight(), err)
	}
	return nil
}
