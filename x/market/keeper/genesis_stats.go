package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// importStats writes statistics, prices and statements. A genesis has lifetimes where the
// store has earlier epochs. Prices are counted anew: their order is what matters.
func (k *Keeper) importStats(ctx context.Context, g *types.GenesisState) error {
	if err := k.checkEpochs(ctx, g); err != nil {
		return err
	}
	for _, m := range g.MarketStats {
		if err := k.marketStats.Set(ctx, m.Epoch, m.Stats); err != nil {
			return err
		}
	}
	for _, p := range g.ProverStats {
		prover, err := k.address("prover", p.Prover)
		if err != nil {
			return err
		}
		if err := k.proverStats.Set(ctx, collections.Join(prover, p.Epoch), p.Stats); err != nil {
			return err
		}
	}
	if err := k.splitLifetimes(ctx); err != nil {
		return err
	}
	if err := k.addPrices(ctx, g.Prices); err != nil {
		return err
	}
	for _, s := range g.Statements {
		key, err := types.ParseID(s.Key)
		if err != nil {
			return err
		}
		id, err := types.ParseID(s.RequestId)
		if err != nil {
			return err
		}
		if err := k.statements.Set(ctx, key, id); err != nil {
			return err
		}
	}
	return nil
}

// splitLifetimes takes the latest epoch from each lifetime: what is left is of earlier
// epochs.
func (k *Keeper) splitLifetimes(ctx context.Context) error {
	market := k.marketSeries()
	h, err := market.history(ctx)
	if err != nil {
		return err
	}
	if len(h) > 0 {
		rest, err := h.rest()
		if err != nil {
			return errorsmod.Wrap(err, "the market")
		}
		if err := market.records.Set(ctx, earlier, rest); err != nil {
			return err
		}
	}
	type left struct {
		key  proverKey
		rest types.ProverStats
	}
	var provers []left
	err = k.walkProvers(ctx, func(prover sdk.AccAddress, h history[types.ProverStats]) error {
		rest, err := h.rest()
		provers = append(provers, left{collections.Join(prover, earlier), rest})
		return errorsmod.Wrapf(err, "prover %s", prover)
	})
	if err != nil {
		return err
	}
	for _, p := range provers {
		if err := k.proverStats.Set(ctx, p.key, p.rest); err != nil {
			return err
		}
	}
	return nil
}

// checkEpochs returns ErrInvalidGenesis for statistics of an epoch to come: the oldest
// epochs are forgotten first, and that would be the running one.
func (k *Keeper) checkEpochs(ctx context.Context, g *types.GenesisState) error {
	last := earlier
	for _, m := range g.MarketStats {
		last = max(last, m.Epoch)
	}
	for _, p := range g.ProverStats {
		last = max(last, p.Epoch)
	}
	if last == earlier {
		return nil
	}
	running, err := k.provers.CurrentEpoch(ctx)
	if err == nil && last > epochKey(running) {
		err = errorsmod.Wrapf(types.ErrInvalidGenesis, "statistics of epoch %d, number %d runs", last-1, running)
	}
	return err
}

// exportStats reads statistics, prices and statements. What waits to be counted is
// counted first, in a branch of the state, so that nothing is lost: deltas, and the
// bonds of forgotten bids that the export leaves out.
func (k *Keeper) exportStats(ctx context.Context, g *types.GenesisState) error {
	branch, _ := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := k.countLitter(branch); err != nil {
		return err
	}
	waiting, err := k.waitingDeltas(branch)
	if err != nil {
		return err
	}
	if err := k.fold(branch, waiting); err != nil {
		return err
	}
	return k.readStats(branch, g)
}

// countLitter counts the bids that are left of requests which have shrunk.
func (k *Keeper) countLitter(ctx context.Context) error {
	it, err := k.litter.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	ids, err := it.Keys()
	if err != nil {
		return err
	}
	for _, id := range ids {
		rng := collections.NewPrefixedPairRange[[]byte, sdk.AccAddress](id)
		err := k.bids.Walk(ctx, rng, func(key collections.Pair[[]byte, sdk.AccAddress], bid types.Bid) (bool, error) {
			return false, k.countForgotten(ctx, id, key.K2(), bid)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readStats reads statistics, prices and statements in the order of their keys.
func (k *Keeper) readStats(ctx context.Context, g *types.GenesisState) error {
	h, err := k.marketSeries().history(ctx)
	if err != nil {
		return err
	}
	records, err := h.whole()
	if err != nil {
		return err
	}
	for _, r := range records {
		g.MarketStats = append(g.MarketStats, types.GenesisMarketStats{Epoch: r.epoch, Stats: r.figures})
	}
	err = k.walkProvers(ctx, func(prover sdk.AccAddress, h history[types.ProverStats]) error {
		name, err := k.format(prover)
		if err != nil {
			return err
		}
		records, err := h.whole()
		for _, r := range records {
			g.ProverStats = append(g.ProverStats, types.GenesisProverStats{Prover: name, Epoch: r.epoch, Stats: r.figures})
		}
		return err
	})
	if err != nil {
		return err
	}
	err = k.priceCounts.Walk(ctx, nil, func(program programKey, _ uint64) (bool, error) {
		prices, err := k.pricesOf(ctx, program)
		g.Prices = append(g.Prices, prices...)
		return err != nil, err
	})
	if err != nil {
		return err
	}
	return k.statements.Walk(ctx, nil, func(key, id []byte) (bool, error) {
		g.Statements = append(g.Statements, types.GenesisStatement{Key: types.FormatID(key), RequestId: types.FormatID(id)})
		return false, nil
	})
}
