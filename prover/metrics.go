package prover

import (
	"math/big"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
)

// Metrics counts what the sidecar does. A nil *Metrics counts nothing.
//
// Names start with proverd_ and end in the unit: base units, and uproof for
// amounts. Labels hold names of backends, codes, states and the places of nodes
// in the configuration only, so that their number is bounded; never a request, an
// address or a fee that is still sealed. What goes on after a restart where it was,
// and what starts anew, is said in the help texts.
type Metrics struct {
	jobs     jobMetrics
	money    moneyMetrics
	backends backendMetrics
	chain    chainMetrics
	stake    stakeMetrics
	process  *processMetrics
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		jobs: newJobMetrics(r), money: newMoneyMetrics(r), backends: newBackendMetrics(r),
		chain: newChainMetrics(r), stake: newStakeMetrics(r), process: newProcessMetrics(),
	}
	r.MustRegister(m.process)
	return m
}

// resume goes on with what the job store knows from before a restart: how jobs
// ended, so that a deadline missed while the sidecar was down shows as an increase,
// and which open jobs were counted already.
func (m *Metrics) resume(s *store.Store) error {
	if m == nil {
		return nil
	}
	outcomes, err := s.Outcomes()
	if err != nil {
		return err
	}
	open, err := s.Open()
	if err != nil {
		return err
	}
	m.jobs.resume(outcomes, open)
	return nil
}

// moved counts a job that has entered its state, other than Done. A state that it
// falls back to was counted before.
func (m *Metrics) moved(j *store.Job) {
	if m != nil {
		m.jobs.moved(j)
	}
}

// finished counts a job that has ended, and what it brought.
func (m *Metrics) finished(j *store.Job) {
	if m == nil {
		return
	}
	before := m.jobs.finished(j)
	m.money.finished(j, before)
}

// opts name a metric.
func opts(name, help string) prometheus.Opts {
	return prometheus.Opts{Namespace: "proverd", Name: name, Help: help}
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts(opts(name, help)))
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts(opts(name, help)), labels)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts(opts(name, help)))
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), labels)
}

// amount is a number of uproof as metrics hold it, rounded to 53 bits; 0 for one
// that a record lacks.
func amount(v math.Int) float64 {
	if v.IsNil() {
		return 0
	}
	f, _ := new(big.Float).SetInt(v.BigInt()).Float64()
	return f
}

// unixSeconds is a time as metrics hold it.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }

func oneIf(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
