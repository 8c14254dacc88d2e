package keeper

import (
	"context"
	"encoding/hex"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Standing returns how the verifier or circuit of a statement stands, its family
// included (laws V1 and M11). It does not read the key. A circuit that has been
// withdrawn stands as what is laid on itself says. Errors:
// types.ErrInvalidStatement, ErrVerifierNotFound.
func (k *Keeper) Standing(ctx context.Context, st types.Statement) (types.Standing, error) {
	program, _, err := st.Decode()
	if err != nil {
		return types.Standing{}, err
	}
	if st.IsCircuit() {
		// A circuit has no status of its own.
		if some, err := k.restricted.Has(ctx); err != nil || !some {
			return types.NewStanding(types.VERIFIER_STATUS_ACTIVE, types.Restriction{}, types.Restriction{}), err
		}
	}
	s, err := k.subject(ctx, st, program[:])
	if errorsmod.IsOf(err, types.ErrCircuitNotFound) {
		s, err = circuitSubject(types.Circuit{Id: st.Program}), nil
	}
	if err != nil {
		return types.Standing{}, err
	}
	return k.standing(ctx, s)
}

// standing reads what is laid on the subject and on its family. An empty family
// is that of a circuit which has been withdrawn.
func (k *Keeper) standing(ctx context.Context, s subject) (types.Standing, error) {
	if some, err := k.restricted.Has(ctx); err != nil || !some {
		return types.NewStanding(s.status, types.Restriction{Target: s.target}, types.Restriction{}), err
	}
	own, err := k.getRestriction(ctx, s.target)
	if err != nil {
		return types.Standing{}, err
	}
	var family types.Restriction
	if s.family != "" {
		if family, err = k.getRestriction(ctx, types.FamilyTarget(s.family)); err != nil {
			return types.Standing{}, err
		}
	}
	return types.NewStanding(s.status, own, family), nil
}

// notRevoked reports a revoked target. Error: types.ErrRevoked.
func (k *Keeper) notRevoked(ctx context.Context, t types.Target) error {
	r, err := k.getRestriction(ctx, t)
	if err == nil && r.Revoked {
		err = errorsmod.Wrap(types.ErrRevoked, t.Describe())
	}
	return err
}

// order is a target that is about to change, with all that state says of it.
type order struct {
	restriction types.Restriction
	verifier    types.Verifier       // without the key; only of a verifier
	own         types.VerifierStatus // ACTIVE for circuits and families
	before      types.VerifierStatus // the target's status, its family's apart
}

// open reads a target that exists and is not revoked. A circuit that has been
// withdrawn exists while something is laid on it. Errors: types.ErrInvalidTarget,
// ErrVerifierNotFound, ErrCircuitNotFound, ErrUnknownFamily, ErrRevoked.
func (k *Keeper) open(ctx context.Context, t types.Target) (o order, err error) {
	if err := t.Validate(); err != nil {
		return o, err
	}
	if o.restriction, err = k.getRestriction(ctx, t); err != nil {
		return o, err
	}
	o.own = types.VERIFIER_STATUS_ACTIVE
	switch {
	case t.Kind == types.TARGET_KIND_VERIFIER:
		o.verifier, err = k.getVerifier(ctx, t.Id)
		o.own = o.verifier.Status
	case t.Kind == types.TARGET_KIND_CIRCUIT && o.restriction.Empty():
		var id []byte
		if id, err = hex.DecodeString(t.Id); err == nil {
			_, err = k.getCircuit(ctx, id)
		}
	}
	if err != nil {
		return o, err
	}
	o.before = o.restriction.Status(o.own)
	if o.before == types.VERIFIER_STATUS_REVOKED {
		return o, errorsmod.Wrap(types.ErrRevoked, t.Describe())
	}
	return o, nil
}

// close writes what has changed and tells it.
func (k *Keeper) close(ctx context.Context, o order, by, reason string) error {
	if !o.restriction.Empty() {
		if err := k.setRestriction(ctx, o.restriction); err != nil {
			return err
		}
	}
	t := o.restriction.Target
	if t.Kind == types.TARGET_KIND_VERIFIER && o.verifier.Status != o.own {
		o.verifier.Status = o.own
		if err := k.verifiers.Set(ctx, t.Id, o.verifier); err != nil {
			return err
		}
	}
	return events.Emit(ctx, &types.EventStatusChanged{
		Target: t, OldStatus: o.before, NewStatus: o.restriction.Status(o.own), By: by, Reason: reason,
	})
}

// Suspend stops verification under a target at once (law V1). Errors:
// types.ErrInvalidReason, ErrInvalidStatus if it is suspended already, and those
// of an unknown or revoked target: ErrInvalidTarget, ErrVerifierNotFound,
// ErrCircuitNotFound, ErrUnknownFamily, ErrRevoked.
func (k *Keeper) Suspend(ctx context.Context, t types.Target, by, reason string) error {
	if err := types.CheckReason(reason); err != nil {
		return err
	}
	o, err := k.open(ctx, t)
	if err != nil {
		return err
	}
	if err := o.restriction.Suspend(sdk.UnwrapSDKContext(ctx).BlockTime(), by, reason); err != nil {
		return err
	}
	return k.close(ctx, o, by, reason)
}

// Resume ends a target's suspension; a verifier that is not suspended but
// DEPRECATED becomes ACTIVE (law V1). Errors: types.ErrInvalidStatus if it is
// neither, and those of an unknown or revoked target, as of Suspend.
func (k *Keeper) Resume(ctx context.Context, t types.Target, by string) error {
	o, err := k.open(ctx, t)
	if err != nil {
		return err
	}
	switch o.before {
	case types.VERIFIER_STATUS_SUSPENDED:
		o.restriction.End(sdk.UnwrapSDKContext(ctx).BlockTime())
	case types.VERIFIER_STATUS_DEPRECATED:
		o.own = types.VERIFIER_STATUS_ACTIVE
	default:
		return errorsmod.Wrapf(types.ErrInvalidStatus, "%s is %s already", t.Describe(), o.before.Name())
	}
	return k.close(ctx, o, by, "")
}

// Deprecate keeps new requests from a verifier; a suspension goes on (law V1).
// Errors: types.ErrInvalidTarget, ErrVerifierNotFound, ErrRevoked,
// ErrInvalidStatus if it is DEPRECATED already.
func (k *Keeper) Deprecate(ctx context.Context, id, by string) error {
	o, err := k.open(ctx, types.VerifierTarget(id))
	if err != nil {
		return err
	}
	if o.own == types.VERIFIER_STATUS_DEPRECATED {
		return errorsmod.Wrapf(types.ErrInvalidStatus, "verifier %s is DEPRECATED already", id)
	}
	o.own = types.VERIFIER_STATUS_DEPRECATED
	return k.close(ctx, o, by, "")
}

// Revoke stops verification under a target for good, and ends its suspension (law
// V1). Errors: those of an unknown or revoked target, as of Suspend.
func (k *Keeper) Revoke(ctx context.Context, t types.Target, by string) error {
	o, err := k.open(ctx, t)
	if err != nil {
		return err
	}
	o.restriction.End(sdk.UnwrapSDKContext(ctx).BlockTime())
	if t.Kind == types.TARGET_KIND_VERIFIER {
		o.own = types.VERIFIER_STATUS_REVOKED
	} else {
		o.restriction.Revoked = true
	}
	n, err := k.Revocations(ctx)
	if err != nil {
		return err
	}
	if err := k.revocations.Set(ctx, n+1); err != nil {
		return err
	}
	return k.close(ctx, o, by, "")
}

// Revocations returns how many verifiers, circuits and families are revoked. It
// never falls, so whoever keeps the number can tell when there are more (law M11).
func (k *Keeper) Revocations(ctx context.Context) (uint64, error) {
	n, err := k.revocations.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// countRevocations counts the revoked targets from their records.
func (k *Keeper) countRevocations(ctx context.Context) (n uint64, err error) {
	err = k.verifiers.Walk(ctx, nil, func(_ string, v types.Verifier) (bool, error) {
		if v.Status == types.VERIFIER_STATUS_REVOKED {
			n++
		}
		return false, nil
	})
	if err != nil {
		return 0, err
	}
	err = k.restrictions.Walk(ctx, nil, func(_ collections.Pair[uint32, string], r types.Restriction) (bool, error) {
		if r.Revoked {
			n++
		}
		return false, nil
	})
	return n, err
}
