package keeper

import (
	"context"
	"time"

	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// verifierState is how the verifier or circuit of a request stands, its family
// included, with its suspensions in market time (law M11).
type verifierState struct {
	status      verifiertypes.VerifierStatus
	suspensions []auction.Suspension
}

// verifierOf reads how the verifier of an open request stands, once for each
// message.
func (k *Keeper) verifierOf(ctx context.Context, e *entry) (*verifierState, error) {
	if e.verifier != nil {
		return e.verifier, nil
	}
	standing, err := k.verifier.Standing(ctx, e.request.Statement)
	if err != nil {
		return nil, err
	}
	state := &verifierState{status: standing.Status}
	for _, s := range standing.Suspensions {
		span := auction.Suspension{}
		if span.Began, span.Graced, err = k.pastMarketTime(ctx, s.Began); err != nil {
			return nil, err
		}
		if s.Ended != nil {
			if span.Ended, _, err = k.pastMarketTime(ctx, *s.Ended); err != nil {
				return nil, err
			}
		}
		state.suspensions = append(state.suspensions, span)
	}
	e.verifier = state
	return state, nil
}

// reading is how the deadline of the assignment that stands reads (law M11).
func (v *verifierState) reading(e *entry) auction.Reading {
	window := e.request.TimeLimit
	if e.auction.Assignment.Standby {
		window = e.request.StandbyWindow
	}
	return auction.ReadDeadline(e.auction.Assignment.Deadline, window, v.suspensions)
}

// overdue tells whether the deadline of the assignment that stands has passed.
// Nothing is overdue while the verifier is suspended.
func (v *verifierState) overdue(e *entry, m moment) bool {
	r := v.reading(e)
	return !r.Suspended && m.passed(r.Deadline)
}

// postpone queues a request, whose deadline suspensions have put off, for the
// next time at which it may be due. It returns ErrNothingDue if nothing was put
// off: the queue should not have come then.
func (k *Keeper) postpone(ctx context.Context, e *entry, m moment) error {
	at, waits := e.auction.QueueTime()
	if !waits || e.auction.Assignment == nil {
		return types.ErrNothingDue
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return err
	}
	next := verifier.reading(e).NextLook(m.clock.MarketTime, types.SuspensionReview)
	if !next.After(at) {
		return types.ErrNothingDue
	}
	duty := *e.auction.Assignment
	duty.Review = &next
	e.auction.Assignment = &duty
	return k.save(ctx, e)
}

// notDue says why nothing was applied to a request.
func (k *Keeper) notDue(ctx context.Context, e *entry) error {
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return err
	}
	if d := e.auction.Assignment; d != nil && verifier.reading(e).Suspended {
		return errorsmod.Wrapf(types.ErrVerifierSuspended, "request is in %s, its deadline was %s", e.auction.Stage, d.Deadline.Format(time.RFC3339Nano))
	}
	return errorsmod.Wrapf(types.ErrNothingDue, "request is in %s", e.auction.Stage)
}
