package prover

import (
	"context"
	"log/slog"

	"github.com/proofmarket/proofmarket/prover/chain"
)

// watcher keeps the metrics of what the chain holds of ours up to date.
type watcher struct{}

func newWatcher(*chain.Client, string, *Metrics, *slog.Logger) *watcher { return &watcher{} }

// look asks the chain, now and then.
func (w *watcher) look(context.Context, chain.Head) {}
