package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// ConsentSubmitter lets one prover register the signer as submitter (law M3).
func (s msgServer) ConsentSubmitter(ctx context.Context, msg *types.MsgConsentSubmitter) (*types.MsgConsentSubmitterResponse, error) {
	submitter, prover, err := s.k.pair(&msg.Submitter, &msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.checkSubmitter(ctx, submitter, prover); err != nil {
		return nil, err
	}
	if err := s.k.consents.Set(ctx, submitter, prover); err != nil {
		return nil, err
	}
	return &types.MsgConsentSubmitterResponse{}, emit(ctx, &types.EventSubmitterConsented{Submitter: msg.Submitter, Prover: msg.Prover})
}

// WithdrawConsent takes an unused consent back (law M3).
func (s msgServer) WithdrawConsent(ctx context.Context, msg *types.MsgWithdrawConsent) (*types.MsgWithdrawConsentResponse, error) {
	submitter, err := s.k.canonical("submitter", &msg.Submitter)
	if err != nil {
		return nil, err
	}
	prover, err := s.k.getConsent(ctx, submitter)
	if err != nil {
		return nil, err
	}
	if prover == nil {
		return nil, errorsmod.Wrapf(types.ErrNoConsent, "%s has no unused consent", msg.Submitter)
	}
	if err := s.k.consents.Remove(ctx, submitter); err != nil {
		return nil, err
	}
	name, err := s.k.format(prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgWithdrawConsentResponse{}, emit(ctx, &types.EventConsentWithdrawn{Submitter: msg.Submitter, Prover: name})
}

// RegisterSubmitter lets a submitter that consented act for the signer (law M3).
func (s msgServer) RegisterSubmitter(ctx context.Context, msg *types.MsgRegisterSubmitter) (*types.MsgRegisterSubmitterResponse, error) {
	submitter, prover, err := s.k.pair(&msg.Submitter, &msg.Prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterSubmitterResponse{}, s.k.registerSubmitter(ctx, submitter, prover, msg)
}

// registerSubmitter uses the consent up for a link in the prover's present vault
// generation.
func (k *Keeper) registerSubmitter(ctx context.Context, submitter, prover sdk.AccAddress, msg *types.MsgRegisterSubmitter) error {
	if err := k.checkSubmitter(ctx, submitter, prover); err != nil {
		return err
	}
	consent, err := k.getConsent(ctx, submitter)
	if err != nil {
		return err
	}
	if !prover.Equals(consent) {
		return errorsmod.Wrapf(types.ErrNoConsent, "%s must send MsgConsentSubmitter for %s first", msg.Submitter, msg.Prover)
	}
	standing, err := k.provers.Standing(ctx, prover)
	if err != nil {
		return err
	}
	if err := k.consents.Remove(ctx, submitter); err != nil {
		return err
	}
	link := types.SubmitterLink{Prover: msg.Prover, Generation: standing.Generation}
	if err := k.submitters.Set(ctx, submitter, link); err != nil {
		return err
	}
	return emit(ctx, &types.EventSubmitterRegistered{Submitter: msg.Submitter, Prover: msg.Prover, Generation: standing.Generation})
}

// UnregisterSubmitter ends a link at once; either side may (law M3).
func (s msgServer) UnregisterSubmitter(ctx context.Context, msg *types.MsgUnregisterSubmitter) (*types.MsgUnregisterSubmitterResponse, error) {
	submitter, _, err := s.k.pair(&msg.Submitter, &msg.Signer)
	if err != nil {
		return nil, err
	}
	link, err := s.k.submitters.Get(ctx, submitter)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrap(types.ErrNoLink, msg.Submitter)
	}
	if err != nil {
		return nil, err
	}
	if msg.Signer != msg.Submitter && msg.Signer != link.Prover {
		return nil, errorsmod.Wrapf(types.ErrNotYourLink, "%s acts for %s", msg.Submitter, link.Prover)
	}
	if err := s.k.submitters.Remove(ctx, submitter); err != nil {
		return nil, err
	}
	return &types.MsgUnregisterSubmitterResponse{}, emit(ctx, &types.EventSubmitterUnregistered{Submitter: msg.Submitter, Prover: link.Prover})
}

// pair reads the addresses of a submitter and of the other side.
func (k *Keeper) pair(submitter, other *string) (a, b sdk.AccAddress, err error) {
	if a, err = k.canonical("submitter", submitter); err != nil {
		return nil, nil, err
	}
	b, err = k.canonical("prover", other)
	return a, b, err
}

// checkSubmitter checks who may act for whom (law M3): never itself, never a
// prover, never one registered elsewhere; and only for a prover.
func (k *Keeper) checkSubmitter(ctx context.Context, submitter, prover sdk.AccAddress) error {
	if submitter.Equals(prover) {
		return errorsmod.Wrap(types.ErrSelfSubmitter, submitter.String())
	}
	is, err := k.provers.IsProver(ctx, prover)
	if err != nil {
		return err
	}
	if !is {
		return errorsmod.Wrapf(types.ErrNotAProver, "%s must register as a prover first", prover)
	}
	if is, err = k.provers.IsProver(ctx, submitter); err != nil {
		return err
	}
	if is {
		return errorsmod.Wrap(types.ErrSubmitterIsProver, submitter.String())
	}
	link, live, err := k.liveLink(ctx, submitter)
	if err != nil {
		return err
	}
	if live {
		return errorsmod.Wrapf(types.ErrSubmitterTaken, "%s acts for %s", submitter, link.Prover)
	}
	return nil
}

// getConsent gives the prover that may register the submitter; nil for none.
func (k *Keeper) getConsent(ctx context.Context, submitter sdk.AccAddress) (sdk.AccAddress, error) {
	prover, err := k.consents.Get(ctx, submitter)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, nil
	}
	return prover, err
}
