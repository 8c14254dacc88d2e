package testutil

import sdk "github.com/cosmos/cosmos-sdk/types"

// WithInvariants checks the invariants of our modules (section 7 of
// docs/design.md) after every block.
func WithInvariants() Option {
	return WithBlockHook(func(a *App, ctx sdk.Context) error { return a.CheckInvariants(ctx) })
}
