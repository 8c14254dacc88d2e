package prover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
)

const (
	jobsFile = "jobs.db"
	blobsDir = "files"
	// actsForRetry is how often the chain is asked whom the key acts for, until
	// the prover has registered it.
	actsForRetry = time.Second
)

// ErrStakeKey means that the keyring can sign for the prover itself.
var ErrStakeKey = errors.New("the prover's own key must not be on this machine")

// Start runs a sidecar until ctx ends, which is a success.
func Start(ctx context.Context, cfg Config, kr keyring.Keyring, log *slog.Logger) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Home, homeMode); err != nil {
		return fmt.Errorf("make the home folder: %w", err)
	}
	jobs, err := store.Open(filepath.Join(cfg.Home, jobsFile))
	if err != nil {
		return err
	}
	defer jobs.Close()
	client, err := connect(cfg, kr, jobs)
	if err != nil {
		return err
	}
	blobs, err := OpenBlobs(filepath.Join(cfg.Home, blobsDir))
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := NewMetrics(registry)
	if err := metrics.resume(jobs); err != nil {
		return fmt.Errorf("read the job store: %w", err)
	}
	health := newHealth(cfg, time.Now)
	metrics.watch(health, cfg.Home, client.Nodes)
	stopServing, err := serve(cfg.Serve.Metrics, registry, health, log)
	if err != nil {
		return err
	}
	defer stopServing()
	writeStatus(cfg.Home, jobs, log)

	prover, err := findProver(ctx, cfg, client, log)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkProver(prover, kr, jobs); err != nil {
		return err
	}
	backends, err := OpenBackends(cfg)
	if err != nil {
		return err
	}
	defer func() {
		if err := backends.Close(); err != nil {
			log.Warn("a backend did not close", "error", err)
		}
	}()
	engine, err := newEngineFromConfig(cfg, prover, client, jobs, blobs, backends, log, metrics)
	if err != nil {
		return err
	}
	stopControl, err := serveControl(cfg.Home, engine, log)
	if err != nil {
		return err
	}
	defer stopControl()
	health.started(prover, engine)
	watch := newWatcher(client, prover, metrics, log)
	log.Info("proverd started", "chain", cfg.Chain.ID, "prover", prover, "signer", client.Signer())
	err = follow(ctx, cfg, engine, client, jobs, health, watch, log)
	engine.Wait()
	watch.wait()
	log.Info("proverd stopped")
	return err
}

// connect returns a client that goes on where the last one on this store was.
func connect(cfg Config, kr keyring.Keyring, jobs *store.Store) (*chain.Client, error) {
	if err := jobs.Bind(cfg.Chain.ID); err != nil {
		return nil, err
	}
	seen, err := jobs.Seen()
	if err != nil {
		return nil, fmt.Errorf("read the job store: %w", err)
	}
	return chain.New(chain.Config{
		Nodes: cfg.Chain.Nodes, ChainID: cfg.Chain.ID, Keyring: kr, KeyName: cfg.Key.Name,
		GasPrice: cfg.Chain.GasPrice, GasMarginPercent: cfg.Chain.GasMarginPercent,
		TxTTL: time.Duration(cfg.Chain.TxTTL), Timeout: time.Duration(cfg.Chain.Timeout), Seen: chain.Seen(seen),
	})
}

// checkProver refuses a keyring that could move the prover's stake (law P5),
// and jobs that were begun for another prover.
func checkProver(prover string, kr keyring.Keyring, jobs *store.Store) error {
	address, err := sdk.AccAddressFromBech32(prover)
	if err != nil {
		return fmt.Errorf("key.prover %q: %w", prover, err)
	}
	if record, err := kr.KeyByAddress(address); err == nil && record.GetType() == keyring.TypeLocal {
		return fmt.Errorf("%w: key %q is that of prover %s: register the address of another key as its submitter, "+
			"set key.name to that, and delete this one here", ErrStakeKey, record.Name, prover)
	}
	open, err := jobs.Open()
	if err != nil {
		return fmt.Errorf("read the job store: %w", err)
	}
	for _, j := range open {
		if j.Prover != prover {
			return fmt.Errorf("the job of request %s was begun for prover %s, not %s: set key.prover to that until it is done, or use another home folder",
				j.RequestID, j.Prover, prover)
		}
	}
	return nil
}

func newEngineFromConfig(cfg Config, prover string, c Chain, s *store.Store, b *Blobs, p *backend.Set, log *slog.Logger, m *Metrics) (*Engine, error) {
	return NewEngine(EngineConfig{
		Prover: prover, Policy: cfg.Policy(), Breaker: cfg.BreakerPolicy(),
		MaxImageBytes: cfg.Fetch.MaxImageBytes, MaxInputBytes: cfg.Fetch.MaxInputBytes, MaxBlobBytes: cfg.Fetch.MaxCacheBytes,
	}, c, s, b, NewFetcher(time.Duration(cfg.Fetch.Timeout), cfg.Fetch.AllowPrivateURLs, cfg.Fetch.FileDirs...), p, log, m)
}

// findProver returns whom the key acts for. Where the configuration does not
// say, it waits until the chain knows: the prover may register the submitter
// while the sidecar runs already.
func findProver(ctx context.Context, cfg Config, c *chain.Client, log *slog.Logger) (string, error) {
	if cfg.Key.Prover != "" {
		return cfg.Key.Prover, nil
	}
	tick := time.NewTicker(actsForRetry)
	defer tick.Stop()
	said := false
	for {
		prover, err := c.ActsFor(ctx, c.Signer())
		if err == nil && prover != "" {
			return prover, nil
		}
		if !said {
			log.Info("waiting until the chain says for which prover this key acts; or set key.prover", "signer", c.Signer(), "answer", err)
			said = true
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
}

// follow calls Tick for each new block, and when background work is done. Tick goes
// through the blocks since the last one, or lists everything, so none is missed.
// It returns when ctx ends, or when the nodes turn out to serve another chain.
func follow(ctx context.Context, cfg Config, e *Engine, c *chain.Client, jobs *store.Store, health *health, watch *watcher, log *slog.Logger) error {
	poll := time.NewTicker(time.Duration(cfg.Chain.PollInterval))
	defer poll.Stop()
	blocks := c.NewBlocks(ctx)
	var height int64
	down, woken := false, false
	for {
		head, err := c.Head(ctx)
		if err == nil && (head.Height > height || woken) {
			woken = false
			if err = e.Tick(ctx); err == nil {
				height = head.Height
				health.worked(head, !e.unwritable)
				watch.look(ctx, head)
				writeStatus(cfg.Home, jobs, log)
			}
		}
		health.ticked(err)
		switch {
		case errors.Is(err, chain.ErrOtherChain):
			return fmt.Errorf("%w: if the chain was started anew, use a new home folder, or move %s out of this one", err, jobsFile)
		case err != nil && ctx.Err() == nil && !down:
			log.Warn("this block's work could not be done, trying again", "error", err)
			down = true
		case err == nil && down:
			log.Info("back at work", "height", height)
			down = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.Wake():
			woken = true
		case <-blocks: // a node told of one
		case <-poll.C: // or did not, and has one all the same
		}
	}
}
