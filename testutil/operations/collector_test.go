package operations

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// collector is an OpenTelemetry collector that remembers what came, undecoded: names
// stand in the messages as they are.
type collector struct {
	t      *testing.T
	server *httptest.Server

	mu   sync.Mutex
	came map[string]*bytes.Buffer // by path
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t, came: make(map[string]*bytes.Buffer)}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		last := new(bytes.Buffer)
		last.Write(body)
		c.came[r.URL.Path] = last
	}))
	t.Cleanup(c.server.Close)
	return c
}

// configure puts the sample otel.yaml into a node's home, with this collector in it,
// a shorter interval, and every trace kept.
func (c *collector) configure(o *operator) {
	c.t.Helper()
	text := page(c.t, "node/otel.yaml")
	for old, fresh := range map[string]string{
		"http://127.0.0.1:4318": c.server.URL, "interval: 15000": "interval: 500", "ratio: 0.01": "ratio: 1",
	} {
		require.Contains(c.t, text, old)
		text = strings.ReplaceAll(text, old, fresh)
	}
	require.NoError(c.t, os.WriteFile(o.file("config", "otel.yaml"), []byte(text), 0o600))
}

// holds tells whether a name was in the last message to a path.
func (c *collector) holds(path, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.came[path]
	return last != nil && bytes.Contains(last.Bytes(), []byte(name))
}

var (
	prometheusName = regexp.MustCompile(`\b(?:cometbft|marketd|process)_[a-z_]+[a-z]\b`)
	otelName       = regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_.]+)` \\|")
)

// metrics checks that a running node has every metric that the pages and the alert
// rules name.
func (n *network) metrics() {
	comet := n.alice.text(n.alice.metrics + "/metrics")
	rest := n.alice.text(n.alice.rest + "/metrics?format=prometheus")
	require.Contains(n.t, rest, "marketd_tx_count")
	require.Contains(n.t, n.bob.text(n.bob.metrics+"/metrics"), "marketd_tx_count", "without REST too")
	names := prometheusName.FindAllString(page(n.t, "monitoring.md")+page(n.t, "node/alerts.yml"), -1)
	require.Greater(n.t, len(names), 20)
	for _, name := range names {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `(_count|_sum|_bucket)?[{ ]`)
		require.Regexp(n.t, line, comet, "the node has no metric %s", name)
	}
	otel := otelName.FindAllStringSubmatch(page(n.t, "monitoring.md"), -1)
	require.Greater(n.t, len(otel), 3)
	for _, m := range otel {
		n.alice.until("metric "+m[1], func() bool { return n.telemetry.holds("/v1/metrics", m[1]) })
	}
	n.alice.until("a trace", func() bool { return n.telemetry.holds("/v1/traces", "marketd") })
}
