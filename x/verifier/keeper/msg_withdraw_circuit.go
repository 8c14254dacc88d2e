package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// WithdrawCircuit implements types.MsgServer.
func (s msgServer) WithdrawCircuit(ctx context.Context, msg *types.MsgWithdrawCircuit) (*types.MsgWithdrawCircuitResponse, error) {
	owner, err := s.signer(msg.Owner)
	if err != nil {
		return nil, err
	}
	id, err := types.DecodeID("circuit_id", msg.CircuitId)
	if err != nil {
		return nil, err
	}
	if err := s.k.WithdrawCircuit(ctx, owner, id[:]); err != nil {
		return nil, err
	}
	return &types.MsgWithdrawCircuitResponse{}, nil
}
