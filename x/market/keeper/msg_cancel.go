package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Cancel takes a request back while no bid stands (law M10).
func (s msgServer) Cancel(ctx context.Context, msg *types.MsgCancel) (*types.MsgCancelResponse, error) {
	if _, err := s.k.canonical("requester", &msg.Requester); err != nil {
		return nil, err
	}
	return &types.MsgCancelResponse{}, s.k.cancel(ctx, msg)
}

// cancel ends a request that has no bids; the request fee is not returned.
func (k *Keeper) cancel(ctx context.Context, msg *types.MsgCancel) error {
	e, _, err := k.open(ctx, msg.RequestId)
	if err != nil {
		return err
	}
	if e.request.Requester != msg.Requester {
		return errorsmod.Wrapf(types.ErrNotRequester, "request %s belongs to %s", e.request.Id, e.request.Requester)
	}
	if e.auction.Bids > 0 {
		return errorsmod.Wrapf(types.ErrBidsStand, "request %s has %d", e.request.Id, e.auction.Bids)
	}
	plan, _, err := k.unwind(ctx, e, auction.NobodyAtFault)
	if err != nil {
		return err
	}
	if err := k.finish(ctx, e, types.REQUEST_STATUS_CANCELLED, types.END_REASON_CANCELLED); err != nil {
		return err
	}
	if err := k.countRefund(ctx, e, types.END_REASON_CANCELLED, plan); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventCancelled{RequestId: e.request.Id, Requester: e.request.Requester, Amount: plan.Requester})
}
