package prover

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

// The results of an attempt at a proof.
const (
	proofOK     = "ok"
	proofFailed = "failed"
)

// backendMetrics counts decisions and proofs, and says how the backends stand.
type backendMetrics struct {
	skipped *prometheus.CounterVec
	proofs  *prometheus.HistogramVec
	bidding *prometheus.GaugeVec
	speed   *prometheus.GaugeVec
	jobs    *prometheus.GaugeVec
	units   *prometheus.GaugeVec
	queue   *prometheus.GaugeVec
	proving *prometheus.GaugeVec
	workers *prometheus.GaugeVec
}

func newBackendMetrics(r prometheus.Registerer) backendMetrics {
	m := backendMetrics{
		skipped: counters("skipped_total", "Requests not bid for, by the code of the reason, since the start; one that is skipped for another reason later counts again.", "code"),
		proofs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "proverd", Name: "prove_seconds",
			Help:    "Time that attempts at proofs took, trial proofs that passed included, in seconds.",
			Buckets: prometheus.ExponentialBuckets(0.1, 2, 16), // to 55 minutes
		}, []string{"backend", "result"}),
		bidding: gauges("backend_bidding", "The breaker of a backend: 1 while bids are made on it, 0.5 while one job is tried, 0 while none are.", "backend"),
		speed:   gauges("backend_units_per_second", "Measured speed of a backend for one proof, in its units of work a second.", "backend"),
		jobs:    gauges("backend_jobs", "Jobs taken on for a backend whose proof is not made, standing bids included, when the last block came.", "backend"),
		units:   gauges("backend_load_units", "The work of those jobs, in the backend's units of work.", "backend"),
		queue:   gauges("backend_queue_limit", "The most jobs that are taken on for a backend.", "backend"),
		proving: gauges("backend_proving", "Proofs under way on a backend, trial proofs left out, when the last block came.", "backend"),
		workers: gauges("backend_workers", "The most proofs under way on a backend at a time.", "backend"),
	}
	r.MustRegister(m.skipped, m.proofs, m.bidding, m.speed, m.jobs, m.units, m.queue, m.proving, m.workers)
	return m
}

// load shows what a backend has to do.
func (m *backendMetrics) load(b backend.Named, proving int, jobs []*store.Job) {
	count, units := 0, 0.0
	for _, j := range jobs {
		if j.Backend == b.Name && len(j.Proof) == 0 {
			count++
			units += float64(j.Cost)
		}
	}
	m.jobs.WithLabelValues(b.Name).Set(float64(count))
	m.units.WithLabelValues(b.Name).Set(units)
	m.queue.WithLabelValues(b.Name).Set(float64(b.Limits.Queue))
	m.proving.WithLabelValues(b.Name).Set(float64(proving))
	m.workers.WithLabelValues(b.Name).Set(float64(b.Limits.Workers))
}

func (m *Metrics) skip(code strategy.Code) {
	if m != nil {
		m.backends.skipped.WithLabelValues(string(code)).Inc()
	}
}

// proof counts an attempt at a proof.
func (m *Metrics) proof(backend string, ok bool, took time.Duration) {
	if m == nil {
		return
	}
	result := proofFailed
	if ok {
		result = proofOK
	}
	m.backends.proofs.WithLabelValues(backend, result).Observe(took.Seconds())
}

// begin makes the series of a backend, so that the first thing that is counted shows
// as an increase.
func (m *Metrics) begin(backend string) {
	for _, c := range []*prometheus.CounterVec{
		m.jobs.decided, m.jobs.bids, m.jobs.reveals, m.jobs.wins, m.money.income, m.money.costs,
	} {
		c.WithLabelValues(backend)
	}
	m.backends.proofs.WithLabelValues(backend, proofOK)
	m.backends.proofs.WithLabelValues(backend, proofFailed)
}

// machine shows what is known of a backend.
func (m *Metrics) machine(name string, f BackendFigures) {
	if m == nil {
		return
	}
	m.begin(name)
	bidding := map[strategy.BreakerState]float64{strategy.Closed: 1, strategy.HalfOpen: 0.5, strategy.Open: 0}
	m.backends.bidding.WithLabelValues(name).Set(bidding[f.Breaker.Is()])
	m.backends.speed.WithLabelValues(name).Set(float64(f.Speed.PerSecond()))
}
