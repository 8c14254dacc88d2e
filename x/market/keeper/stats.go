package keeper

import (
	"context"
	"math"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

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
