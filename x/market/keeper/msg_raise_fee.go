package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// RaiseFee raises max_fee while bidding is open (law M10).
func (s msgServer) RaiseFee(ctx context.Context, msg *types.MsgRaiseFee) (*types.MsgRaiseFeeResponse, error) {
	requester, err := s.k.canonical("requester", &msg.Requester)
	if err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	added, err := s.k.raiseFee(ctx, requester, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgRaiseFeeResponse{Added: added}, nil
}

// raiseFee takes the difference into escrow. Bonds that stand stay as they are;
// first bids that come later pay theirs by the new max_fee.
func (k *Keeper) raiseFee(ctx context.Context, requester sdk.AccAddress, msg *types.MsgRaiseFee) (added math.Int, err error) {
	if err := k.takesRequests(ctx); err != nil {
		return added, err
	}
	e, m, err := k.open(ctx, msg.RequestId)
	if err != nil {
		return added, err
	}
	if e.request.Requester != msg.Requester {
		return added, errorsmod.Wrapf(types.ErrNotRequester, "request %s belongs to %s", e.request.Id, e.request.Requester)
	}
	if err := checkBidding(e, m); err != nil {
		return added, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return added, err
	}
	if err := params.CheckMaxFee(msg.MaxFee); err != nil {
		return added, err
	}
	old := e.request.MaxFee
	if !msg.MaxFee.GT(old) {
		return added, errorsmod.Wrapf(types.ErrFeeNotRaised, "it is %suproof, the new one %suproof", old, msg.MaxFee)
	}
	added = msg.MaxFee.Sub(old)
	if err := k.escrow(ctx, e, requester, "raise of max_fee", added); err != nil {
		return added, err
	}
	e.request.MaxFee = msg.MaxFee
	if err := k.requests.Set(ctx, e.id, e.request); err != nil {
		return added, err
	}
	bond, err := bidBond(e.request)
	if err != nil {
		return added, err
	}
	if err := k.save(ctx, e); err != nil {
		return added, err
	}
	return added, events.Emit(ctx, &types.EventFeeRaised{
		RequestId: e.request.Id, Requester: msg.Requester, OldMaxFee: old, MaxFee: msg.MaxFee, Bond: bond,
	})
}
