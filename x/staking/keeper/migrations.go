package keeper

import (
	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 writes where the queues begin, of which version 1 had no record, and
// removes the second place that each vault had in the ranking, among those of all states.
// It reads the first entry of each queue and these places, and changes nothing else.
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
	every := collections.NewPrefixedQuadRange[int32, []byte, sdk.AccAddress, uint64](int32(types.PROVER_STATE_UNSPECIFIED))
	return m.k.ranking.Clear(ctx, every)
}
