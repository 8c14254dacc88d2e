package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// RegisterCircuit implements types.MsgServer.
func (s msgServer) RegisterCircuit(ctx context.Context, msg *types.MsgRegisterCircuit) (*types.MsgRegisterCircuitResponse, error) {
	owner, err := s.signer(msg.Owner)
	if err != nil {
		return nil, err
	}
	id, err := s.k.RegisterCircuit(ctx, owner, msg.Family, msg.Curve, msg.Key)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterCircuitResponse{CircuitId: id}, nil
}
