package keeper

import (
	"context"

	"github.com/cosmos/gogoproto/proto"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// AddVerifier registers an ACTIVE verifier (law V1). Errors:
// types.ErrInvalidVerifier, ErrVerifierExists, ErrUnknownFamily, ErrInvalidKey.
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
	if err := k.parseNew(ctx, f, v.Curve, v.Key, v.ProofConstants()); err != nil {
		return err
	}
	v.Status = types.VERIFIER_STATUS_ACTIVE
	v.AddedHeight = sdk.UnwrapSDKContext(ctx).BlockHeight()
	if err := k.verifiers.Set(ctx, v.Id, v); err != nil {
		return err
	}
	return emit(ctx, &types.EventVerifierAdded{Id: v.Id, Family: v.Family, Curve: v.Curve, KeyHash: v.KeyHash()})
}

// SetVerifierStatus changes a verifier's status (law V1). Errors:
// types.ErrVerifierNotFound, ErrInvalidStatus, ErrSuspendReserved.
func (k *Keeper) SetVerifierStatus(ctx context.Context, id string, status types.VerifierStatus) error {
	v, err := k.getVerifier(ctx, id)
	if err != nil {
		return err
	}
	old := v.Status
	if err := types.CheckTransition(old, status); err != nil {
		return err
	}
	v.Status = status
	if err := k.verifiers.Set(ctx, id, v); err != nil {
		return err
	}
	return emit(ctx, &types.EventVerifierStatusChanged{Id: id, OldStatus: old, NewStatus: status})
}

// UpdateParams replaces the parameters. Error: types.ErrInvalidParams.
func (k *Keeper) UpdateParams(ctx context.Context, p types.Params) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, p); err != nil {
		return err
	}
	return emit(ctx, &types.EventParamsUpdated{Params: p})
}

// emit emits a typed event.
func emit(ctx context.Context, event proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}
