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
	bounded, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	provers, page, err := query.CollectionPaginate(ctx, s.k.provers, bounded,
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

// Assignments implements types.QueryServer.
func (s queryServer) Assignments(
	ctx context.Context, req *types.QueryAssignmentsRequest,
) (*types.QueryAssignmentsResponse, error) {
	bounded, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, s.k.assignments, bounded,
		func(_ AssignmentKey, a types.Assignment) (types.Assignment, error) { return a, nil },
		query.WithCollectionPaginationPairPrefix[sdk.AccAddress, uint64](addr))
	return &types.QueryAssignmentsResponse{Assignments: list, Pagination: page}, err
}

const (
	// MaxPageLimit bounds one page of a list.
	MaxPageLimit = 1000
	// MaxPageOffset bounds the records that a page may skip.
	MaxPageOffset = 10_000
)

func errEmptyRequest() error { return types.ErrInvalidQuery.Wrap("the request is empty") }

// bounded refuses an empty request and a page that would read too much: too
// large a one, a count of everything, or a long way to its first record.
func bounded[T any](req *T, page *query.PageRequest) (*query.PageRequest, error) {
	switch {
	case req == nil:
		return nil, errEmptyRequest()
	case page == nil:
		return &query.PageRequest{Limit: query.DefaultLimit}, nil
	case page.Limit > MaxPageLimit:
		return nil, types.ErrInvalidQuery.Wrapf("a page of %d, at most %d are allowed", page.Limit, MaxPageLimit)
	case page.CountTotal || page.Offset > MaxPageOffset:
		return nil, types.ErrInvalidQuery.Wrapf("count_total and an offset above %d read too much; follow next_key", MaxPageOffset)
	}
	copied := *page
	if copied.Limit == 0 {
		copied.Limit = query.DefaultLimit // else the SDK counts everything
	}
	return &copied, nil
}
