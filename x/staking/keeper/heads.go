package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// A head is a time, or an epoch, before which a queue holds nothing; none is known
// where there is no record. The end of a block reads from there: a database keeps
// keys that were deleted until it compacts, so the beginning of a queue is a long way
// past all that it ever held. Heads are written at the end of blocks, and by the few
// messages that put something into a queue whose time is over already.
const (
	headUnstakes = 1 // in Unix nanoseconds
	headRates    = 2 // in Unix nanoseconds
	headEpochs   = 3 // in epochs
)

// headPeriod is after how many blocks the head of a queue moves although nothing was
// due: messages take entries out too, and the head need not be written every block.
const headPeriod = 64

func (k *Keeper) head(ctx context.Context, queue uint64) (uint64, error) {
	at, err := k.heads.Get(ctx, queue)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return at, err
}

// raiseHead moves a head up. Nothing may be left before to.
func (k *Keeper) raiseHead(ctx context.Context, queue, to uint64) error {
	head, err := k.head(ctx, queue)
	if err != nil || to <= head {
		return err
	}
	return k.heads.Set(ctx, queue, to)
}

// lowerHead makes room in a queue for an entry of that time. One that is later than
// the block's needs none and reads nothing, since no head is ever past the time of
// the next block; a cancelled part of an unstaking that waited beyond its time, and a
// change of commission without notice, may need it.
func (k *Keeper) lowerHead(ctx context.Context, queue uint64, at time.Time) error {
	if at.After(now(ctx)) {
		return nil
	}
	head, err := k.head(ctx, queue)
	to := headOf(at.UnixNano())
	if err != nil || to >= head {
		return err
	}
	return k.heads.Set(ctx, queue, to)
}

// headOf is the head of a queue whose first entry has that time. Zero, which is the
// very beginning, stands for times before 1970.
func headOf(nanos int64) uint64 { return uint64(max(nanos, 0)) }

// timed is a queue in the order of times.
type timed[K any] struct {
	head uint64
	keys collections.KeySet[K]
	// first comes before all keys of that time, in Unix nanoseconds.
	first func(nanos int64) K
	at    func(K) int64
}

func (k *Keeper) unstakeQueue() timed[QueueKey] {
	return timed[QueueKey]{
		head: headUnstakes, keys: k.queue,
		first: collections.QuadPrefix[int64, sdk.AccAddress, uint64, uint64],
		at:    QueueKey.K1,
	}
}

func (k *Keeper) rateQueue() timed[CommissionQueueKey] {
	return timed[CommissionQueueKey]{
		head: headRates, keys: k.commissionQueue,
		first: collections.TriplePrefix[int64, sdk.AccAddress, string],
		at:    CommissionQueueKey.K1,
	}
}

// due reads at most limit keys whose time has come, oldest first.
func (q timed[K]) due(ctx context.Context, k *Keeper, limit int) (keys []K, err error) {
	head, err := k.head(ctx, q.head)
	if err != nil {
		return nil, err
	}
	rng := new(collections.Range[K]).EndExclusive(q.first(now(ctx).UnixNano() + 1))
	if head > 0 {
		rng = rng.StartInclusive(q.first(int64(head)))
	}
	err = q.keys.Walk(ctx, rng, func(key K) (bool, error) {
		keys = append(keys, key)
		return len(keys) >= limit, nil
	})
	return keys, err
}

// moveOn moves the head once the keys that due returned have been worked on, which
// puts none into the queue: past the block's time when there were fewer than limit,
// else to the last of them; never past one that is still there.
func (q timed[K]) moveOn(ctx context.Context, k *Keeper, done []K, limit int) error {
	if len(done) == 0 && sdk.UnwrapSDKContext(ctx).BlockHeight()%headPeriod != 0 {
		return nil
	}
	to := now(ctx).UnixNano() + 1
	if len(done) >= limit {
		to = q.at(done[len(done)-1])
	}
	for _, key := range done {
		still, err := q.keys.Has(ctx, key)
		if err != nil {
			return err
		}
		if still {
			to = q.at(key)
			break
		}
	}
	return k.raiseHead(ctx, q.head, headOf(to))
}

// begin returns the time of the queue's first key, as a head: at most just past the
// block's time, which is what an empty queue has.
func (q timed[K]) begin(ctx context.Context) (uint64, error) {
	at := now(ctx).UnixNano() + 1
	err := q.keys.Walk(ctx, nil, func(key K) (bool, error) {
		at = min(at, q.at(key))
		return true, nil
	})
	return headOf(at), err
}

// beginEpochs returns the first epoch that there is a record of, if there is any.
func (k *Keeper) beginEpochs(ctx context.Context) (first uint64, found bool, err error) {
	see := func(epoch uint64) {
		if !found || epoch < first {
			first, found = epoch, true
		}
	}
	err = k.proverEpochs.Walk(ctx, nil, func(key EpochKey, _ types.ProverEpoch) (bool, error) {
		see(key.K1())
		return true, nil
	})
	if err != nil {
		return 0, false, err
	}
	err = k.payouts.Walk(ctx, nil, func(epoch uint64, _ types.Payout) (bool, error) {
		see(epoch)
		return true, nil
	})
	return first, found, err
}

// begins returns where each queue begins, as the records say.
func (k *Keeper) begins(ctx context.Context) (map[uint64]uint64, error) {
	unstakes, err := k.unstakeQueue().begin(ctx)
	if err != nil {
		return nil, err
	}
	rates, err := k.rateQueue().begin(ctx)
	if err != nil {
		return nil, err
	}
	found := map[uint64]uint64{headUnstakes: unstakes, headRates: rates}
	epoch, kept, err := k.beginEpochs(ctx)
	if kept {
		found[headEpochs] = epoch
	}
	return found, err
}

// allHeads lists the queues that have a head.
var allHeads = []uint64{headUnstakes, headRates, headEpochs}

// checkHeads: no queue holds anything before its head, where the end of a block would
// never find it (invariant 5), and no head is past the time of the next block.
func (k *Keeper) checkHeads(ctx context.Context) error {
	begins, err := k.begins(ctx)
	if err != nil {
		return err
	}
	for _, queue := range allHeads {
		head, err := k.head(ctx, queue)
		if err != nil {
			return err
		}
		if begin, found := begins[queue]; found && begin < head {
			return broken("queue %d begins at %d, before its head, %d", queue, begin, head)
		}
	}
	return nil
}
