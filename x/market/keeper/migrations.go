package keeper

import (
	"bytes"
	"context"
	"math"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// Migrator brings the module's store from one version to the next.
type Migrator struct{ k *Keeper }

// NewMigrator returns the migrations over a keeper.
func NewMigrator(k *Keeper) Migrator { return Migrator{k: k} }

// Migrate1to2 takes the latest epoch from the lifetime figures that version 1 kept, of the
// market and of each prover, moves requests that have bids from the end of their bidding
// window to that of their reveal window in the queue, brings prices from rising numbers
// into their ring, and sets all marks. It reads all statistics, prices and that queue, and
// changes nothing else.
func (m Migrator) Migrate1to2(ctx sdk.Context) error {
	if err := m.k.splitLifetimes(ctx); err != nil {
		return err
	}
	if err := m.k.requeueHeights(ctx); err != nil {
		return err
	}
	if err := m.k.ringPrices(ctx); err != nil {
		return err
	}
	return m.k.markAll(ctx)
}

// ringPrices takes the prices from under the numbers that version 1 gave them, and counts
// them anew.
func (k *Keeper) ringPrices(ctx context.Context) error {
	var keys []priceKey
	var prices []types.PriceSample
	err := k.prices.Walk(ctx, nil, func(key priceKey, price types.PriceSample) (bool, error) {
		program := bytes.Clone(key.K2())
		keys, prices = append(keys, collections.Join3(key.K1(), program, key.K3())), append(prices, price)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := k.prices.Remove(ctx, key); err != nil {
			return err
		}
	}
	if err := k.priceCounts.Clear(ctx, nil); err != nil {
		return err
	}
	return k.addPrices(ctx, prices)
}

// requeueHeights puts everything in the queue of heights where its state says now.
func (k *Keeper) requeueHeights(ctx context.Context) error {
	queue, err := k.items(ctx, kindsSpan(placeHeight, placeHeight), math.MaxInt)
	if err != nil {
		return err
	}
	for _, item := range queue {
		e, err := k.load(ctx, item.id)
		if err != nil {
			return err
		}
		key, err := k.queueKey(e)
		if err != nil {
			return err
		}
		if bytes.Equal(key, item.key) {
			continue
		}
		if err := k.places.Remove(ctx, item.key); err != nil {
			return err
		}
		if err := k.places.Set(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
