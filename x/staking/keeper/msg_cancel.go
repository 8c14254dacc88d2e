package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// CancelUnstake implements types.MsgServer.
func (s msgServer) CancelUnstake(
	ctx context.Context, msg *types.MsgCancelUnstake,
) (*types.MsgCancelUnstakeResponse, error) {
	staker, prover, err := s.both(msg.Staker, msg.Prover)
	if err != nil {
		return nil, err
	}
	shares, value, err := s.k.CancelUnstake(ctx, staker, prover, msg.Generation, msg.Ids, msg.MinSharesOut)
	if err != nil {
		return nil, err
	}
	return &types.MsgCancelUnstakeResponse{Shares: shares, Value: value}, nil
}
