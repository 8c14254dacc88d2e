package keeper

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// queryServer answers the market's queries.
type queryServer struct{ k *Keeper }

// NewQueryServer makes the query server.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

var _ types.QueryServer = queryServer{}

const (
	// MaxPage is the largest number of records in one page; a page is never larger,
	// whatever was asked for.
	MaxPage = 200
	// MaxPageOffset is the largest number of records that a page may skip.
	MaxPageOffset = 10_000
)

// page bounds what a page may read. It returns ErrInvalidQuery for a total or an
// offset that would read more.
func page(p *query.PageRequest) (*query.PageRequest, error) {
	if p == nil {
		return &query.PageRequest{Limit: query.DefaultLimit}, nil
	}
	if p.CountTotal || p.Offset > MaxPageOffset {
		return nil, errorsmod.Wrapf(types.ErrInvalidQuery, "count_total and an offset above %d read too much; follow next_key", MaxPageOffset)
	}
	bounded := *p
	if bounded.Limit == 0 {
		bounded.Limit = query.DefaultLimit
	}
	bounded.Limit = min(bounded.Limit, MaxPage)
	return &bounded, nil
}

// errEmpty answers a query without a request.
var errEmpty = status.Error(codes.InvalidArgument, "empty request")

// Params gives the parameters.
func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := q.k.GetParams(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

// Clock gives the market's clock.
func (q queryServer) Clock(ctx context.Context, _ *types.QueryClockRequest) (*types.QueryClockResponse, error) {
	clock, err := q.k.GetClock(ctx)
	return &types.QueryClockResponse{Clock: clock}, err
}

// Request gives one request, where it stands, and its inline input.
func (q queryServer) Request(ctx context.Context, req *types.QueryRequestRequest) (*types.QueryRequestResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	e, err := q.k.loadByName(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	view, err := q.k.view(ctx, e)
	if err != nil {
		return nil, err
	}
	input, err := q.k.getInput(ctx, e.id)
	return &types.QueryRequestResponse{View: view, Input: input}, err
}

// view tells where a request stands, as the messages of the next block will find
// it but for what the end of this block applies.
func (k *Keeper) view(ctx context.Context, e *entry) (types.RequestView, error) {
	m, err := k.now(ctx)
	if err != nil {
		return types.RequestView{}, err
	}
	account, err := k.format(e.account())
	if err != nil {
		return types.RequestView{}, err
	}
	v := types.RequestView{Request: e.request, Auction: e.auction, Stage: e.auction.Stage, Account: account}
	if e.auction.Status != types.REQUEST_STATUS_PENDING {
		return v, nil
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return types.RequestView{}, err
	}
	v.VerifierStatus = verifier.status
	end, waits := e.auction.QueueHeight()
	if waits && v.Stage == types.STAGE_BIDDING && m.height >= end && e.auction.Bids > 0 {
		v.Stage, end = types.STAGE_REVEALING, e.auction.RevealEnd
	}
	if waits && end > m.height {
		v.BlocksLeft = end - m.height
	}
	v.Due = waits && m.height >= end || e.auction.Search != nil
	if e.auction.Assignment != nil {
		deadline := verifier.reading(e).IfResumed(m.clock.MarketTime)
		v.Deadline, v.TimeLeft = &deadline, max(deadline.Sub(m.clock.MarketTime), time.Duration(0))
		v.Due = verifier.overdue(e, m)
	}
	v.Due = v.Due || verifier.status == verifiertypes.VERIFIER_STATUS_REVOKED
	return v, nil
}

// Requests lists requests, all or of one requester, of any or one status. With
// both given, a page may hold fewer records than asked for, and still lead to a
// next one: it reads a page of the requester's and leaves out the others.
func (q queryServer) Requests(ctx context.Context, req *types.QueryRequestsRequest) (*types.QueryRequestsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	var views []types.RequestView
	var pages *query.PageResponse
	switch {
	case req.Requester != "":
		var requester sdk.AccAddress
		if requester, err = q.k.address("requester", req.Requester); err != nil {
			return nil, err
		}
		views, pages, err = query.CollectionPaginate(ctx, q.k.requests.Indexes.Requester, bounded,
			func(key collections.Pair[sdk.AccAddress, []byte], _ collections.NoValue) (types.RequestView, error) {
				return q.viewOf(ctx, key.K2())
			},
			query.WithCollectionPaginationPairPrefix[sdk.AccAddress, []byte](requester))
		if req.Status != types.REQUEST_STATUS_UNSPECIFIED {
			views = slices.DeleteFunc(views, func(v types.RequestView) bool { return v.Auction.Status != req.Status })
		}
	case req.Status != types.REQUEST_STATUS_UNSPECIFIED:
		views, pages, err = query.CollectionPaginate(ctx, q.k.auctions.Indexes.Status, bounded,
			func(key collections.Pair[int32, []byte], _ collections.NoValue) (types.RequestView, error) {
				return q.viewOf(ctx, key.K2())
			},
			query.WithCollectionPaginationPairPrefix[int32, []byte](int32(req.Status)))
	default:
		views, pages, err = query.CollectionPaginate(ctx, q.k.requests, bounded,
			func(id []byte, _ types.Request) (types.RequestView, error) { return q.viewOf(ctx, id) })
	}
	return &types.QueryRequestsResponse{Views: views, Pagination: pages}, err
}

// viewOf loads and views a request.
func (q queryServer) viewOf(ctx context.Context, id []byte) (types.RequestView, error) {
	e, err := q.k.load(ctx, id)
	if err != nil {
		return types.RequestView{}, err
	}
	return q.k.view(ctx, e)
}

// Bids lists the bids for a request.
func (q queryServer) Bids(ctx context.Context, req *types.QueryBidsRequest) (*types.QueryBidsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	e, err := q.k.loadByName(ctx, req.RequestId)
	if err != nil {
		return nil, err
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	bids, pages, err := query.CollectionPaginate(ctx, q.k.bids, bounded,
		func(key collections.Pair[[]byte, sdk.AccAddress], bid types.Bid) (types.BidView, error) {
			prover, err := q.k.format(key.K2())
			return types.BidView{Prover: prover, Bid: bid}, err
		},
		query.WithCollectionPaginationPairPrefix[[]byte, sdk.AccAddress](e.id))
	return &types.QueryBidsResponse{Bids: bids, Pagination: pages}, err
}

// Bid gives one prover's bid for a request.
func (q queryServer) Bid(ctx context.Context, req *types.QueryBidRequest) (*types.QueryBidResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	e, err := q.k.loadByName(ctx, req.RequestId)
	if err != nil {
		return nil, err
	}
	prover, err := q.k.address("prover", req.Prover)
	if err != nil {
		return nil, err
	}
	bid, found, err := q.k.getBid(ctx, e.id, prover)
	if err == nil && !found {
		err = errorsmod.Wrapf(types.ErrBidNotFound, "%s has no bid for request %s", req.Prover, req.RequestId)
	}
	return &types.QueryBidResponse{Bid: bid}, err
}

// Proof gives the proof of a fulfilled request, with its statement.
func (q queryServer) Proof(ctx context.Context, req *types.QueryProofRequest) (*types.QueryProofResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	e, err := q.k.loadByName(ctx, req.RequestId)
	if err != nil {
		return nil, err
	}
	proof, err := q.k.proofs.Get(ctx, e.id)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrapf(types.ErrNoProof, "request %s is %s in %s", req.RequestId, e.auction.Status, e.auction.Stage)
	}
	return &types.QueryProofResponse{Statement: e.request.Statement, Proof: proof}, err
}
