package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// BidBatch places many sealed bids; a bad one fails alone (law M19).
func (s msgServer) BidBatch(ctx context.Context, msg *types.MsgBidBatch) (*types.MsgBidBatchResponse, error) {
	signer, err := s.k.canonical("signer", &msg.Signer)
	if err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	response := &types.MsgBidBatchResponse{Results: make([]types.BidResult, len(msg.Items))}
	for i, item := range msg.Items {
		response.Results[i] = s.k.bidItem(ctx, signer, &types.MsgBid{
			Signer: msg.Signer, RequestId: item.RequestId, Commitment: item.Commitment, MaxBond: item.MaxBond,
		})
	}
	return response, nil
}

// bidItem places one bid of a batch, in isolation.
func (k *Keeper) bidItem(ctx context.Context, signer sdk.AccAddress, msg *types.MsgBid) types.BidResult {
	result := types.BidResult{RequestId: types.Truncate(msg.RequestId), Bond: math.ZeroInt()}
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		response, err := k.placeBid(ctx, signer, msg)
		if err != nil {
			return err
		}
		result.Prover, result.Bond = response.Prover, response.Bond
		return nil
	})
	result.Error = itemError(ctx, result.RequestId, err)
	return result
}

// RevealBatch opens many bids; a bad one fails alone (law M19).
func (s msgServer) RevealBatch(ctx context.Context, msg *types.MsgRevealBatch) (*types.MsgRevealBatchResponse, error) {
	signer, err := s.k.canonical("signer", &msg.Signer)
	if err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	response := &types.MsgRevealBatchResponse{Results: make([]types.RevealResult, len(msg.Items))}
	for i, item := range msg.Items {
		response.Results[i] = s.k.revealItem(ctx, signer, &types.MsgReveal{
			Signer: msg.Signer, RequestId: item.RequestId, Fee: item.Fee, Standby: item.Standby, Salt: item.Salt,
		})
	}
	return response, nil
}

// revealItem opens one bid of a batch, in isolation.
func (k *Keeper) revealItem(ctx context.Context, signer sdk.AccAddress, msg *types.MsgReveal) types.RevealResult {
	result := types.RevealResult{RequestId: types.Truncate(msg.RequestId)}
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		response, err := k.reveal(ctx, signer, msg)
		if err != nil {
			return err
		}
		result.Ranked, result.Leads = response.Ranked, response.Leads
		return nil
	})
	result.Error = itemError(ctx, result.RequestId, err)
	return result
}
