package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Bid places a sealed bid, or replaces one (law M5).
func (s msgServer) Bid(ctx context.Context, msg *types.MsgBid) (*types.MsgBidResponse, error) {
	signer, err := s.k.canonical("signer", &msg.Signer)
	if err != nil {
		return nil, err
	}
	return s.k.placeBid(ctx, signer, msg)
}

// placeBid stores a bid of an eligible prover. The first one escrows the bond;
// one that replaces it keeps bond and payer. While first bids are paused, only a
// bid that stands may be replaced (law M16).
func (k *Keeper) placeBid(ctx context.Context, signer sdk.AccAddress, msg *types.MsgBid) (*types.MsgBidResponse, error) {
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	e, m, err := k.open(ctx, msg.RequestId)
	if err != nil {
		return nil, err
	}
	if err := checkBidding(e, m); err != nil {
		return nil, err
	}
	bidder, err := k.actingFor(ctx, signer)
	if err != nil {
		return nil, err
	}
	prover := bidder.prover
	standing, reason, err := k.eligible(ctx, bidder, e.request)
	if err != nil {
		return nil, err
	}
	if reason != nil {
		return nil, reason
	}
	bid, replaced, err := k.earlierBid(ctx, e, prover)
	if err != nil {
		return nil, err
	}
	if !replaced {
		if bid, err = k.firstBid(ctx, e, signer, msg); err != nil {
			return nil, err
		}
	}
	bid.Commitment, bid.Generation, bid.Faults = msg.Commitment, standing.Generation, standing.Faults
	if err := k.setBid(ctx, e.id, prover, bid); err != nil {
		return nil, err
	}
	if err := k.countBid(ctx, e, prover, replaced); err != nil {
		return nil, err
	}
	name, err := k.format(prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgBidResponse{Prover: name, Bond: bid.Bond}, events.Emit(ctx, &types.EventBid{
		RequestId: e.request.Id, Prover: name, Signer: msg.Signer, Bond: bid.Bond, Payer: bid.Payer,
		Replaced: replaced, Bids: e.auction.Bids, Commitment: bid.Commitment, Generation: bid.Generation, Faults: bid.Faults,
	})
}

// checkBidding returns ErrBiddingClosed once the bidding window is over.
func checkBidding(e *entry, m moment) error {
	if e.auction.Stage != types.STAGE_BIDDING {
		return errorsmod.Wrapf(types.ErrBiddingClosed, "it closed after block %d, this is block %d", e.auction.BiddingEnd, m.height)
	}
	return nil
}

// firstBid takes the bond of a prover's first bid and counts the bidder.
func (k *Keeper) firstBid(ctx context.Context, e *entry, payer sdk.AccAddress, msg *types.MsgBid) (types.Bid, error) {
	bond, err := k.firstBond(ctx, e.request, msg)
	if err != nil {
		return types.Bid{}, err
	}
	if err := k.escrow(ctx, e, payer, "bid bond", bond); err != nil {
		return types.Bid{}, err
	}
	e.auction.Bids++
	e.auction.UnrevealedBonds = e.auction.UnrevealedBonds.Add(bond)
	return types.Bid{Bond: bond, Payer: msg.Signer, State: types.BID_STATE_SEALED, Fee: math.ZeroInt()}, k.save(ctx, e)
}

// firstBond says whether the market takes a first bid at its bond, and returns the bond.
func (k *Keeper) firstBond(ctx context.Context, r types.Request, msg *types.MsgBid) (math.Int, error) {
	if err := k.takesBids(ctx); err != nil {
		return math.Int{}, err
	}
	bond, err := bidBond(r)
	if err != nil {
		return bond, err
	}
	return bond, msg.CheckBond(bond)
}

// bidBond is the bond of a first bid under the request's pinned terms.
func bidBond(r types.Request) (math.Int, error) {
	bond, err := auction.Bond(r.MaxFee, r.Terms.MinBidBond, r.Terms.BidBondBps)
	if err != nil {
		return bond, errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	return bond, nil
}
