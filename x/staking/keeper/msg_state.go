package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Deactivate implements types.MsgServer.
func (s msgServer) Deactivate(ctx context.Context, msg *types.MsgDeactivate) (*types.MsgDeactivateResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.Deactivate(ctx, prover); err != nil {
		return nil, err
	}
	return &types.MsgDeactivateResponse{}, nil
}

// Reactivate implements types.MsgServer.
func (s msgServer) Reactivate(ctx context.Context, msg *types.MsgReactivate) (*types.MsgReactivateResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	state, err := s.k.Reactivate(ctx, prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgReactivateResponse{State: state}, nil
}

// Retire implements types.MsgServer.
func (s msgServer) Retire(ctx context.Context, msg *types.MsgRetire) (*types.MsgRetireResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.Retire(ctx, prover); err != nil {
		return nil, err
	}
	return &types.MsgRetireResponse{}, nil
}
