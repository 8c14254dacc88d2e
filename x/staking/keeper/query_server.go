package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// queryServer answers queries as of the last block's time.
type queryServer struct{ k *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the module's query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, req *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	params, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

// Prover implements types.QueryServer.
func (s queryServer) Prover(ctx context.Context, req *types.QueryProverRequest) (*types.QueryProverResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	p, err := s.k.prover(ctx, addr)
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, addr, p)
	return &types.QueryProverResponse{Prover: view}, err
}

// Provers implements types.QueryServer.
func (s queryServer) Provers(ctx context.Context, req *types.QueryProversRequest) (*types.QueryProversResponse, error) {
	if err := checkPage(req, req.GetPagination()); err != nil {
		return nil, err
	}
	provers, page, err := query.CollectionPaginate(ctx, s.k.provers, req.Pagination,
		func(addr sdk.AccAddress, p types.Prover) (types.ProverView, error) { return s.view(ctx, addr, p) })
	return &types.QueryProversResponse{Provers: provers, Pagination: page}, err
}

// view completes a prover's record.
func (s queryServer) view(ctx context.Context, addr sdk.AccAddress, p types.Prover) (types.ProverView, error) {
	profile, err := s.k.profiles.Get(ctx, addr)
	if err != nil {
		return types.ProverView{}, err
	}
	v, err := s.k.vault(ctx, addr, p.Generation)
	if err != nil {
		return types.ProverView{}, err
	}
	own, err := s.k.selfStake(ctx, addr, v)
	return types.ProverView{Prover: p, Profile: profile, State: p.State(), Assets: v.Assets, SelfStake: own}, err
}

// Vault implements types.QueryServer.
func (s queryServer) Vault(ctx context.Context, req *types.QueryVaultRequest) (*types.QueryVaultResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	_, v, err := s.k.vaultOf(ctx, addr, req.Generation)
	if err != nil {
		return nil, err
	}
	account, err := s.k.text(types.VaultAddress(addr, v.Generation))
	return &types.QueryVaultResponse{
		Vault: v, Unvested: v.Figures().Unvested(), Account: account, Denom: v.Denom(),
	}, err
}

// Unstakes implements types.QueryServer. Void entries are left out.
func (s queryServer) Unstakes(ctx context.Context, req *types.QueryUnstakesRequest) (*types.QueryUnstakesResponse, error) {
	if err := checkPage(req, req.GetPagination()); err != nil {
		return nil, err
	}
	var staker, prover sdk.AccAddress
	var err error
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
	res := &types.QueryUnstakesResponse{}
	switch {
	case staker != nil:
		prefix := collections.QuadPrefix[sdk.AccAddress, sdk.AccAddress, uint64, uint64](staker)
		if prover != nil {
			prefix = collections.QuadSuperPrefix[sdk.AccAddress, sdk.AccAddress, uint64, uint64](staker, prover)
		}
		res.Unstakes, res.Pagination, err = query.CollectionFilteredPaginate(ctx, s.k.byStaker, req.Pagination,
			func(key StakerKey, _ collections.NoValue) (bool, error) {
				return s.live(ctx, collections.Join3(key.K2(), key.K3(), key.K4()))
			},
			func(key StakerKey, _ collections.NoValue) (types.UnstakeView, error) {
				return s.unstakeView(ctx, collections.Join3(key.K2(), key.K3(), key.K4()))
			},
			func(o *query.CollectionsPaginateOptions[StakerKey]) { o.Prefix = &prefix })
	case prover != nil:
		prefix := collections.TriplePrefix[sdk.AccAddress, uint64, uint64](prover)
		res.Unstakes, res.Pagination, err = query.CollectionFilteredPaginate(ctx, s.k.unstakes, req.Pagination,
			func(key UnstakeKey, _ types.Unstake) (bool, error) { return s.live(ctx, key) },
			func(key UnstakeKey, _ types.Unstake) (types.UnstakeView, error) { return s.unstakeView(ctx, key) },
			func(o *query.CollectionsPaginateOptions[UnstakeKey]) { o.Prefix = &prefix })
	default:
		err = types.ErrInvalidQuery.Wrap("name a staker, a prover or both")
	}
	return res, err
}

func (s queryServer) live(ctx context.Context, key UnstakeKey) (bool, error) {
	v, err := s.k.vaults.Get(ctx, vaultKey(key.K1(), key.K2()))
	return err == nil && !v.Void(key.K3()), err
}

func (s queryServer) unstakeView(ctx context.Context, key UnstakeKey) (types.UnstakeView, error) {
	u, err := s.k.unstake(ctx, key)
	if err != nil {
		return types.UnstakeView{}, err
	}
	v, err := s.k.vaults.Get(ctx, vaultKey(key.K1(), key.K2()))
	if err != nil {
		return types.UnstakeView{}, err
	}
	value, err := v.Figures().PoolValue(u.PoolShares)
	return types.UnstakeView{Unstake: u, Value: value}, vaultError(err)
}

// Assignments implements types.QueryServer.
func (s queryServer) Assignments(
	ctx context.Context, req *types.QueryAssignmentsRequest,
) (*types.QueryAssignmentsResponse, error) {
	if err := checkPage(req, req.GetPagination()); err != nil {
		return nil, err
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, s.k.assignments, req.Pagination,
		func(_ AssignmentKey, a types.Assignment) (types.Assignment, error) { return a, nil },
		query.WithCollectionPaginationPairPrefix[sdk.AccAddress, uint64](addr))
	return &types.QueryAssignmentsResponse{Assignments: list, Pagination: page}, err
}

// MaxPageLimit bounds one page of a list.
const MaxPageLimit = 1000

func errEmptyRequest() error { return types.ErrInvalidQuery.Wrap("the request is empty") }

// checkPage refuses an empty request and a page without a sensible size.
func checkPage[T any](req *T, page *query.PageRequest) error {
	if req == nil {
		return errEmptyRequest()
	}
	if page != nil && page.Limit > MaxPageLimit {
		return types.ErrInvalidQuery.Wrapf("a page of %d, at most %d are allowed", page.Limit, MaxPageLimit)
	}
	return nil
}
