package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 marks that there are restrictions, if there are any: version 1 had no such
// mark. It changes nothing else.
func (m Migrator) Migrate1to2(ctx sdk.Context) error {
	some, err := m.k.anyRestriction(ctx)
	if err != nil || !some {
		return err
	}
	return m.k.restricted.Set(ctx, true)
}

// anyRestriction tells whether there are restrictions by looking at them.
func (k *Keeper) anyRestriction(ctx context.Context) (bool, error) {
	it, err := k.restrictions.Iterate(ctx, nil)
	if err != nil {
		return false, err
	}
	return it.Valid(), it.Close()
}
