package prover

import (
	"context"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/backend/pico"
	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// loadText loads a configuration that says text besides the chain's id.
func loadText(t *testing.T, text string) Config {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ConfigFile), []byte("chain.id = \"test-1\"\n"+text), 0o600))
	cfg, err := LoadConfig(home)
	require.NoError(t, err)
	return cfg
}

const threeBackends = `
[[backends]]
name = "pico"
kind = "pico"
verifiers = ["pico/*"]
workers = 2
prove_timeout = "1h"
[backends.pico]
address = "127.0.0.1:50052"
use_gpu = true

[[backends]]
name = "script"
kind = "exec"
verifiers = ["sp1/*", "risc0/*"]
units_per_second = 500000
trial_proofs = "never"
[backends.exec]
command = "sh"
args = ["-c", "exit 1"]

[[backends]]
name = "cpu"
kind = "gnark"
verifiers = ["circuit"]
queue = 7
`

func TestBackendsOfTheConfiguration(t *testing.T) {
	cfg := loadText(t, threeBackends)
	require.NoError(t, cfg.Validate())
	p, s, g := cfg.Backends[0], cfg.Backends[1], cfg.Backends[2]
	require.Equal(t, []any{2, 4, Duration(time.Hour), TrialNew, true}, []any{p.Workers, p.Queue, p.ProveTimeout, p.TrialProofs, p.Pico.UseGPU})
	require.Equal(t, Duration(pico.DefaultPollInterval), p.Pico.PollInterval)
	require.Equal(t, []any{uint64(500_000), TrialNever, 8}, []any{s.UnitsPerSecond, s.TrialProofs, s.Exec.MaxPrograms})
	require.Equal(t, []any{7, uint64(gnark.DefaultMaxConstraints)}, []any{g.Queue, g.Gnark.MaxConstraints})

	written := cfg
	written.Home, written.Key.Dir = t.TempDir(), cfg.Key.Dir
	_, err := WriteConfig(written)
	require.NoError(t, err)
	again, err := LoadConfig(written.Home)
	require.NoError(t, err)
	require.Equal(t, written, again)

	set, err := OpenBackends(cfg)
	require.NoError(t, err)
	for verifier, want := range map[string]string{"pico/v1.2.2": "pico", "sp1/v5": "script", "risc0/3.0": "script", "circuit": "cpu"} {
		b, ok := set.For(verifier)
		require.True(t, ok, verifier)
		require.Equal(t, want, b.Name)
	}
	_, ok := set.For("snarkjs/1")
	require.False(t, ok)
	require.NoError(t, set.Close())

	cfg.Backends[1].Exec.Command = "/does/not/exist"
	_, err = OpenBackends(cfg)
	require.ErrorContains(t, err, "backend script")
}

func TestBackendChecksNameTheKey(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"backends: describe":               func(c *Config) { c.Backends = nil },
		`backends[2] (cpu).kind`:           func(c *Config) { c.Backends[2].Kind = "abacus" },
		`backends[0].name: "": write`:      func(c *Config) { c.Backends[0].Name = "" },
		`(../x).name`:                      func(c *Config) { c.Backends[0].Name = "../x" },
		`another backend has that name`:    func(c *Config) { c.Backends[2].Name = "pico" },
		`(cpu).verifiers: name`:            func(c *Config) { c.Backends[2].Verifiers = nil },
		`"a*b"`:                            func(c *Config) { c.Backends[2].Verifiers = []string{"a*b"} },
		`proves for "pico/..."`:            func(c *Config) { c.Backends[0].Verifiers = []string{"circuit"} },
		`(cpu).workers`:                    func(c *Config) { c.Backends[2].Workers = -1 },
		`(cpu).queue`:                      func(c *Config) { c.Backends[2].Queue = 1 << 20 },
		`(cpu).units_per_second`:           func(c *Config) { c.Backends[2].UnitsPerSecond = 0 },
		`(cpu).evaluate_timeout`:           func(c *Config) { c.Backends[2].EvaluateTimeout = 0 },
		`(cpu).prove_timeout`:              func(c *Config) { c.Backends[2].ProveTimeout = -1 },
		`(cpu).trial_proofs`:               func(c *Config) { c.Backends[2].TrialProofs = "perhaps" },
		`(cpu).gnark: the section`:         func(c *Config) { c.Backends[2].Gnark = nil },
		`(cpu).exec: the section`:          func(c *Config) { c.Backends[2].Exec = &ExecConfig{} },
		`(cpu).gnark.max_constraints`:      func(c *Config) { c.Backends[2].Gnark.MaxConstraints = 0 },
		`(cpu).gnark.max_programs`:         func(c *Config) { c.Backends[2].Gnark.MaxPrograms = -1 },
		`(pico).pico.address: "localhost"`: func(c *Config) { c.Backends[0].Pico.Address = "localhost" },
		`(pico).pico.ca_file`:              func(c *Config) { c.Backends[0].Pico.CAFile = "ca.pem" },
		`(pico).pico.server_name`:          func(c *Config) { c.Backends[0].Pico.ServerName = "x" },
		`(pico).pico.poll_interval`:        func(c *Config) { c.Backends[0].Pico.PollInterval = 0 },
		`(script).exec.command`:            func(c *Config) { c.Backends[1].Exec.Command = "" },
		`(script).exec.max_programs`:       func(c *Config) { c.Backends[1].Exec.MaxPrograms = -1 },
	} {
		cfg := loadText(t, threeBackends)
		require.NoError(t, cfg.Validate())
		change(&cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

func TestServeBackendNeedsItsName(t *testing.T) {
	cfg := loadText(t, threeBackends)
	require.ErrorIs(t, ServeBackend(context.Background(), cfg, "pico", strings.NewReader(""), io.Discard), ErrNoBackend)
	require.ErrorIs(t, ServeBackend(context.Background(), cfg, "gone", strings.NewReader(""), io.Discard), ErrNoBackend)
	require.NoError(t, ServeBackend(context.Background(), cfg, "cpu", strings.NewReader(""), io.Discard))
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }

// picoRig adds a Pico service with a published proof to a rig, and a request for
// that proof.
func picoRig(t *testing.T, service picotest.Config) (r *rig, s *picotest.Service, request func(seed byte) string) {
	t.Helper()
	subject, replay := backendtest.Pico(t)
	service.Programs = []picotest.Replay{replay}
	s, err := picotest.Start(service)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	b, err := pico.New(pico.Config{Address: s.Address(), PollInterval: 5 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	r = newRig(t, func(r *rig) {
		r.files["/elf"], r.files["/stdin"] = subject.Image, subject.Input
		r.more = []backend.Named{{Name: "pico", Verifiers: []string{"pico/*"}, Backend: b, Limits: backend.Limits{
			Workers: 1, Queue: 4, UnitsPerSecond: 1_000_000, TrialProofs: TrialNever, EvaluateTimeout: time.Minute, ProveTimeout: 2 * time.Second,
		}}}
	})
	request = func(seed byte) string {
		id := r.add(seed, func(q *markettypes.Request) {
			q.MaxFee = math.NewInt(10_000_000)
			q.Statement.Verifier = subject.Statement.Verifier
			q.Statement.Program, q.Statement.Digest = hexOf(subject.Statement.Program), hexOf(subject.Statement.Digest)
			q.Image = markettypes.Image{Url: r.server.URL + "/elf", Sha256: sum(subject.Image)}
			q.Input = markettypes.Input{Url: r.server.URL + "/stdin", Sha256: sum(subject.Input)}
		})
		r.chain.mu.Lock()
		defer r.chain.mu.Unlock()
		r.chain.keys[hexOf(subject.Statement.Program)] = subject.Key
		return id
	}
	return r, s, request
}

// Two backends: each request goes to the one that serves its verifier, and both
// are paid. The job record names the backend.
func TestRequestsGoToTheBackendOfTheirVerifier(t *testing.T) {
	r, service, request := picoRig(t, picotest.Config{})
	circuit, zkvm := r.add(0xa1), request(0xb2)
	r.round()
	require.Equal(t, "cpu", r.job(circuit).Backend)
	require.Equal(t, "pico", r.job(zkvm).Backend)
	require.Equal(t, uint64(1_000_000), r.job(zkvm).Cost)
	require.Empty(t, service.Tasks(), "nothing is proved before it is won")
	play(r, zkvm, func() {})
	play(r, circuit, func() {})
	require.Equal(t, store.Fulfilled, r.job(zkvm).Outcome)
	require.Equal(t, store.Fulfilled, r.job(circuit).Outcome)
	require.Len(t, r.job(zkvm).Proof, 256)
	require.Len(t, service.Tasks(), 1)
}

// The service fails a proof without a word: the attempt ends with its time, and
// the next is another task. A restart of the sidecar between takes up the same.
func TestASilentFailureIsTriedUnderAnotherName(t *testing.T) {
	var failed []string
	r, service, request := picoRig(t, picotest.Config{OnTask: func(_ context.Context, task picotest.Task) ([]byte, error) {
		if len(failed) == 0 {
			failed = append(failed, task.TaskID)
			return nil, context.DeadlineExceeded
		}
		return nil, nil
	}})
	id := request(0xb2)
	play(r, id, func() {})
	for range 8 {
		r.restart()
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Equal(t, 1, r.job(id).Attempts)
	require.Equal(t, []string{id + "-0"}, failed)
	tasks := service.Tasks()
	require.Len(t, tasks, 2)
	require.Equal(t, id+"-1", tasks[1].TaskID)
}

func TestNoBackendServesIt(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1, func(q *markettypes.Request) { q.Statement.Verifier = "pico/v1.2.2" })
	r.round()
	r.requireNoJob(id, "no backend of ours serves verifier pico/v1.2.2")
}

// A backend that was renamed or dropped: the one that serves the verifier now takes
// its jobs over.
func TestAJobOutlivesItsBackend(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	require.Equal(t, "cpu", r.job(id).Backend)
	_, err := r.store.Update(id, func(j *store.Job) error { j.Backend = "gone"; return nil })
	require.NoError(t, err)
	play(r, id, func() {})
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
}
