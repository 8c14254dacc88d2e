package keeper

import (
	"context"
	"encoding/binary"
	"errors"

	"cosmossdk.io/collections"
)

// headPeriod is after how many blocks the head of a queue moves although nothing was
// taken out at the end of a block: messages take entries out too.
const headPeriod = 64

// head is a height or time before which the queue holds nothing. The end of a block
// reads from there: a database keeps keys that were deleted until it compacts, so the
// beginning of a queue is a long way past all that it ever held. Whatever enters a
// queue does so at the present height or market time, or after it.
func (k *Keeper) head(ctx context.Context, kind byte) (uint64, error) {
	at, err := k.heads.Get(ctx, uint64(kind))
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return at, err
}

// dueIn reads at most limit entries of a queue before a height or time, in order.
func (k *Keeper) dueIn(ctx context.Context, kind byte, before uint64, limit int) ([]queueItem, error) {
	head, err := k.head(ctx, kind)
	if err != nil {
		return nil, err
	}
	return k.items(ctx, span{start: queueAt(kind, head), end: queueAt(kind, before)}, limit)
}

// moveHead moves the head of a queue once the entries taken, its first ones, have been
// worked on: to the present, if they were all that was due, else to the last of them;
// never past one that is still there. Messages of this block count as the present, too:
// the SDK's simulator runs them after the end of the block.
func (k *Keeper) moveHead(ctx context.Context, kind byte, before uint64, taken []queueItem, all bool) error {
	if len(taken) == 0 && (!all || blockHeight(ctx)%headPeriod != 0) {
		return nil
	}
	to := before
	if kind == placeHeight {
		to = blockHeight(ctx)
	}
	if !all {
		to = placeAt(taken[len(taken)-1].key)
	}
	for _, item := range taken {
		still, err := k.places.Has(ctx, item.key)
		if err != nil {
			return err
		}
		if still {
			to = min(to, placeAt(item.key))
			break
		}
	}
	head, err := k.head(ctx, kind)
	if err != nil || to <= head {
		return err
	}
	return k.heads.Set(ctx, uint64(kind), to)
}

// queueAt is the first key of a queue at that height or time.
func queueAt(kind byte, at uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, at) }

// placeAt is the height or time of a key in a queue.
func placeAt(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:]) }

// checkHead checks that a place is not one that the end of a block would pass over.
func (k *Keeper) checkHead(ctx context.Context, key []byte) error {
	switch key[0] {
	case placeHeight, placeTime, placeRetained:
	default:
		return nil
	}
	head, err := k.head(ctx, key[0])
	if err == nil && placeAt(key) < head {
		err = broken("place %X lies before the head of its queue, %d", key, head)
	}
	return err
}
