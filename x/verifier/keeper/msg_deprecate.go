package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Deprecate implements types.MsgServer.
func (s msgServer) Deprecate(ctx context.Context, msg *types.MsgDeprecate) (*types.MsgDeprecateResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.k.Deprecate(ctx, msg.Id, msg.Authority); err != nil {
		return nil, err
	}
	return &types.MsgDeprecateResponse{}, nil
}
