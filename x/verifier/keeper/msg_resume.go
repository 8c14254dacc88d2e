package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Resume implements types.MsgServer.
func (s msgServer) Resume(ctx context.Context, msg *types.MsgResume) (*types.MsgResumeResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.k.Resume(ctx, msg.Target, msg.Authority); err != nil {
		return nil, err
	}
	return &types.MsgResumeResponse{}, nil
}
