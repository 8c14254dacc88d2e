package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// UpdateProgram implements types.MsgServer.
func (s msgServer) UpdateProgram(ctx context.Context, msg *types.MsgUpdateProgram) (*types.MsgUpdateProgramResponse, error) {
	publisher, err := s.signer(msg.Publisher)
	if err != nil {
		return nil, err
	}
	if err := s.k.UpdateProgram(ctx, publisher, msg.Program, msg.Info); err != nil {
		return nil, err
	}
	return &types.MsgUpdateProgramResponse{}, nil
}
