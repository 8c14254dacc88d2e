package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Heads returns where the end of a block begins to read the queues of unstakings, of
// commission rates and of epochs; zero for the beginning.
func (k *Keeper) Heads(ctx context.Context) (heads []uint64, err error) {
	for _, queue := range allHeads {
		head, err := k.head(ctx, queue)
		if err != nil {
			return nil, err
		}
		heads = append(heads, head)
	}
	return heads, nil
}

// ForgetHeads removes what version 1 did not have.
func (k *Keeper) ForgetHeads(ctx context.Context) error { return k.heads.Clear(ctx, nil) }

// RankTwice gives each vault the second place in the ranking that it had in version 1,
// among those of all states.
func (k *Keeper) RankTwice(ctx context.Context) error {
	ranks, err := keysOf(ctx, k.ranking)
	if err != nil {
		return err
	}
	for _, rank := range ranks {
		if err := k.ranking.Set(ctx, collections.Join4(int32(0), rank.K2(), rank.K3(), rank.K4())); err != nil {
			return err
		}
	}
	return nil
}

// keysOf reads a whole set.
func keysOf[K any](ctx context.Context, set collections.KeySet[K]) ([]K, error) {
	it, err := set.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Keys()
}

// SetHead writes the head of the first, second or third queue, as a bug would.
func (k *Keeper) SetHead(ctx context.Context, index int, at uint64) error {
	return k.heads.Set(ctx, allHeads[index], at)
}

// QueuedAt returns the times of all places in the queue of unstakings.
func (k *Keeper) QueuedAt(ctx context.Context) (times []int64, err error) {
	err = k.queue.Walk(ctx, nil, func(key collections.Quad[int64, sdk.AccAddress, uint64, uint64]) (bool, error) {
		times = append(times, key.K1())
		return false, nil
	})
	return times, err
}
