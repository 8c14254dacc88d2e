package prover

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

const (
	// maxHeadAge is how old the newest block may be: many times what blocks take.
	maxHeadAge = time.Minute
	// The loop counts as stuck when it has not come round for stuckCalls calls that
	// run into their timeout at every node, and for stuckAfter at least. It comes
	// round at each poll, new block or not, node or not; one round with many jobs and
	// nodes that hang takes long all the same, and a supervisor that restarts the
	// sidecar then ends the proofs under way for nothing.
	stuckAfter = 15 * time.Minute
	stuckCalls = 60
)

// The parts of a report.
const (
	partLoop     = "loop"
	partChain    = "chain"
	partSync     = "sync"
	partProver   = "prover"
	partStore    = "store"
	partBackends = "backends"
)

// health is how the sidecar is, as its server and its metrics tell.
type health struct {
	now   func() time.Time
	limit time.Duration

	mu     sync.Mutex
	round  time.Time // when the loop came round last, or the start
	asked  bool      // the loop has come round
	failed error     // what ended its last round
	head   chain.Head
	saved  bool // the store could be written at head
	prover string
	engine *Engine
}

// newHealth returns the health of a sidecar that has done nothing yet. now is this
// machine's clock.
func newHealth(cfg Config, now func() time.Time) *health {
	call := time.Duration(cfg.Chain.PollInterval) + time.Duration(cfg.Chain.Timeout)*time.Duration(len(cfg.Chain.Nodes))
	return &health{now: now, limit: max(stuckAfter, stuckCalls*call), round: now()}
}

// started takes note of whom the sidecar acts for, and of its engine.
func (h *health) started(prover string, e *Engine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.prover, h.engine = prover, e
}

// worked takes note of a block whose work was done, and of whether what it changed
// is on disk.
func (h *health) worked(head chain.Head, saved bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head, h.saved = head, saved
}

// ticked takes note that the loop has come round, and of what went wrong in that
// round; nil for nothing.
func (h *health) ticked(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.round, h.asked, h.failed = h.now(), true, err
}

// part is one thing that must be well. It is JSON for operators.
type part struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// report is how all parts are at one moment.
type report struct {
	parts []part
	round time.Time
	asked bool // the loop has come round
	began bool // a block's work was done
}

// report looks at all parts. Details name no node, whose address may hold a
// password: the log has them.
func (h *health) report() report {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := report{round: h.round, asked: h.asked, began: h.head.Height > 0}
	say := func(name string, ok bool, format string, args ...any) {
		r.parts = append(r.parts, part{Name: name, OK: ok, Detail: fmt.Sprintf(format, args...)})
	}
	if idle := h.now().Sub(h.round); h.asked {
		say(partLoop, idle <= h.limit, "last round %s ago, stuck after %s", idle.Round(time.Second), h.limit)
	} else {
		say(partLoop, true, "not begun: it waits for the chain to say whom this key acts for, as long as that takes")
	}
	switch {
	case !h.asked:
		say(partChain, false, "no block was asked for yet")
	case errors.Is(h.failed, chain.ErrUnavailable):
		say(partChain, false, "no node answers usefully: see the log, and check chain.nodes")
	case h.failed != nil:
		say(partChain, false, "the last block's work could not be done: see the log")
	default:
		say(partChain, true, "reached")
	}
	age := h.now().Sub(h.head.Time)
	if r.began {
		say(partSync, age <= maxHeadAge, "block %d is %s old, at most %s is well", h.head.Height, age.Round(time.Second), maxHeadAge)
	} else {
		say(partSync, false, "no block's work was done yet")
	}
	if h.prover == "" {
		say(partProver, false, "not known: register this key as a prover's submitter, or set key.prover")
	} else {
		say(partProver, true, "%s", h.prover)
	}
	switch {
	case !r.began:
		say(partStore, false, "not written yet")
	case !h.saved:
		say(partStore, false, "it cannot be written, so there are no new bids: see the log, and free disk space")
	default:
		say(partStore, true, "written")
	}
	ok, detail := h.engine.biddingOn()
	say(partBackends, ok, "%s", detail)
	return r
}

// ok reports whether the part of that name is well.
func (r report) ok(name string) bool {
	for _, p := range r.parts {
		if p.Name == name {
			return p.OK
		}
	}
	return false
}

// ready reports whether all parts are well.
func (r report) ready() bool { return len(r.problems()) == 0 }

// problems names the parts that are not well, and says why.
func (r report) problems() []string {
	list := []string{}
	for _, p := range r.parts {
		if !p.OK {
			list = append(list, p.Name+": "+p.Detail)
		}
	}
	return list
}

// biddingOn reports whether bids are made on one backend at least, and how each
// of them stands.
func (e *Engine) biddingOn() (ok bool, detail string) {
	if e == nil {
		return false, "not opened yet"
	}
	var each []string
	for _, b := range e.backends.All() {
		state := e.machines.state(b.Name)
		ok = ok || state != strategy.Open
		each = append(each, fmt.Sprintf("%s is %s", b.Name, state))
	}
	return ok, strings.Join(each, ", ")
}

// state says whether bids are made on a backend.
func (ms *machines) state(name string) strategy.BreakerState {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if one := ms.list[name]; one != nil {
		return one.Breaker.Is()
	}
	return strategy.Open
}
