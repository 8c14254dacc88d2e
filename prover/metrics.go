package prover

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/store"
)

// Metrics counts what the sidecar does. A nil *Metrics counts nothing.
type Metrics struct {
	states   *prometheus.CounterVec
	outcomes *prometheus.CounterVec
	txs      *prometheus.CounterVec
	proofs   *prometheus.HistogramVec
	seen     prometheus.Gauge
	strategy strategyMetrics
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		strategy: newStrategyMetrics(r),
		states: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "proverd_job_states_total", Help: "Jobs that entered a state.",
		}, []string{"state"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "proverd_job_outcomes_total", Help: "Jobs that ended, by outcome.",
		}, []string{"outcome"}),
		txs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "proverd_transactions_total", Help: "Transactions by kind and what became of them.",
		}, []string{"kind", "result"}),
		proofs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "proverd_proof_seconds", Help: "Time that proofs took.",
			Buckets: prometheus.ExponentialBuckets(0.1, 2, 16),
		}, []string{"ok"}),
		seen: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "proverd_height", Help: "The last block looked at.",
		}),
	}
	r.MustRegister(m.states, m.outcomes, m.txs, m.proofs, m.seen)
	return m
}

// moved counts a job that has entered its state, other than Done.
func (m *Metrics) moved(j *store.Job) {
	if m != nil {
		m.states.WithLabelValues(string(j.State)).Inc()
	}
}

// finished counts a job that has ended.
func (m *Metrics) finished(j *store.Job) {
	if m != nil {
		m.outcomes.WithLabelValues(string(j.Outcome)).Inc()
	}
}

func (m *Metrics) tx(kind store.State, result string) {
	if m != nil {
		m.txs.WithLabelValues(string(kind), result).Inc()
	}
}

func (m *Metrics) proof(ok bool, took time.Duration) {
	if m == nil {
		return
	}
	label := "false"
	if ok {
		label = "true"
	}
	m.proofs.WithLabelValues(label).Observe(took.Seconds())
}

func (m *Metrics) height(h int64) {
	if m != nil {
		m.seen.Set(float64(h))
	}
}
