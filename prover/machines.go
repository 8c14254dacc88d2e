package prover

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

const (
	// healthEvery is how often, in block time, each backend is asked how it is;
	// healthTimeout is how long it may take to answer.
	healthEvery   = 15 * time.Second
	healthTimeout = 10 * time.Second
)

// BackendFigures is what the sidecar found out about a backend; the job store
// keeps it.
type BackendFigures struct {
	Speed   strategy.Speed   `json:"speed"`
	Breaker strategy.Breaker `json:"breaker"`
}

// BackendStatus is how a backend stands.
type BackendStatus struct {
	Name string `json:"name"`
	// State is closed while bids are made on it, open while they are not, and
	// half_open while one job is tried. Cause says why it is not closed.
	State strategy.BreakerState `json:"state"`
	Cause string                `json:"cause,omitempty"`
	Since time.Time             `json:"since,omitzero"`
	Trial string                `json:"trial,omitempty"`
	// UnitsPerSecond is its measured speed, from Samples proofs; with none it is
	// the configured one.
	UnitsPerSecond uint64 `json:"units_per_second"`
	Samples        uint64 `json:"samples"`
}

// machines is what the engine knows of its backends: how fast they are, and
// whether they are bid for.
type machines struct {
	breaker strategy.BreakerPolicy
	store   *store.Store
	log     *slog.Logger
	metrics *Metrics

	mu   sync.Mutex
	list map[string]*machine // by name
}

type machine struct {
	BackendFigures
	checking  bool
	nextCheck time.Time // block time
}

// newMachines goes on with what is on disk.
func newMachines(set *backend.Set, policy strategy.BreakerPolicy, s *store.Store, log *slog.Logger, m *Metrics) *machines {
	ms := &machines{breaker: policy, store: s, log: log, metrics: m, list: make(map[string]*machine)}
	for _, b := range set.All() {
		one := &machine{}
		if _, err := s.Backend(b.Name, &one.BackendFigures); err != nil {
			// It can be found out again, and must not keep jobs from being done.
			log.Warn("what was known of a backend is lost", "backend", b.Name, "error", err)
			one.BackendFigures = BackendFigures{}
		}
		one.Speed = one.Speed.Start(b.Limits.UnitsPerSecond)
		ms.list[b.Name] = one
		m.machine(b.Name, one.BackendFigures)
		if one.Breaker.Is() != strategy.Closed {
			log.Warn("bidding is still stopped", "backend", b.Name, "state", one.Breaker.Is(), "cause", one.Breaker.Cause)
		}
	}
	return ms
}

// speed is how fast a backend proves, in units a second.
func (ms *machines) speed(b backend.Named) uint64 {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if one := ms.list[b.Name]; one != nil {
		return one.Speed.PerSecond()
	}
	return b.Limits.UnitsPerSecond
}

// of is a backend as the strategy sees it.
func (ms *machines) of(b backend.Named) strategy.Backend {
	out := strategyBackend(b)
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if one := ms.list[b.Name]; one != nil {
		out.UnitsPerSecond = one.Speed.PerSecond()
		out.Stop = one.Breaker.Stop(ms.breaker, b.Name)
	}
	return out
}

// strategyBackend is a backend as it is configured.
func strategyBackend(b backend.Named) strategy.Backend {
	return strategy.Backend{
		Name: b.Name, Workers: b.Limits.Workers, Queue: b.Limits.Queue, UnitsPerSecond: b.Limits.UnitsPerSecond,
	}
}

// proved takes note of a proof that was made and passes.
func (ms *machines) proved(name string, units uint64, took time.Duration) {
	ms.change(name, func(f *BackendFigures) {
		f.Speed = f.Speed.Observe(units, took)
		f.Breaker = f.Breaker.Worked(strategy.FaultProving)
	})
}

// failed takes note of a failure.
func (ms *machines) failed(name string, head chain.Head, fault strategy.Fault, cause string) {
	ms.change(name, func(f *BackendFigures) { f.Breaker = f.Breaker.Failed(ms.breaker, head.Time, fault, cause) })
}

// finished takes note of how a job ended.
func (ms *machines) finished(j *store.Job, head chain.Head, outcome store.Outcome, why string) {
	cause := "request " + j.RequestID + ": " + why
	switch outcome {
	case store.Fulfilled:
		ms.change(j.Backend, func(f *BackendFigures) { f.Breaker = f.Breaker.Paid() })
	case store.Missed:
		ms.failed(j.Backend, head, strategy.FaultMissed, cause)
	case store.NotRevealed:
		ms.failed(j.Backend, head, strategy.FaultNotRevealed, cause)
	}
}

// revealed takes note that a bid was revealed in time.
func (ms *machines) revealed(name string) {
	ms.change(name, func(f *BackendFigures) { f.Breaker = f.Breaker.Worked(strategy.FaultNotRevealed) })
}

// took takes note that a job was taken on.
func (ms *machines) took(name, request string) {
	ms.change(name, func(f *BackendFigures) { f.Breaker = f.Breaker.Took(request) })
}

// tend lets time pass.
func (ms *machines) tend(head chain.Head, isOpen func(request string) bool) {
	for name := range ms.list { // never changes
		ms.change(name, func(f *BackendFigures) { f.Breaker = f.Breaker.At(ms.breaker, head.Time, isOpen) })
	}
}

// change changes what is known of a backend, says what that means, and keeps it.
func (ms *machines) change(name string, change func(*BackendFigures)) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	one := ms.list[name]
	if one == nil {
		return // a job of a backend that the configuration has no more
	}
	was := one.BackendFigures
	change(&one.BackendFigures)
	now := one.BackendFigures
	if was == now {
		return
	}
	if was.Breaker.Is() != now.Breaker.Is() {
		switch now.Breaker.Is() {
		case strategy.Open:
			ms.log.Error("bidding stops", "backend", name, "cause", now.Breaker.Cause)
		case strategy.HalfOpen:
			ms.log.Info("one job will be tried", "backend", name, "after", now.Breaker.Cause)
		case strategy.Closed:
			ms.log.Info("bidding goes on", "backend", name)
		}
	}
	ms.metrics.machine(name, now)
	if err := ms.store.SetBackend(name, now); err != nil {
		ms.log.Warn("what is known of a backend cannot be written", "backend", name, "error", err)
	}
}

// due reports whether a backend is to be asked how it is, and takes note that it
// is being asked.
func (ms *machines) due(name string, head chain.Head) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	one := ms.list[name]
	if one == nil || one.checking || head.Time.Before(one.nextCheck) {
		return false
	}
	one.checking, one.nextCheck = true, head.Time.Add(healthEvery)
	return true
}

// checked takes note of what it said.
func (ms *machines) checked(name string, head chain.Head, err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	ms.change(name, func(f *BackendFigures) { f.Breaker = f.Breaker.Health(head.Time, problem) })
}

func (ms *machines) done(name string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.list[name].checking = false
}

// checkHealth asks the backends how they are, in the background.
func (e *Engine) checkHealth(ctx context.Context, head chain.Head) {
	for _, b := range e.backends.All() {
		if !e.machines.due(b.Name, head) {
			continue
		}
		e.tasks.Go(func() {
			defer e.machines.done(b.Name)
			limited, cancel := context.WithTimeout(ctx, healthTimeout)
			defer cancel()
			if err := b.Backend.Health(limited); ctx.Err() == nil {
				e.machines.checked(b.Name, head, err)
			}
		})
	}
}

// backendStatuses reads how the backends stood when they were last heard of.
func backendStatuses(jobs *store.Store) ([]BackendStatus, error) {
	names, err := jobs.Backends()
	if err != nil {
		return nil, err
	}
	list := make([]BackendStatus, 0, len(names))
	for _, name := range names {
		var f BackendFigures
		if _, err := jobs.Backend(name, &f); err != nil {
			return nil, err
		}
		list = append(list, statusOfBackend(name, f))
	}
	return list, nil
}
