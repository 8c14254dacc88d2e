package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Claim pays out what could not be paid before (laws M11, M12).
func (s msgServer) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	owner, err := s.k.canonical("owner", &msg.Owner)
	if err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	amount, err := s.k.claim(ctx, owner, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{Amount: amount}, nil
}

// claim pays the owner's amount from the claims account, and the named bonds from
// their requests' accounts.
func (k *Keeper) claim(ctx context.Context, owner sdk.AccAddress, msg *types.MsgClaim) (math.Int, error) {
	sum, err := k.getClaim(ctx, owner)
	if err != nil {
		return sum, err
	}
	if sum.IsPositive() {
		if err := k.claims.Remove(ctx, owner); err != nil {
			return sum, err
		}
		if err := k.bank.SendCoins(ctx, types.ClaimsAccount(), owner, chain.Coins(sum)); err != nil {
			return sum, err
		}
	}
	for _, ref := range msg.Bids {
		bond, err := k.claimBond(ctx, owner, msg.Owner, ref)
		if err != nil {
			return sum, err
		}
		sum = sum.Add(bond)
	}
	if sum.IsZero() {
		return sum, errorsmod.Wrapf(types.ErrNothingToClaim, "%s; name the bids whose bonds to claim", msg.Owner)
	}
	return sum, events.Emit(ctx, &types.EventClaimed{Owner: msg.Owner, Amount: sum})
}

// claimBond pays the bond of a bid that was sealed when its verifier was revoked
// (law M11). The request's account goes with the last of them.
func (k *Keeper) claimBond(ctx context.Context, owner sdk.AccAddress, ownerName string, ref types.BidRef) (math.Int, error) {
	none := math.ZeroInt()
	prover, err := k.address("prover", ref.Prover)
	if err != nil {
		return none, err
	}
	e, err := k.loadByName(ctx, ref.RequestId)
	if err != nil {
		return none, err
	}
	bid, found, err := k.getBid(ctx, e.id, prover)
	if err != nil {
		return none, err
	}
	if !found {
		return none, errorsmod.Wrapf(types.ErrBidNotFound, "%s has no bid for request %s", ref.Prover, ref.RequestId)
	}
	if !e.bondWaits(bid) || bid.Payer != ownerName {
		return none, errorsmod.Wrapf(types.ErrNothingToClaim, "no bond of %s's bid for request %s waits for %s", ref.Prover, ref.RequestId, ownerName)
	}
	bid.BondReturned = true
	if err := k.setBid(ctx, e.id, prover, bid); err != nil {
		return none, err
	}
	own := e.account()
	if err := k.bank.SendCoins(ownaccount.Payer(ctx, own), own, owner, chain.Coins(bid.Bond)); err != nil {
		return none, err
	}
	e.auction.UnrevealedBonds = e.auction.UnrevealedBonds.Sub(bid.Bond)
	if e.auction.UnrevealedBonds.IsZero() {
		if err := k.closeAccount(ctx, e); err != nil {
			return none, err
		}
	}
	if err := k.save(ctx, e); err != nil {
		return none, err
	}
	return bid.Bond, k.emitBondReturned(ctx, e, prover, bid)
}

// bondWaits tells whether the bid's bond waits in the account of an ended request.
func (e *entry) bondWaits(bid types.Bid) bool {
	return e.auction.Status == types.REQUEST_STATUS_REFUNDED && e.auction.UnrevealedBonds.IsPositive() &&
		bid.State == types.BID_STATE_SEALED && !bid.BondReturned && bid.Bond.IsPositive()
}
