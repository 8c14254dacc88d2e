package keeper

import sdk "github.com/cosmos/cosmos-sdk/types"

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 takes the latest epoch from the lifetime figures that version 1 kept, of the
// market and of each prover. It reads all statistics and changes nothing else.
func (m Migrator) Migrate1to2(ctx sdk.Context) error { return m.k.splitLifetimes(ctx) }
