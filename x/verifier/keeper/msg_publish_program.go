package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// PublishProgram implements types.MsgServer.
func (s msgServer) PublishProgram(ctx context.Context, msg *types.MsgPublishProgram) (*types.MsgPublishProgramResponse, error) {
	publisher, err := s.signer(msg.Publisher)
	if err != nil {
		return nil, err
	}
	if err := s.k.PublishProgram(ctx, publisher, msg.Program, msg.Info); err != nil {
		return nil, err
	}
	return &types.MsgPublishProgramResponse{}, nil
}
