package prover

import (
	"log/slog"
	"math/big"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// gathered returns each series with its value, such as proverd_x{backend="cpu"}; of a
// histogram the number of what was observed.
func gathered(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	out := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			out[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

// measured makes an engine's metrics count.
func measured(t *testing.T, r *rig) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	require.NoError(t, m.resume(r.store))
	r.engine.metrics, r.engine.machines.metrics = m, m
	for _, b := range r.engine.backends.All() {
		m.machine(b.Name, BackendFigures{})
	}
	return registry
}

func TestMetricsOfARequestThatIsWon(t *testing.T) {
	r := newRig(t)
	registry := measured(t, r)
	id := r.add(0xa1)
	before := gathered(t, registry)
	require.Contains(t, before, "proverd_bids_total backend=cpu", "a first bid must show as an increase")
	require.Zero(t, before["proverd_outcomes_total outcome=missed"])
	play(r, id, func() {})
	got := gathered(t, registry)
	for series, want := range map[string]float64{
		"proverd_decided_total backend=cpu":                  1,
		"proverd_bids_total backend=cpu":                     1,
		"proverd_reveals_total backend=cpu":                  1,
		"proverd_wins_total backend=cpu":                     1,
		"proverd_outcomes_total outcome=fulfilled":           1,
		"proverd_outcomes_total outcome=lost":                0,
		"proverd_prove_seconds backend=cpu result=ok":        1,
		"proverd_prove_seconds backend=cpu result=failed":    0,
		"proverd_bonds_lost_total":                           0,
		"proverd_backend_queue_limit backend=cpu":            4,
		"proverd_backend_workers backend=cpu":                2,
		"proverd_transactions_total kind=bid result=sent":    1,
		"proverd_transactions_total kind=reveal result=sent": 1,
		"proverd_transactions_total kind=proof result=sent":  1,
		"proverd_head_height":                                float64(r.chain.head.Height - 1),
		"proverd_head_timestamp_seconds":                     float64(r.chain.head.Time.Unix() - 1),
		"proverd_open_jobs state=bid":                        0,
	} {
		require.InDelta(t, want, got[series], 0, series)
	}
}

// What failed transactions take back is not counted again, and what a restart skips
// is made up for.
func TestAJobIsCountedOnceInEachState(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	j := &store.Job{RequestID: "r", Backend: "cpu"}
	for _, s := range []store.State{
		store.Decided, store.Bidding, store.Decided, store.Bidding, store.Bid, store.Revealing, store.Bid, store.Assigned, store.Proved,
	} {
		j.State = s
		m.moved(j)
	}
	got := gathered(t, registry)
	for _, name := range []string{"decided", "bids", "reveals", "wins"} {
		require.InDelta(t, 1, got["proverd_"+name+"_total backend=cpu"], 0, name)
	}
	m.moved(&store.Job{RequestID: "other", Backend: "cpu", State: "strange"})
	require.Equal(t, got, gathered(t, registry))
}

func TestCountersGoOnAfterARestart(t *testing.T) {
	r := newRig(t)
	won, open := r.add(0xa1), r.add(0xb2)
	play(r, won, func() {})
	require.Equal(t, store.Bid, r.job(open).State)
	registry := measured(t, r)
	got := gathered(t, registry)
	require.InDelta(t, 1, got["proverd_outcomes_total outcome=fulfilled"], 0, "as before the restart")
	require.Contains(t, got, "proverd_outcomes_total outcome=missed")

	j := r.job(open)
	r.engine.metrics.moved(j)
	require.InDelta(t, 0, gathered(t, registry)["proverd_bids_total backend=cpu"], 0, "it was counted before the restart")
	j.State = store.Revealed
	r.engine.metrics.moved(j)
	require.InDelta(t, 1, gathered(t, registry)["proverd_reveals_total backend=cpu"], 0)
	require.NoError(t, (*Metrics)(nil).resume(r.store))
}

func TestMoneyOfAJob(t *testing.T) {
	coins := math.NewInt
	for name, c := range map[string]struct {
		job                     store.Job
		before                  store.State
		income, cost, margins   float64
		bondsLost, bondsLostSum float64
	}{
		"paid":                       {store.Job{Outcome: store.Fulfilled, Paid: coins(500), Estimate: coins(400), MaxBond: coins(7)}, store.Submitting, 500, 400, 1, 0, 0},
		"paid, old record":           {store.Job{Outcome: store.Fulfilled}, store.Submitting, 0, 0, 0, 0, 0},
		"missed with a proof":        {store.Job{Outcome: store.Missed, Estimate: coins(400), MaxBond: coins(7), Proof: []byte{1}}, store.Proved, 0, 400, 0, 1, 7},
		"missed without":             {store.Job{Outcome: store.Missed, Estimate: coins(400), MaxBond: coins(7)}, store.Assigned, 0, 0, 0, 1, 7},
		"not revealed":               {store.Job{Outcome: store.NotRevealed, MaxBond: coins(7)}, store.Revealing, 0, 0, 0, 1, 7},
		"not eligible at reveal":     {store.Job{Outcome: store.Lost, MaxBond: coins(7)}, store.Revealing, 0, 0, 0, 1, 7},
		"another won":                {store.Job{Outcome: store.Lost, MaxBond: coins(7)}, store.Revealed, 0, 0, 0, 0, 0},
		"another won, trial proof":   {store.Job{Outcome: store.Lost, Estimate: coins(400), Proof: []byte{1}}, store.Revealed, 0, 400, 0, 0, 0},
		"abandoned with a bid":       {store.Job{Outcome: store.Abandoned, MaxBond: coins(7)}, store.Bid, 0, 0, 0, 1, 7},
		"abandoned before":           {store.Job{Outcome: store.Abandoned, MaxBond: coins(7)}, store.Decided, 0, 0, 0, 0, 0},
		"ended, old record":          {store.Job{Outcome: store.Ended}, "", 0, 0, 0, 0, 0},
		"amounts that make no sense": {store.Job{Outcome: store.Fulfilled, Paid: coins(-5), Estimate: coins(-4)}, store.Proved, 0, 0, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			m := newMoneyMetrics(registry)
			c.job.Backend = "cpu"
			m.finished(&c.job, c.before)
			got := gathered(t, registry)
			require.InDelta(t, c.income, got["proverd_income_uproof_total backend=cpu"], 0)
			require.InDelta(t, c.cost, got["proverd_estimated_cost_uproof_total backend=cpu"], 0)
			require.InDelta(t, c.margins, got["proverd_margin_uproof"], 0)
			require.InDelta(t, c.bondsLost, got["proverd_bonds_lost_total"], 0)
			require.InDelta(t, c.bondsLostSum, got["proverd_bonds_lost_uproof_total"], 0)
		})
	}
}

func TestOpenJobsAsABlockComes(t *testing.T) {
	r := newRig(t)
	registry := measured(t, r)
	head := chain.Head{Height: 7, Time: time.Unix(1_000, 0).UTC()}
	due := head.Time.Add(30 * time.Second)
	job := func(id string, s store.State, bond int64, proof []byte) *store.Job {
		return &store.Job{RequestID: id, Prover: proverAddr, Backend: "cpu", State: s, MaxBond: math.NewInt(bond), Cost: 10, Proof: proof}
	}
	jobs := []*store.Job{
		job("decided", store.Decided, 1, nil), job("bidding", store.Bidding, 2, nil),
		job("bid", store.Bid, 4, nil), job("revealing", store.Revealing, 8, nil), job("later", store.Bid, 16, nil),
		job("leads", store.Revealed, 32, nil), job("behind", store.Revealed, 64, nil),
		job("owed", store.Assigned, 128, nil), job("made", store.Proved, 256, []byte{1}), job("gone", store.Submitting, 512, []byte{1}),
	}
	revealing := func(left uint64, leader string) *markettypes.RequestView {
		return &markettypes.RequestView{Stage: markettypes.STAGE_REVEALING, BlocksLeft: left, Auction: markettypes.Auction{
			Leader: &markettypes.Leader{Prover: leader},
		}}
	}
	views := map[string]*markettypes.RequestView{
		"bid": {Stage: markettypes.STAGE_BIDDING, BlocksLeft: 1}, "revealing": revealing(3, rivalAddr), "later": revealing(9, rivalAddr),
		"leads": revealing(1, proverAddr), "behind": revealing(1, rivalAddr),
		"owed": {Stage: markettypes.STAGE_ASSIGNED, TimeLeft: time.Minute},
		"made": {Stage: markettypes.STAGE_ASSIGNED, TimeLeft: time.Hour, ExpectedDeadline: &due},
	}
	r.engine.observe(head, jobs, views)
	got := gathered(t, registry)
	for series, want := range map[string]float64{
		"proverd_open_jobs state=bid":             2,
		"proverd_open_jobs state=revealed":        2,
		"proverd_open_jobs state=submitting":      1,
		"proverd_next_deadline_timestamp_seconds": 1_030,
		"proverd_reveal_blocks_left":              3,
		"proverd_bonds_at_stake_uproof":           2 + 4 + 8 + 16 + 32 + 128 + 256 + 512,
		"proverd_backend_jobs backend=cpu":        8,
		"proverd_backend_load_units backend=cpu":  80,
		"proverd_backend_proving backend=cpu":     0,
	} {
		require.InDelta(t, want, got[series], 0, series)
	}
	require.NotContains(t, got, "proverd_open_jobs state=done")

	r.engine.observe(head, jobs[:1], views)
	got = gathered(t, registry)
	require.NotContains(t, got, "proverd_next_deadline_timestamp_seconds")
	require.NotContains(t, got, "proverd_reveal_blocks_left")
	require.Zero(t, got["proverd_open_jobs state=bid"])
	r.engine.metrics = nil
	require.NotPanics(t, func() { r.engine.observe(head, jobs, views) })
}

func TestStandingMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	head := chain.Head{Height: 7, Time: time.Unix(1_000, 500_000_000).UTC()}
	m.standing(head, chain.Standing{
		State: provertypes.PROVER_STATE_JAILED, OvercommitBps: 10_000, Figures: auction.Figures{
			SelfStake: math.NewInt(10), MinSelfStake: math.NewInt(5), Assets: math.NewInt(100), AssignedStake: math.NewInt(60),
			Exposure: math.NewInt(6), MaxExposure: math.NewInt(50),
		},
	}, math.NewInt(3))
	got := gathered(t, registry)
	for series, want := range map[string]float64{
		"proverd_prover_state state=jailed": 1, "proverd_prover_state state=active": 0, "proverd_prover_state state=none": 0,
		"proverd_prover_state state=deactivated": 0, "proverd_prover_state state=retired": 0,
		"proverd_submitter_balance_uproof": 3, "proverd_self_stake_uproof": 10, "proverd_min_self_stake_uproof": 5,
		"proverd_vault_assets_uproof": 100, "proverd_assigned_stake_uproof": 60, "proverd_free_stake_uproof": 40,
		"proverd_exposure_uproof": 6, "proverd_max_exposure_uproof": 50, "proverd_standing_timestamp_seconds": 1_000.5,
	} {
		value, known := got[series]
		require.True(t, known, series)
		require.InDelta(t, want, value, 0, series)
	}
	m.standing(head, chain.Standing{}, math.Int{})
	require.InDelta(t, 1, gathered(t, registry)["proverd_prover_state state=none"], 0)
	(*Metrics)(nil).standing(head, chain.Standing{}, math.Int{})
}

func TestFreeStake(t *testing.T) {
	huge := math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255))
	for name, c := range map[string]struct {
		assets, assigned math.Int
		bps              uint32
		want             float64
	}{
		"none assigned": {math.NewInt(100), math.ZeroInt(), 10_000, 100},
		"rounded down":  {math.NewInt(100), math.NewInt(33), 5_000, 84},
		"none left":     {math.NewInt(10), math.NewInt(60), 10_000, 0},
		"any amount":    {math.ZeroInt(), huge, 4_294_967_295, 0},
		"not known":     {math.Int{}, math.NewInt(1), 1, 0},
	} {
		s := chain.Standing{OvercommitBps: c.bps, Figures: auction.Figures{Assets: c.assets, AssignedStake: c.assigned}}
		require.InDelta(t, c.want, freeStake(s), 0, name)
	}
	require.InEpsilon(t, 5.78960446186581e76, amount(huge), 1e-9)
}

// A metric without a unit, a help text or bounded labels does not get in.
func TestMetricsFollowTheRules(t *testing.T) {
	bounded := map[string]bool{"backend": true, "code": true, "state": true, "outcome": true, "result": true, "kind": true, "node": true}
	unit := regexp.MustCompile(`_(total|seconds|bytes|uproof|units|per_second|limit|left|height|jobs|workers|proving|bidding|state|ready|reached|writable|in_use)$`)
	described := exported()
	require.Greater(t, len(described), 30)
	for name, d := range described {
		require.Regexp(t, `^proverd_[a-z_]+$`, name)
		require.Regexp(t, unit, name)
		require.Regexp(t, `^[A-Z0-9].{10,}\.$`, d.help, name)
		for _, l := range d.labels {
			require.True(t, bounded[l], "%s: label %s", name, l)
		}
	}
	registry := prometheus.NewRegistry()
	NewMetrics(registry)
	families, err := registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestSeriesOfABackendAreThereFromTheStart(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), jobsFile))
	require.NoError(t, err)
	defer s.Close()
	set, err := backend.NewSet(backend.Named{Name: "cpu", Limits: backend.Limits{
		Workers: 1, Queue: 1, UnitsPerSecond: 1, TrialProofs: TrialNever, EvaluateTimeout: 1, ProveTimeout: 1,
	}, Backend: &moody{}})
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	newMachines(set, strategy.BreakerPolicy{RetryAfter: 1}, s, slog.New(slog.DiscardHandler), NewMetrics(registry))
	got := gathered(t, registry)
	require.Contains(t, got, "proverd_income_uproof_total backend=cpu")
	require.Contains(t, got, "proverd_estimated_cost_uproof_total backend=cpu")
}
