package keeper

import sdk "github.com/cosmos/cosmos-sdk/types"

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 writes where the queues begin, of which version 1 had no record. It
// reads the first entry of each, and changes nothing else.
func (m Migrator) Migrate1to2(ctx sdk.Context) error {
	begins, err := m.k.begins(ctx)
	if err != nil {
		return err
	}
	for _, queue := range allHeads {
		if begin, found := begins[queue]; found {
			if err := m.k.heads.Set(ctx, queue, begin); err != nil {
				return err
			}
		}
	}
	return nil
}
