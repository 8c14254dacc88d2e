package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Suspend implements types.MsgServer.
func (s msgServer) Suspend(ctx context.Context, msg *types.MsgSuspend) (*types.MsgSuspendResponse, error) {
	by, err := s.authoriseGuardian(ctx, msg.Signer)
	if err != nil {
		return nil, err
	}
	if err := s.k.Suspend(ctx, msg.Target, by, msg.Reason); err != nil {
		return nil, err
	}
	return &types.MsgSuspendResponse{}, nil
}
