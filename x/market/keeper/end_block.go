package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// EndBlock refunds what stands on revoked verifiers (law M11), applies what falls due
// (law M9), shrinks what has ended long ago (law M15), folds the block's statistics
// (law M14), and moves what the treasury is owed to the community pool (law M18). It
// must run after bank's EndBlock. Neither an item nor a phase can stop it: each runs in
// its own cache context. A phase that fails begins again with the next block, and
// messages apply meanwhile what is due.
func (k *Keeper) EndBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	m, err := k.now(ctx)
	if err != nil {
		return err
	}
	m.ending = true
	limit := int(params.EndBlockCap)
	swept := 0
	k.phase(ctx, "sweep", func(ctx context.Context) (err error) {
		swept, err = k.sweepRevoked(ctx, m, max(limit/2, 1))
		return err
	})
	k.phase(ctx, "queues", func(ctx context.Context) error { return k.processDue(ctx, m, limit-swept) })
	k.phase(ctx, "pruning", func(ctx context.Context) error { return k.prune(ctx, m, int(params.PruneCap)) })
	k.foldStats(ctx)
	// Coins that can't leave the module account leave it with a later block.
	k.phase(ctx, "treasury", func(ctx context.Context) error {
		return treasury.Sweep(ctx, k.bank, k.pool, k.accounts.GetModuleAddress(types.ModuleName), chain.Denom)
	})
	return nil
}

// phase runs one part of the end of a block, and logs its failure.
func (k *Keeper) phase(ctx context.Context, name string, run func(context.Context) error) {
	if err := isolate.Run(ctx, types.ErrItemFailed, run); err != nil {
		sdk.UnwrapSDKContext(ctx).Logger().Error("market: end of block", "phase", name, "error", err.Error())
	}
}

// processDue applies at most limit due entries, and moves the heads of the queues.
func (k *Keeper) processDue(ctx context.Context, m moment, limit int) error {
	due, err := k.dueItems(ctx, m, limit)
	if err != nil {
		return err
	}
	for _, q := range due {
		for _, item := range q.taken {
			if err := k.process(ctx, m, item); err != nil {
				return err
			}
		}
	}
	for _, q := range due {
		if err := k.moveHead(ctx, q.kind, q.before, q.taken, q.all); err != nil {
			return err
		}
	}
	return k.unmark(ctx, markDead, k.anyDead)
}

// queueItem is an entry of a queue: a key in places and the request that it leads to.
type queueItem struct{ id, key []byte }

// items reads at most limit entries of a span.
func (k *Keeper) items(ctx context.Context, s span, limit int) ([]queueItem, error) {
	keys, err := k.keysIn(ctx, s, limit)
	if err != nil {
		return nil, err
	}
	list := make([]queueItem, 0, len(keys))
	for _, key := range keys {
		id, err := idOf(key)
		if err != nil {
			return nil, err
		}
		list = append(list, queueItem{id: id, key: key})
	}
	return list, nil
}

// dueQueue is what the end of a block takes out of one queue: entries before that
// height or time, in order; all tells whether there are no others.
type dueQueue struct {
	kind   byte
	before uint64
	taken  []queueItem
	all    bool
}

// dueItems reads at most limit due entries, oldest first. Each queue may use at
// least half of the limit, so that a flood of one does not hold up the other; of an
// odd limit the two take turns to have the larger half, block by block.
func (k *Keeper) dueItems(ctx context.Context, m moment, limit int) ([]dueQueue, error) {
	heights := dueQueue{kind: placeHeight, before: m.height + 1}
	times := dueQueue{kind: placeTime, before: uint64(m.clock.MarketTime.UnixNano())}
	var err error
	if heights.taken, err = k.dueIn(ctx, heights.kind, heights.before, limit); err != nil {
		return nil, err
	}
	// The same rule as PassedAtEnd, on keys.
	open := m.height >= m.clock.GraceUntilHeight
	if open {
		if times.taken, err = k.dueIn(ctx, times.kind, times.before, limit); err != nil {
			return nil, err
		}
	}
	half := (limit + int(m.height%2)) / 2
	takeTimes := min(len(times.taken), max(limit-len(heights.taken), half))
	takeHeights := min(len(heights.taken), limit-takeTimes)
	times.all = open && takeTimes == len(times.taken) && takeTimes < limit
	heights.all = takeHeights == len(heights.taken) && takeHeights < limit
	times.taken, heights.taken = times.taken[:takeTimes], heights.taken[:takeHeights]
	return []dueQueue{times, heights}, nil
}

// process applies one queue entry. A look at a request whose deadline suspensions
// have put off counts like any other, and queues it anew (law M11). One that fails
// moves to the dead letters, with an event, for MsgRefund to retry.
func (k *Keeper) process(ctx context.Context, m moment, item queueItem) error {
	failure := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		e, err := k.load(ctx, item.id)
		if err != nil {
			return err
		}
		applied, err := k.advance(ctx, e, m)
		if err != nil || applied {
			return err
		}
		return k.postpone(ctx, e, m)
	})
	if failure == nil {
		return nil
	}
	return k.deadLetter(ctx, item, failure)
}

// deadLetter moves an item that failed to the dead letters.
func (k *Keeper) deadLetter(ctx context.Context, item queueItem, failure error) error {
	if err := k.bury(ctx, item.id, item.key); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventDeadLetter{RequestId: types.FormatID(item.id), Error: errorText(ctx, types.FormatID(item.id), failure)})
}
