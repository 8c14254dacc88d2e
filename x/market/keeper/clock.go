package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// BeginBlock moves the clock (docs/design.md section 5, "Clock"): market time is
// block time minus the time lost to halts. A gap longer than max_block_gap is
// lost whole, before any message of the block, and so is the time since the last
// block of an imported state. Halts are kept, so that the market time of a past
// block can be told.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	clock, err := k.clock.Get(ctx)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	imported, err := k.imported.Get(ctx)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	blockTime := sdkCtx.BlockTime().UTC()
	if clock.LastBlockTime.IsZero() {
		clock.MarketTime, clock.LastBlockTime = blockTime, blockTime
		return k.clock.Set(ctx, clock)
	}
	gap := blockTime.Sub(clock.LastBlockTime)
	if imported {
		if err := k.imported.Remove(ctx); err != nil {
			return err
		}
	}
	before := clock.LastBlockTime
	clock.LastBlockTime = blockTime
	if imported || gap > params.MaxBlockGap {
		clock.Lost += gap
		clock.GraceUntilHeight = graceUntil(clock.GraceUntilHeight, blockHeight(ctx), params.HaltGraceBlocks, imported)
		if err := k.recordHalt(ctx, clock, before); err != nil {
			return err
		}
		event := types.EventHalt{Gap: gap, Lost: clock.Lost, GraceUntilHeight: clock.GraceUntilHeight}
		if err := events.Emit(ctx, &event); err != nil {
			return err
		}
	}
	if blockHeight(ctx) == clock.GraceUntilHeight {
		if err := k.endGrace(ctx, blockTime); err != nil {
			return err
		}
	}
	clock.MarketTime = blockTime.Add(-clock.Lost)
	return k.clock.Set(ctx, clock)
}

// graceUntil is the last block of the grace of which the block of that height is the
// first. A halt never shortens a grace that runs still, though halt_grace_blocks may
// have been lowered since it began. An import begins one of its own: the heights of
// the chain that was exported say nothing about those of another.
func graceUntil(running, height, blocks uint64, imported bool) uint64 {
	until := height + blocks - 1
	if imported {
		return until
	}
	return max(running, until)
}
