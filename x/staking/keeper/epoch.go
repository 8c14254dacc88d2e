package keeper

import "context"

// CurrentEpoch gives the number of the running statistics epoch. It changes at the
// end of a block only, and only rises: the block that ends an epoch belongs to it.
func (k *Keeper) CurrentEpoch(ctx context.Context) (uint64, error) {
	clock, err := k.epochClock.Get(ctx)
	return clock.Number, err
}
