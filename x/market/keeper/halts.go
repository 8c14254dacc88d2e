package keeper

import (
	"context"
	"time"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// recordHalt keeps the halt that ended with the present block, to which clock has
// been moved already. before is the time of the block before it.
func (k *Keeper) recordHalt(ctx context.Context, clock types.Clock, before time.Time) error {
	if err := k.endGrace(ctx, before); err != nil {
		return err
	}
	at := clock.LastBlockTime
	// An import may start at a time before that of the export. Halts that were at
	// or after it are on another time line, and what they took counts as part of
	// this one.
	known, _, err := k.pastMarketTime(ctx, at.Add(-1))
	if err != nil {
		return err
	}
	if err := k.halts.Clear(ctx, new(collections.Range[int64]).StartInclusive(at.UnixNano())); err != nil {
		return err
	}
	halt := types.Halt{Time: at, Gap: clock.Lost - at.Add(-1).Sub(known), Lost: clock.Lost}
	if clock.GraceUntilHeight < blockHeight(ctx) {
		none := at.Add(-1)
		halt.GraceEnded = &none
	}
	if err := k.halts.Set(ctx, at.UnixNano(), halt); err != nil {
		return err
	}
	return k.forgetHalts(ctx)
}

// endGrace notes that the block of that time was the last of the grace, if one
// lasts.
func (k *Keeper) endGrace(ctx context.Context, at time.Time) error {
	last, found, err := k.haltAt(ctx, new(collections.Range[int64]).Descending())
	if err != nil || !found || last.GraceEnded != nil {
		return err
	}
	last.GraceEnded = &at
	return k.halts.Set(ctx, last.Time.UnixNano(), last)
}

// forgetHalts removes the oldest halts above MaxHalts.
func (k *Keeper) forgetHalts(ctx context.Context) error {
	var keys []int64
	err := k.halts.Walk(ctx, nil, func(key int64, _ types.Halt) (bool, error) {
		keys = append(keys, key)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys[:max(0, len(keys)-types.MaxHalts)] {
		if err := k.halts.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// haltAt reads the first halt of a range; false if there is none.
func (k *Keeper) haltAt(ctx context.Context, rng collections.Ranger[int64]) (halt types.Halt, found bool, err error) {
	err = k.halts.Walk(ctx, rng, func(_ int64, h types.Halt) (bool, error) {
		halt, found = h, true
		return true, nil
	})
	return halt, found, err
}

// pastMarketTime is the market time of the block of that time, and whether the
// block was in the grace after a halt. It takes one look-up. Before the oldest
// halt that is known, as much was lost as just before it.
func (k *Keeper) pastMarketTime(ctx context.Context, block time.Time) (at time.Time, graced bool, err error) {
	halt, found, err := k.haltAt(ctx, new(collections.Range[int64]).EndInclusive(block.UnixNano()).Descending())
	if err != nil {
		return at, false, err
	}
	if found {
		return block.Add(-halt.Lost).UTC(), halt.Graced(block), nil
	}
	halt, found, err = k.haltAt(ctx, nil)
	if err != nil {
		return at, false, err
	}
	if found {
		return block.Add(halt.Gap - halt.Lost).UTC(), false, nil
	}
	clock, err := k.clock.Get(ctx)
	return block.Add(-clock.Lost).UTC(), false, err
}

// allHalts reads the halts, oldest first.
func (k *Keeper) allHalts(ctx context.Context) (halts []types.Halt, err error) {
	err = k.halts.Walk(ctx, nil, func(key int64, h types.Halt) (bool, error) {
		halts = append(halts, h)
		if h.Time.UnixNano() != key {
			return true, broken("halt of %s is kept under %d", h.Time, key)
		}
		return false, nil
	})
	return halts, err
}
