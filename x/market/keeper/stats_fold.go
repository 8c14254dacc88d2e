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
		waiting, err = k.waitingDeltas(ctx)
		return err
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

// fold adds deltas to lifetime and epoch figures and removes them.
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
			if err := k.countPrice(ctx, w.delta.Statement, *w.delta.Price); err != nil {
				return err
			}
		}
		if err := k.removeDelta(ctx, w); err != nil {
			return err
		}
	}
	return l.close(ctx)
}

// ledger holds the figures that a fold changes: those of the lifetime at 0, those of
// the running epoch at 1.
type ledger struct {
	k       *Keeper
	epoch   uint64
	market  [2]types.MarketStats
	provers map[string]*proverAccount
	// order is that in which provers came up: maps have none.
	order []*proverAccount
}

// proverAccount holds the figures of one prover.
type proverAccount struct {
	prover  sdk.AccAddress
	figures [2]types.ProverStats
}

// openLedger reads the market's figures.
func (k *Keeper) openLedger(ctx context.Context) (*ledger, error) {
	epoch, err := k.provers.CurrentEpoch(ctx)
	if err != nil {
		return nil, err
	}
	l := &ledger{k: k, epoch: epochKey(epoch), provers: map[string]*proverAccount{}}
	for i, key := range []uint64{lifetime, l.epoch} {
		if l.market[i], err = k.getMarketStats(ctx, key); err != nil {
			return nil, err
		}
		l.market[i].Provers.LastActive = max(l.market[i].Provers.LastActive, blockHeight(ctx))
	}
	return l, nil
}

// account reads a prover's figures once.
func (l *ledger) account(ctx context.Context, prover sdk.AccAddress) (*proverAccount, error) {
	if a, known := l.provers[string(prover)]; known {
		return a, nil
	}
	a := &proverAccount{prover: prover}
	for i, key := range []uint64{lifetime, l.epoch} {
		var err error
		if a.figures[i], err = l.k.getProverStats(ctx, prover, key); err != nil {
			return nil, err
		}
	}
	l.provers[string(prover)] = a
	l.order = append(l.order, a)
	return a, nil
}

// add adds one delta to the figures of its prover, if it has one, and of the market.
func (l *ledger) add(ctx context.Context, w waitingDelta) error {
	market := w.delta.Market
	market.Provers = w.delta.Prover
	for i := range l.market {
		var err error
		if l.market[i], err = l.market[i].Plus(market); err != nil {
			return err
		}
	}
	if w.key.K2().Empty() {
		return nil
	}
	a, err := l.account(ctx, w.key.K2())
	if err != nil {
		return err
	}
	for i := range a.figures {
		if a.figures[i], err = a.figures[i].Plus(w.delta.Prover); err != nil {
			return err
		}
	}
	return nil
}

// close writes the figures.
func (l *ledger) close(ctx context.Context) error {
	for _, a := range l.order {
		if err := l.k.setProverStats(ctx, a.prover, l.epoch, a.figures); err != nil {
			return err
		}
	}
	return l.k.setMarketStats(ctx, l.epoch, l.market)
}
