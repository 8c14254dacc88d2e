package keeper

import (
	"context"

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
	rate, _, err := s.k.rate(ctx, addr, p, "")
	if err != nil {
		return types.ProverView{}, err
	}
	p.CommissionBps = rate.Bps
	own, err := s.k.selfStake(ctx, addr, v)
	return types.ProverView{Prover: p, Profile: profile, State: p.State(), Assets: v.Assets, SelfStake: own}, err
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
