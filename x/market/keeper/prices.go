package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// priceKey is (verifier, program, number).
type priceKey = collections.Triple[string, []byte, uint64]

// countPrice keeps the price of a statement that nobody proved before. A statement
// counts once, so that nobody moves the prices by buying one proof over and over
// (law M14).
func (k *Keeper) countPrice(ctx context.Context, statement []byte, price types.PriceSample) error {
	known, err := k.statements.Has(ctx, statement)
	if err != nil || known {
		return err
	}
	id, err := types.ParseID(price.RequestId)
	if err != nil {
		return err
	}
	if err := k.statements.Set(ctx, statement, id); err != nil {
		return err
	}
	return k.addPrice(ctx, price)
}

// addPrice appends a price to those of its program and forgets the oldest one past
// MaxPrices.
func (k *Keeper) addPrice(ctx context.Context, price types.PriceSample) error {
	program, err := verifiertypes.DecodeID("program", price.Program)
	if err != nil {
		return err
	}
	number, err := k.nextPrice(ctx, price.Verifier, program[:])
	if err != nil {
		return err
	}
	if err := k.prices.Set(ctx, collections.Join3(price.Verifier, program[:], number), price); err != nil {
		return err
	}
	if number < types.MaxPrices {
		return nil
	}
	return k.prices.Remove(ctx, collections.Join3(price.Verifier, program[:], number-types.MaxPrices))
}

// nextPrice is the number after the latest price of a program.
func (k *Keeper) nextPrice(ctx context.Context, verifier string, program []byte) (uint64, error) {
	next := uint64(0)
	rng := collections.NewSuperPrefixedTripleRangeReversed[string, []byte, uint64](verifier, program)
	err := k.prices.Walk(ctx, rng, func(key priceKey, _ types.PriceSample) (bool, error) {
		next = key.K3() + 1
		return true, nil
	})
	return next, err
}

// pricesOf reads the prices of a program, oldest first.
func (k *Keeper) pricesOf(ctx context.Context, verifier string, program []byte) ([]types.PriceSample, error) {
	var prices []types.PriceSample
	rng := collections.NewSuperPrefixedTripleRange[string, []byte, uint64](verifier, program)
	err := k.prices.Walk(ctx, rng, func(_ priceKey, price types.PriceSample) (bool, error) {
		prices = append(prices, price)
		return len(prices) == types.MaxPrices, nil
	})
	return prices, err
}
