package prover

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/chain"
)

const (
	// watchEvery is how often the watcher asks, in blocks: four queries.
	watchEvery = 5
	// watchTimeout bounds that.
	watchTimeout = 30 * time.Second
)

// accounts is what the watcher needs of the chain; chain.Client offers it.
type accounts interface {
	Signer() string
	Balance(ctx context.Context, address string) (math.Int, error)
	Standing(ctx context.Context, prover string) (chain.Standing, error)
}

// watcher keeps the metrics of what the chain holds of ours up to date.
type watcher struct {
	chain   accounts
	prover  string
	metrics *Metrics
	log     *slog.Logger

	tasks sync.WaitGroup
	mu    sync.Mutex
	busy  bool
	next  int64 // height
	down  bool  // the last answer was none
}

func newWatcher(c accounts, prover string, m *Metrics, log *slog.Logger) *watcher {
	return &watcher{chain: c, prover: prover, metrics: m, log: log}
}

// look asks the chain every few blocks, in the background: it returns at once. Its
// work ends with ctx.
func (w *watcher) look(ctx context.Context, head chain.Head) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy || head.Height < w.next || ctx.Err() != nil {
		return
	}
	w.busy, w.next = true, head.Height+watchEvery
	w.tasks.Go(func() {
		limited, cancel := context.WithTimeout(ctx, watchTimeout)
		defer cancel()
		err := w.ask(limited, head)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy = false
		switch {
		case ctx.Err() != nil:
		case err != nil && !w.down:
			w.log.Warn("balance and stake are not known, their metrics stay as they were", "error", err)
		case err == nil && w.down:
			w.log.Info("balance and stake are known again")
		}
		w.down = err != nil
	})
}

// ask asks once.
func (w *watcher) ask(ctx context.Context, head chain.Head) error {
	balance, err := w.chain.Balance(ctx, w.chain.Signer())
	if err != nil {
		return err
	}
	standing, err := w.chain.Standing(ctx, w.prover)
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return err
	}
	// An address that is no prover has no stake: all figures are absent.
	w.metrics.standing(head, standing, balance)
	return nil
}

// wait returns when no question is under way.
func (w *watcher) wait() { w.tasks.Wait() }
