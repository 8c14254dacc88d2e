package keeper

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// waitingDelta is a delta with its key.
type waitingDelta struct {
	key   collections.Pair[[]byte, sdk.AccAddress]
	delta types.StatsDelta
	// kept tells whether an earlier block left it in the store.
	kept bool
}

// addDelta adds to what this block's end folds. Its key holds the request's id: no two
// requests share one (law M18). What is there is shared with other branches of the
// state, so a sum takes its place and nothing in it changes.
func (k *Keeper) addDelta(ctx context.Context, id []byte, prover sdk.AccAddress, add types.StatsDelta) error {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.StatsGas, "statistics")
	store, key := k.blockDeltas(ctx), deltaKey(id, prover)
	delta, _ := store.Get(key).(types.StatsDelta) // of nothing, if there is none
	delta, err := delta.Plus(add)
	if err != nil {
		return err
	}
	store.Set(key, delta)
	return nil
}

// blockDeltas holds what this block adds.
func (k *Keeper) blockDeltas(ctx context.Context) storetypes.ObjKVStore {
	return sdk.UnwrapSDKContext(ctx).ObjectStore(k.objects)
}

// deltaKey orders deltas of a block as the store orders those of earlier ones: all ids
// have the same length.
func deltaKey(id []byte, prover sdk.AccAddress) []byte { return slices.Concat(id, prover) }

// waitingDeltas reads what waits to be folded, in the order of the keys: what earlier
// blocks left, and what this one's transactions paid to count and its queue items
// counted. With an error comes what could be read.
func (k *Keeper) waitingDeltas(ctx context.Context) ([]waitingDelta, error) {
	list, err := k.keptDeltas(ctx)
	kept := len(list)
	it := k.blockDeltas(ctx).Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		key := bytes.Clone(it.Key())
		delta, _ := it.Value().(types.StatsDelta)
		id, prover := key[:auction.IDSize:auction.IDSize], key[auction.IDSize:]
		list = append(list, waitingDelta{key: collections.Join(id, sdk.AccAddress(prover)), delta: delta})
	}
	if kept > 0 {
		slices.SortStableFunc(list, func(a, b waitingDelta) int {
			return cmp.Or(bytes.Compare(a.key.K1(), b.key.K1()), bytes.Compare(a.key.K2(), b.key.K2()))
		})
	}
	return list, errors.Join(err, it.Close())
}

// keptDeltas reads what earlier blocks left.
func (k *Keeper) keptDeltas(ctx context.Context) ([]waitingDelta, error) {
	if some, err := k.marks.Has(ctx, markDeltas); err != nil || !some {
		return nil, err
	}
	var list []waitingDelta
	err := k.deltas.Walk(ctx, nil, func(key collections.Pair[[]byte, sdk.AccAddress], delta types.StatsDelta) (bool, error) {
		key = collections.Join(bytes.Clone(key.K1()), sdk.AccAddress(bytes.Clone(key.K2())))
		list = append(list, waitingDelta{key: key, delta: delta, kept: true})
		return false, nil
	})
	return list, err
}

// removeDelta removes what was folded from where it waited.
func (k *Keeper) removeDelta(ctx context.Context, w waitingDelta) error {
	if w.kept {
		return k.deltas.Remove(ctx, w.key)
	}
	k.blockDeltas(ctx).Delete(deltaKey(w.key.K1(), w.key.K2()))
	return nil
}

// keepDelta moves what this block could not fold to the store, where it waits for the
// next: the block's commit empties the other.
func (k *Keeper) keepDelta(ctx context.Context, w waitingDelta) error {
	if w.kept {
		return nil
	}
	return isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		kept, err := k.deltas.Get(ctx, w.key)
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return err
		}
		if kept, err = kept.Plus(w.delta); err != nil {
			return err
		}
		if err := k.deltas.Set(ctx, w.key, kept); err != nil {
			return err
		}
		if err := k.marks.Set(ctx, markDeltas); err != nil {
			return err
		}
		return k.removeDelta(ctx, w)
	})
}
