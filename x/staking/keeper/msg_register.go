package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Register implements types.MsgServer.
func (s msgServer) Register(ctx context.Context, msg *types.MsgRegister) (*types.MsgRegisterResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	v, err := s.k.Register(ctx, prover, msg.Profile, msg.CommissionBps, msg.SelfStake)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterResponse{Generation: v.Generation, Denom: v.Denom()}, nil
}
