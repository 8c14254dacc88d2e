package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// SetVerifierStatus implements types.MsgServer.
func (s msgServer) SetVerifierStatus(ctx context.Context, msg *types.MsgSetVerifierStatus) (*types.MsgSetVerifierStatusResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.k.SetVerifierStatus(ctx, msg.Id, msg.Status); err != nil {
		return nil, err
	}
	return &types.MsgSetVerifierStatusResponse{}, nil
}
