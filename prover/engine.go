// Package prover is the sidecar as a library. It watches the market, decides
// what to bid for, proves what it wins and submits it, and holds nothing but a
// submitter's key (laws P1 to P6).
package prover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	// Pending lists the open requests as they were at a height, or later.
	Pending(ctx context.Context) (views []markettypes.RequestView, at int64, err error)
	// Block is what a block did to the market.
	Block(ctx context.Context, height int64) ([]chain.Change, error)
	Request(ctx context.Context, id string) (markettypes.RequestView, []byte, error)
	RequestFrom(ctx context.Context, id string, least int64) (markettypes.RequestView, []byte, error)
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

// pruneBlocks is how often old files are looked for.
const pruneBlocks = 20

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

	// baton is held by a Tick, and by orders of the operator.
	baton baton

	// book is what is known of the open requests, turn what the present Tick gathers,
	// bidAt the height at which bids left last, stood how we stood when all requests
	// that were declined for that were looked at. nudges counts calls that lateDelay
	// brought about for the block nudgedAt. Only Tick uses them.
	book             *book
	turn             *turn
	bidAt            int64
	stood            uint64
	nudgedAt, pruned int64
	nudges           int
	// keys and stakes save questions to the chain.
	keys   keyCache
	stakes stakeCache

	// decide makes "is there room" and "take it" one step.
	decide sync.Mutex

	mu sync.Mutex
	// open remembers requests that are open: what we found out about them and whether
	// a task works on them. All of it can be found out again.
	open map[string]*note
	// done lists requests whose closer look has ended since the last Tick.
	done []string
	// holding counts, by file, the looks under way that need it.
	holding map[string]int
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
	again    bool  // it is to be tried from retryAt on, whatever else changes
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
		book:  newBook(),
		open:  make(map[string]*note), holding: make(map[string]int), machines: newMachines(b, cfg.Breaker, s, log, m),
		baton: newBaton(),
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

// noteTimeLeft remembers how much time the chain gives a job.
func (e *Engine) noteTimeLeft(id string, left time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.noteOf(id).left = left
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
// all slots are taken; it reports which.
func (e *Engine) start(ctx context.Context, id string, slots chan struct{}, task func(context.Context)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noteOf(id)
	if n.busy {
		return false
	}
	select {
	case slots <- struct{}{}:
	default:
		return false
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
		e.signal()
	}()
	return true
}

// signal makes Wake ready.
func (e *Engine) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
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
	n.again = true
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

// errStop ends a chain of steps without being a fault.
var errStop = errors.New("nothing more to do now")
