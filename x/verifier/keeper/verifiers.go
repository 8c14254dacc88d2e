package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// AddVerifier registers an ACTIVE verifier (law V1). Its family may be suspended,
// so that a sound verifier can stand ready, but not revoked. Errors:
// types.ErrInvalidVerifier, ErrVerifierExists, ErrUnknownFamily, ErrRevoked,
// ErrInvalidKey.
func (k *Keeper) AddVerifier(ctx context.Context, v types.Verifier) error {
	if err := types.CheckVerifierID(v.Id); err != nil {
		return err
	}
	if has, err := k.verifiers.Has(ctx, v.Id); err != nil {
		return err
	} else if has {
		return errorsmod.Wrapf(types.ErrVerifierExists, "%s; a new key needs a new id", v.Id)
	}
	f, err := types.GetFamily(v.Family)
	if err != nil {
		return err
	}
	if err := k.notRevoked(ctx, types.FamilyTarget(v.Family)); err != nil {
		return err
	}
	if err := k.parseNew(ctx, f, v.Curve, v.Key, v.ProofConstants()); err != nil {
		return err
	}
	v.Status = types.VERIFIER_STATUS_ACTIVE
	v.AddedHeight = sdk.UnwrapSDKContext(ctx).BlockHeight()
	if err := k.setVerifier(ctx, v); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventVerifierAdded{Id: v.Id, Family: v.Family, Curve: v.Curve, KeyHash: v.KeyHash()})
}

// UpdateParams replaces the parameters. Error: types.ErrInvalidParams.
func (k *Keeper) UpdateParams(ctx context.Context, p types.Params) error {
	p, err := k.setParams(ctx, p)
	if err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventParamsUpdated{Params: p})
}

// setParams checks parameters, writes them with the guardian's address in its
// canonical form, and returns what it wrote. Error: types.ErrInvalidParams.
func (k *Keeper) setParams(ctx context.Context, p types.Params) (types.Params, error) {
	if err := p.Validate(); err != nil {
		return p, err
	}
	if p.Guardian != "" {
		guardian, err := k.accounts.AddressCodec().StringToBytes(p.Guardian)
		if err != nil {
			return p, errorsmod.Wrapf(types.ErrInvalidParams, "guardian: %s", err)
		}
		if p.Guardian, err = k.accounts.AddressCodec().BytesToString(guardian); err != nil {
			return p, err
		}
	}
	return p, k.params.Set(ctx, p)
}
