package keeper

import (
	"context"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// PlantPlaces puts places into the queue and among the parked ones that lead to no
// unstaking, as a bug would.
func (k *Keeper) PlantPlaces(ctx context.Context, prover sdk.AccAddress, ready time.Time, ids ...uint64) error {
	for _, id := range ids {
		if err := k.queue.Set(ctx, collections.Join4(ready.UnixNano(), prover, uint64(1), id)); err != nil {
			return err
		}
		if err := k.parked.Set(ctx, collections.Join4(prover, uint64(1), uint64(1), id)); err != nil {
			return err
		}
	}
	return k.ripe.Set(ctx, prover)
}
