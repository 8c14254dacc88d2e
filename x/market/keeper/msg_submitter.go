package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
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
	return &types.MsgConsentSubmitterResponse{}, events.Emit(ctx, &types.EventSubmitterConsented{Submitter: msg.Submitter, Prover: msg.Prover})
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
	return &types.MsgWithdrawConsentResponse{}, events.Emit(ctx, &types.EventConsentWithdrawn{Submitter: msg.Submitter, Prover: name})
}

// RegisterSubmitter lets submitters that consented act for the signer: all of
// them, or none (law M3).
func (s msgServer) RegisterSubmitter(ctx context.Context, msg *types.MsgRegisterSubmitter) (*types.MsgRegisterSubmitterResponse, error) {
	prover, err := s.k.canonical("prover", &msg.Prover)
	if err != nil {
		return nil, err
	}
	submitters, err := s.k.addressList("submitter", msg.Submitters)
	if err != nil {
		return nil, err
	}
	return &types.MsgRegisterSubmitterResponse{}, s.k.registerSubmitters(ctx, submitters, prover, msg)
}

// registerSubmitters uses the consents up for links in the prover's present vault
// generation.
func (k *Keeper) registerSubmitters(ctx context.Context, submitters []sdk.AccAddress, prover sdk.AccAddress, msg *types.MsgRegisterSubmitter) error {
	for i, submitter := range submitters {
		if err := k.checkSubmitter(ctx, submitter, prover); err != nil {
			return err
		}
		consent, err := k.getConsent(ctx, submitter)
		if err != nil {
			return err
		}
		if !prover.Equals(consent) {
			return errorsmod.Wrapf(types.ErrNoConsent, "%s must send MsgConsentSubmitter for %s first", msg.Submitters[i], msg.Prover)
		}
	}
	standing, err := k.provers.Standing(ctx, prover)
	if err != nil {
		return err
	}
	link := types.SubmitterLink{Prover: msg.Prover, Generation: standing.Generation}
	for i, submitter := range submitters {
		if err := k.consents.Remove(ctx, submitter); err != nil {
			return err
		}
		if err := k.setLink(ctx, submitter, link); err != nil {
			return err
		}
		event := types.EventSubmitterRegistered{Submitter: msg.Submitters[i], Prover: msg.Prover, Generation: standing.Generation}
		if err := events.Emit(ctx, &event); err != nil {
			return err
		}
	}
	return nil
}

// UnregisterSubmitter ends links at once, all of them or none; either side may
// (law M3).
func (s msgServer) UnregisterSubmitter(ctx context.Context, msg *types.MsgUnregisterSubmitter) (*types.MsgUnregisterSubmitterResponse, error) {
	if _, err := s.k.canonical("signer", &msg.Signer); err != nil {
		return nil, err
	}
	submitters, err := s.k.addressList("submitter", msg.Submitters)
	if err != nil {
		return nil, err
	}
	return &types.MsgUnregisterSubmitterResponse{}, s.k.unregisterSubmitters(ctx, submitters, msg)
}

// unregisterSubmitters removes links that the signer is a side of, lapsed ones too.
func (k *Keeper) unregisterSubmitters(ctx context.Context, submitters []sdk.AccAddress, msg *types.MsgUnregisterSubmitter) error {
	links := make([]types.SubmitterLink, len(submitters))
	for i, submitter := range submitters {
		link, found, err := k.getLink(ctx, submitter)
		if err != nil {
			return err
		}
		if !found {
			return errorsmod.Wrap(types.ErrNoLink, msg.Submitters[i])
		}
		if msg.Signer != msg.Submitters[i] && msg.Signer != link.Prover {
			return errorsmod.Wrapf(types.ErrNotYourLink, "%s acts for %s", msg.Submitters[i], link.Prover)
		}
		links[i] = link
	}
	for i, submitter := range submitters {
		if err := k.removeLink(ctx, submitter, links[i]); err != nil {
			return err
		}
		event := types.EventSubmitterUnregistered{Submitter: msg.Submitters[i], Prover: links[i].Prover, Generation: links[i].Generation}
		if err := events.Emit(ctx, &event); err != nil {
			return err
		}
	}
	return nil
}

// addressList reads 1 to MaxBatch addresses, each once, and rewrites them as this
// module stores them. It returns ErrInvalidSize, ErrTooManyItems,
// ErrInvalidAddress or ErrDuplicateItem.
func (k *Keeper) addressList(name string, list []string) ([]sdk.AccAddress, error) {
	if err := types.CheckCount(name, len(list)); err != nil {
		return nil, err
	}
	addresses, seen := make([]sdk.AccAddress, len(list)), make(map[string]bool, len(list))
	for i := range list {
		addr, err := k.canonical(name, &list[i])
		if err != nil {
			return nil, err
		}
		if seen[list[i]] {
			return nil, errorsmod.Wrapf(types.ErrDuplicateItem, "%s %s", name, list[i])
		}
		addresses[i], seen[list[i]] = addr, true
	}
	return addresses, nil
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
	_, is, err := k.provers.Find(ctx, prover)
	if err != nil {
		return err
	}
	if !is {
		return errorsmod.Wrapf(types.ErrNotAProver, "%s must register as a prover first", prover)
	}
	if _, is, err = k.provers.Find(ctx, submitter); err != nil {
		return err
	}
	if is {
		return errorsmod.Wrap(types.ErrSubmitterIsProver, submitter.String())
	}
	other, live, err := k.linkedTo(ctx, submitter)
	if err != nil {
		return err
	}
	if live {
		return errorsmod.Wrapf(types.ErrSubmitterTaken, "%s acts for %s", submitter, other.prover)
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
