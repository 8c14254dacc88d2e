package keeper

import (
	"context"
	"errors"
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
type queryServer struct {
	k *Keeper
}

// NewQueryServer makes the query server.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k: k} }

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

// Params gives the parameters and what is paused.
func (q queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := q.k.GetParams(ctx)
	if err != nil {
		return nil, err
	}
	pause, err := q.k.GetPause(ctx)
	return &types.QueryParamsResponse{Params: params, Pause: pause}, err
}

// Clock gives the market's clock.
func (q queryServer) Clock(ctx context.Context, _ *types.QueryClockRequest) (*types.QueryClockResponse, error) {
	m, err := q.k.now(ctx)
	return &types.QueryClockResponse{Clock: m.clock, Height: m.height, InGrace: m.clock.Graced(m.height + 1)}, err
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
	if m.height >= e.auction.BiddingEnd {
		e.auction.OpenReveals()
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
	if v.Stage == types.STAGE_BIDDING {
		end = e.auction.BiddingEnd
	}
	if waits && end > m.height {
		v.BlocksLeft = end - m.height
	}
	v.Due = waits && m.height >= end || e.auction.Search != nil
	if e.auction.Assignment != nil {
		deadline := verifier.reading(e).IfResumed(m.clock.MarketTime)
		expected := deadline.Add(m.clock.Lost)
		v.Deadline, v.TimeLeft = &deadline, max(deadline.Sub(m.clock.MarketTime), time.Duration(0))
		v.ExpectedDeadline = &expected
		v.Due = verifier.overdue(e, m)
	}
	v.Due = v.Due || verifier.status == verifiertypes.VERIFIER_STATUS_REVOKED
	return v, nil
}

// Bids lists the bids for a request.
func (q queryServer) Bids(ctx context.Context, req *types.QueryBidsRequest) (*types.QueryBidsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	e, err := q.k.loadByName(ctx, req.RequestId)
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
		view, err := q.k.view(ctx, e)
		if err != nil {
			return nil, err
		}
		return nil, errorsmod.Wrapf(types.ErrNoProof, "request %s is %s in %s", req.RequestId, view.Auction.Status, view.Stage)
	}
	return &types.QueryProofResponse{Statement: e.request.Statement, Proof: proof}, err
}
