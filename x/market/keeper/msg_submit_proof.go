package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// SubmitProof delivers the proof and settles the request (law M8).
func (s msgServer) SubmitProof(ctx context.Context, msg *types.MsgSubmitProof) (*types.MsgSubmitProofResponse, error) {
	signer, err := s.k.canonical("signer", &msg.Signer)
	if err != nil {
		return nil, err
	}
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	return s.k.submitProof(ctx, signer, msg)
}

// submitProof does the cheap checks first, then verifies and settles.
func (k *Keeper) submitProof(ctx context.Context, signer sdk.AccAddress, msg *types.MsgSubmitProof) (*types.MsgSubmitProofResponse, error) {
	e, err := k.assignedTo(ctx, signer, msg.RequestId)
	if err != nil {
		return nil, err
	}
	meter := sdk.UnwrapSDKContext(ctx).GasMeter()
	before := meter.GasConsumed()
	if err := k.verifier.Verify(ctx, e.request.Statement, msg.PublicValues, msg.Proof); err != nil {
		return nil, err
	}
	proof := types.Proof{
		Proof: msg.Proof, PublicValues: msg.PublicValues, Prover: e.auction.Assignment.Prover, Submitter: msg.Signer,
		Height: blockHeight(ctx), VerificationGas: meter.GasConsumed() - before,
	}
	if err := k.proofs.Set(ctx, e.id, proof); err != nil {
		return nil, err
	}
	price := e.auction.Assignment.Price
	plan, err := k.settle(ctx, e, proof)
	if err != nil {
		return nil, err
	}
	return &types.MsgSubmitProofResponse{Price: price, ProtocolFee: plan.ProtocolFee, Reward: plan.Reward, Refund: plan.Refund}, nil
}

// assignedTo loads a request that the signer may deliver on now. A closing that
// is due is applied; a deadline that has passed is not: an overdue request takes
// no proof, not even from the standby prover that it would promote (law M9).
func (k *Keeper) assignedTo(ctx context.Context, signer sdk.AccAddress, name string) (*entry, error) {
	e, err := k.loadByName(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := checkOpen(e); err != nil {
		return nil, err
	}
	m, err := k.now(ctx)
	if err != nil {
		return nil, err
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return nil, err
	}
	if e.auction.Assignment != nil && verifier.overdue(e, m) {
		return nil, errorsmod.Wrapf(types.ErrOverdue, "deadline %s, market time %s", verifier.reading(e).Deadline, m.clock.MarketTime)
	}
	if e.auction.Search != nil {
		return nil, errorsmod.Wrapf(types.ErrNotAssigned, "request %s looks for a standby prover", e.request.Id)
	}
	acting, err := k.actingFor(ctx, signer)
	if err != nil {
		return nil, err
	}
	if _, err := k.advance(ctx, e, m); err != nil {
		return nil, err
	}
	if err := checkOpen(e); err != nil {
		return nil, err
	}
	d := e.auction.Assignment
	if d == nil {
		return nil, errorsmod.Wrapf(types.ErrNotAssigned, "request %s is in %s", e.request.Id, e.auction.Stage)
	}
	prover, err := k.format(acting.prover)
	if err != nil {
		return nil, err
	}
	if d.Prover != prover {
		return nil, errorsmod.Wrapf(types.ErrNotAssignedToYou, "it is %s, the signer acts for %s", d.Prover, prover)
	}
	return e, nil
}
