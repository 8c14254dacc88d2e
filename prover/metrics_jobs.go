package prover

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// jobMetrics counts jobs.
type jobMetrics struct {
	decided *prometheus.CounterVec
	bids    *prometheus.CounterVec
	reveals *prometheus.CounterVec
	wins    *prometheus.CounterVec
	ended   *prometheus.CounterVec
	open    *prometheus.GaugeVec
	// The vectors below have no label, so that they can be absent.
	deadline *prometheus.GaugeVec
	reveal   *prometheus.GaugeVec

	progress *progress
}

// progress is how far each open job has come, by request: a job may fall back, and
// is counted once in each state all the same.
type progress struct {
	mu  sync.Mutex
	far map[string]int
}

func newJobMetrics(r prometheus.Registerer) jobMetrics {
	m := jobMetrics{
		decided:  counters("decided_total", "Requests that it was decided to bid for, since the start.", "backend"),
		bids:     counters("bids_total", "Bids that the chain has taken, since the start.", "backend"),
		reveals:  counters("reveals_total", "Bids whose reveal the chain has ranked, since the start.", "backend"),
		wins:     counters("wins_total", "Requests won, or taken over from a winner that failed, since the start.", "backend"),
		ended:    counters("outcomes_total", "Jobs that ended, by outcome, since the job store was made: restarts do not set it back.", "outcome"),
		open:     gauges("open_jobs", "Jobs that have not ended, by state, when the last block came.", "state"),
		deadline: gauges("next_deadline_timestamp_seconds", "Block time by which the most urgent proof that is owed must be in, in seconds since 1970; absent while none is owed."),
		reveal:   gauges("reveal_blocks_left", "Blocks left to reveal the most urgent bid whose reveal window is open; absent while there is none."),
		progress: &progress{far: make(map[string]int)},
	}
	r.MustRegister(m.decided, m.bids, m.reveals, m.wins, m.ended, m.open, m.deadline, m.reveal)
	return m
}

func (m *jobMetrics) resume(ended map[store.Outcome]int, open []*store.Job) {
	for _, o := range store.Outcomes {
		m.ended.WithLabelValues(string(o)).Add(float64(ended[o]))
	}
	m.progress.mu.Lock()
	defer m.progress.mu.Unlock()
	for _, j := range open {
		m.progress.far[j.RequestID] = slices.Index(store.States, j.State)
	}
}

// moved counts a job in its state, and in the ones before that it skipped.
func (m *jobMetrics) moved(j *store.Job) {
	m.progress.mu.Lock()
	defer m.progress.mu.Unlock()
	was, known := m.progress.far[j.RequestID]
	if !known {
		was = -1
	}
	now := slices.Index(store.States, j.State)
	if now <= was {
		return
	}
	m.progress.far[j.RequestID] = now
	for _, s := range store.States[was+1 : now+1] {
		switch s {
		case store.Decided:
			m.decided.WithLabelValues(j.Backend).Inc()
		case store.Bid:
			m.bids.WithLabelValues(j.Backend).Inc()
		case store.Revealed:
			m.reveals.WithLabelValues(j.Backend).Inc()
		case store.Assigned:
			m.wins.WithLabelValues(j.Backend).Inc()
		}
	}
}

// finished counts a job that has ended, and returns how far it had come.
func (m *jobMetrics) finished(j *store.Job) (before store.State) {
	m.ended.WithLabelValues(string(j.Outcome)).Inc()
	m.progress.mu.Lock()
	defer m.progress.mu.Unlock()
	if far, known := m.progress.far[j.RequestID]; known {
		before = store.States[far]
	}
	delete(m.progress.far, j.RequestID)
	return before
}

// observe shows the jobs that are open as a block comes: jobs as they are on
// disk, views as the chain has their requests.
func (e *Engine) observe(head chain.Head, jobs []*store.Job, views map[string]*markettypes.RequestView) {
	m := e.metrics
	if m == nil {
		return
	}
	m.jobs.show(head, jobs, views)
	m.money.show(e.cfg.Prover, jobs, views)
	for _, b := range e.backends.All() {
		m.backends.load(b, len(e.slots[b.Name].proving), jobs)
	}
}

func (m *jobMetrics) show(head chain.Head, jobs []*store.Job, views map[string]*markettypes.RequestView) {
	count := make(map[store.State]int)
	var deadline time.Time
	var blocks *uint64
	for _, j := range jobs {
		count[j.State]++
		v := views[j.RequestID]
		switch {
		case v == nil:
		case owed(j.State):
			if due := dueTime(head, v); deadline.IsZero() || due.Before(deadline) {
				deadline = due
			}
		case (j.State == store.Bid || j.State == store.Revealing) && v.Stage == markettypes.STAGE_REVEALING:
			if blocks == nil || v.BlocksLeft < *blocks {
				blocks = &v.BlocksLeft
			}
		}
	}
	for _, s := range store.States {
		if s != store.Done {
			m.open.WithLabelValues(string(s)).Set(float64(count[s]))
		}
	}
	if deadline.IsZero() {
		m.deadline.Reset()
	} else {
		m.deadline.WithLabelValues().Set(unixSeconds(deadline))
	}
	if blocks == nil {
		m.reveal.Reset()
	} else {
		m.reveal.WithLabelValues().Set(float64(*blocks))
	}
}

// owed reports whether a job in that state owes a proof.
func owed(s store.State) bool {
	return s == store.Assigned || s == store.Proved || s == store.Submitting
}

// dueTime is the block time by which a proof must be in.
func dueTime(head chain.Head, v *markettypes.RequestView) time.Time {
	if v.ExpectedDeadline != nil {
		return *v.ExpectedDeadline
	}
	return head.Time.Add(v.TimeLeft)
}
