package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Revoke implements types.MsgServer.
func (s msgServer) Revoke(ctx context.Context, msg *types.MsgRevoke) (*types.MsgRevokeResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.k.Revoke(ctx, msg.Target, msg.Authority); err != nil {
		return nil, err
	}
	return &types.MsgRevokeResponse{}, nil
}
