package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Stake implements types.MsgServer.
func (s msgServer) Stake(ctx context.Context, msg *types.MsgStake) (*types.MsgStakeResponse, error) {
	staker, prover, err := s.both(msg.Staker, msg.Prover)
	if err != nil {
		return nil, err
	}
	shares, taken, err := s.k.Stake(ctx, staker, prover, msg.Amount, msg.MinSharesOut)
	if err != nil {
		return nil, err
	}
	return &types.MsgStakeResponse{Shares: shares, Taken: taken}, nil
}
