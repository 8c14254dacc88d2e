package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Submitter says for whom an address acts.
func (q queryServer) Submitter(ctx context.Context, req *types.QuerySubmitterRequest) (*types.QuerySubmitterResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	addr, err := q.k.address("address", req.Address)
	if err != nil {
		return nil, err
	}
	response := &types.QuerySubmitterResponse{}
	link, err := q.k.submitters.Get(ctx, addr)
	if err == nil {
		response.Link = &link
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	consent, err := q.k.getConsent(ctx, addr)
	if err != nil {
		return nil, err
	}
	if consent != nil {
		if response.Consent, err = q.k.format(consent); err != nil {
			return nil, err
		}
	}
	acting, err := q.k.actingFor(ctx, addr)
	if errors.Is(err, types.ErrNotAProver) {
		return response, nil
	}
	if err != nil {
		return nil, err
	}
	response.ActsFor, err = q.k.format(acting.prover)
	return response, err
}

// Claim gives what an address may claim from the claims account.
func (q queryServer) Claim(ctx context.Context, req *types.QueryClaimRequest) (*types.QueryClaimResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	owner, err := q.k.address("address", req.Address)
	if err != nil {
		return nil, err
	}
	amount, err := q.k.getClaim(ctx, owner)
	return &types.QueryClaimResponse{Amount: amount}, err
}

// MayBid says whether a prover may bid for a request, condition by condition.
func (q queryServer) MayBid(ctx context.Context, req *types.QueryMayBidRequest) (*types.QueryMayBidResponse, error) {
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
	bond, err := bidBond(e.request)
	if err != nil {
		return nil, err
	}
	response := &types.QueryMayBidResponse{Bond: bond}
	for _, conditions := range []func(context.Context, *entry, sdk.AccAddress) ([]types.Condition, error){
		q.k.requestConditions, q.k.proverConditions,
	} {
		more, err := conditions(ctx, e, prover)
		if err != nil {
			return nil, err
		}
		response.Conditions = append(response.Conditions, more...)
	}
	response.MayBid = true
	for _, c := range response.Conditions {
		response.MayBid = response.MayBid && c.Ok
	}
	return response, nil
}

// requestConditions are what a bid needs of the request: an open window, a
// verifier that is not revoked, and no pause unless it replaces one (law M16).
func (k *Keeper) requestConditions(ctx context.Context, e *entry, prover sdk.AccAddress) ([]types.Condition, error) {
	view, err := k.view(ctx, e)
	if err != nil {
		return nil, err
	}
	pause, err := k.GetPause(ctx)
	if err != nil {
		return nil, err
	}
	_, replaces, err := k.getBid(ctx, e.id, prover)
	if err != nil {
		return nil, err
	}
	// A suspended verifier takes bids (law M11); one of an ended request is not asked.
	status := view.VerifierStatus
	open := status != verifiertypes.VERIFIER_STATUS_REVOKED && status != verifiertypes.VERIFIER_STATUS_UNSPECIFIED
	return []types.Condition{
		{
			Name: "window", Ok: view.Stage == types.STAGE_BIDDING && view.BlocksLeft > 0,
			Have: fmt.Sprintf("%s, %d blocks left", view.Stage, view.BlocksLeft), Need: types.STAGE_BIDDING.String(),
		},
		{Name: "verifier", Ok: open, Have: status.String(), Need: verifiertypes.VERIFIER_STATUS_ACTIVE.String()},
		{Name: "pause", Ok: !pause.Bids || replaces, Have: fmt.Sprintf("first bids paused: %t", pause.Bids), Need: "not paused, or a bid that stands"},
	}, nil
}

// proverConditions are those of laws M4 and S8.
func (k *Keeper) proverConditions(ctx context.Context, e *entry, prover sdk.AccAddress) ([]types.Condition, error) {
	need := stakingtypes.PROVER_STATE_ACTIVE.String()
	standing, err := k.provers.Standing(ctx, prover)
	if errors.Is(err, stakingtypes.ErrProverNotFound) {
		return []types.Condition{{Name: string(auction.ReasonState), Have: "no prover", Need: need}}, nil
	}
	if err != nil {
		return nil, err
	}
	conditions, err := k.conditions(ctx, standing, e.request.MinStake, e.request.Terms.Penalty)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	var list []types.Condition
	for _, c := range conditions {
		have, want := c.Have.String(), c.Need.String()
		switch {
		case c.Reason == auction.ReasonState:
			have, want = standing.State.String(), need
		case c.Reason == auction.ReasonMaxExposure && c.Have.IsZero():
			have = "no limit"
		}
		list = append(list, types.Condition{Name: string(c.Reason), Ok: c.OK, Have: have, Need: want})
	}
	return list, nil
}
