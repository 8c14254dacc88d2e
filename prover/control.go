package prover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/proofmarket/proofmarket/prover/store"
)

const (
	// controlSocket is where a running sidecar takes orders; only its owner can
	// connect. controlPath holds the socket's path where the home folder's own is
	// too long for one.
	controlSocket = "control.sock"
	controlPath   = "control.path"
	controlMode   = 0o600
	// maxSocketPath is the longest path of a socket: what the kernel takes, with the
	// zero that ends it, on the systems that take least.
	maxSocketPath = 103

	// maxOrderBytes bounds an order, maxOrderHeader what comes before it.
	maxOrderBytes  = 4 << 10
	maxOrderHeader = 8 << 10
	// orderTimeout bounds the work on one order, and the time to read it.
	orderTimeout = 20 * time.Second
)

// order is what a client asks for.
type order struct {
	ID     string    `json:"id,omitempty"`
	Filter JobFilter `json:"filter,omitzero"`
	Sure   bool      `json:"sure,omitempty"`
}

// orderError is the answer to an order that failed.
type orderError struct {
	Error string `json:"error"`
	// Code names the error of this package that it is; empty for another one.
	Code string `json:"code,omitempty"`
}

// orderErrors are the errors that clients can tell apart.
var orderErrors = map[string]error{
	"not_found": store.ErrNotFound,
	"id":        ErrJobID,
	"order":     ErrOrder,
	"busy":      ErrBusy,
	"unsaved":   store.ErrUnsaved,
}

// serveControl takes orders for the running sidecar at a socket in its home folder.
func serveControl(home string, e *Engine, log *slog.Logger) (stop func(), err error) {
	l, remove, err := listenControl(home)
	if err != nil {
		return nil, fmt.Errorf("take orders at a socket: %w", err)
	}
	server := &http.Server{
		Handler: controlHandler(e), MaxHeaderBytes: maxOrderHeader,
		ReadTimeout: orderTimeout, WriteTimeout: 2 * orderTimeout, IdleTimeout: orderTimeout,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("no more orders are taken", "error", err)
		}
	}()
	return func() {
		remove()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close() // an order that takes its time is dropped
		}
		<-ended
	}, nil
}

// listenControl makes the socket. It is made in a folder of its own that nobody else
// can enter, and moved to its place, over one that a killed sidecar left. Only one
// sidecar runs on a home folder: it holds the job store.
func listenControl(home string) (l net.Listener, remove func(), err error) {
	if err := removeStale(home); err != nil {
		return nil, nil, err
	}
	path := filepath.Join(home, controlSocket)
	dir, err := os.MkdirTemp(home, ".control-")
	if err == nil && len(filepath.Join(dir, controlSocket)) > maxSocketPath {
		if err = os.Remove(dir); err == nil {
			dir, err = os.MkdirTemp("", "proverd-")
		}
		path = filepath.Join(dir, controlSocket)
	}
	if err != nil {
		return nil, nil, err
	}
	made := filepath.Join(dir, controlSocket)
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, nil, errors.Join(err, os.Remove(dir))
	}
	unix.SetUnlinkOnClose(false) // remove does it
	err = os.Chmod(made, controlMode)
	switch {
	case err != nil:
	case path == made:
		err = os.WriteFile(filepath.Join(home, controlPath), []byte(path), controlMode)
	default:
		err = errors.Join(os.Rename(made, path), os.Remove(dir))
	}
	if err != nil {
		return nil, nil, errors.Join(err, unix.Close(), os.RemoveAll(dir))
	}
	return unix, func() {
		_ = os.Remove(path) // a stale one is replaced at the next start
		if path == made {
			_ = os.Remove(filepath.Join(home, controlPath))
			_ = os.Remove(dir)
		}
	}, nil
}

// removeStale removes what a sidecar that was killed left.
func removeStale(home string) error {
	far, err := os.ReadFile(filepath.Join(home, controlPath))
	if err == nil && filepath.Base(string(far)) == controlSocket {
		_ = os.Remove(string(far)) // it may be gone with its folder
		_ = os.Remove(filepath.Dir(string(far)))
	}
	for _, name := range []string{controlPath, controlSocket} {
		if err := os.Remove(filepath.Join(home, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	left, err := filepath.Glob(filepath.Join(home, ".control-*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// socketOf is where a sidecar on a home folder takes orders.
func socketOf(home string) string {
	far, err := os.ReadFile(filepath.Join(home, controlPath))
	if err == nil && len(far) <= maxSocketPath && !strings.ContainsAny(string(far), "\x00\n") {
		return string(far)
	}
	return filepath.Join(home, controlSocket)
}

// controlHandler answers orders, which are small JSON objects, with JSON.
func controlHandler(e *Engine) http.Handler {
	jobs := engineJobs{e}
	mux := http.NewServeMux()
	for path, answer := range map[string]func(context.Context, order) (any, error){
		"list":    func(ctx context.Context, o order) (any, error) { return jobs.List(ctx, o.Filter) },
		"show":    func(ctx context.Context, o order) (any, error) { return jobs.Show(ctx, o.ID) },
		"retry":   func(ctx context.Context, o order) (any, error) { return jobs.Retry(ctx, o.ID) },
		"abandon": func(ctx context.Context, o order) (any, error) { return jobs.Abandon(ctx, o.ID, o.Sure) },
		"status": func(ctx context.Context, _ order) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return e.Status(ctx)
		},
	} {
		mux.HandleFunc("POST /v1/"+path, func(w http.ResponseWriter, r *http.Request) { handleOrder(w, r, answer) })
	}
	return mux
}

func handleOrder(w http.ResponseWriter, r *http.Request, answer func(context.Context, order) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), orderTimeout)
	defer cancel()
	var o order
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrderBytes))
	in.DisallowUnknownFields()
	code := http.StatusOK
	var out any
	err := in.Decode(&o)
	if err != nil {
		code, out = http.StatusBadRequest, orderError{Error: "the sidecar does not understand the order: " + err.Error()}
	} else if out, err = answer(ctx, o); err != nil {
		code, out = http.StatusConflict, orderError{Error: err.Error(), Code: codeOf(err)}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		code, raw = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(raw) // who does not read the answer does without
}

func codeOf(err error) string {
	for code, is := range orderErrors {
		if errors.Is(err, is) {
			return code
		}
	}
	return ""
}
