package prover

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// screenBudget bounds the requests without a job that are looked at in one Tick.
const screenBudget = 2000

// screen looks at the requests that may get a job: new ones, those whose time to be
// looked at again has come, and, when we stand differently than before, those that
// were declined for how we stood. What concerns none of these costs nothing.
func (e *Engine) screen(ctx context.Context, head chain.Head) {
	b := e.book
	for _, id := range b.expire(head.Height) {
		if o := b.open[id]; o != nil && !e.hasJob(id) && o.view.Auction.BiddingEnd <= uint64(head.Height) {
			e.drop(id)
		}
		delete(b.dismissed, id)
	}
	for _, id := range e.takeLooked() {
		if o := b.open[id]; o != nil && o.list == listBusy {
			e.place(id, o, head)
		}
	}
	if e.unwritable {
		return
	}
	if len(b.fresh) == 0 && len(b.idle) == 0 && len(b.later[head.Height]) == 0 && !b.due(head.Height) && !b.anyReady() {
		return
	}
	s, err := e.survey()
	if err != nil {
		return
	}
	if stake, err := e.stakes.get(ctx, e.chain, e.cfg.Prover, head.Height); err == nil {
		s.stake = &strategy.Stake{Figures: stake.Figures, OvercommitBps: stake.OvercommitBps}
	}
	if now := s.print(e.backendsOf(s)); now != e.stood {
		e.stood, b.review = now, len(b.idle)
	}
	budget := screenBudget
	e.screenLater(ctx, head, s, &budget)
	b.fresh = e.screenList(ctx, head, s, b.fresh, listFresh, &budget)
	for name := range b.ready { // each has slots of its own: their order matters little
		if e.slotFree(name) {
			b.ready[name] = e.screenList(ctx, head, s, b.ready[name], listReady, &budget)
		}
	}
	if n := min(b.review, len(b.idle), budget); n > 0 {
		some := slices.Clone(b.idle[:n])
		b.idle = slices.Delete(b.idle, 0, n)
		b.review -= n
		e.screenList(ctx, head, s, some, listIdle, &budget)
	}
}

// screenLater looks at those whose height has come.
func (e *Engine) screenLater(ctx context.Context, head chain.Head, s *survey, budget *int) {
	for at, ids := range e.book.later { // as many keys as there are delays
		if at > head.Height {
			continue
		}
		rest := e.screenList(ctx, head, s, ids, listLater, budget)
		if delete(e.book.later, at); len(rest) > 0 {
			e.book.later[at] = rest
		}
	}
}

// screenList looks at the requests of one list, and returns those that it did not
// get to.
func (e *Engine) screenList(ctx context.Context, head chain.Head, s *survey, ids []string, from list, budget *int) []string {
	for i, id := range ids {
		o := e.book.open[id]
		if o == nil || o.list != from {
			continue // it is gone, or in another list by now
		}
		if *budget <= 0 || ctx.Err() != nil {
			return slices.Clone(ids[i:])
		}
		*budget--
		o.list = listNone
		backend := e.consider(ctx, head, id, o, s)
		if backend == "" {
			continue
		}
		o.list = listReady
		if from == listReady {
			return slices.Clone(ids[i:]) // no slot is free any more
		}
		e.book.ready[backend] = append(e.book.ready[backend], id)
	}
	return nil
}

// consider looks at a request that has no job, and starts a closer look in the
// background if it may be worth it. It returns the backend whose slots are all taken,
// if the look has to wait for one; else nothing.
func (e *Engine) consider(ctx context.Context, head chain.Head, id string, o *offer, s *survey) (waitsFor string) {
	if _, err := e.store.Get(id); !errors.Is(err, store.ErrNotFound) {
		if err == nil && !e.hasJob(id) {
			e.dismiss(id) // one job for each request
		}
		return ""
	}
	v := o.at(head)
	if o.stale {
		view, err := e.viewOf(ctx, head, id)
		if err != nil || view.Auction.Status != markettypes.REQUEST_STATUS_PENDING {
			e.drop(id)
			return ""
		}
		v = view
	}
	if v.Stage != markettypes.STAGE_BIDDING || v.BlocksLeft == 0 {
		if v.Auction.BiddingEnd <= uint64(head.Height) || v.Stage != markettypes.STAGE_BIDDING {
			e.drop(id)
		}
		return ""
	}
	if !e.mayTry(id, head.Height) {
		e.place(id, o, head)
		return ""
	}
	b, ok := e.backends.For(v.Request.Statement.Verifier)
	if d := Quote(e.cfg.Policy, v, e.known(id).work(), s.figures(b, ok)); !d.Bid {
		e.decline(id, head, d)
		e.place(id, o, head)
		return ""
	}
	if !e.start(ctx, id, e.slots[b.Name].evaluate, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, b.Limits.EvaluateTimeout)
		defer cancel()
		e.decideOn(ctx, head, v, b)
		e.looked(id)
	}) {
		return b.Name
	}
	o.list = listBusy
	return ""
}

// place puts a request that was declined where it will be found when the answer may
// be another.
func (e *Engine) place(id string, o *offer, head chain.Head) {
	if e.hasJob(id) {
		o.list, o.stale = listNone, true // from the chain from now on
		return
	}
	e.mu.Lock()
	n := *e.noteOf(id)
	e.mu.Unlock()
	switch {
	case n.busy:
		o.list = listBusy
	case n.refused:
		e.dismiss(id)
	case n.retryAt > head.Height:
		o.list = listLater
		e.book.later[n.retryAt] = append(e.book.later[n.retryAt], id)
	case n.again, n.skipped == "": // its time has come; nothing was found against it
		o.list = listNone
		e.book.put(id, o, listFresh)
	default:
		o.list = listNone
		e.book.put(id, o, listIdle)
	}
}

// looked has Tick go on with a request whose closer look has ended.
func (e *Engine) looked(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = append(e.done, id)
}

// takeLooked returns what looked was called for. A look that is not over to its last
// step is left for the next call.
func (e *Engine) takeLooked() (ids []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var busy []string
	for _, id := range e.done {
		if n := e.open[id]; n != nil && n.busy {
			busy = append(busy, id)
			continue
		}
		ids = append(ids, id)
	}
	e.done = busy
	return ids
}

// slotFree reports whether a backend can look into one more request.
func (e *Engine) slotFree(backend string) bool {
	s, ok := e.slots[backend]
	return ok && len(s.evaluate) < cap(s.evaluate)
}

// due reports whether the height has come for any request.
func (b *book) due(height int64) bool {
	for at := range b.later {
		if at <= height {
			return true
		}
	}
	return false
}

func (b *book) anyReady() bool {
	for _, ids := range b.ready {
		if len(ids) > 0 {
			return true
		}
	}
	return false
}

// backendsOf is how the backends stand, in order.
func (e *Engine) backendsOf(s *survey) (list []strategy.Backend) {
	for _, b := range e.backends.All() {
		list = append(list, s.of(b))
	}
	return list
}

// print is the same for two surveys after which the same requests are declined, the
// time that passes apart.
func (s *survey) print(backends []strategy.Backend) uint64 {
	h := fnv.New64a()
	for _, t := range s.taken {
		fmt.Fprintln(h, t.Backend, t.Units, t.Proved, t.Standing, t.MinStake, t.Penalty)
	}
	for _, b := range backends {
		fmt.Fprintln(h, b.Name, b.UnitsPerSecond)
		if b.Stop != nil {
			fmt.Fprintln(h, b.Stop.Code)
		}
	}
	if s.stake != nil {
		fmt.Fprintln(h, *s.stake)
	}
	return h.Sum64()
}
