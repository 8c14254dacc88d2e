package types

import (
	"fmt"
	"slices"

	errorsmod "cosmossdk.io/errors"
)

// Standing is how the verifier or circuit of a statement stands, its family
// included (law V1).
type Standing struct {
	// Status is the effective one: REVOKED if anything is revoked, else SUSPENDED
	// if anything is suspended, else the verifier's own; a circuit's own is ACTIVE.
	Status VerifierStatus
	// Suspensions are those of the verifier or circuit and of its family, in the
	// order in which they began. Deadlines follow from them (law M11).
	Suspensions []Suspension
	// Cause says for people which of them gives the status, and the reason if one
	// was given; empty for ACTIVE.
	Cause string
}

// NewStanding puts together what is laid on a verifier or circuit and on its
// family; own is the verifier's own status, ACTIVE for a circuit.
func NewStanding(own VerifierStatus, target, family Restriction) Standing {
	t, f := target.Status(own), family.Status(VERIFIER_STATUS_ACTIVE)
	// The statuses are numbered from the mildest to the hardest.
	s := Standing{Status: max(t, f), Suspensions: slices.Concat(target.Suspensions, family.Suspensions)}
	slices.SortStableFunc(s.Suspensions, func(a, b Suspension) int { return a.Began.Compare(b.Began) })
	switch s.Status {
	case VERIFIER_STATUS_ACTIVE:
	case t:
		s.Cause = target.cause(t)
	default:
		s.Cause = family.cause(f)
	}
	return s
}

// cause says what the target's status is, and why it is suspended.
func (r Restriction) cause(status VerifierStatus) string {
	text := r.Target.Describe() + " is " + status.Name()
	if n := len(r.Suspensions); r.Suspended() && status == VERIFIER_STATUS_SUSPENDED && r.Suspensions[n-1].Reason != "" {
		text += fmt.Sprintf(": %q", r.Suspensions[n-1].Reason)
	}
	return text
}

// TakesRequests reports whether new requests may be made (law M1). Error:
// ErrVerifierNotActive, which names the cause.
func (s Standing) TakesRequests() error {
	if s.Status != VERIFIER_STATUS_ACTIVE {
		return errorsmod.Wrap(ErrVerifierNotActive, s.Cause)
	}
	return nil
}

// TakesProofs reports whether proofs are verified. Error: ErrVerifierDisabled,
// which names the cause.
func (s Standing) TakesProofs() error {
	if !s.Status.Verifies() {
		return errorsmod.Wrap(ErrVerifierDisabled, s.Cause)
	}
	return nil
}
