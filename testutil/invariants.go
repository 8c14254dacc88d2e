package testutil

import (
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// WithInvariants checks the invariants of our modules (section 7 of
// docs/design.md) after every block.
func WithInvariants() Option {
	return WithBlockHook(func(a *App, ctx sdk.Context) error { return a.CheckInvariants(ctx) })
}

// CheckInvariants checks the invariants of our modules on ctx.
func (a *App) CheckInvariants(ctx sdk.Context) error {
	var errs []error
	check := func(module string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", module, err))
		}
	}
	check(verifiertypes.ModuleName, a.VerifierKeeper.CheckInvariants(ctx))
	check(proverstypes.ModuleName, a.ProversKeeper.CheckInvariants(ctx))
	check(markettypes.ModuleName, a.MarketKeeper.CheckInvariants(ctx))
	return errors.Join(errs...)
}
