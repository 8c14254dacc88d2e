package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// ProverStats gives a prover's statistics and success rate (law M14). An address that
// never bid has figures of zero. It fails with ErrInvalidAddress.
func (q queryServer) ProverStats(ctx context.Context, req *types.QueryProverStatsRequest) (*types.QueryProverStatsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	prover, err := q.k.address("prover", req.Prover)
	if err != nil {
		return nil, err
	}
	h, err := q.k.proverSeries(prover).history(ctx)
	if err != nil {
		return nil, err
	}
	response := &types.QueryProverStatsResponse{}
	if response.Lifetime, err = h.lifetime(); err != nil {
		return nil, err
	}
	_, epochs := h.split()
	for _, e := range epochs {
		response.Epochs = append(response.Epochs, types.EpochProverStats{Epoch: e.epoch - 1, Stats: e.figures})
	}
	work, err := q.k.workOf(ctx, prover)
	if err != nil {
		return nil, err
	}
	response.Overdue = work.overdue
	response.SuccessBps = auction.SuccessBps(response.Lifetime.Fulfilled, response.Lifetime.Missed, response.Overdue)
	return response, nil
}

// Stats gives the market's statistics (law M14).
func (q queryServer) Stats(ctx context.Context, req *types.QueryStatsRequest) (*types.QueryStatsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	h, err := q.k.marketSeries().history(ctx)
	if err != nil {
		return nil, err
	}
	response := &types.QueryStatsResponse{}
	if response.Lifetime, err = h.lifetime(); err != nil {
		return nil, err
	}
	_, epochs := h.split()
	for _, e := range epochs {
		response.Epochs = append(response.Epochs, types.EpochMarketStats{Epoch: e.epoch - 1, Stats: e.figures})
	}
	return response, nil
}

// Quote tells what proofs of a program cost lately (law M14): of nothing bought, no
// samples and figures of zero. It fails with ErrInvalidQuery.
func (q queryServer) Quote(ctx context.Context, req *types.QueryQuoteRequest) (*types.QueryQuoteResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	if err := types.CheckProgram(req.Verifier, req.Program); err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, types.Truncate(err.Error()))
	}
	program, err := verifiertypes.DecodeID("program", req.Program)
	if err != nil {
		return nil, err
	}
	samples, err := q.k.pricesOf(ctx, collections.Join(req.Verifier, program[:]))
	if err != nil {
		return nil, err
	}
	return quoteOf(samples)
}

// quoteOf sums up the prices of a program, oldest first.
func quoteOf(samples []types.PriceSample) (*types.QueryQuoteResponse, error) {
	zero := math.ZeroInt()
	if len(samples) == 0 {
		return &types.QueryQuoteResponse{P10: zero, P50: zero, P90: zero, Last: zero}, nil
	}
	prices := make([]math.Int, len(samples))
	for i, s := range samples {
		prices[i] = s.Price
	}
	p, err := auction.Quantiles(prices, 10, 50, 90)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	oldest, newest := samples[0], samples[len(samples)-1]
	return &types.QueryQuoteResponse{
		Samples: uint32(len(samples)), P10: p[0], P50: p[1], P90: p[2], Last: newest.Price,
		Oldest: &oldest.Time, Newest: &newest.Time, Prices: samples,
	}, nil
}
