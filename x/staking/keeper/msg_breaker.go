package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SetBreaker implements types.MsgServer.
func (s msgServer) SetBreaker(ctx context.Context, msg *types.MsgSetBreaker) (*types.MsgSetBreakerResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.SetBreaker(ctx, prover, msg.MaxExposure, msg.LossLimit); err != nil {
		return nil, err
	}
	return &types.MsgSetBreakerResponse{}, nil
}
