package prover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/crashpoint"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// maxBidTries is how often a bid that the chain refuses is tried. Reveals and
	// proofs are tried as long as their window is open: they save the bond.
	maxBidTries = 3
	// maxSteps bounds the steps of one job in one Tick.
	maxSteps = 10
)

// advance takes a job as far as it goes now.
func (e *Engine) advance(ctx context.Context, head chain.Head, j *store.Job) error {
	view, err := e.viewOf(ctx, head, j.RequestID)
	if errors.Is(err, chain.ErrNotFound) {
		return e.finish(head, j, store.Ended, "the chain does not have the request any more")
	}
	if err != nil {
		return err
	}
	e.noteTimeLeft(j.RequestID, view.TimeLeft)
	if view.Auction.Status != markettypes.REQUEST_STATUS_PENDING {
		outcome, why := e.outcome(j, view)
		return e.finish(head, j, outcome, why, func(j *store.Job) {
			if outcome == store.Fulfilled {
				j.Paid = view.Auction.Assignment.Price
			}
		})
	}
	for range maxSteps {
		was := j.State
		now, err := e.step(ctx, head, j, view)
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return err
		}
		if now == nil || now.State == was || now.State == store.Done {
			return nil
		}
		j = now
	}
	return nil
}

// step takes one step. It returns the job as it is now.
func (e *Engine) step(ctx context.Context, head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	switch j.State {
	case store.Decided, store.Bidding:
		return e.stepBid(ctx, head, j, v)
	case store.Bid, store.Revealing:
		return e.stepReveal(ctx, head, j, v)
	case store.Revealed:
		return e.stepWait(head, j, v)
	case store.Assigned:
		return e.stepProve(ctx, head, j, v)
	case store.Proved, store.Submitting:
		return e.stepSubmit(ctx, head, j, v)
	default:
		return j, nil
	}
}

// outcome reads how a request that has ended ended for us.
func (e *Engine) outcome(j *store.Job, v *markettypes.RequestView) (store.Outcome, string) {
	a := v.Auction
	ours := a.Assignment != nil && a.Assignment.Prover == j.Prover
	owed := j.State == store.Assigned || j.State == store.Proved || j.State == store.Submitting
	switch {
	case a.Status == markettypes.REQUEST_STATUS_FULFILLED && ours:
		return store.Fulfilled, fmt.Sprintf("paid %s", a.Assignment.Price)
	case a.EndReason == markettypes.END_REASON_MISSED && ours, owed && !ours && a.EndReason == markettypes.END_REASON_PROVED:
		return store.Missed, "the proof was not in by the deadline"
	case a.EndReason == markettypes.END_REASON_REVOKED, a.EndReason == markettypes.END_REASON_CANCELLED:
		return store.Ended, a.EndReason.String()
	case j.State == store.Decided || j.State == store.Bidding:
		return store.NotPlaced, "the bid came too late"
	case j.State == store.Bid || j.State == store.Revealing:
		return store.NotRevealed, "the reveal came too late, the bond is lost"
	case a.Status == markettypes.REQUEST_STATUS_FULFILLED:
		return store.Lost, "another prover delivered"
	default:
		return store.Ended, a.EndReason.String()
	}
}

// finish files a job, with what change adds to its record.
func (e *Engine) finish(head chain.Head, j *store.Job, outcome store.Outcome, why string, change ...func(*store.Job)) error {
	now, err := e.update(j.RequestID, func(j *store.Job) error {
		j.State, j.Outcome, j.Finished = store.Done, outcome, head.Height
		if outcome == store.Fulfilled && j.Pending != nil {
			j.ProofTx = j.Pending.Hash
		}
		j.Pending = nil
		for _, f := range change {
			f(j)
		}
		return nil
	})
	if err != nil {
		return err
	}
	crashpoint.At(crashpoint.DoneWritten)
	e.stop(j.RequestID) // a proof that nobody waits for any more
	level := slog.LevelInfo
	if outcome == store.Missed || outcome == store.NotRevealed {
		level = slog.LevelError
	}
	e.metrics.finished(now)
	e.machines.finished(j, head, outcome, why)
	e.say(j.RequestID, level, "job done", "outcome", outcome, "detail", why)
	return nil
}

// move writes a state change and logs it.
func (e *Engine) move(j *store.Job, to store.State, change func(*store.Job), args ...any) (*store.Job, error) {
	if to == store.Revealed {
		e.stakes.forget()
	}
	now, err := e.update(j.RequestID, moving(to, change))
	if err != nil {
		return nil, err
	}
	if to != j.State {
		e.entered(now, args...)
	}
	return now, nil
}

// moving is the change of a job that goes to a state.
func moving(to store.State, change func(*store.Job)) func(*store.Job) error {
	return func(j *store.Job) error {
		if to != j.State {
			j.Tries, j.LastError = 0, ""
		}
		j.State = to
		if change != nil {
			change(j)
		}
		return nil
	}
}

// moveSoon is move in one write with other jobs', after which the job goes on.
func (e *Engine) moveSoon(j *store.Job, to store.State, change func(*store.Job), args ...any) (*store.Job, error) {
	e.turn.moves = append(e.turn.moves, stateMove{job: j, to: to, change: change, args: args})
	return j, errStop
}

// stateMove is a state change that waits for others.
type stateMove struct {
	job    *store.Job
	to     store.State
	change func(*store.Job)
	args   []any
}

// moveAll writes the state changes that wait, and returns the jobs as they are now.
// What cannot be written together is written one by one.
func (e *Engine) moveAll() (now []*store.Job) {
	moves := e.turn.moves
	e.turn.moves = nil
	ids, byID := make([]string, len(moves)), make(map[string]stateMove, len(moves))
	for i, m := range moves {
		ids[i], byID[m.job.RequestID] = m.job.RequestID, m
		if m.to == store.Revealed {
			e.stakes.forget()
		}
	}
	jobs, err := e.store.UpdateAll(ids, nil, func(j *store.Job) error {
		m := byID[j.RequestID]
		return moving(m.to, m.change)(j)
	})
	if err == nil {
		for _, j := range jobs {
			e.entered(j, byID[j.RequestID].args...)
		}
		return jobs
	}
	for _, m := range moves {
		j, err := e.move(m.job, m.to, m.change, m.args...)
		if err != nil {
			e.say(m.job.RequestID, slog.LevelWarn, "step failed, will try again", "state", m.job.State, "error", err)
			continue
		}
		now = append(now, j)
	}
	return now
}

// entered counts and logs a job that has entered its state.
func (e *Engine) entered(j *store.Job, args ...any) {
	switch j.State {
	case store.Revealed:
		e.machines.revealed(j.Backend)
	case store.Assigned:
		crashpoint.At(crashpoint.AssignedWritten)
	}
	e.mu.Lock()
	n := e.noteOf(j.RequestID)
	n.failures, n.retryAt = 0, 0
	e.mu.Unlock()
	e.metrics.moved(j)
	e.say(j.RequestID, slog.LevelInfo, "job "+string(j.State), args...)
}

// stepBid brings the bid onto the chain: always the one whose fee and salt are
// on disk, however often it is sent (law P4).
func (e *Engine) stepBid(ctx context.Context, head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	asOf := e.chain.Seen().State
	bid, err := e.chain.Bid(ctx, j.RequestID, j.Prover)
	switch {
	case err == nil && bytes.Equal(bid.Commitment, j.Commitment):
		crashpoint.At(crashpoint.BidSeen)
		return e.moveSoon(j, store.Bid, func(j *store.Job) {
			if j.Pending != nil {
				j.BidTx = j.Pending.Hash
			}
			j.Pending = nil
		}, "fee", j.Fee, "bond", bid.Bond)
	case err == nil:
		return nil, e.finish(head, j, store.NotPlaced, "the chain has another bid of this prover: does another proverd work for it?")
	case !errors.Is(err, chain.ErrNotFound):
		return nil, err
	case v.Stage != markettypes.STAGE_BIDDING:
		return nil, e.finish(head, j, store.NotPlaced, "the bidding window closed without our bid")
	}
	if j.Pending != nil {
		return e.settle(ctx, head, j, store.Decided, asOf)
	}
	if j.Tries >= maxBidTries {
		return nil, e.finish(head, j, store.NotPlaced, j.LastError)
	}
	e.turn.bids = append(e.turn.bids, j)
	e.turn.hurry = e.turn.hurry || v.BlocksLeft <= hurryBlocks
	return j, errStop
}

// stepReveal opens the bid while the window is open.
func (e *Engine) stepReveal(ctx context.Context, head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	if v.Stage == markettypes.STAGE_BIDDING {
		return j, nil
	}
	asOf := e.chain.Seen().State
	bid, err := e.chain.Bid(ctx, j.RequestID, j.Prover)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil, e.finish(head, j, store.Ended, "the chain does not have our bid any more")
	case err != nil:
		return nil, err
	case bid.State == markettypes.BID_STATE_UNRANKED:
		return nil, e.finish(head, j, store.Lost, "we were not eligible any more when the bid was revealed")
	case bid.State == markettypes.BID_STATE_RANKED:
		crashpoint.At(crashpoint.RevealSeen)
		return e.moveSoon(j, store.Revealed, func(j *store.Job) {
			if j.Pending != nil {
				j.RevealTx = j.Pending.Hash
			}
			j.Pending = nil
		}, "fee", j.Fee)
	case v.Stage != markettypes.STAGE_REVEALING:
		return nil, e.finish(head, j, store.NotRevealed, "the reveal window closed, the bond is lost")
	}
	if j.Pending != nil {
		return e.settle(ctx, head, j, store.Bid, asOf)
	}
	e.turn.reveals = append(e.turn.reveals, j)
	return j, errStop
}

// stepWait waits for the auction to end, or for a winner that fails.
func (e *Engine) stepWait(head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	switch {
	case v.Stage == markettypes.STAGE_BIDDING || v.Stage == markettypes.STAGE_REVEALING:
		return j, nil
	case owes(j.Prover, v):
		return e.move(j, store.Assigned, func(j *store.Job) {
			if v.Deadline != nil {
				j.Deadline = *v.Deadline
			}
		}, "time_left", v.TimeLeft, "stage", v.Stage.String())
	case v.Auction.Assignment == nil || v.Auction.Search != nil:
		return j, nil // the chain is still finding out
	case j.Standby && v.Request.StandbyWindow > 0 && !v.Auction.Assignment.Standby:
		return j, nil // we may be asked
	default:
		return nil, e.finish(head, j, store.Lost, "another prover won")
	}
}

// owes reports whether a prover must deliver.
func owes(prover string, v *markettypes.RequestView) bool {
	if v.Stage != markettypes.STAGE_ASSIGNED && v.Stage != markettypes.STAGE_STANDBY {
		return false
	}
	if a := v.Auction.Assignment; a != nil {
		return a.Prover == prover
	}
	// The window closed and the chain has not written it down yet.
	l := v.Auction.Leader
	return v.Stage == markettypes.STAGE_ASSIGNED && l != nil && l.Prover == prover
}

// stepProve has the proof made in the background.
func (e *Engine) stepProve(ctx context.Context, head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	if !owes(j.Prover, v) {
		return nil, e.finish(head, j, store.Missed, "the chain took the assignment away")
	}
	if len(j.Proof) > 0 { // the trial proof
		return e.move(j, store.Proved, nil, "bytes", len(j.Proof))
	}
	if e.mayTry(j.RequestID, head.Height) {
		st := v.Request.Statement
		b, err := e.backendOf(j, st.Verifier)
		if err != nil {
			return nil, err
		}
		limit := attempt(b.Limits, e.machines.speed(b), j.Cost, v.TimeLeft)
		e.start(ctx, j.RequestID, e.slots[b.Name].proving, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			e.prove(ctx, head, j.RequestID, st)
		})
	}
	return j, nil
}

// attempt is how long a backend may take for one proof of that cost: half of the
// time left, so that one that hangs leaves time for another attempt (law P6),
// but not less than three times what the backend's measured speed makes of it.
func attempt(l backend.Limits, unitsPerSecond, cost uint64, left time.Duration) time.Duration {
	if left <= 0 {
		return l.ProveTimeout
	}
	const atMost = 1 << 30 // seconds: three times that still is a duration
	seconds := min(cost/max(1, unitsPerSecond), atMost)
	return min(l.ProveTimeout, max(left/2, 3*time.Duration(seconds)*time.Second))
}

// stepSubmit brings the proof onto the chain, at once (law P4).
func (e *Engine) stepSubmit(ctx context.Context, head chain.Head, j *store.Job, v *markettypes.RequestView) (*store.Job, error) {
	if !owes(j.Prover, v) {
		return nil, e.finish(head, j, store.Missed, "the chain took the assignment away")
	}
	if v.Auction.Assignment == nil {
		return j, nil // from the block after the closing
	}
	if v.VerifierStatus == verifiertypes.VERIFIER_STATUS_SUSPENDED {
		return j, nil // no proof is taken, and the deadline waits too (law M11)
	}
	if j.Pending != nil {
		return e.settle(ctx, head, j, store.Proved, 0)
	}
	e.send(ctx, head, proofs, []*store.Job{j})
	return j, errStop
}
