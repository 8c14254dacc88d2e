package keeper

import (
	"context"
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// workload is what a prover has to do; of at most WorkPage requests.
type workload struct {
	leading, assigned, overdue uint64
	next                       *time.Time
	more                       bool
}

// Work gives a prover's stake, exposure and free capacity, and what it has to do.
func (q queryServer) Work(ctx context.Context, req *types.QueryWorkRequest) (*types.QueryWorkResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	prover, err := q.k.address("prover", req.Prover)
	if err != nil {
		return nil, err
	}
	standing, err := q.k.provers.Standing(ctx, prover)
	if err != nil {
		return nil, err
	}
	free, err := q.k.freeStake(ctx, standing)
	if err != nil {
		return nil, err
	}
	w, err := q.k.workOf(ctx, prover)
	return &types.QueryWorkResponse{
		AssignedStake: standing.AssignedStake, Exposure: standing.Exposure, VaultAssets: standing.Assets, FreeStake: free,
		Leading: w.leading, Assigned: w.assigned, Overdue: w.overdue, NextDeadline: w.next, More: w.more,
	}, err
}

// freeStake is the largest min_stake of a new request that the prover could bid for now.
func (k *Keeper) freeStake(ctx context.Context, standing stakingtypes.Standing) (free math.Int, err error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return free, err
	}
	free, err = auction.FreeStake(figures(standing), params.SlashBps, params.OvercommitBps)
	if err != nil {
		err = errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	return free, err
}

// workOf counts what a prover leads and what it owes.
func (k *Keeper) workOf(ctx context.Context, prover sdk.AccAddress) (w workload, err error) {
	m, err := k.now(ctx)
	if err != nil {
		return w, err
	}
	pending := prefixSpan(append(ownerPrefix(placeProver, prover), byte(types.REQUEST_STATUS_PENDING)))
	items, err := k.items(ctx, pending, types.WorkPage+1)
	if err != nil {
		return w, err
	}
	if w.more = len(items) > types.WorkPage; w.more {
		items = items[:types.WorkPage]
	}
	for _, item := range items {
		if err := k.addWork(ctx, item.id, m, &w); err != nil {
			return w, err
		}
	}
	return w, nil
}

// addWork counts one request. Nobody owes a proof for a verifier that is revoked.
func (k *Keeper) addWork(ctx context.Context, id []byte, m moment, w *workload) error {
	e, err := k.load(ctx, id)
	if err != nil {
		return err
	}
	if e.auction.Assignment == nil {
		w.leading++
		return nil
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return err
	}
	w.assigned++
	if verifier.status == verifiertypes.VERIFIER_STATUS_REVOKED {
		return nil
	}
	if verifier.overdue(e, m) {
		w.overdue++
		return nil
	}
	deadline := verifier.reading(e).IfResumed(m.clock.MarketTime)
	if w.next == nil || deadline.Before(*w.next) {
		w.next = &deadline
	}
	return nil
}
