package prover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of the server. Anyone who reaches its address may ask, so what an answer
// takes is bounded.
const (
	// stopTimeout bounds how long the server may take to stop.
	stopTimeout = 2 * time.Second
	// readTimeout bounds reading one question, answerTimeout answering it, and
	// idleTimeout the time between two on one connection.
	readTimeout   = 5 * time.Second
	answerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// maxHeader and maxBody bound a question in bytes; maxScrapes is the number of
	// scrapes that are answered at a time.
	maxHeader  = 16 << 10
	maxBody    = 1 << 10
	maxScrapes = 4
)

// serve answers operators at the address: /healthz, /readyz and /metrics. An empty
// address is no server.
func serve(address string, registry *prometheus.Registry, h *health, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	server := &http.Server{
		Handler: handler(registry, h), ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		WriteTimeout: readTimeout + answerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		// What clients do wrong is theirs: it would fill the log.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the metrics server stopped", "error", err)
		}
	}()
	log.Info("serving metrics and health", "address", "http://"+l.Addr().String()+"/metrics")
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			log.Warn("the metrics server did not stop in time", "error", err)
			_ = server.Close() // nobody waits for what it still answers
		}
	}, nil
}

// handler answers GET and HEAD, and nothing else.
func handler(registry *prometheus.Registry, h *health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: answerTimeout,
		// One metric that cannot be gathered keeps none of the others back.
		ErrorHandling: promhttp.ContinueOnError,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		r := h.report()
		answer(w, r, r.ok(partLoop))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := h.report()
		answer(w, r, r.ready())
	})
	return http.MaxBytesHandler(mux, maxBody)
}

// healthAnswer is the JSON of /healthz and /readyz.
type healthAnswer struct {
	// OK is the answer, as the status code is: 200, or 503.
	OK bool `json:"ok"`
	// Problems says for people what is not well, whether or not OK rests on it.
	Problems []string `json:"problems"`
	Parts    []part   `json:"parts"`
}

func answer(w http.ResponseWriter, r report, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(healthAnswer{OK: ok, Problems: r.problems(), Parts: r.parts}) // the client is gone
}
