package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// MaxPage is the largest number of records in one page of a query; a larger
// limit counts as this one.
const MaxPage = 100

// MaxPageOffset is the largest number of records that a page may skip.
const MaxPageOffset = 10_000

type queryServer struct{ k *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the server of the module's queries.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Params implements types.QueryServer.
func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &types.QueryParamsResponse{Params: p}, nil
}

// Verifier implements types.QueryServer.
func (q queryServer) Verifier(ctx context.Context, req *types.QueryVerifierRequest) (*types.QueryVerifierResponse, error) {
	if req == nil || len(req.Id) > types.MaxVerifierIDSize {
		return nil, status.Errorf(codes.InvalidArgument, "id must have 1 to %d characters", types.MaxVerifierIDSize)
	}
	v, err := q.k.getVerifier(ctx, req.Id)
	if err != nil {
		return nil, grpcError(err, types.ErrVerifierNotFound)
	}
	if v, err = q.show(ctx, v); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &types.QueryVerifierResponse{Verifier: v}, nil
}

// Verifiers implements types.QueryServer.
func (q queryServer) Verifiers(ctx context.Context, req *types.QueryVerifiersRequest) (*types.QueryVerifiersResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	pages, err := bounded(req.Pagination)
	if err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.verifiers, pages,
		func(_ string, v types.Verifier) (types.Verifier, error) { return q.show(ctx, v) })
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryVerifiersResponse{Verifiers: list, Pagination: page}, nil
}

// show completes a verifier with its key and with the status that its restrictions
// give it.
func (q queryServer) show(ctx context.Context, v types.Verifier) (types.Verifier, error) {
	standing, err := q.k.standing(ctx, verifierSubject(v))
	if err != nil {
		return v, err
	}
	v.Status = standing.Status
	return q.k.withVerifierKey(ctx, v)
}

// Circuit implements types.QueryServer.
func (q queryServer) Circuit(ctx context.Context, req *types.QueryCircuitRequest) (*types.QueryCircuitResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	id, err := types.DecodeID("id", req.Id)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	c, err := q.k.getCircuit(ctx, id[:])
	if err != nil {
		return nil, grpcError(err, types.ErrCircuitNotFound)
	}
	used, err := q.k.inUse(ctx, id[:])
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	standing, err := q.k.standing(ctx, circuitSubject(c))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if c, err = q.k.withCircuitKey(ctx, id[:], c); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &types.QueryCircuitResponse{Circuit: c, InUse: used, Status: standing.Status}, nil
}

// Circuits implements types.QueryServer.
func (q queryServer) Circuits(ctx context.Context, req *types.QueryCircuitsRequest) (*types.QueryCircuitsResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	pages, err := bounded(req.Pagination)
	if err != nil {
		return nil, err
	}
	var (
		list []types.Circuit
		page *query.PageResponse
	)
	if req.Owner == "" {
		list, page, err = query.CollectionPaginate(ctx, q.k.circuits, pages,
			func(id []byte, c types.Circuit) (types.Circuit, error) { return q.k.withCircuitKey(ctx, id, c) })
	} else {
		owner, decodeErr := q.k.accounts.AddressCodec().StringToBytes(req.Owner)
		if decodeErr != nil {
			return nil, status.Errorf(codes.InvalidArgument, "owner: %s", decodeErr)
		}
		list, page, err = query.CollectionPaginate(ctx, q.k.circuits.Indexes.Owner, pages,
			func(key collections.Pair[[]byte, []byte], _ collections.NoValue) (types.Circuit, error) {
				c, err := q.k.getCircuit(ctx, key.K2())
				if err != nil {
					return c, err
				}
				return q.k.withCircuitKey(ctx, key.K2(), c)
			}, query.WithCollectionPaginationPairPrefix[[]byte, []byte](owner))
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryCircuitsResponse{Circuits: list, Pagination: page}, nil
}

// Restrictions implements types.QueryServer.
func (q queryServer) Restrictions(ctx context.Context, req *types.QueryRestrictionsRequest) (*types.QueryRestrictionsResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	pages, err := bounded(req.Pagination)
	if err != nil {
		return nil, err
	}
	if _, known := types.TargetKind_name[int32(req.Kind)]; !known {
		return nil, status.Errorf(codes.InvalidArgument, "kind %d is none of VERIFIER, CIRCUIT and FAMILY", req.Kind)
	}
	var options []func(*query.CollectionsPaginateOptions[collections.Pair[uint32, string]])
	if req.Kind != types.TARGET_KIND_UNSPECIFIED {
		options = append(options, query.WithCollectionPaginationPairPrefix[uint32, string](uint32(req.Kind)))
	}
	list, page, err := query.CollectionPaginate(ctx, q.k.restrictions, pages,
		func(_ collections.Pair[uint32, string], r types.Restriction) (types.Restriction, error) {
			return r, nil
		}, options...)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryRestrictionsResponse{Restrictions: list, Pagination: page}, nil
}

// bounded copies a page request with its limit cut to MaxPage. A total or an offset
// that would read more is refused: anyone may ask.
func bounded(p *query.PageRequest) (*query.PageRequest, error) {
	if p == nil {
		return &query.PageRequest{Limit: MaxPage}, nil
	}
	if p.CountTotal || p.Offset > MaxPageOffset {
		return nil, status.Errorf(codes.InvalidArgument, "count_total and an offset above %d read too much; follow next_key", MaxPageOffset)
	}
	out := *p
	if out.Limit == 0 || out.Limit > MaxPage {
		out.Limit = MaxPage
	}
	return &out, nil
}

// grpcError answers NotFound for that error and Internal for any other.
func grpcError(err, notFound error) error {
	if errors.Is(err, notFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return status.Error(codes.Internal, err.Error())
}
