package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Programs implements types.QueryServer.
func (q queryServer) Programs(ctx context.Context, req *types.QueryProgramsRequest) (*types.QueryProgramsResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	pages, err := bounded(req.Pagination)
	if err != nil {
		return nil, err
	}
	if req.Publisher != "" && req.Program != "" {
		return nil, status.Error(codes.InvalidArgument, "give publisher or program, not both; the query \"program\" takes both")
	}
	var (
		list []types.Program
		page *query.PageResponse
	)
	all := func(_ types.ProgramKey, p types.Program) (types.Program, error) { return p, nil }
	switch {
	case req.Publisher != "":
		publisher, decodeErr := q.publisher(req.Publisher)
		if decodeErr != nil {
			return nil, decodeErr
		}
		list, page, err = query.CollectionPaginate(ctx, q.k.programs, pages, all,
			query.WithCollectionPaginationPairPrefix[[]byte, []byte](publisher))
	case req.Program != "":
		program, decodeErr := types.DecodeProgram(req.Program)
		if decodeErr != nil {
			return nil, status.Error(codes.InvalidArgument, decodeErr.Error())
		}
		list, page, err = query.CollectionPaginate(ctx, q.k.programs.Indexes.Program, pages,
			func(key types.ProgramKey, _ collections.NoValue) (types.Program, error) {
				return q.k.getProgram(ctx, collections.Join(key.K2(), key.K1()))
			}, query.WithCollectionPaginationPairPrefix[[]byte, []byte](program[:]))
	default:
		list, page, err = query.CollectionPaginate(ctx, q.k.programs, pages, all)
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryProgramsResponse{Programs: list, Pagination: page}, nil
}

// Program implements types.QueryServer.
func (q queryServer) Program(ctx context.Context, req *types.QueryProgramRequest) (*types.QueryProgramResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	publisher, err := q.publisher(req.Publisher)
	if err != nil {
		return nil, err
	}
	key, err := programKey(publisher, req.Program)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	p, err := q.k.getProgram(ctx, key)
	if err != nil {
		return nil, grpcError(err, types.ErrProgramNotFound)
	}
	return &types.QueryProgramResponse{Program: p}, nil
}

// ProgramByName implements types.QueryServer.
func (q queryServer) ProgramByName(ctx context.Context, req *types.QueryProgramByNameRequest) (*types.QueryProgramByNameResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	publisher, err := q.publisher(req.Publisher)
	if err != nil {
		return nil, err
	}
	if err := types.CheckProgramName(req.Name); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	key, err := q.k.programs.Indexes.Name.MatchExact(ctx, collections.Join([]byte(publisher), req.Name))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, status.Errorf(codes.NotFound, "%s has no program named %s", req.Publisher, req.Name)
	}
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	p, err := q.k.getProgram(ctx, key)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &types.QueryProgramByNameResponse{Program: p}, nil
}

// publisher decodes a publisher's address; its error is a gRPC status.
func (q queryServer) publisher(address string) (sdk.AccAddress, error) {
	bz, err := q.k.accounts.AddressCodec().StringToBytes(address)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "publisher: %s", err)
	}
	return bz, nil
}
