package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// priceKey is (verifier, program, number).
type priceKey = collections.Triple[string, []byte, uint64]

// priceBook appends prices, and looks up once for each program which number is next.
type priceBook struct {
	k    *Keeper
	next map[programKey]uint64
}

// programKey is a program of a verifier, both as a price names them.
type programKey struct{ verifier, program string }

func (k *Keeper) openPriceBook() priceBook { return priceBook{k, map[programKey]uint64{}} }

// count keeps the price of a statement that nobody proved before. A statement counts
// once, so that nobody moves the prices by buying one proof over and over (law M14).
func (b priceBook) count(ctx context.Context, statement []byte, price types.PriceSample) error {
	known, err := b.k.statements.Has(ctx, statement)
	if err != nil || known {
		return err
	}
	id, err := types.ParseID(price.RequestId)
	if err != nil {
		return err
	}
	if err := b.k.statements.Set(ctx, statement, id); err != nil {
		return err
	}
	return b.add(ctx, price)
}

// add appends a price to those of its program and forgets the oldest one past
// MaxPrices.
func (b priceBook) add(ctx context.Context, price types.PriceSample) error {
	program, err := verifiertypes.DecodeID("program", price.Program)
	if err != nil {
		return err
	}
	key := programKey{price.Verifier, price.Program}
	number, known := b.next[key]
	if !known {
		if number, err = b.k.nextPrice(ctx, price.Verifier, program[:]); err != nil {
			return err
		}
	}
	b.next[key] = number + 1
	if err := b.k.prices.Set(ctx, collections.Join3(price.Verifier, program[:], number), price); err != nil {
		return err
	}
	if number < types.MaxPrices {
		return nil
	}
	return b.k.prices.Remove(ctx, collections.Join3(price.Verifier, program[:], number-types.MaxPrices))
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
