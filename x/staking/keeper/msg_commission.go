package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SetCommission implements types.MsgServer.
func (s msgServer) SetCommission(
	ctx context.Context, msg *types.MsgSetCommission,
) (*types.MsgSetCommissionResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	at, err := s.k.SetCommission(ctx, prover, msg.Source, msg.Bps)
	if err != nil {
		return nil, err
	}
	return &types.MsgSetCommissionResponse{EffectiveAt: at}, nil
}

// ResetCommission implements types.MsgServer.
func (s msgServer) ResetCommission(
	ctx context.Context, msg *types.MsgResetCommission,
) (*types.MsgResetCommissionResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	at, err := s.k.ResetCommission(ctx, prover, msg.Source)
	if err != nil {
		return nil, err
	}
	return &types.MsgResetCommissionResponse{EffectiveAt: at}, nil
}

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
