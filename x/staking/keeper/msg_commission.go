package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// ClaimCommission implements types.MsgServer.
func (s msgServer) ClaimCommission(
	ctx context.Context, msg *types.MsgClaimCommission,
) (*types.MsgClaimCommissionResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	paid, err := s.k.ClaimCommission(ctx, prover, msg.Generation)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimCommissionResponse{Paid: paid}, nil
}
