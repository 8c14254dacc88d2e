package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// FundIncentives implements types.MsgServer.
func (s msgServer) FundIncentives(
	ctx context.Context, msg *types.MsgFundIncentives,
) (*types.MsgFundIncentivesResponse, error) {
	funder, err := s.k.address(msg.Funder)
	if err != nil {
		return nil, err
	}
	pool, err := s.k.FundIncentives(ctx, funder, msg.Amount)
	if err != nil {
		return nil, err
	}
	return &types.MsgFundIncentivesResponse{Pool: pool}, nil
}
