package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Refund applies what is due on requests; anyone may send it (law M9). A bad item
// fails alone.
func (s msgServer) Refund(ctx context.Context, msg *types.MsgRefund) (*types.MsgRefundResponse, error) {
	if _, err := s.k.canonical("signer", &msg.Signer); err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	response := &types.MsgRefundResponse{}
	for _, name := range msg.RequestIds {
		response.Results = append(response.Results, s.k.applyDue(ctx, name))
	}
	return response, nil
}

// applyDue applies what is due on one request, in isolation.
func (k *Keeper) applyDue(ctx context.Context, name string) types.RefundResult {
	result := types.RefundResult{RequestId: types.Truncate(name)}
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		e, err := k.loadByName(ctx, name)
		if err != nil {
			return err
		}
		if err := checkOpen(e); err != nil {
			return err
		}
		m, err := k.now(ctx)
		if err != nil {
			return err
		}
		applied, err := k.advance(ctx, e, m)
		if err == nil && !applied {
			err = k.notDue(ctx, e)
		}
		if err != nil {
			return err
		}
		result.Status, result.Stage = e.auction.Status, e.auction.Stage
		return nil
	})
	result.Applied, result.Error = err == nil, errorText(ctx, result.RequestId, err)
	return result
}
