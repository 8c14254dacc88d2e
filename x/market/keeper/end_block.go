package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// EndBlock applies what falls due (law M9) and moves what the treasury is owed to
// the community pool (law M18). It must run after bank's EndBlock. No item can
// stop it: each runs in its own cache context.
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
	due, err := k.dueItems(ctx, m, int(params.EndBlockCap))
	if err != nil {
		return err
	}
	for _, item := range due {
		if err := k.process(ctx, m, item); err != nil {
			return err
		}
	}
	err = isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		return treasury.Sweep(ctx, k.bank, k.pool, k.accounts.GetModuleAddress(types.ModuleName), chain.Denom)
	})
	if err != nil {
		// The coins stay in the module account and leave with a later block.
		sdk.UnwrapSDKContext(ctx).Logger().Error("market: treasury sweep failed", "error", err.Error())
	}
	return nil
}

// queueItem is a queue entry.
type queueItem struct {
	id []byte
	// height or time is the place in the queue, whichever isTime says.
	height uint64
	time   int64
	isTime bool
}

// dueItems reads at most limit due entries, oldest first. Each queue may use at
// least half of the limit, so that a flood of one does not hold up the other.
func (k *Keeper) dueItems(ctx context.Context, m moment, limit int) ([]queueItem, error) {
	var heights, times []queueItem
	err := k.heightQueue.Walk(ctx, nil, func(key collections.Pair[uint64, []byte]) (bool, error) {
		if key.K1() > m.height {
			return true, nil
		}
		heights = append(heights, queueItem{id: bytes.Clone(key.K2()), height: key.K1()})
		return len(heights) == limit, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.timeQueue.Walk(ctx, nil, func(key collections.Pair[int64, []byte]) (bool, error) {
		// The same rule as PassedAtEnd, on keys.
		if key.K1() >= m.clock.MarketTime.UnixNano() || m.height < m.clock.GraceUntilHeight {
			return true, nil
		}
		times = append(times, queueItem{id: bytes.Clone(key.K2()), time: key.K1(), isTime: true})
		return len(times) == limit, nil
	})
	if err != nil {
		return nil, err
	}
	takeTimes := min(len(times), max(limit-len(heights), (limit+1)/2))
	takeHeights := min(len(heights), limit-takeTimes)
	return append(times[:takeTimes:takeTimes], heights[:takeHeights]...), nil
}

// process applies one queue entry. A look at a request whose deadline suspensions
// have put off counts like any other, and queues it anew (law M11). One that fails moves to the dead letters, with
// an event, for MsgRefund to retry.
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
	var err error
	if item.isTime {
		err = k.timeQueue.Remove(ctx, collections.Join(item.time, item.id))
	} else {
		err = k.heightQueue.Remove(ctx, collections.Join(item.height, item.id))
	}
	if err != nil {
		return err
	}
	if err := k.deadLetters.Set(ctx, item.id); err != nil {
		return err
	}
	return emit(ctx, &types.EventDeadLetter{RequestId: types.FormatID(item.id), Error: types.Truncate(failure.Error())})
}
