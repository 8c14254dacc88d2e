package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// TransferShares implements types.MsgServer.
func (s msgServer) TransferShares(
	ctx context.Context, msg *types.MsgTransferShares,
) (*types.MsgTransferSharesResponse, error) {
	prover, recipient, err := s.both(msg.Prover, msg.Recipient)
	if err != nil {
		return nil, err
	}
	moved, err := s.k.TransferShares(ctx, prover, recipient, quantity{msg.Shares, msg.All}, msg.Generation)
	if err != nil {
		return nil, err
	}
	return &types.MsgTransferSharesResponse{Shares: moved}, nil
}
