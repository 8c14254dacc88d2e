package types

import (
	"slices"
	"time"
	"unicode/utf8"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// MaxSuspensions is how many suspensions are kept for a target.
	MaxSuspensions = 16
	// MaxReasonSize is the longest reason for a suspension, in bytes.
	MaxReasonSize = 256
)

// VerifierTarget returns the verifier of that id as a target.
func VerifierTarget(id string) Target { return Target{Kind: TARGET_KIND_VERIFIER, Id: id} }

// CircuitTarget returns the circuit of that id, 64 lower-case hex digits, as a
// target.
func CircuitTarget(id string) Target { return Target{Kind: TARGET_KIND_CIRCUIT, Id: id} }

// FamilyTarget returns the family of that name as a target.
func FamilyTarget(name string) Target { return Target{Kind: TARGET_KIND_FAMILY, Id: name} }

// Validate reports a target that cannot exist. Errors: ErrInvalidTarget,
// ErrUnknownFamily.
func (t Target) Validate() error {
	var err error
	switch t.Kind {
	case TARGET_KIND_VERIFIER:
		err = CheckVerifierID(t.Id)
	case TARGET_KIND_CIRCUIT:
		_, err = DecodeID("circuit id", t.Id)
	case TARGET_KIND_FAMILY:
		_, err = GetFamily(t.Id)
		return err
	default:
		return errorsmod.Wrapf(ErrInvalidTarget, "kind %d is none of VERIFIER, CIRCUIT and FAMILY", t.Kind)
	}
	if err != nil {
		return errorsmod.Wrap(ErrInvalidTarget, err.Error())
	}
	return nil
}

// Describe names the target in messages, such as "verifier pico/v1.2.2".
func (t Target) Describe() string {
	switch t.Kind {
	case TARGET_KIND_VERIFIER:
		return "verifier " + t.Id
	case TARGET_KIND_CIRCUIT:
		return "circuit " + t.Id
	default:
		return "family " + t.Id
	}
}

// less orders targets as state does.
func (t Target) less(o Target) bool {
	if t.Kind != o.Kind {
		return t.Kind < o.Kind
	}
	return t.Id < o.Id
}

// CheckReason bounds the reason for a suspension; it may be empty. Error:
// ErrInvalidReason.
func CheckReason(reason string) error {
	if len(reason) > MaxReasonSize {
		return errorsmod.Wrapf(ErrInvalidReason, "at most %d bytes, got %d", MaxReasonSize, len(reason))
	}
	if !utf8.ValidString(reason) {
		return errorsmod.Wrap(ErrInvalidReason, "it must be valid UTF-8")
	}
	return nil
}

// Empty reports whether nothing is or ever was laid on the target. Such a
// restriction is not kept.
func (r Restriction) Empty() bool { return !r.Revoked && len(r.Suspensions) == 0 }

// Suspended reports whether a suspension lasts.
func (r Restriction) Suspended() bool {
	n := len(r.Suspensions)
	return n > 0 && r.Suspensions[n-1].Ended == nil
}

// Status returns the target's status, its family's apart; own is what a verifier
// has of its own, and ACTIVE for circuits and families (law V1).
func (r Restriction) Status(own VerifierStatus) VerifierStatus {
	switch {
	case r.Revoked || own == VERIFIER_STATUS_REVOKED:
		return VERIFIER_STATUS_REVOKED
	case r.Suspended():
		return VERIFIER_STATUS_SUSPENDED
	default:
		return own
	}
}

// Suspend begins a suspension at block time now. When MaxSuspensions are kept
// already, the two oldest become one, from the beginning of the first to the end
// of the second. That can only lengthen a deadline of law M11: one that had not
// passed when the first began now also gets what the second gives, and one that
// lay between the two counts as not passed. Nobody is slashed for a span that
// was forgotten. Error: ErrInvalidStatus if one lasts.
func (r *Restriction) Suspend(now time.Time, by, reason string) error {
	if r.Suspended() {
		return errorsmod.Wrapf(ErrInvalidStatus, "%s is SUSPENDED already", r.Target.Describe())
	}
	if len(r.Suspensions) >= MaxSuspensions {
		r.Suspensions[0].Ended = r.Suspensions[1].Ended
		r.Suspensions = slices.Delete(r.Suspensions, 1, 2)
	}
	r.Suspensions = append(r.Suspensions, Suspension{Began: now, By: by, Reason: reason})
	return nil
}

// End ends the suspension that lasts, if one does, at block time now.
func (r *Restriction) End(now time.Time) {
	if r.Suspended() {
		r.Suspensions[len(r.Suspensions)-1].Ended = &now
	}
}

// Validate checks everything about the restriction but its place in state.
// Errors: ErrInvalidTarget, ErrUnknownFamily, ErrInvalidGenesis,
// ErrInvalidReason.
func (r Restriction) Validate() error {
	if err := r.Target.Validate(); err != nil {
		return err
	}
	name, n := r.Target.Describe(), len(r.Suspensions)
	switch {
	case n > MaxSuspensions:
		return errorsmod.Wrapf(ErrInvalidGenesis, "%s: %d suspensions, at most %d are kept", name, n, MaxSuspensions)
	case r.Revoked && r.Target.Kind == TARGET_KIND_VERIFIER:
		return errorsmod.Wrapf(ErrInvalidGenesis, "%s: its own status says whether it is revoked", name)
	case r.Revoked && r.Suspended():
		return errorsmod.Wrapf(ErrInvalidGenesis, "%s is revoked, so its suspension must have ended", name)
	case r.Empty():
		return errorsmod.Wrapf(ErrInvalidGenesis, "%s: a restriction that says nothing", name)
	}
	for i, s := range r.Suspensions {
		if err := s.validate(i == n-1); err != nil {
			return errorsmod.Wrapf(err, "%s, suspension %d", name, i+1)
		}
		if i > 0 && s.Began.Before(*r.Suspensions[i-1].Ended) {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s, suspension %d begins before the one before it ends", name, i+1)
		}
	}
	return nil
}

// validate checks one suspension; only the last may still last.
func (s Suspension) validate(last bool) error {
	if s.Began.IsZero() {
		return errorsmod.Wrap(ErrInvalidGenesis, "began is missing")
	}
	if s.Ended == nil && !last {
		return errorsmod.Wrap(ErrInvalidGenesis, "only the last may still last")
	}
	if s.Ended != nil && s.Ended.Before(s.Began) {
		return errorsmod.Wrap(ErrInvalidGenesis, "it ends before it begins")
	}
	if _, err := sdk.AccAddressFromBech32(s.By); err != nil {
		return errorsmod.Wrapf(ErrInvalidGenesis, "by: %s", err)
	}
	return CheckReason(s.Reason)
}
