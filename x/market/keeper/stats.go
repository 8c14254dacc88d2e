package keeper

import (
	"context"
	"errors"
	"math"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// lifetime is the key of the figures since the beginning.
const lifetime = uint64(0)

// epochKey is the key of an epoch's figures.
func epochKey(epoch uint64) uint64 { return min(epoch, math.MaxUint64-1) + 1 }

// count adds to the market's statistics what happened to a request (law M14).
func (k *Keeper) count(ctx context.Context, id []byte, add types.MarketStats) error {
	return k.addDelta(ctx, id, nil, types.StatsDelta{Market: add})
}

// countFor adds to a prover's statistics, and so to the market's, what it did on a
// request.
func (k *Keeper) countFor(ctx context.Context, id []byte, prover sdk.AccAddress, add types.ProverStats) error {
	return k.addDelta(ctx, id, prover, types.StatsDelta{Prover: add})
}

// countBid counts a prover's first bid for a request; one that replaces it only shows
// that the prover is active.
func (k *Keeper) countBid(ctx context.Context, e *entry, prover sdk.AccAddress, replaced bool) error {
	add := types.ProverStats{LastActive: blockHeight(ctx)}
	if !replaced {
		add.Bids = 1
	}
	return k.countFor(ctx, e.id, prover, add)
}

// countProof counts a proof that was paid, and offers its price to the history.
func (k *Keeper) countProof(ctx context.Context, e *entry, prover sdk.AccAddress, plan auction.Settlement) error {
	program, digest, err := e.request.Statement.Decode()
	if err != nil {
		return err
	}
	key, err := auction.StatementKey(e.request.Statement.Verifier, program[:], digest[:])
	if err != nil {
		return err
	}
	price := e.auction.Assignment.Price
	err = k.addDelta(ctx, e.id, prover, types.StatsDelta{
		Prover: types.ProverStats{Fulfilled: 1, Fees: price, ProtocolFees: plan.ProtocolFee, LastActive: blockHeight(ctx)},
		Price: &types.PriceSample{
			RequestId: e.request.Id, Verifier: e.request.Statement.Verifier, Program: e.request.Statement.Program,
			Price: price, Time: sdk.UnwrapSDKContext(ctx).BlockTime().UTC(),
		},
		Statement: key[:],
	})
	if err != nil {
		return err
	}
	return k.count(ctx, e.id, types.MarketStats{Refunds: plan.Refund})
}

// countRefund counts a request that ended without a proof.
func (k *Keeper) countRefund(ctx context.Context, e *entry, reason types.EndReason, plan auction.Refund) error {
	add := types.MarketStats{Refunds: plan.Requester}
	*ended(&add, reason) = 1
	return k.count(ctx, e.id, add)
}

// ended is the figure that counts requests which ended for the reason.
func ended(s *types.MarketStats, reason types.EndReason) *uint64 {
	switch reason {
	case types.END_REASON_PROVED:
		return &s.Provers.Fulfilled
	case types.END_REASON_CANCELLED:
		return &s.Cancelled
	case types.END_REASON_NO_BIDS:
		return &s.NoBids
	case types.END_REASON_NONE_RANKED:
		return &s.NoneRanked
	case types.END_REASON_REVOKED:
		return &s.Revoked
	default:
		return &s.Failed
	}
}

// forget removes a bid of a request that has shrunk, and counts what it lost.
func (k *Keeper) forget(ctx context.Context, key collections.Pair[[]byte, sdk.AccAddress]) error {
	bid, err := k.bids.Get(ctx, key)
	if err != nil {
		return err
	}
	if err := k.countForgotten(ctx, key.K1(), key.K2(), bid); err != nil {
		return err
	}
	return k.bids.Remove(ctx, key)
}

// countForgotten counts the bond of a bid whose record is about to go: one that was
// never revealed lost it at the closing, which looks at no bids (law M6).
func (k *Keeper) countForgotten(ctx context.Context, id []byte, prover sdk.AccAddress, bid types.Bid) error {
	if bid.State != types.BID_STATE_SEALED || bid.BondReturned {
		return nil
	}
	return k.countFor(ctx, id, prover, types.ProverStats{BondsLost: bid.Bond})
}

// getProverStats reads a prover's figures; those of nothing if there are none.
func (k *Keeper) getProverStats(ctx context.Context, prover sdk.AccAddress, epoch uint64) (types.ProverStats, error) {
	s, err := k.proverStats.Get(ctx, collections.Join(prover, epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return types.NoProverStats(), nil
	}
	return s, err
}

// getMarketStats reads the market's figures; those of nothing if there are none.
func (k *Keeper) getMarketStats(ctx context.Context, epoch uint64) (types.MarketStats, error) {
	s, err := k.marketStats.Get(ctx, epoch)
	if errors.Is(err, collections.ErrNotFound) {
		return types.NoMarketStats(), nil
	}
	return s, err
}

// setProverStats writes a prover's figures of its lifetime and of an epoch. Epochs
// only rise, so at most one of those kept becomes too old.
func (k *Keeper) setProverStats(ctx context.Context, prover sdk.AccAddress, epoch uint64, figures [2]types.ProverStats) error {
	if err := k.proverStats.Set(ctx, collections.Join(prover, lifetime), figures[0]); err != nil {
		return err
	}
	known, err := k.proverStats.Has(ctx, collections.Join(prover, epoch))
	if err != nil {
		return err
	}
	if err := k.proverStats.Set(ctx, collections.Join(prover, epoch), figures[1]); err != nil || known {
		return err
	}
	rng := collections.NewPrefixedPairRange[sdk.AccAddress, uint64](prover).StartExclusive(lifetime)
	return dropOldest(ctx, k.proverStats, rng)
}

// setMarketStats writes the market's figures of its lifetime and of an epoch.
func (k *Keeper) setMarketStats(ctx context.Context, epoch uint64, figures [2]types.MarketStats) error {
	if err := k.marketStats.Set(ctx, lifetime, figures[0]); err != nil {
		return err
	}
	if err := k.marketStats.Set(ctx, epoch, figures[1]); err != nil {
		return err
	}
	return dropOldest(ctx, k.marketStats, new(collections.Range[uint64]).StartExclusive(lifetime))
}

// dropOldest removes the first records of a range of epochs until MaxStatsEpochs remain.
func dropOldest[K, V any](ctx context.Context, figures collections.Map[K, V], rng collections.Ranger[K]) error {
	it, err := figures.Iterate(ctx, rng)
	if err != nil {
		return err
	}
	epochs, err := it.Keys()
	if err != nil {
		return err
	}
	for ; len(epochs) > types.MaxStatsEpochs; epochs = epochs[1:] {
		if err := figures.Remove(ctx, epochs[0]); err != nil {
			return err
		}
	}
	return nil
}
