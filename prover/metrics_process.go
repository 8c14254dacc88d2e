package prover

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmarket/proofmarket/prover/chain"
)

// processMetrics tells what is best found out at the moment when somebody asks.
// They are absent until watch is called, and each while it cannot be found out.
type processMetrics struct {
	ready   *prometheus.Desc
	reached *prometheus.Desc
	store   *prometheus.Desc
	round   *prometheus.Desc
	disk    *prometheus.Desc
	inUse   *prometheus.Desc
	failed  *prometheus.Desc

	mu     sync.Mutex
	health *health
	home   string
	nodes  func() []chain.NodeState
}

func newProcessMetrics() *processMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName("proverd", "", name), help, labels, nil)
	}
	return &processMetrics{
		ready:   desc("ready", "1 while /readyz says so, else 0."),
		reached: desc("chain_reached", "1 while a node answers usefully, 0 while none does; absent before the loop begins."),
		store:   desc("store_writable", "1 while the job store can be written, 0 while it cannot and no new bids are made; absent before the first block's work."),
		round:   desc("loop_timestamp_seconds", "When the loop that does each block's work came round last, by this machine's clock, in seconds since 1970; absent before it begins."),
		disk:    desc("disk_free_bytes", "Free space on the disk of the home folder, in bytes."),
		inUse:   desc("node_in_use", "1 for the node that is asked first, 0 for the others, by place in chain.nodes from 0.", "node"),
		failed:  desc("node_failures_total", "Calls that a node did not answer usefully, since the start, by place in chain.nodes from 0.", "node"),
	}
}

// watch makes the metrics tell of a sidecar.
func (m *Metrics) watch(h *health, home string, nodes func() []chain.NodeState) {
	if m == nil {
		return
	}
	m.process.mu.Lock()
	defer m.process.mu.Unlock()
	m.process.health, m.process.home, m.process.nodes = h, home, nodes
}

// Describe implements prometheus.Collector.
func (m *processMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.ready, m.reached, m.store, m.round, m.disk, m.inUse, m.failed} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *processMetrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	h, home, nodes := m.health, m.home, m.nodes
	m.mu.Unlock()
	if h == nil {
		return
	}
	tell := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	report := h.report()
	tell(m.ready, oneIf(report.ready()))
	if report.asked {
		tell(m.reached, oneIf(report.ok(partChain)))
		tell(m.round, unixSeconds(report.round))
	}
	if report.began {
		tell(m.store, oneIf(report.ok(partStore)))
	}
	if free, err := freeBytes(home); err == nil {
		tell(m.disk, float64(free))
	}
	for i, n := range nodes() {
		tell(m.inUse, oneIf(n.Current), strconv.Itoa(i))
		ch <- prometheus.MustNewConstMetric(m.failed, prometheus.CounterValue, float64(n.Failures), strconv.Itoa(i))
	}
}
