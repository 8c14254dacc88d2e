package prover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// moody is a backend that fails, or says that it is not well, when told to.
type moody struct {
	backend.Backend
	fails, unwell atomic.Bool
}

func (m *moody) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	if m.fails.Load() {
		return backend.Result{}, fmt.Errorf("%w: out of memory", backend.ErrFailed)
	}
	return m.Backend.Prove(ctx, task)
}

func (m *moody) Health(ctx context.Context) error {
	if m.unwell.Load() {
		return errors.New("no GPU found")
	}
	return m.Backend.Health(ctx)
}

// moodyRig is a rig whose backend is moody, that stops after two failures for ten
// blocks.
func moodyRig(t *testing.T) (*rig, *moody) {
	m := &moody{}
	r := newRig(t, func(r *rig) {
		r.cfg.Breaker = strategy.BreakerPolicy{MaxFailures: 2, RetryAfter: 10 * time.Second}
		r.wrap = func(b backend.Backend) backend.Backend { m.Backend = b; return m }
	})
	return r, m
}

// valueOf reads a counter or gauge by its only label's value; 0 for none.
func valueOf(t *testing.T, r *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func (r *rig) rounds(n int) {
	for range n {
		r.round()
	}
}

func (r *rig) hasJob(id string) bool {
	_, err := r.store.Get(id)
	return err == nil
}

func (r *rig) backendStatus() BackendStatus {
	r.t.Helper()
	s, err := statusOf(r.store)
	require.NoError(r.t, err)
	require.Len(r.t, s.Backends, 1)
	return s.Backends[0]
}

func TestStopsBiddingAfterFailuresAndTriesOneJob(t *testing.T) {
	r, m := moodyRig(t)
	m.fails.Store(true)
	first := r.add(0xa1)
	r.rounds(2)
	r.chain.stage(first, markettypes.STAGE_REVEALING)
	r.rounds(2)
	r.chain.assign(first, proverAddr, false)
	r.rounds(4) // two attempts
	s := r.backendStatus()
	require.Equal(t, strategy.Open, s.State)
	require.Contains(t, s.Cause, "2 failures in a row (proving)")
	require.Contains(t, s.Cause, "out of memory")

	second, third := r.add(0xb2), r.add(0xc3)
	r.restart() // it stays stopped
	r.round()
	require.False(t, r.hasJob(second) || r.hasJob(third))
	require.Contains(t, r.log.String(), "no bids on backend cpu before")
	require.Equal(t, 1, strings.Count(r.log.String(), "bidding stops"), "said once")

	m.fails.Store(false)
	r.rounds(10)
	require.Equal(t, store.Fulfilled, r.job(first).Outcome, "what is owed is proved all the same")
	require.Contains(t, r.log.String(), "one job will be tried")
	require.NotEqual(t, r.hasJob(second), r.hasJob(third), "one at a time")
	trial, other := second, third
	if r.hasJob(third) {
		trial, other = third, second
	}
	require.Equal(t, trial, r.backendStatus().Trial)

	// It is lost, so the other one is the trial now.
	r.chain.end(trial, markettypes.REQUEST_STATUS_REFUNDED, markettypes.END_REASON_NO_BIDS)
	r.rounds(3)
	require.True(t, r.hasJob(other))
	require.Equal(t, other, r.backendStatus().Trial)
	play(r, other, func() {})
	require.Equal(t, store.Fulfilled, r.job(other).Outcome)
	require.Equal(t, strategy.Closed, r.backendStatus().State)
	require.Contains(t, r.log.String(), "bidding goes on")
}

func TestDoesNotBidOnAnUnhealthyBackend(t *testing.T) {
	r, m := moodyRig(t)
	m.unwell.Store(true)
	r.round() // it is asked
	id := r.add(0xa1)
	r.rounds(2)
	r.requireNoJob(id, "backend cpu is not healthy: no GPU found")
	require.Equal(t, strategy.Open, r.backendStatus().State)
	m.unwell.Store(false)
	r.rounds(int(healthEvery/time.Second) + 2)
	play(r, id, func() {})
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Equal(t, strategy.Closed, r.backendStatus().State)
}

// law M6: a bid not revealed costs its bond, a deadline missed the penalty.
func TestStopsBiddingAfterLostBonds(t *testing.T) {
	r, _ := moodyRig(t)
	ids := []string{r.add(0xa1), r.add(0xb2)}
	r.rounds(2)
	for _, id := range ids {
		require.Equal(t, store.Bid, r.job(id).State)
		r.chain.end(id, markettypes.REQUEST_STATUS_REFUNDED, markettypes.END_REASON_NO_BIDS)
	}
	r.round()
	require.Equal(t, store.NotRevealed, r.job(ids[0]).Outcome)
	require.Equal(t, strategy.Open, r.backendStatus().State)
	require.Contains(t, r.backendStatus().Cause, "(not_revealed)")
}

// Delegators may leave between bid and reveal: bids rest on our own stake.
func TestBidsRestOnOwnStake(t *testing.T) {
	stake := func(req *markettypes.Request) { req.MinStake = math.NewInt(600) }
	for _, delegations := range []bool{false, true} {
		r := newRig(t, func(r *rig) { r.cfg.Policy.CountDelegations = delegations })
		r.chain.standing.OvercommitBps = 10_000 // own stake is 1000 of 2000
		a, b := r.add(0xa1, stake), r.add(0xb2, stake)
		r.rounds(2)
		require.Equal(t, delegations, r.hasJob(a) && r.hasJob(b))
		require.True(t, r.hasJob(a) || r.hasJob(b))
		if delegations {
			continue
		}
		require.Contains(t, r.log.String(), "own stake does not carry one more beside 1 standing bids: vault has 1000, needs 1200")
		// A bid that is revealed and leads is in the chain's figures; one that does
		// not needs no stake.
		first, second := a, b
		if r.hasJob(b) {
			first, second = b, a
		}
		r.chain.stage(first, markettypes.STAGE_REVEALING)
		r.rounds(8)
		require.Equal(t, store.Revealed, r.job(first).State)
		require.True(t, r.hasJob(second))
	}
}

// law M10: a requester may raise max_fee while bidding is open.
func TestLooksAgainWhenTheFeeIsRaised(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1, func(req *markettypes.Request) { req.MaxFee = math.NewInt(999) })
	r.rounds(2)
	r.requireNoJob(id, "least price")
	r.chain.mu.Lock()
	r.chain.views[id].Request.MaxFee = math.NewInt(100_000)
	r.chain.mu.Unlock()
	r.rounds(2)
	require.Equal(t, store.Bid, r.job(id).State)
}

func TestMachinesMeasureAndRemember(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), jobsFile))
	require.NoError(t, err)
	defer s.Close()
	set, err := backend.NewSet(backend.Named{Name: "cpu", Backend: &moody{Backend: gnark.New(gnark.Config{})}, Limits: backend.Limits{
		Workers: 1, Queue: 1, UnitsPerSecond: 100, TrialProofs: TrialNever, EvaluateTimeout: 1, ProveTimeout: 1,
	}})
	require.NoError(t, err)
	defer set.Close()
	b, _ := set.Get("cpu")
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	policy := strategy.BreakerPolicy{MaxFailures: 1, RetryAfter: time.Minute}
	head := chain.Head{Height: 5, Time: time.Unix(1_700_000_000, 0).UTC()}
	log := slog.New(slog.DiscardHandler)

	ms := newMachines(set, policy, s, log, metrics)
	require.Equal(t, uint64(100), ms.speed(b))
	for range 30 {
		ms.proved("cpu", 1_000, time.Second)
	}
	require.InDelta(t, 1_000, float64(ms.speed(b)), 5)
	require.InDelta(t, 1_000, valueOf(t, registry, "proverd_backend_units_per_second", "cpu"), 5)
	require.InDelta(t, 1, valueOf(t, registry, "proverd_backend_bidding", "cpu"), 0)
	ms.finished(&store.Job{RequestID: "r", Backend: "cpu"}, head, store.Missed, "late")
	require.InDelta(t, 0, valueOf(t, registry, "proverd_backend_bidding", "cpu"), 0)
	ms.finished(&store.Job{RequestID: "r", Backend: "gone"}, head, store.Missed, "late")

	again := newMachines(set, policy, s, log, nil)
	require.Equal(t, ms.speed(b), again.speed(b))
	require.Contains(t, again.of(b).Stop.Text, "request r: late")

	require.NoError(t, s.SetBackend("cpu", []int{1}), "not what it should be")
	fresh := newMachines(set, policy, s, log, nil)
	require.Equal(t, uint64(100), fresh.speed(b))
	require.Nil(t, fresh.of(b).Stop)
}

func TestSkippedRequestsAreCountedOnceByReason(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.DeniedRequesters = []string{rivalAddr} })
	registry := prometheus.NewRegistry()
	r.engine.metrics = NewMetrics(registry)
	count := func(code strategy.Code) float64 {
		return valueOf(t, registry, "proverd_skipped_total", string(code))
	}
	r.add(0xa1)
	r.add(0xb2)
	r.add(0xc3, func(req *markettypes.Request) { req.Requester = proverAddr; req.Statement.Digest = sum([]byte("x")) })
	r.rounds(4)
	require.InDelta(t, 2, count(strategy.CodeRequesterDenied), 0)
	require.InDelta(t, 1, count(strategy.CodeDigest), 0)
}

func TestInspectionReason(t *testing.T) {
	for code, err := range map[strategy.Code]error{
		strategy.CodeKey: ErrKeyMismatch, strategy.CodeDigest: ErrDigest, strategy.CodeFiles: ErrAddress,
		strategy.CodeUnprovable: backend.ErrUnsatisfied, strategy.CodeLookFailed: errors.New("timeout"),
	} {
		r := inspectionReason(fmt.Errorf("image: %w", err))
		require.Equal(t, code, r.Code)
		require.Equal(t, code == strategy.CodeLookFailed, r.Later)
		require.Contains(t, r.Text, err.Error())
	}
}

// quoterOf gives quotes from what a rig holds; its sidecar does not run.
func quoterOf(r *rig) *quoter {
	r.t.Helper()
	r.engine.Wait()
	require.NoError(r.t, r.store.Close())
	cfg := DefaultConfig(r.home)
	cfg.Key.Prover, cfg.Price.FixedCost, cfg.Fetch.AllowPrivateURLs = proverAddr, Amount{math.NewInt(1_000)}, true
	limits := r.limits
	limits.TrialProofs = TrialNew
	set, err := backend.NewSet(backend.Named{Name: "cpu", Verifiers: []string{"circuit"}, Backend: gnark.New(gnark.Config{}), Limits: limits})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { set.Close() })
	return newQuoter(cfg, r.chain, set, slog.New(slog.DiscardHandler))
}

func TestQuoteIsWhatTheEngineBids(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	before := quoterOf(r)
	report, err := before.quote(context.Background(), id)
	require.NoError(t, err)
	require.True(t, report.Decision.Bid, report.Decision.Reason())
	require.Equal(t, "cpu", report.Backend)
	require.Zero(t, report.Jobs)
	require.Contains(t, report.Notes[0], "no trial proof was made")
	left, err := filepath.Glob(filepath.Join(r.home, "quote-*"))
	require.NoError(t, err)
	require.Empty(t, left, "it keeps nothing")

	r.open()
	r.engine.cfg.Policy = before.cfg.Policy()
	r.rounds(2)
	require.Equal(t, r.job(id).Fee, report.Decision.Fee)

	report, err = quoterOf(r).quote(context.Background(), id)
	require.NoError(t, err)
	require.Contains(t, report.Notes[0], "there is a job for this request already: state bid")
	_, err = before.quote(context.Background(), strings.Repeat("00", 32))
	require.ErrorIs(t, err, chain.ErrNotFound)
	r.open()
}

func TestQuoteGivesAllReasons(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1, func(req *markettypes.Request) { req.MaxFee = math.NewInt(3); req.Statement.Digest = sum([]byte("x")) })
	r.chain.mayBid = false
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	other := r.add(0xb2, func(req *markettypes.Request) { req.Statement.Verifier = "pico/v1.2.2" })
	q := quoterOf(r)
	report, err := q.quote(context.Background(), id)
	require.NoError(t, err)
	var codes []strategy.Code
	for _, reason := range report.Decision.Reasons {
		codes = append(codes, reason.Code)
	}
	require.Equal(t, []strategy.Code{strategy.CodeMaxFee, codeWindow, strategy.CodeChain, strategy.CodeDigest}, codes)
	require.False(t, report.Decision.Later)

	report, err = q.quote(context.Background(), other)
	require.NoError(t, err)
	require.Equal(t, strategy.CodeNoBackend, report.Decision.Code())
	require.NotEmpty(t, report.Decision.Reasons)
	r.open()

	// While a sidecar runs its jobs are left out.
	report, err = q.quote(context.Background(), other)
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Notes, " "), "a sidecar runs on this home folder")
}
