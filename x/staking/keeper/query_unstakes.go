package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Unstakes implements types.QueryServer. Void entries are left out, so that a
// page may hold fewer than asked for and still lead to a next one.
func (s queryServer) Unstakes(ctx context.Context, req *types.QueryUnstakesRequest) (*types.QueryUnstakesResponse, error) {
	bounded, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	var staker, prover sdk.AccAddress
	if req.Staker != "" {
		if staker, err = s.k.address(req.Staker); err != nil {
			return nil, err
		}
	}
	if req.Prover != "" {
		if prover, err = s.k.address(req.Prover); err != nil {
			return nil, err
		}
	}
	var entries []*types.UnstakeView
	res := &types.QueryUnstakesResponse{}
	switch {
	case staker != nil:
		prefix := collections.QuadPrefix[sdk.AccAddress, sdk.AccAddress, uint64, uint64](staker)
		if prover != nil {
			prefix = collections.QuadSuperPrefix[sdk.AccAddress, sdk.AccAddress, uint64, uint64](staker, prover)
		}
		entries, res.Pagination, err = query.CollectionPaginate(ctx, s.k.byStaker, bounded,
			func(key StakerKey, _ collections.NoValue) (*types.UnstakeView, error) {
				return s.unstakeView(ctx, collections.Join3(key.K2(), key.K3(), key.K4()))
			},
			func(o *query.CollectionsPaginateOptions[StakerKey]) { o.Prefix = &prefix })
	case prover != nil:
		prefix := collections.TriplePrefix[sdk.AccAddress, uint64, uint64](prover)
		entries, res.Pagination, err = query.CollectionPaginate(ctx, s.k.unstakes, bounded,
			func(key UnstakeKey, _ types.Unstake) (*types.UnstakeView, error) { return s.unstakeView(ctx, key) },
			func(o *query.CollectionsPaginateOptions[UnstakeKey]) { o.Prefix = &prefix })
	default:
		err = types.ErrInvalidQuery.Wrap("name a staker, a prover or both")
	}
	for _, entry := range entries {
		if entry != nil {
			res.Unstakes = append(res.Unstakes, *entry)
		}
	}
	return res, err
}

// unstakeView completes an entry; nil for a void one.
func (s queryServer) unstakeView(ctx context.Context, key UnstakeKey) (*types.UnstakeView, error) {
	u, err := s.k.unstake(ctx, key)
	if err != nil {
		return nil, err
	}
	v, err := s.k.vaults.Get(ctx, vaultKey(key.K1(), key.K2()))
	if err != nil || v.Void(u.Id) {
		return nil, err
	}
	value, err := v.Figures().PoolValue(u.PoolShares)
	return &types.UnstakeView{Unstake: u, Value: value}, vaultError(err)
}
