package prover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

// wallClock is a machine's clock that a test sets.
type wallClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *wallClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *wallClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// checkup is a sidecar's health and the server that tells of it.
type checkup struct {
	t        *testing.T
	clock    *wallClock
	health   *health
	registry *prometheus.Registry
	metrics  *Metrics
	handler  http.Handler
}

func newCheckup(t *testing.T) *checkup {
	c := &checkup{t: t, clock: &wallClock{at: time.Unix(1_700_000_000, 0).UTC()}, registry: prometheus.NewRegistry()}
	c.health = newHealth(DefaultConfig(t.TempDir()), c.clock.now)
	c.metrics = NewMetrics(c.registry)
	c.metrics.watch(c.health, t.TempDir(), func() []chain.NodeState { return []chain.NodeState{{Failures: 3}, {Current: true}} })
	c.handler = handler(c.registry, c.health)
	return c
}

func (c *checkup) ask(method, path string) (status int, body string, header http.Header) {
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, w.Body.String(), w.Header()
}

// requireAnswer asks, and holds the answer against the parts that must not be well.
func (c *checkup) requireAnswer(path string, status int, bad ...string) {
	c.t.Helper()
	got, body, header := c.ask(http.MethodGet, path)
	require.Equal(c.t, status, got, body)
	require.Equal(c.t, "application/json", header.Get("Content-Type"))
	var a healthAnswer
	require.NoError(c.t, json.Unmarshal([]byte(body), &a))
	require.Equal(c.t, status == http.StatusOK, a.OK)
	require.Len(c.t, a.Parts, 6)
	names := []string{}
	for _, p := range a.Problems {
		names = append(names, strings.SplitN(p, ":", 2)[0])
	}
	require.ElementsMatch(c.t, bad, names, body)
}

func TestReadyOnceEverythingIs(t *testing.T) {
	r := newRig(t)
	c := newCheckup(t)
	c.requireAnswer("/readyz", 503, partChain, partSync, partProver, partStore, partBackends)
	c.requireAnswer("/healthz", 200, partChain, partSync, partProver, partStore, partBackends)
	require.InDelta(t, 0, gathered(t, c.registry)["proverd_ready"], 0)
	for _, absent := range []string{"proverd_store_writable", "proverd_chain_reached", "proverd_loop_timestamp_seconds"} {
		require.NotContains(t, gathered(t, c.registry), absent, "waiting to be linked must not look like a fault")
	}

	c.health.started(proverAddr, r.engine)
	c.requireAnswer("/readyz", 503, partChain, partSync, partStore)
	head := chain.Head{Height: 12, Time: c.clock.now().Add(-5 * time.Second)}
	c.health.worked(head, true)
	c.health.ticked(nil)
	c.requireAnswer("/readyz", 200)
	_, body, _ := c.ask(http.MethodGet, "/readyz")
	require.Contains(t, body, proverAddr)
	require.Contains(t, body, "block 12 is 5s old")
	require.Contains(t, body, "cpu is closed")
	got := gathered(t, c.registry)
	for series, want := range map[string]float64{
		"proverd_ready": 1, "proverd_chain_reached": 1, "proverd_store_writable": 1,
		"proverd_loop_timestamp_seconds":     1_700_000_000,
		"proverd_node_in_use node=0":         0,
		"proverd_node_in_use node=1":         1,
		"proverd_node_failures_total node=0": 3,
	} {
		require.InDelta(t, want, got[series], 0, series)
	}
	require.Positive(t, got["proverd_disk_free_bytes"])
}

func TestWhatMakesItUnready(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.more = []backend.Named{{Name: "second", Verifiers: []string{"x"}, Backend: &moody{}, Limits: r.limits}}
	})
	stop := func(names ...string) func(*checkup) {
		return func(*checkup) {
			for _, n := range names {
				r.engine.machines.list[n].Breaker.State = strategy.Open
			}
		}
	}
	for name, c := range map[string]struct {
		happens func(*checkup)
		bad     []string
		says    string
	}{
		"nothing":           {func(*checkup) {}, nil, ""},
		"no node":           {func(c *checkup) { c.health.ticked(fmt.Errorf("%w: http://user:secret@x", chain.ErrUnavailable)) }, []string{partChain}, "chain.nodes"},
		"another error":     {func(c *checkup) { c.health.ticked(errors.New("secret")) }, []string{partChain}, "see the log"},
		"back":              {func(c *checkup) { c.health.ticked(errors.New("x")); c.health.ticked(nil) }, nil, ""},
		"the chain halts":   {func(c *checkup) { c.clock.pass(maxHeadAge + 1); c.health.ticked(nil) }, []string{partSync}, "1m0s"},
		"just fresh enough": {func(c *checkup) { c.clock.pass(maxHeadAge); c.health.ticked(nil) }, nil, ""},
		"disk full":         {func(c *checkup) { c.health.worked(chain.Head{Height: 13, Time: c.clock.now()}, false) }, []string{partStore}, "free disk space"},
		"one backend stops": {stop("cpu"), nil, ""},
		"all backends stop": {stop("cpu", "second"), []string{partBackends}, "cpu is open, second is open"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCheckup(t)
			for _, one := range r.engine.machines.list {
				one.Breaker.State = strategy.Closed
			}
			k.health.started(proverAddr, r.engine)
			k.health.worked(chain.Head{Height: 12, Time: k.clock.now()}, true)
			k.health.ticked(nil)
			c.happens(k)
			want := 200
			if len(c.bad) > 0 {
				want = 503
			}
			k.requireAnswer("/readyz", want, c.bad...)
			k.requireAnswer("/healthz", 200, c.bad...)
			_, body, _ := k.ask(http.MethodGet, "/readyz")
			require.Contains(t, body, c.says)
			require.NotContains(t, body, "secret")
		})
	}
}

func TestAliveWhileTheLoopComesRound(t *testing.T) {
	c := newCheckup(t)
	c.clock.pass(24 * time.Hour)
	c.requireAnswer("/healthz", 200, partChain, partSync, partProver, partStore, partBackends) // it waits to be linked
	c.health.ticked(chain.ErrUnavailable)
	c.clock.pass(stuckAfter)
	status, _, _ := c.ask(http.MethodGet, "/healthz")
	require.Equal(t, 200, status)
	c.clock.pass(1)
	status, body, _ := c.ask(http.MethodGet, "/healthz")
	require.Equal(t, 503, status)
	require.Contains(t, body, `"loop: last round`)
	c.health.ticked(chain.ErrUnavailable)
	status, _, _ = c.ask(http.MethodGet, "/healthz")
	require.Equal(t, 200, status, "no node is no reason to restart it")

	slow := DefaultConfig(t.TempDir())
	slow.Chain.Timeout, slow.Chain.Nodes = Duration(time.Minute), []string{"a", "b"}
	require.Greater(t, newHealth(slow, c.clock.now).limit, 2*time.Hour, "patient with slow nodes")
}

func TestServerAnswersQuestionsOnly(t *testing.T) {
	c := newCheckup(t)
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 503, "/": 404, "/metrics/x": 404, "/debug/pprof/": 404} {
		status, body, _ := c.ask(http.MethodGet, path)
		require.Equal(t, want, status, path)
		if path == "/metrics" {
			require.Contains(t, body, "proverd_ready 0")
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			status, _, _ := c.ask(method, path)
			require.Equal(t, http.StatusMethodNotAllowed, status, method+path)
		}
	}
}

func TestServe(t *testing.T) {
	c := newCheckup(t)
	said := &bytes.Buffer{}
	log := slog.New(slog.NewTextHandler(said, nil))
	stop, err := serve("127.0.0.1:0", c.registry, c.health, log)
	require.NoError(t, err)
	found := regexp.MustCompile(`address=http://(\S+)/metrics`).FindStringSubmatch(said.String())
	require.NotNil(t, found, said)
	address := found[1]
	_, err = serve(address, c.registry, c.health, log)
	require.ErrorContains(t, err, "address already in use")

	res, err := http.Get("http://" + address + "/healthz")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode, string(body))
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/healthz", nil)
	require.NoError(t, err)
	req.Header.Set("X-Long", strings.Repeat("x", 2*maxHeader))
	res, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
	stop()
	_, err = net.Dial("tcp", address)
	require.Error(t, err, "it has stopped")

	stop, err = serve("", c.registry, c.health, log)
	require.NoError(t, err)
	stop()
}
