package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// earlier is the key of the figures of all epochs before the latest one recorded. The
// two add up to the lifetime's, so that a block changes one record alone.
const earlier = uint64(0)

// statistics are the figures of a prover or of the market.
type statistics[S any] interface {
	types.ProverStats | types.MarketStats
	Plus(S) (S, error)
	Minus(S) (S, error)
	Active() uint64
	Check() error
}

// series is where the figures of a prover, or of the market, are kept by epoch.
type series[K any, S statistics[S]] struct {
	records collections.Map[K, S]
	key     func(epoch uint64) K
	epochOf func(K) uint64
	// ranges are those of all records, of epochs, and of epochs with the latest first.
	ranges func() (all, epochs, latestFirst collections.Ranger[K])
}

// proverKey is a prover and the key of an epoch.
type proverKey = collections.Pair[sdk.AccAddress, uint64]

// proverSeries is that of a prover.
func (k *Keeper) proverSeries(prover sdk.AccAddress) series[proverKey, types.ProverStats] {
	return series[proverKey, types.ProverStats]{
		records: k.proverStats,
		key:     func(epoch uint64) proverKey { return collections.Join(prover, epoch) },
		epochOf: proverKey.K2,
		ranges: func() (all, epochs, latestFirst collections.Ranger[proverKey]) {
			of := collections.NewPrefixedPairRange[sdk.AccAddress, uint64]
			return of(prover), of(prover).StartExclusive(earlier), of(prover).StartExclusive(earlier).Descending()
		},
	}
}

// marketSeries is that of the market.
func (k *Keeper) marketSeries() series[uint64, types.MarketStats] {
	same := func(epoch uint64) uint64 { return epoch }
	return series[uint64, types.MarketStats]{
		records: k.marketStats,
		key:     same,
		epochOf: same,
		ranges: func() (all, epochs, latestFirst collections.Ranger[uint64]) {
			after := func() *collections.Range[uint64] { return new(collections.Range[uint64]).StartExclusive(earlier) }
			return new(collections.Range[uint64]), after(), after().Descending()
		},
	}
}

// get reads a record and tells whether there is one.
func (s series[K, S]) get(ctx context.Context, epoch uint64) (S, bool, error) {
	f, err := s.records.Get(ctx, s.key(epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return f, false, nil
	}
	return f, err == nil, err
}

// set writes a record within its bounds.
func (s series[K, S]) set(ctx context.Context, epoch uint64, f S) error {
	if err := f.Check(); err != nil {
		return err
	}
	return s.records.Set(ctx, s.key(epoch), f)
}

// latest reads the latest epoch recorded; its key is `earlier` if there is none.
func (s series[K, S]) latest(ctx context.Context) (epoch uint64, f S, err error) {
	_, _, latestFirst := s.ranges()
	it, err := s.records.Iterate(ctx, latestFirst)
	if err != nil {
		return earlier, f, err
	}
	if it.Valid() {
		var kv collections.KeyValue[K, S]
		kv, err = it.KeyValue()
		epoch, f = s.epochOf(kv.Key), kv.Value
	}
	return epoch, f, errors.Join(err, it.Close())
}

// history reads all records.
func (s series[K, S]) history(ctx context.Context) (h history[S], err error) {
	all, _, _ := s.ranges()
	err = s.records.Walk(ctx, all, func(key K, f S) (bool, error) {
		h = append(h, record[S]{s.epochOf(key), f})
		return false, nil
	})
	return h, err
}

// dropOldest removes the first epochs until MaxStatsEpochs remain.
func (s series[K, S]) dropOldest(ctx context.Context) error {
	_, epochs, _ := s.ranges()
	it, err := s.records.Iterate(ctx, epochs)
	if err != nil {
		return err
	}
	keys, err := it.Keys()
	if err != nil {
		return err
	}
	for ; len(keys) > types.MaxStatsEpochs; keys = keys[1:] {
		if err := s.records.Remove(ctx, keys[0]); err != nil {
			return err
		}
	}
	return nil
}

// record holds figures with their key: `earlier` or that of an epoch.
type record[S statistics[S]] struct {
	epoch   uint64
	figures S
}

// history is what a series holds, in the order of the keys.
type history[S statistics[S]] []record[S]

// split tells the figures of earlier epochs, if there are any, from the epochs.
func (h history[S]) split() (before S, epochs history[S]) {
	if len(h) > 0 && h[0].epoch == earlier {
		return h[0].figures, h[1:]
	}
	return before, h
}

// latest are the figures of the latest epoch.
func (h history[S]) latest() (f S) {
	if _, epochs := h.split(); len(epochs) > 0 {
		return epochs[len(epochs)-1].figures
	}
	return f
}

// lifetime sums up all epochs, forgotten ones included.
func (h history[S]) lifetime() (S, error) {
	before, _ := h.split()
	return before.Plus(h.latest())
}

// whole has the lifetime, under 0, in the place of earlier epochs, as a genesis does.
func (h history[S]) whole() (history[S], error) {
	if len(h) == 0 {
		return nil, nil
	}
	lifetime, err := h.lifetime()
	_, epochs := h.split()
	return append(history[S]{{0, lifetime}}, epochs...), err
}

// rest undoes whole: it takes the latest epoch from the lifetime.
func (h history[S]) rest() (S, error) {
	lifetime, _ := h.split()
	return lifetime.Minus(h.latest())
}

// walkProvers goes through what is recorded of each prover.
func (k *Keeper) walkProvers(ctx context.Context, do func(sdk.AccAddress, history[types.ProverStats]) error) error {
	var prover sdk.AccAddress
	var h history[types.ProverStats]
	err := k.proverStats.Walk(ctx, nil, func(key proverKey, s types.ProverStats) (bool, error) {
		if len(h) > 0 && !prover.Equals(key.K1()) {
			if err := do(prover, h); err != nil {
				return true, err
			}
			h = nil
		}
		prover = key.K1()
		h = append(h, record[types.ProverStats]{key.K2(), s})
		return false, nil
	})
	if err != nil || len(h) == 0 {
		return err
	}
	return do(prover, h)
}
