package prover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// QuoteReport is what `proverd quote` prints.
type QuoteReport struct {
	RequestID string `json:"request_id"`
	Prover    string `json:"prover"`
	Verifier  string `json:"verifier"`
	Program   string `json:"program"`
	// MaxFee, MinStake and Penalty are the request's, in uproof; TimeLimit is in
	// text, such as 1m0s.
	MaxFee    string `json:"max_fee"`
	MinStake  string `json:"min_stake"`
	Penalty   string `json:"penalty"`
	TimeLimit string `json:"time_limit"`
	// Backend would prove it, at UnitsPerSecond; empty for none.
	Backend        string `json:"backend,omitempty"`
	UnitsPerSecond uint64 `json:"units_per_second,omitempty"`
	// ProvingTime is what that makes of its work, in text; empty where the work is
	// not known.
	ProvingTime string `json:"proving_time,omitempty"`
	// Jobs counts what is under way now.
	Jobs int `json:"jobs"`
	// Notes say what the decision leaves out.
	Notes    []string          `json:"notes"`
	Decision strategy.Decision `json:"decision"`
}

// QuoteRequest says what a sidecar with this configuration would bid for a
// request, and why. It fetches and dry-runs, but proves, signs and keeps nothing,
// and may be called while the sidecar runs. kr is asked for the submitter's key
// where the configuration does not name the prover; it may be nil otherwise.
func QuoteRequest(ctx context.Context, cfg Config, kr keyring.Keyring, id string, log *slog.Logger) (QuoteReport, error) {
	if err := cfg.Validate(); err != nil {
		return QuoteReport{}, err
	}
	if cfg.Key.Prover != "" {
		kr = nil
	}
	client, err := chain.New(chain.Config{
		Nodes: cfg.Chain.Nodes, ChainID: cfg.Chain.ID, Keyring: kr, KeyName: cfg.Key.Name, Timeout: time.Duration(cfg.Chain.Timeout),
	})
	if err != nil {
		return QuoteReport{}, err
	}
	if _, err := client.Head(ctx); err != nil {
		return QuoteReport{}, err
	}
	if cfg.Key.Prover == "" {
		cfg.Key.Prover, err = client.ActsFor(ctx, client.Signer())
		if err != nil {
			return QuoteReport{}, fmt.Errorf("ask for whom %s acts: %w", client.Signer(), err)
		}
		if cfg.Key.Prover == "" {
			return QuoteReport{}, fmt.Errorf("%s acts for no prover yet: register it as a submitter, or name one with --prover", client.Signer())
		}
	}
	backends, err := OpenBackends(cfg)
	if err != nil {
		return QuoteReport{}, err
	}
	report, err := newQuoter(cfg, client, backends, log).quote(ctx, id)
	return report, errors.Join(err, backends.Close())
}

// quoter gives quotes without an engine.
type quoter struct {
	cfg      Config
	chain    Chain
	backends *backend.Set
	log      *slog.Logger
	report   QuoteReport
	// figures is what the job store knows of the backends.
	figures map[string]BackendFigures
}

func newQuoter(cfg Config, c Chain, backends *backend.Set, log *slog.Logger) *quoter {
	return &quoter{
		cfg: cfg, chain: c, backends: backends, log: log, figures: make(map[string]BackendFigures),
		report: QuoteReport{Prover: cfg.Key.Prover, Notes: []string{}},
	}
}

func (q *quoter) quote(ctx context.Context, id string) (QuoteReport, error) {
	v, _, err := q.chain.Request(ctx, id)
	if errors.Is(err, chain.ErrNotFound) {
		return q.report, fmt.Errorf("the chain has no request %q: `marketd query market requests` lists them: %w", id, err)
	}
	if err != nil {
		return q.report, err
	}
	q.describe(&v)
	jobs, err := q.jobs(id)
	if err != nil {
		return q.report, err
	}
	b, ok := q.backends.For(v.Request.Statement.Verifier)
	left := func(j *store.Job) time.Duration { return j.TimeLimit }
	f := newSurvey(jobs, left, q.backend).figures(b, ok)
	q.report.Jobs = f.Jobs
	if err := q.askChain(ctx, id, &f); err != nil {
		return q.report, err
	}
	policy := q.cfg.Policy()
	if !ok {
		q.report.Decision = Quote(policy, &v, nil, f)
		return q.report, nil
	}
	q.report.Backend, q.report.UnitsPerSecond = b.Name, f.Backend.UnitsPerSecond
	limited, cancel := context.WithTimeout(ctx, b.Limits.EvaluateTimeout)
	defer cancel()
	if err := b.Backend.Health(limited); err != nil && f.Backend.Stop == nil {
		f.Backend.Stop = &strategy.Reason{Code: strategy.CodeUnhealthy, Later: true, Text: fmt.Sprintf("backend %s is not healthy: %v", b.Name, err)}
	}
	found, err := q.inspect(limited, &v, b)
	if ctx.Err() != nil {
		return q.report, ctx.Err()
	}
	if err != nil {
		f.Barred = append(f.Barred, inspectionReason(err))
	} else {
		speed := max(1, f.Backend.UnitsPerSecond)
		q.report.ProvingTime = (time.Duration(min(found.cost/speed, maxShownSeconds)) * time.Second).String()
	}
	q.report.Decision = Quote(policy, &v, found.work(), f)
	return q.report, nil
}

// maxShownSeconds keeps an absurd proving time in the range of a duration.
const maxShownSeconds = 1 << 32

func (q *quoter) describe(v *markettypes.RequestView) {
	r := v.Request
	q.report.RequestID, q.report.Verifier, q.report.Program = r.Id, r.Statement.Verifier, r.Statement.Program
	q.report.MaxFee, q.report.MinStake, q.report.Penalty = r.MaxFee.String(), r.MinStake.String(), r.Terms.Penalty.String()
	q.report.TimeLimit = r.TimeLimit.String()
}

func (q *quoter) note(format string, args ...any) {
	q.report.Notes = append(q.report.Notes, fmt.Sprintf(format, args...))
}

// jobs reads what is under way from the job store, unless a sidecar holds it.
func (q *quoter) jobs(id string) ([]*store.Job, error) {
	s, err := store.OpenReadOnly(filepath.Join(q.cfg.Home, jobsFile))
	switch {
	case errors.Is(err, store.ErrLocked):
		q.note("a sidecar runs on this home folder: its jobs, and what it measured, are left out; its log says what it decided")
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer s.Close()
	if j, err := s.Get(id); err == nil {
		q.note("there is a job for this request already: state %s, fee %s", j.State, j.Fee)
	}
	for _, b := range q.backends.All() {
		var f BackendFigures
		if known, err := s.Backend(b.Name, &f); err == nil && known {
			q.figures[b.Name] = f
		}
	}
	open, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("read the job store: %w", err)
	}
	others := open[:0]
	for _, j := range open {
		if j.RequestID != id {
			others = append(others, j)
		}
	}
	return others, nil
}

// backend is a backend as the sidecar left it.
func (q *quoter) backend(b backend.Named) strategy.Backend {
	out, f := strategyBackend(b), q.figures[b.Name]
	out.UnitsPerSecond = f.Speed.Start(b.Limits.UnitsPerSecond).PerSecond()
	out.Stop = f.Breaker.Stop(q.cfg.BreakerPolicy(), b.Name)
	return out
}

// askChain asks whether the bid would be taken, and for our stake.
func (q *quoter) askChain(ctx context.Context, id string, f *strategy.Figures) error {
	may, err := q.chain.MayBid(ctx, id, q.cfg.Key.Prover)
	if err != nil {
		return fmt.Errorf("ask whether we may bid: %w", err)
	}
	stake, err := q.chain.Standing(ctx, q.cfg.Key.Prover)
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return fmt.Errorf("ask for our stake: %w", err)
	}
	chainFigures(f, may, stake)
	if err != nil {
		f.Stake = nil // no prover: MayBid says so
	}
	return nil
}

// inspect takes the closer look of the engine, without a trial proof.
func (q *quoter) inspect(ctx context.Context, v *markettypes.RequestView, b backend.Named) (found *inspection, err error) {
	if b.Limits.TrialProofs != TrialNever {
		q.note("no trial proof was made: proverd start would make one before it bids (trial_proofs = %q)", b.Limits.TrialProofs)
	}
	err = q.inspector(b, func(e *Engine, b backend.Named) error {
		found, err = e.inspect(ctx, v, b)
		return err
	})
	return found, err
}

// inspector lends an engine that can look into requests in a folder of its own, and
// a backend that makes no trial proofs.
func (q *quoter) inspector(b backend.Named, use func(*Engine, backend.Named) error) error {
	b.Limits.TrialProofs = TrialNever
	if err := os.MkdirAll(q.cfg.Home, homeMode); err != nil {
		return fmt.Errorf("make the home folder: %w", err)
	}
	dir, err := os.MkdirTemp(q.cfg.Home, "quote-*")
	if err != nil {
		return fmt.Errorf("make a folder for the files: %w", err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			q.log.Warn("the files of the request could not be removed", "folder", dir, "error", err)
		}
	}()
	blobs, err := OpenBlobs(dir)
	if err != nil {
		return err
	}
	return use(&Engine{
		cfg:     EngineConfig{MaxImageBytes: q.cfg.Fetch.MaxImageBytes, MaxInputBytes: q.cfg.Fetch.MaxInputBytes},
		chain:   q.chain,
		blobs:   blobs,
		fetcher: NewFetcher(time.Duration(q.cfg.Fetch.Timeout), q.cfg.Fetch.AllowPrivateURLs, q.cfg.Fetch.FileDirs...),
		log:     q.log,
		open:    make(map[string]*note),
	}, b)
}
