package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// UpdateAllowList implements types.MsgServer.
func (s msgServer) UpdateAllowList(
	ctx context.Context, msg *types.MsgUpdateAllowList,
) (*types.MsgUpdateAllowListResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if items := len(msg.Add) + len(msg.Remove); items == 0 || items > types.MaxAllowListItems {
		return nil, types.ErrInvalidList.Wrapf("%d addresses, allowed are 1 to %d", items, types.MaxAllowListItems)
	}
	add, err := s.addresses(msg.Add)
	if err != nil {
		return nil, err
	}
	remove, err := s.addresses(msg.Remove)
	if err != nil {
		return nil, err
	}
	if err := s.k.UpdateAllowList(ctx, add, remove); err != nil {
		return nil, err
	}
	return &types.MsgUpdateAllowListResponse{}, nil
}
