package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/internal/find"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// programKey is (verifier, program).
type programKey = collections.Pair[string, []byte]

// priceKey is (verifier, program, slot). The prices of a program are a ring of MaxPrices
// slots: the next one takes the place of the oldest, which spares a removal.
type priceKey = collections.Triple[string, []byte, uint64]

// priceBook appends prices. It reads once for each program how many were counted before.
type priceBook struct {
	k        *Keeper
	programs map[string]*pricedProgram
	// order is that in which programs came up: maps have none.
	order []*pricedProgram
}

// pricedProgram is a program with how many prices of it were counted.
type pricedProgram struct {
	key     programKey
	counted uint64
}

func (k *Keeper) openPriceBook() *priceBook {
	return &priceBook{k: k, programs: map[string]*pricedProgram{}}
}

// count keeps the price of a statement that nobody proved before. A statement counts
// once, so that nobody moves the prices by buying one proof over and over (law M14).
func (b *priceBook) count(ctx context.Context, statement []byte, price types.PriceSample) error {
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

// add appends a price to those of its program. It takes the slot of the oldest once there
// are MaxPrices.
func (b *priceBook) add(ctx context.Context, price types.PriceSample) error {
	p, err := b.program(ctx, price)
	if err != nil {
		return err
	}
	slot := p.counted % types.MaxPrices
	p.counted++
	return b.k.prices.Set(ctx, collections.Join3(p.key.K1(), p.key.K2(), slot), price)
}

// program gives the program of a price.
func (b *priceBook) program(ctx context.Context, price types.PriceSample) (*pricedProgram, error) {
	name := price.Verifier + "\x00" + price.Program
	if p, known := b.programs[name]; known {
		return p, nil
	}
	program, err := verifiertypes.DecodeID("program", price.Program)
	if err != nil {
		return nil, err
	}
	p := &pricedProgram{key: collections.Join(price.Verifier, program[:])}
	if p.counted, err = b.k.pricesCounted(ctx, p.key); err != nil {
		return nil, err
	}
	b.programs[name] = p
	b.order = append(b.order, p)
	return p, nil
}

// close writes how many prices were counted.
func (b *priceBook) close(ctx context.Context) error {
	for _, p := range b.order {
		if err := b.k.priceCounts.Set(ctx, p.key, p.counted); err != nil {
			return err
		}
	}
	return nil
}

// addPrices appends prices of a store that has none, oldest first for each program.
func (k *Keeper) addPrices(ctx context.Context, prices []types.PriceSample) error {
	book := k.openPriceBook()
	for _, p := range prices {
		if err := book.add(ctx, p); err != nil {
			return err
		}
	}
	return book.close(ctx)
}

// pricesCounted is how many prices of a program were counted, forgotten ones included.
func (k *Keeper) pricesCounted(ctx context.Context, program programKey) (uint64, error) {
	counted, _, err := find.In(ctx, k.kv, k.priceCounts, program)
	return counted, err
}

// pricesOf reads the prices of a program, oldest first.
func (k *Keeper) pricesOf(ctx context.Context, program programKey) ([]types.PriceSample, error) {
	counted, err := k.pricesCounted(ctx, program)
	if err != nil {
		return nil, err
	}
	var prices []types.PriceSample
	rng := collections.NewSuperPrefixedTripleRange[string, []byte, uint64](program.K1(), program.K2())
	err = k.prices.Walk(ctx, rng, func(_ priceKey, price types.PriceSample) (bool, error) {
		prices = append(prices, price)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if uint64(len(prices)) != min(counted, types.MaxPrices) {
		return nil, broken("%d prices of %s %X were counted, %d are kept", counted, program.K1(), program.K2(), len(prices))
	}
	if counted <= types.MaxPrices {
		return prices, nil
	}
	oldest := counted % types.MaxPrices
	return append(prices[oldest:], prices[:oldest]...), nil
}
