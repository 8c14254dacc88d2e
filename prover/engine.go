// Package prover is the sidecar as a library. It watches the market, decides
// what to bid for, proves what it wins and submits it, and holds nothing but a
// submitter's key (laws P1 to P6).
package prover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Chain is what the engine needs of the chain; chain.Client offers it.
type Chain interface {
	ChainID() string
	Signer() string
	Head(ctx context.Context) (chain.Head, error)
	Pending(ctx context.Context) ([]markettypes.RequestView, error)
	Request(ctx context.Context, id string) (markettypes.RequestView, []byte, error)
	Bid(ctx context.Context, requestID, prover string) (markettypes.Bid, error)
	MayBid(ctx context.Context, requestID, prover string) (*markettypes.QueryMayBidResponse, error)
	Standing(ctx context.Context, prover string) (chain.Standing, error)
	Key(ctx context.Context, st verifiertypes.Statement) (proof.Key, error)
	Sign(ctx context.Context, msg sdk.Msg) (chain.SignedTx, error)
	Broadcast(ctx context.Context, raw []byte) error
	LookUp(ctx context.Context, hash string) (chain.TxResult, error)
	// Seen is how far the calls above came on the chain.
	Seen() chain.Seen
}

var _ Chain = (*chain.Client)(nil)

// EngineConfig says how the engine works.
type EngineConfig struct {
	// Prover is the bech32 address that the engine bids for.
	Prover  string
	Policy  strategy.Policy
	Breaker strategy.BreakerPolicy
	// MaxImageBytes and MaxInputBytes bound what is downloaded.
	MaxImageBytes int64
	MaxInputBytes int64
	// MaxBlobBytes bounds the images and inputs kept on disk beyond need.
	MaxBlobBytes int64
}

// retryBlocks is how long a failure that may pass is left alone, in blocks,
// times the number of failures so far.
const retryBlocks = 2

// Engine drives every job one step at a time from what the chain and the job
// store say. Nothing that matters is in its memory only.
type Engine struct {
	cfg      EngineConfig
	prover   sdk.AccAddress
	chain    Chain
	store    *store.Store
	blobs    *Blobs
	fetcher  *Fetcher
	backends *backend.Set
	log      *slog.Logger
	metrics  *Metrics

	// wake is signalled when background work has something for Tick.
	wake  chan struct{}
	slots map[string]slots // by the backend's name
	tasks sync.WaitGroup
	// machines is what is known of the backends.
	machines *machines

	// unwritable tells that the job store could not be written at the end of the
	// last Tick.
	unwritable bool

	// decide makes "is there room" and "take it" one step.
	decide sync.Mutex

	mu sync.Mutex
	// open remembers requests that are open: what we know of them and whether a
	// task works on them. All of it can be found out again.
	open map[string]*note
}

// slots bound what one backend is given at a time.
type slots struct {
	evaluate chan struct{} // one token for each dry run
	proving  chan struct{} // one token for each proof
}

// note is what the engine remembers of an open request.
type note struct {
	busy     bool   // a task works on it
	cancel   func() // ends the task; nil without one
	refused  bool   // for good
	skipped  strategy.Code
	left     time.Duration // until the deadline, as the chain said last
	said     string        // the last reason logged
	inspect  *inspection
	failures int
	retryAt  int64 // height
}

// NewEngine returns an engine; it does nothing until Tick is called.
func NewEngine(cfg EngineConfig, c Chain, s *store.Store, blobs *Blobs, f *Fetcher, b *backend.Set, log *slog.Logger, m *Metrics) (*Engine, error) {
	prover, err := sdk.AccAddressFromBech32(cfg.Prover)
	if err != nil {
		return nil, fmt.Errorf("prover address %q: %w", cfg.Prover, err)
	}
	if err := cfg.Policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := cfg.Breaker.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	e := &Engine{
		cfg: cfg, prover: prover, chain: c, store: s, blobs: blobs, fetcher: f, backends: b, log: log, metrics: m,
		wake:  make(chan struct{}, 1),
		slots: make(map[string]slots),
		open:  make(map[string]*note), machines: newMachines(b, cfg.Breaker, s, log, m),
	}
	for _, n := range b.All() {
		e.slots[n.Name] = slots{
			evaluate: make(chan struct{}, n.Limits.Workers),
			proving:  make(chan struct{}, n.Limits.Workers),
		}
	}
	return e, nil
}

// Wake is signalled when Tick has something to do before the next block.
func (e *Engine) Wake() <-chan struct{} { return e.wake }

// Wait returns when no background work is left. Call it after the context of
// the last Tick has ended, or in tests.
func (e *Engine) Wait() { e.tasks.Wait() }

// Tick looks at the chain once and takes every step that can be taken: first
// what has a deadline, the nearest first, then new requests. A job that fails
// stops no other. The error says that the chain could not be read.
func (e *Engine) Tick(ctx context.Context) error {
	head, err := e.chain.Head(ctx)
	if err != nil {
		return err
	}
	list, err := e.chain.Pending(ctx)
	if err != nil {
		return err
	}
	views := make(map[string]*markettypes.RequestView, len(list))
	for i := range list {
		views[list[i].Request.Id] = &list[i]
	}
	e.forget(views)

	jobs, err := e.store.Open()
	if err != nil {
		return fmt.Errorf("read the job store: %w", err)
	}
	byUrgency(jobs, views)
	e.noteTimeLeft(jobs, views)
	e.checkHealth(ctx, head)
	e.machines.tend(head, e.hasJob)
	for _, j := range jobs {
		if err := e.advance(ctx, head, j, views[j.RequestID]); err != nil && ctx.Err() == nil {
			e.say(j.RequestID, slog.LevelWarn, "step failed, will try again", "state", j.State, "error", err)
		}
	}
	if s, err := e.survey(); err == nil && !e.unwritable {
		for i := range list {
			e.consider(ctx, head, &list[i], s)
		}
	}
	e.save()
	e.prune()
	e.metrics.height(head.Height)
	return ctx.Err()
}

// save writes what is not on disk yet. While that fails nothing new is begun
// (law P6).
func (e *Engine) save() {
	err := e.store.Flush()
	if err == nil {
		err = e.store.SetSeen(store.Seen(e.chain.Seen()))
	}
	switch was := e.unwritable; {
	case err != nil && !was:
		e.log.Error("the job store cannot be written: no new bids until it can", "error", err)
	case err == nil && was:
		e.log.Info("the job store can be written again")
	}
	e.unwritable = err != nil
}

// update changes a job. Where the disk fails it goes on in memory: a bond at
// stake must not be lost for that (law P6).
func (e *Engine) update(id string, change func(*store.Job) error) (*store.Job, error) {
	j, err := e.store.Update(id, change)
	if errors.Is(err, store.ErrUnsaved) {
		e.say(id, slog.LevelError, "going on in memory", "state", j.State, "error", err)
		return j, nil
	}
	return j, err
}

// byUrgency sorts jobs by what the chain will do to them first.
func byUrgency(jobs []*store.Job, views map[string]*markettypes.RequestView) {
	rank := func(j *store.Job) (class int, left uint64) {
		v := views[j.RequestID]
		switch {
		case v == nil:
			return 3, 0
		case v.Stage == markettypes.STAGE_REVEALING:
			return 0, v.BlocksLeft
		case v.Stage == markettypes.STAGE_ASSIGNED || v.Stage == markettypes.STAGE_STANDBY:
			return 1, uint64(max(0, v.TimeLeft))
		default:
			return 2, v.BlocksLeft
		}
	}
	sort.SliceStable(jobs, func(i, k int) bool {
		ci, li := rank(jobs[i])
		ck, lk := rank(jobs[k])
		return ci < ck || (ci == ck && li < lk)
	})
}

// noteTimeLeft remembers how much time the chain gives each job.
func (e *Engine) noteTimeLeft(jobs []*store.Job, views map[string]*markettypes.RequestView) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, j := range jobs {
		if v := views[j.RequestID]; v != nil {
			e.noteOf(j.RequestID).left = v.TimeLeft
		}
	}
}

// hasJob reports whether a request has a job that is not done.
func (e *Engine) hasJob(id string) bool {
	j, err := e.store.Get(id)
	return err == nil && j.State != store.Done
}

// noteOf returns the note of a request and makes it if need be.
func (e *Engine) noteOf(id string) *note {
	n := e.open[id]
	if n == nil {
		n = &note{}
		e.open[id] = n
	}
	return n
}

// start runs a task for a request in the background unless one runs already or
// all slots are taken.
func (e *Engine) start(ctx context.Context, id string, slots chan struct{}, task func(context.Context)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noteOf(id)
	if n.busy {
		return
	}
	select {
	case slots <- struct{}{}:
	default:
		return
	}
	ctx, n.cancel = context.WithCancel(ctx)
	n.busy = true
	e.tasks.Add(1)
	go func() {
		defer e.tasks.Done()
		task(ctx)
		<-slots
		e.mu.Lock()
		n := e.noteOf(id)
		n.cancel()
		n.busy, n.cancel = false, nil
		e.mu.Unlock()
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}()
}

// stop ends the task for a request, if there is one.
func (e *Engine) stop(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.open[id]; n != nil && n.cancel != nil {
		n.cancel()
	}
}

// failed delays the next try, longer each time.
func (e *Engine) failed(id string, height int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noteOf(id)
	n.failures++
	n.retryAt = height + int64(min(n.failures, 10))*retryBlocks
}

func (e *Engine) mayTry(id string, height int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noteOf(id)
	return !n.busy && !n.refused && height >= n.retryAt
}

// say logs a line about a request unless it was the last thing said about it.
func (e *Engine) say(id string, level slog.Level, msg string, args ...any) {
	e.mu.Lock()
	n := e.noteOf(id)
	said := fmt.Sprint(append([]any{msg}, args...)...)
	repeated := n.said == said
	n.said = said
	e.mu.Unlock()
	if repeated {
		level = slog.LevelDebug
	}
	e.log.Log(context.Background(), level, msg, append([]any{"request", id}, args...)...)
}

// forget drops what is remembered of requests that are not open any more.
func (e *Engine) forget(views map[string]*markettypes.RequestView) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, n := range e.open {
		if views[id] == nil && !n.busy {
			delete(e.open, id)
		}
	}
}

// prune drops files that nothing needs. It leaves all alone while a task may
// have fetched one that no job names yet.
func (e *Engine) prune() {
	for _, s := range e.slots {
		if len(s.evaluate) > 0 {
			return
		}
	}
	jobs, err := e.store.Open()
	if err != nil {
		return
	}
	keep := make(map[string]bool, 2*len(jobs))
	for _, j := range jobs {
		keep[j.ImageSHA256], keep[j.InputSHA256] = true, true
	}
	if err := e.blobs.Prune(keep, e.cfg.MaxBlobBytes); err != nil {
		e.log.Warn("old files could not be removed", "error", err)
	}
}

// errStop ends a chain of steps without being a fault.
var errStop = errors.New("nothing more to do now")
