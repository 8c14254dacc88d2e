package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// WithdrawProgram implements types.MsgServer.
func (s msgServer) WithdrawProgram(ctx context.Context, msg *types.MsgWithdrawProgram) (*types.MsgWithdrawProgramResponse, error) {
	publisher, err := s.signer(msg.Publisher)
	if err != nil {
		return nil, err
	}
	if err := s.k.WithdrawProgram(ctx, publisher, msg.Program); err != nil {
		return nil, err
	}
	return &types.MsgWithdrawProgramResponse{}, nil
}
