package prover

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// marginBuckets are bounds in uproof; what is below 0 was proved at a loss.
var marginBuckets = []float64{-1e7, -1e6, -1e5, -1e4, -1e3, 0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// moneyMetrics counts what jobs bring and what is at stake for them, in uproof.
type moneyMetrics struct {
	margin    prometheus.Histogram
	income    *prometheus.CounterVec
	costs     *prometheus.CounterVec
	atStake   prometheus.Gauge
	bondsLost prometheus.Counter
	lost      prometheus.Counter
}

func newMoneyMetrics(r prometheus.Registerer) moneyMetrics {
	m := moneyMetrics{
		margin: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "proverd", Name: "margin_uproof", Buckets: marginBuckets,
			Help: "What a fulfilled request paid, less what its proof was estimated to cost, in uproof.",
		}),
		income:    counters("income_uproof_total", "What fulfilled requests paid, before the protocol's fee and the commission, in uproof, since the start.", "backend"),
		costs:     counters("estimated_cost_uproof_total", "What the proofs of jobs that ended were estimated to cost, paid or not, in uproof, since the start.", "backend"),
		atStake:   gauge("bonds_at_stake_uproof", "The most that the bonds of open bids may come to, in uproof, when the last block came."),
		bondsLost: counter("bonds_lost_total", "Bonds lost to bids not revealed, to bids not eligible any more at their reveal, and to deadlines missed or given up, since the start."),
		lost:      counter("bonds_lost_uproof_total", "The most that those bonds may have come to, in uproof, since the start."),
	}
	r.MustRegister(m.margin, m.income, m.costs, m.atStake, m.bondsLost, m.lost)
	return m
}

// finished counts a job that has ended, having come as far as before.
func (m *moneyMetrics) finished(j *store.Job, before store.State) {
	paid := j.Outcome == store.Fulfilled && !j.Paid.IsNil()
	if paid {
		m.income.WithLabelValues(j.Backend).Add(max(0, amount(j.Paid)))
	}
	if !j.Estimate.IsNil() && (j.Outcome == store.Fulfilled || len(j.Proof) > 0) {
		m.costs.WithLabelValues(j.Backend).Add(max(0, amount(j.Estimate)))
	}
	if paid && !j.Estimate.IsNil() {
		m.margin.Observe(amount(j.Paid) - amount(j.Estimate))
	}
	if bondLost(j.Outcome, before) {
		m.bondsLost.Inc()
		m.lost.Add(max(0, amount(j.MaxBond)))
	}
}

// bondLost reports whether a job that ended so cost its bond (laws M6 and M9). One
// that was lost before its reveal was ranked was revealed when the prover was not
// eligible any more. What was given up is not revealed, or not delivered.
func bondLost(o store.Outcome, before store.State) bool {
	switch o {
	case store.NotRevealed, store.Missed:
		return true
	case store.Lost:
		return before == store.Bid || before == store.Revealing
	case store.Abandoned:
		return before == store.Bid || before == store.Revealing || owed(before)
	default:
		return false
	}
}

// show sums the bonds that stand. That of a bid that was revealed and does not
// lead is back (law M6).
func (m *moneyMetrics) show(prover string, jobs []*store.Job, views map[string]*markettypes.RequestView) {
	sum := 0.0
	for _, j := range jobs {
		if j.State == store.Decided || (j.State == store.Revealed && !leads(prover, views[j.RequestID])) {
			continue
		}
		sum += max(0, amount(j.MaxBond))
	}
	m.atStake.Set(sum)
}

func leads(prover string, v *markettypes.RequestView) bool {
	return v != nil && v.Auction.Leader != nil && v.Auction.Leader.Prover == prover
}
