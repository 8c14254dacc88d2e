package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// A mark tells that there may be some of what is hardly ever there: it is set with the
// first of a kind, at the end of a block or in a genesis, and removed by the end of a
// block that finds none. Asking for it is cheaper than looking, which is a search in the
// database for what it does not have.
const (
	// markDead: dead letters.
	markDead uint64 = iota + 1
	// markLitter: what requests that have shrunk left behind.
	markLitter
	// markDeltas: statistics that earlier blocks could not fold.
	markDeltas
)

// markAll sets all marks, for a store of which nothing is known.
func (k *Keeper) markAll(ctx context.Context) error {
	for mark := markDead; mark <= markDeltas; mark++ {
		if err := k.marks.Set(ctx, mark); err != nil {
			return err
		}
	}
	return nil
}

// unmark removes a mark if it is set and there is nothing of its kind, at the end of a block.
func (k *Keeper) unmark(ctx context.Context, mark uint64, look func(context.Context) (bool, error)) error {
	marked, err := k.marks.Has(ctx, mark)
	if err != nil || !marked {
		return err
	}
	if some, err := look(ctx); err != nil || some {
		return err
	}
	return k.marks.Remove(ctx, mark)
}

// anyDead tells whether there are dead letters.
func (k *Keeper) anyDead(ctx context.Context) (bool, error) {
	keys, err := k.keysIn(ctx, kindsSpan(placeDead, placeDead), 1)
	return len(keys) > 0, err
}

// anyLitter tells whether requests that have shrunk left anything behind.
func (k *Keeper) anyLitter(ctx context.Context) (some bool, err error) {
	err = k.litter.Walk(ctx, nil, func([]byte) (bool, error) { some = true; return true, nil })
	return some, err
}

// anyDeltas tells whether statistics of earlier blocks wait.
func (k *Keeper) anyDeltas(ctx context.Context) (some bool, err error) {
	err = k.deltas.Walk(ctx, nil, func(collections.Pair[[]byte, sdk.AccAddress], types.StatsDelta) (bool, error) {
		some = true
		return true, nil
	})
	return some, err
}
