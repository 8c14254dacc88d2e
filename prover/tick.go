package prover

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// Tick looks at what happened on the chain since it was called last and takes every
// step that can be taken: first what has a deadline, the nearest first, then bids,
// then new requests. A job that fails stops no other. The error says that the chain
// could not be read.
func (e *Engine) Tick(ctx context.Context) error {
	release, err := e.baton.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	head, err := e.chain.Head(ctx)
	if err != nil {
		return err
	}
	if err := e.catchUp(ctx, head); err != nil {
		return err
	}
	jobs, err := e.store.Open()
	if err != nil {
		return fmt.Errorf("read the job store: %w", err)
	}
	e.checkHealth(ctx, head)
	e.machines.tend(head, e.hasJob)
	e.work(ctx, head, jobs)
	e.screen(ctx, head)
	e.save()
	e.prune(head)
	e.metrics.worked(head)
	return ctx.Err()
}

// work takes jobs as far as they go: reveals leave first, then proofs, then bids,
// for which there is limited patience.
func (e *Engine) work(ctx context.Context, head chain.Head, jobs []*store.Job) {
	known := make(map[string]*markettypes.RequestView, len(jobs))
	for _, j := range jobs {
		if o := e.book.open[j.RequestID]; o != nil {
			known[j.RequestID] = o.at(head)
		}
	}
	byUrgency(jobs, known)
	e.observe(head, jobs, known)
	e.turn = newTurn()
	first := 0
	for first < len(jobs) && urgency(known[jobs[first].RequestID]) == urgentReveal {
		first++
	}
	last := first
	for last < len(jobs) && urgency(known[jobs[last].RequestID]) < urgentBid {
		last++
	}
	e.advanceAll(ctx, head, jobs[:first])
	e.sendReveals(ctx, head)
	e.advanceAll(ctx, head, jobs[first:last])
	e.sendReveals(ctx, head)
	patient, cancel := context.WithTimeout(ctx, bidPatience)
	defer cancel()
	e.advanceAll(patient, head, jobs[last:])
	e.sendReveals(ctx, head)
	e.sendBids(patient, head)
}

// advanceAll takes jobs as far as they go, and forgets those that are done.
func (e *Engine) advanceAll(ctx context.Context, head chain.Head, jobs []*store.Job) {
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		if err := e.advance(ctx, head, j); err != nil && ctx.Err() == nil {
			e.say(j.RequestID, slog.LevelWarn, "step failed, will try again", "state", j.State, "error", err)
		}
		if !e.hasJob(j.RequestID) {
			e.drop(j.RequestID)
			e.pruned = 0 // its files may go
		}
	}
	if len(e.turn.moves) > 0 {
		e.advanceAll(ctx, head, e.moveAll()) // states only go on, so this ends
	}
}

// What the chain will do next to a request, the costliest for us first. One that is
// not known may be at any stage.
const (
	urgentReveal = iota
	urgentProof
	urgentUnknown
	urgentBid
)

// urgency classes a job by its request. A bidding window that has passed may be a
// reveal window by now.
func urgency(v *markettypes.RequestView) int {
	switch {
	case v == nil:
		return urgentUnknown
	case v.Stage == markettypes.STAGE_REVEALING, v.Stage == markettypes.STAGE_BIDDING && v.BlocksLeft == 0:
		return urgentReveal
	case v.Stage == markettypes.STAGE_BIDDING:
		return urgentBid
	default:
		return urgentProof
	}
}

// byUrgency sorts jobs by what the chain will do to them first.
func byUrgency(jobs []*store.Job, views map[string]*markettypes.RequestView) {
	left := func(v *markettypes.RequestView) uint64 {
		switch urgency(v) {
		case urgentUnknown:
			return 0
		case urgentProof:
			return uint64(max(0, v.TimeLeft))
		default:
			return v.BlocksLeft
		}
	}
	slices.SortStableFunc(jobs, func(a, b *store.Job) int {
		va, vb := views[a.RequestID], views[b.RequestID]
		return cmp.Or(cmp.Compare(urgency(va), urgency(vb)), cmp.Compare(left(va), left(vb)))
	})
}
