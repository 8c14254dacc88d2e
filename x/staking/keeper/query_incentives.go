package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/incentive"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Incentives implements types.QueryServer.
func (s queryServer) Incentives(
	ctx context.Context, req *types.QueryIncentivesRequest,
) (*types.QueryIncentivesResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	clock, err := s.k.epochClock.Get(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.k.text(types.IncentiveAddress())
	if err != nil {
		return nil, err
	}
	pool := s.k.incentivePool(ctx)
	res := &types.QueryIncentivesResponse{
		Pool: pool, Account: account, Budget: math.MinInt(params.IncentiveBudget, pool),
		Clock: clock, EndsAt: clock.EndsAt(params.EpochLength),
	}
	p, err := s.k.payouts.Get(ctx, clock.Last)
	if errors.Is(err, collections.ErrNotFound) {
		return res, nil
	}
	res.Payout = &p
	return res, err
}

// ProverEpochs implements types.QueryServer.
func (s queryServer) ProverEpochs(
	ctx context.Context, req *types.QueryProverEpochsRequest,
) (*types.QueryProverEpochsResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, epochs, err := s.k.recentEpochs(ctx, req.Prover, req.Epochs)
	if err != nil {
		return nil, err
	}
	running, err := s.k.runningEpoch(ctx, addr)
	return &types.QueryProverEpochsResponse{Running: running, Epochs: epochs}, err
}

// APR implements types.QueryServer.
func (s queryServer) APR(ctx context.Context, req *types.QueryAPRRequest) (*types.QueryAPRResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, epochs, err := s.k.recentEpochs(ctx, req.Prover, req.Epochs)
	if err != nil {
		return nil, err
	}
	p, err := s.k.prover(ctx, addr)
	if err != nil {
		return nil, err
	}
	res := &types.QueryAPRResponse{Vested: math.ZeroInt(), AssetTime: math.ZeroInt()}
	for _, e := range epochs {
		if e.Generation != p.Generation {
			continue // of a vault that nobody can stake into any more
		}
		res.Epochs++
		res.Vested = incentive.Add(res.Vested, e.Vested)
		res.AssetTime = incentive.Add(res.AssetTime, e.AssetTime)
	}
	res.AprBps = incentive.APR(res.Vested, res.AssetTime)
	return res, nil
}

// recentEpochs returns a prover's figures of the last epochs that ended, latest
// first; count is 1 to MaxEpochs, or 0 for all of them. It fails with
// ErrInvalidAddress, ErrProverNotFound, ErrInvalidQuery.
func (k *Keeper) recentEpochs(ctx context.Context, prover string, count uint32) (sdk.AccAddress, []types.ProverEpoch, error) {
	addr, err := k.address(prover)
	if err != nil {
		return nil, nil, err
	}
	if _, err := k.prover(ctx, addr); err != nil {
		return nil, nil, err
	}
	if count > types.MaxEpochs {
		return nil, nil, types.ErrInvalidQuery.Wrapf("%d epochs, at most %d are kept", count, types.MaxEpochs)
	}
	if count == 0 {
		count = types.MaxEpochs
	}
	clock, err := k.epochClock.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	var epochs []types.ProverEpoch
	for number := clock.Last; number > 0 && clock.Last-number < uint64(count); number-- {
		e, err := k.proverEpochs.Get(ctx, collections.Join(number, addr))
		if errors.Is(err, collections.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		epochs = append(epochs, e)
	}
	return addr, epochs, nil
}

// runningEpoch returns a prover's figures of the running epoch, up to the block's
// time. It changes nothing that lasts.
func (k *Keeper) runningEpoch(ctx context.Context, addr sdk.AccAddress) (types.ProverEpoch, error) {
	branch, _ := sdk.UnwrapSDKContext(ctx).CacheContext()
	t, err := k.settled(branch, addr)
	return t.Figures, err
}
