package prover

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/strategy"
)

// strategyMetrics counts decisions, and says how the backends stand.
type strategyMetrics struct {
	skipped *prometheus.CounterVec
	bidding *prometheus.GaugeVec
	speed   *prometheus.GaugeVec
}

func newStrategyMetrics(r prometheus.Registerer) strategyMetrics {
	m := strategyMetrics{
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "proverd_skipped_total", Help: "Requests not bid for, by reason; one that is skipped for another reason later counts again.",
		}, []string{"reason"}),
		bidding: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "proverd_backend_bidding", Help: "1 while bids are made on a backend, 0.5 while one job is tried, 0 while none are.",
		}, []string{"backend"}),
		speed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "proverd_backend_units_per_second", Help: "Measured speed of a backend, for one proof.",
		}, []string{"backend"}),
	}
	r.MustRegister(m.skipped, m.bidding, m.speed)
	return m
}

func (m *Metrics) skip(code strategy.Code) {
	if m != nil {
		m.strategy.skipped.WithLabelValues(string(code)).Inc()
	}
}

func (m *Metrics) machine(name string, f BackendFigures) {
	if m == nil {
		return
	}
	bidding := map[strategy.BreakerState]float64{strategy.Closed: 1, strategy.HalfOpen: 0.5, strategy.Open: 0}
	m.strategy.bidding.WithLabelValues(name).Set(bidding[f.Breaker.Is()])
	m.strategy.speed.WithLabelValues(name).Set(float64(f.Speed.PerSecond()))
}
