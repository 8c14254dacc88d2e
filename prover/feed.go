package prover

import (
	"context"
	"errors"
	"time"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// maxCatchUp is how many blocks are gone through one by one; after more of them
	// the open requests are listed anew, which is less work.
	maxCatchUp = 100
	// relistBlocks is how often they are listed anyway, should a node have left out an
	// event.
	relistBlocks = 500
	// reviewBlocks is how often the request of a job is asked for although nothing is
	// known to have happened to it.
	reviewBlocks = 10
	// lateDelay is how long after a block its results are asked for again, at most
	// maxNudges times: a node announces a block before it is done with it.
	lateDelay = 100 * time.Millisecond
	maxNudges = 3
)

// catchUp brings the book to the newest block, from the events of each block since
// the last one. Whenever it is in doubt whether it has seen everything it lists the
// open requests anew. The error says that it could not.
func (e *Engine) catchUp(ctx context.Context, head chain.Head) error {
	b := e.book
	listed := false
	if b.height == 0 || head.Height-b.height > maxCatchUp || head.Height-b.listed >= relistBlocks {
		if err := e.relist(ctx, head); err != nil {
			return err
		}
		listed = true
	}
	for b.height < head.Height {
		changes, err := e.chain.Block(ctx, b.height+1)
		switch {
		case err == nil:
			b.blind = false
			for _, c := range changes {
				e.apply(c)
			}
			b.height++
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case listed || (b.height+1 == head.Height && !b.blind):
			e.nudge(head) // the newest block's results follow
			return nil
		}
		if !b.blind {
			e.log.Info("a block's results cannot be had, listing the open requests instead", "height", b.height+1, "error", err)
		}
		b.blind = true
		if err := e.relist(ctx, head); err != nil {
			return err
		}
		listed = true
	}
	return nil
}

// nudge has Tick called again shortly, a few times for each block.
func (e *Engine) nudge(head chain.Head) {
	if e.nudgedAt != head.Height {
		e.nudgedAt, e.nudges = head.Height, 0
	}
	if e.book.blind || e.nudges >= maxNudges {
		return
	}
	e.nudges++
	time.AfterFunc(lateDelay, e.signal)
}

// relist makes the book anew from the list of all open requests. What was found out
// about requests that are still open is kept.
func (e *Engine) relist(ctx context.Context, head chain.Head) error {
	views, at, err := e.chain.Pending(ctx)
	if err != nil {
		return err
	}
	if at <= 0 {
		at = head.Height - 1 // the node does not tell; events that come twice do no harm
	}
	b := e.book
	open := make(map[string]bool, len(views))
	for i := range views {
		open[views[i].Request.Id] = true
		b.see(views[i], at, e.hasJob(views[i].Request.Id))
	}
	for id, o := range b.open {
		switch {
		case open[id]:
		case e.hasJob(id):
			o.stale, o.least = true, max(o.least, at)
		default:
			e.drop(id)
		}
	}
	for id := range b.dismissed {
		if !open[id] {
			delete(b.dismissed, id)
		}
	}
	b.height, b.listed = at, head.Height
	e.sweepNotes()
	return nil
}

// apply takes note of what a block did.
func (e *Engine) apply(c chain.Change) {
	b, at := e.book, e.book.height+1
	if c.Kind == chain.Shifted {
		for id, o := range b.open {
			if e.hasJob(id) {
				o.stale, o.least = true, at
			}
		}
		e.keys.forget()
		e.stakes.forget()
		return
	}
	if c.Kind == chain.Requested {
		b.see(*c.Request, 0, false)
		return
	}
	o := b.open[c.ID]
	switch {
	case o == nil:
	case e.hasJob(c.ID):
		o.stale, o.least = true, at
	case c.Kind == chain.FeeRaised:
		o.view.Request.MaxFee = c.MaxFee
		e.mayLookAgain(c.ID)
		b.put(c.ID, o, listFresh)
	case c.Kind == chain.Ended:
		e.drop(c.ID)
	default:
		o.stale, o.least = true, at
		b.put(c.ID, o, listFresh)
	}
}

// viewOf is the request of a job as of the newest block. It asks the chain where
// something happened to it, where its window may have passed, and now and then.
// It returns chain.ErrNotFound where the chain does not have it any more.
func (e *Engine) viewOf(ctx context.Context, head chain.Head, id string) (*markettypes.RequestView, error) {
	o := e.book.open[id]
	if o != nil && !o.stale && o.asked > 0 && head.Height-o.asked < reviewBlocks && !o.over(head) {
		return o.at(head), nil
	}
	least := int64(0)
	if o != nil {
		least = o.least
	}
	view, _, err := e.chain.RequestFrom(ctx, id, least)
	switch {
	case err == nil:
	case o == nil || errors.Is(err, chain.ErrNotFound):
		return nil, err
	default:
		// What was known is at most as old as the node that answers.
		e.log.Debug("the request cannot be asked for, going on with what is known", "request", id, "error", err)
		if o.stale {
			e.nudge(head)
		}
		return o.at(head), nil
	}
	if o == nil {
		o = &offer{}
		e.book.open[id] = o
	}
	o.view, o.asked, o.stale = view, head.Height, false
	return o.at(head), nil
}

// hasJob reports whether a request has a job that is not done.
func (e *Engine) hasJob(id string) bool {
	j, err := e.store.Get(id)
	return err == nil && j.State != store.Done
}

// drop forgets a request.
func (e *Engine) drop(id string) {
	e.stop(id)
	delete(e.book.open, id)
	delete(e.book.dismissed, id)
	e.forget(id)
}

// dismiss forgets a request that we will not bid for, but for its id.
func (e *Engine) dismiss(id string) {
	e.drop(id)
	e.book.dismissed[id] = struct{}{}
}

// list names where in the book a request waits to be looked at.
type list uint8

const (
	listNone  list = iota
	listFresh      // at the next Tick
	listReady      // worth a closer look, which others take now
	listLater      // at a height
	listIdle       // when we stand differently
	listBusy       // a closer look is under way
)

// offer is an open request in the book.
type offer struct {
	view markettypes.RequestView
	// asked is the height at which the chain was asked for it; 0 for never.
	asked int64
	// stale tells that something happened to it since, in the block least.
	stale bool
	least int64
	list  list
}

// over reports whether the window that the request was in has passed.
func (o *offer) over(head chain.Head) bool {
	a, h := o.view.Auction, uint64(head.Height)
	return (o.view.Stage == markettypes.STAGE_BIDDING && a.BiddingEnd <= h) || (o.view.Stage == markettypes.STAGE_REVEALING && a.RevealEnd <= h)
}

// at is the request as it stands after the newest block, if nothing but time
// has passed.
func (o *offer) at(head chain.Head) *markettypes.RequestView {
	v, h := o.view, uint64(max(0, head.Height))
	left := func(end uint64) uint64 { return max(end, h) - h }
	switch v.Stage {
	case markettypes.STAGE_BIDDING:
		v.BlocksLeft = left(v.Auction.BiddingEnd)
	case markettypes.STAGE_REVEALING:
		v.BlocksLeft = left(v.Auction.RevealEnd)
	}
	if v.ExpectedDeadline != nil && v.VerifierStatus != verifiertypes.VERIFIER_STATUS_SUSPENDED {
		v.TimeLeft = max(0, v.ExpectedDeadline.Sub(head.Time))
	}
	return &v
}

// book is what the engine knows of the open requests. All of it can be listed
// again; nothing that matters is in it only. Only Tick uses it.
type book struct {
	// height is the last block whose events are in it; 0 before the first list, which
	// was made at the height listed. blind tells that nodes do not give events.
	height, listed int64
	blind          bool
	// open holds requests that have a job or may get one, dismissed the ids of those
	// that we will never bid for.
	open      map[string]*offer
	dismissed map[string]struct{}
	// The lists of those that may get a job. An id in a list counts only while its
	// offer names that list.
	fresh  []string
	ready  map[string][]string // by backend
	idle   []string
	review int // how many of idle are to be looked at again
	later  map[int64][]string
	// ends: last block that takes bids → ids.
	ends map[int64][]string
	// expired is the last block whose bidding windows were closed.
	expired int64
}

func newBook() *book {
	return &book{
		open: make(map[string]*offer), dismissed: make(map[string]struct{}), ready: make(map[string][]string),
		later: make(map[int64][]string), ends: make(map[int64][]string),
	}
}

// see takes a request in, as the chain has it at a height, or, where that is 0, as
// its event told. Of those that have no job only ones that take bids matter.
func (b *book) see(v markettypes.RequestView, at int64, hasJob bool) {
	id := v.Request.Id
	o := b.open[id]
	if _, dismissed := b.dismissed[id]; dismissed && !hasJob {
		return
	}
	switch {
	case o == nil && !hasJob && (v.Stage != markettypes.STAGE_BIDDING || v.BlocksLeft == 0):
		return
	case o == nil:
		o = &offer{}
		b.open[id] = o
	case at == 0 || at < o.least:
		return // it is known, and not older
	}
	raised := !o.view.Request.MaxFee.IsNil() && v.Request.MaxFee.GT(o.view.Request.MaxFee)
	o.view, o.asked, o.stale = v, at, false
	if !hasJob && (o.list == listNone || (raised && o.list != listBusy)) {
		b.put(id, o, listFresh)
		b.ends[int64(v.Auction.BiddingEnd)] = append(b.ends[int64(v.Auction.BiddingEnd)], id)
	}
}

// put moves a request to a list that has no key.
func (b *book) put(id string, o *offer, to list) {
	if o.list == to && to != listFresh {
		return
	}
	switch o.list = to; to {
	case listFresh:
		b.fresh = append(b.fresh, id)
	case listIdle:
		b.idle = append(b.idle, id)
	}
}

// expire returns the requests whose bidding window has passed by a height.
func (b *book) expire(height int64) (ids []string) {
	if height-b.expired > int64(len(b.ends)) { // after a long pause, or at the start
		for end := range b.ends {
			if end <= height {
				ids = append(ids, b.ends[end]...)
				delete(b.ends, end)
			}
		}
	} else {
		for end := b.expired + 1; end <= height; end++ {
			ids = append(ids, b.ends[end]...)
			delete(b.ends, end)
		}
	}
	b.expired = max(b.expired, height)
	return ids
}

// sweepNotes drops what is remembered of requests that are not in the book.
func (e *Engine) sweepNotes() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, n := range e.open {
		if e.book.open[id] == nil && !n.busy {
			delete(e.open, id)
		}
	}
}

// forget drops what is remembered of one request.
func (e *Engine) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.open[id]; n != nil && !n.busy {
		delete(e.open, id)
	}
}

// mayLookAgain lets a request be looked at before its time.
func (e *Engine) mayLookAgain(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.open[id]; n != nil {
		n.retryAt = 0
	}
}
