package keeper

import "context"

// The queues that have a head: by height, by time, and of what is retained.
const (
	QueueHeight   = placeHeight
	QueueTime     = placeTime
	QueueRetained = placeRetained
)

// Head returns before which height or time a queue holds nothing; zero for the beginning.
func (k *Keeper) Head(ctx context.Context, queue byte) (uint64, error) { return k.head(ctx, queue) }

// SetHead writes the head of a queue, as a bug would.
func (k *Keeper) SetHead(ctx context.Context, queue byte, at uint64) error {
	return k.heads.Set(ctx, uint64(queue), at)
}

// Queued returns the heights or times of all places in a queue.
func (k *Keeper) Queued(ctx context.Context, queue byte) (list []uint64, err error) {
	keys, err := k.keysIn(ctx, prefixSpan([]byte{queue}), 1<<20)
	for _, key := range keys {
		list = append(list, placeAt(key))
	}
	return list, err
}
