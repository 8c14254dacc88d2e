package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// foldStats folds what the block added into the statistics (laws M14, M18). It stops
// nothing: should the whole fail, each delta is tried alone, and what fails then is
// kept for the next block.
func (k *Keeper) foldStats(ctx context.Context) {
	var waiting []waitingDelta
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) (err error) {
		if waiting, err = k.waitingDeltas(ctx); err != nil {
			return err
		}
		return k.unmark(ctx, markDeltas, k.anyDeltas)
	})
	if err == nil {
		err = k.tryFold(ctx, waiting)
	}
	if err == nil {
		return
	}
	log := sdk.UnwrapSDKContext(ctx).Logger()
	log.Error("market: statistics could not be folded at once", "error", err.Error())
	for i, w := range waiting {
		err := k.tryFold(ctx, waiting[i:i+1])
		if err == nil {
			continue
		}
		log := log.With("request", types.FormatID(w.key.K1()), "prover", w.key.K2().String())
		log.Error("market: a part of the statistics waits", "error", err.Error())
		if err := k.keepDelta(ctx, w); err != nil {
			log.Error("market: a part of the statistics is lost", "error", err.Error())
		}
	}
}

// tryFold folds all of the deltas or none.
func (k *Keeper) tryFold(ctx context.Context, deltas []waitingDelta) error {
	return isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error { return k.fold(ctx, deltas) })
}

// fold adds deltas to the figures of the running epoch and removes them.
func (k *Keeper) fold(ctx context.Context, deltas []waitingDelta) error {
	if len(deltas) == 0 {
		return nil
	}
	l, err := k.openLedger(ctx)
	if err != nil {
		return err
	}
	for _, w := range deltas {
		if err := l.add(ctx, w); err != nil {
			return err
		}
		if w.delta.Price != nil {
			if err := l.prices.count(ctx, w.delta.Statement, *w.delta.Price); err != nil {
				return err
			}
		}
		if err := k.removeDelta(ctx, w); err != nil {
			return err
		}
	}
	return l.close(ctx)
}

// ledger holds the figures that a fold changes.
type ledger struct {
	k       *Keeper
	epoch   uint64
	market  *account[uint64, types.MarketStats]
	prices  *priceBook
	provers map[string]*proverAccount
	// order is that in which provers came up: maps have none.
	order []*proverAccount
}

// proverAccount holds the figures of one prover.
type proverAccount = account[proverKey, types.ProverStats]

// openLedger reads the market's figures. No prover has any of a later epoch.
func (k *Keeper) openLedger(ctx context.Context) (*ledger, error) {
	running, err := k.provers.CurrentEpoch(ctx)
	if err != nil {
		return nil, err
	}
	market := k.marketSeries()
	latest, _, err := market.latest(ctx)
	if err != nil {
		return nil, err
	}
	l := &ledger{k: k, epoch: max(epochKey(running), latest), prices: k.openPriceBook(), provers: map[string]*proverAccount{}}
	l.market, err = market.open(ctx, l.epoch)
	return l, err
}

// account reads a prover's figures once.
func (l *ledger) account(ctx context.Context, prover sdk.AccAddress) (*proverAccount, error) {
	if a, known := l.provers[string(prover)]; known {
		return a, nil
	}
	a, err := l.k.proverSeries(prover).open(ctx, l.epoch)
	if err != nil {
		return nil, err
	}
	l.provers[string(prover)] = a
	l.order = append(l.order, a)
	return a, nil
}

// add adds one delta to the figures of its prover, if it has one, and of the market,
// which whatever happens keeps active.
func (l *ledger) add(ctx context.Context, w waitingDelta) error {
	market := w.delta.Market
	market.Provers = w.delta.Prover
	market.Provers.LastActive = max(market.Provers.LastActive, blockHeight(ctx))
	if err := l.market.add(market); err != nil {
		return err
	}
	if w.key.K2().Empty() {
		return nil
	}
	a, err := l.account(ctx, w.key.K2())
	if err != nil {
		return err
	}
	return a.add(w.delta.Prover)
}

// close writes the figures.
func (l *ledger) close(ctx context.Context) error {
	for _, a := range l.order {
		if err := a.close(ctx); err != nil {
			return err
		}
	}
	if err := l.prices.close(ctx); err != nil {
		return err
	}
	return l.market.close(ctx)
}
