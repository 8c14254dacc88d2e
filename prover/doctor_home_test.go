package prover

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/store"
)

func TestDoctorLooksAtPermissions(t *testing.T) {
	p := newPatient(t)
	require.Equal(t, VerdictOK, p.examine(t).of(t, "home").Verdict)
	require.NoError(t, os.Chmod(p.home, 0o750))
	f := p.examine(t).of(t, "home")
	require.Equal(t, VerdictWarn, f.Verdict)
	require.Equal(t, "chmod 700 "+p.home, f.Fix)
	keys := filepath.Join(p.home, "keyring-file")
	require.NoError(t, os.Mkdir(keys, 0o700))
	require.NoError(t, os.Chmod(keys, 0o755))
	f = p.examine(t).of(t, "home")
	require.Equal(t, VerdictFail, f.Verdict)
	require.Contains(t, f.Figure, keys)
	require.NoError(t, os.Chmod(keys, 0o700))
	require.NoError(t, os.Chmod(filepath.Join(p.home, ConfigFile), 0o644))
	f = p.diagnose(context.Background(), p.home).of(t, "home")
	require.Equal(t, VerdictFail, f.Verdict)
	require.Contains(t, f.Fix, ConfigFile)
}

func TestDoctorAndTheJobStore(t *testing.T) {
	p := newPatient(t)
	require.Contains(t, p.examine(t).of(t, "job store").Figure, "none yet")
	path := filepath.Join(p.home, jobsFile)
	jobs, err := store.Open(path)
	require.NoError(t, err)

	// A sidecar runs: its metrics are where they should be, or not.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.cfg.Serve.Metrics = l.Addr().String()
	d := p.examine(t)
	require.Equal(t, VerdictWarn, d.of(t, "job store").Verdict, "no status yet")
	require.Contains(t, d.of(t, "metrics").Figure, "the sidecar answers")
	status := filepath.Join(p.home, statusFile)
	require.NoError(t, os.WriteFile(status, []byte("{}"), 0o600))
	require.NoError(t, os.Chtimes(status, doctorTime, doctorTime))
	require.Contains(t, p.examine(t).of(t, "job store").Figure, "a sidecar runs; its last status is 1s old")
	require.NoError(t, os.Chtimes(status, doctorTime, doctorTime.Add(-time.Hour)))
	f := p.examine(t).of(t, "job store")
	require.Equal(t, VerdictWarn, f.Verdict)
	require.Contains(t, f.Figure, "1h0m1s old")
	require.NoError(t, l.Close())
	require.Equal(t, VerdictWarn, p.examine(t).of(t, "metrics").Verdict)

	// It does not run: the address must be free.
	require.NoError(t, jobs.Close())
	d = p.examine(t)
	require.Equal(t, "0 open jobs; no sidecar runs", d.of(t, "job store").Figure)
	require.Contains(t, d.of(t, "metrics").Figure, "is free")
	l, err = net.Listen("tcp", p.cfg.Serve.Metrics)
	require.NoError(t, err)
	defer l.Close()
	require.Equal(t, VerdictFail, p.examine(t).of(t, "metrics").Verdict)

	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("x", 9_000)), 0o600))
	require.Equal(t, VerdictFail, p.examine(t).of(t, "job store").Verdict)
}

func TestDoctorOpensRealBackends(t *testing.T) {
	p := newPatient(t)
	p.openBackend = openBackend
	p.cfg.Backends[0].Gnark = &GnarkConfig{InProcess: true, MaxConstraints: gnark.DefaultMaxConstraints, MaxPrograms: 1}
	p.cfg.Backends = append(p.cfg.Backends,
		BackendConfig{Name: "script", Kind: KindExec, Verifiers: []string{"circuit"}, Exec: &ExecConfig{Command: "sh"}},
		BackendConfig{Name: "gone", Kind: KindExec, Verifiers: []string{"circuit"}, Exec: &ExecConfig{Command: "/does/not/exist"}},
		BackendConfig{Name: "pico", Kind: KindPico, Verifiers: []string{"pico/*"}, Pico: &PicoConfig{Address: closedPort(t)}},
	)
	for i := range p.cfg.Backends {
		p.cfg.Backends[i].fillDefaults()
	}
	d := p.examine(t)
	require.Contains(t, d.of(t, "backend cpu").Figure, "in this process")
	require.Contains(t, d.of(t, "backend script").Figure, "sh is there; 1 workers, a queue of 4")
	require.Equal(t, VerdictFail, d.of(t, "backend gone").Verdict)
	require.Contains(t, d.of(t, "backend gone").Fix, "executable")
	require.Equal(t, VerdictFail, d.of(t, "backend pico").Verdict)
	require.Contains(t, d.of(t, "backend pico").Fix, "Pico service")
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestAtMost(t *testing.T) {
	require.Equal(t, uint64(14), atMost(2, 3, 4))
	require.Equal(t, ^uint64(0), atMost(1, 1<<63, 2))
	require.Equal(t, ^uint64(0), atMost(^uint64(0), 1, 1))
}
