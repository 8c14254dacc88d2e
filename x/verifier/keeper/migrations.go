package keeper

import (
	"bytes"
	"context"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 marks that there are restrictions, if there are any: version 1 had no such
// mark. It removes the uses of circuits that version 1 kept: whoever has requests is asked.
func (m Migrator) Migrate1to2(ctx sdk.Context) error {
	if err := m.k.removeUses(ctx); err != nil {
		return err
	}
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

// removeUses removes what version 1 had under types.CircuitUsesPrefix.
func (k *Keeper) removeUses(ctx context.Context) error {
	store := k.kv.OpenKVStore(ctx)
	prefix := types.CircuitUsesPrefix.Bytes()
	it, err := store.Iterator(prefix, storetypes.PrefixEndBytes(prefix))
	if err != nil {
		return err
	}
	var keys [][]byte
	for ; it.Valid(); it.Next() {
		keys = append(keys, bytes.Clone(it.Key()))
	}
	if err := it.Close(); err != nil {
		return err
	}
	for _, key := range keys {
		if err := store.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
