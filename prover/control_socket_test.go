package prover

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/store"
)

func TestControlSocket(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for name, home := range map[string]func(t *testing.T) string{
		"short": func(t *testing.T) string { return t.TempDir() },
		"long": func(t *testing.T) string {
			dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
			require.NoError(t, os.MkdirAll(dir, homeMode))
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir := newRig(t), home(t)
			c, err := dialControl(t.Context(), dir)
			require.NoError(t, err)
			require.Nil(t, c, "nobody listens")
			stop, err := serveControl(dir, r.engine, quiet)
			require.NoError(t, err)
			path := socketOf(dir)
			require.LessOrEqual(t, len(path), maxSocketPath)
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(controlMode), info.Mode().Perm(), "its owner only")
			require.Equal(t, name == "long", filepath.Dir(path) != dir)
			if name == "long" {
				folder, err := os.Stat(filepath.Dir(path))
				require.NoError(t, err)
				require.Zero(t, folder.Mode().Perm()&0o077)
			}
			c, err = dialControl(t.Context(), dir)
			require.NoError(t, err)
			_, err = c.List(t.Context(), JobFilter{Limit: 1})
			require.NoError(t, err)

			// A second start takes the place of what a killed one left.
			again, err := serveControl(dir, r.engine, quiet)
			require.NoError(t, err)
			c, err = dialControl(t.Context(), dir)
			require.NoError(t, err)
			_, err = c.List(t.Context(), JobFilter{Limit: 1})
			require.NoError(t, err)
			again()
			stop()
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, entries, "nothing stays behind")
			require.NoFileExists(t, socketOf(dir))
		})
	}
}

// A socket that nobody listens at is as good as none.
func TestStaleSocket(t *testing.T) {
	r := newRig(t)
	id := bidFor(r, 0xa1)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(r.home, controlSocket), Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	require.FileExists(t, filepath.Join(r.home, controlSocket))

	_, err = OpenJobs(t.Context(), r.home, nil)
	require.ErrorIs(t, err, store.ErrLocked, "the engine holds the store, and takes no orders")
	_, err = serveRig(t, r).Show(t.Context(), id)
	require.NoError(t, err, "it was replaced")
}

func TestNoJobsAtAll(t *testing.T) {
	home := t.TempDir()
	_, err := OpenJobs(t.Context(), home, nil)
	require.ErrorIs(t, err, ErrNoStore)
	entries, err := os.ReadDir(home)
	require.NoError(t, err)
	require.Empty(t, entries, "asking makes no store")
}

func TestControlRefusesWhatIsNoOrder(t *testing.T) {
	r := newRig(t)
	stop, err := serveControl(r.home, r.engine, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer stop()
	c, err := dialControl(t.Context(), r.home)
	require.NoError(t, err)
	for name, req := range map[string]struct {
		method, path, body string
		code               int
	}{
		"no JSON":          {http.MethodPost, "show", "hello", http.StatusBadRequest},
		"an unknown field": {http.MethodPost, "show", `{"id":"abcdef","salt":true}`, http.StatusBadRequest},
		"too large":        {http.MethodPost, "show", `{"id":"` + strings.Repeat("a", maxOrderBytes) + `"}`, http.StatusBadRequest},
		"another method":   {http.MethodGet, "show", "", http.StatusMethodNotAllowed},
		"another path":     {http.MethodPost, "salts", "{}", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := http.NewRequestWithContext(t.Context(), req.method, "http://proverd/v1/"+req.path, strings.NewReader(req.body))
			require.NoError(t, err)
			res, err := c.http.Do(q)
			require.NoError(t, err)
			defer res.Body.Close()
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(t, err)
			require.Equal(t, req.code, res.StatusCode)
		})
	}
	err = c.call(t.Context(), "salts", order{}, nil)
	require.ErrorContains(t, err, "another version")
}

// The answer of a running sidecar is as that of its file, and says more.
func TestLiveStatus(t *testing.T) {
	r := newRig(t)
	bidFor(r, 0xa1)
	require.NoError(t, r.store.SetBackend("gone", BackendFigures{}))
	serveRig(t, r)
	s, err := ReadStatus(r.home)
	require.NoError(t, err)
	require.True(t, s.Running)
	require.True(t, s.Bidding, s.NotBidding)
	for _, b := range s.Backends {
		require.Equal(t, "cpu", b.Name, "the configuration has no other")
	}
	r.engine.unwritable = true
	s, err = ReadStatus(r.home)
	require.NoError(t, err)
	require.False(t, s.Bidding)
	require.Contains(t, s.NotBidding, "disk")
	r.engine.unwritable = false
}
