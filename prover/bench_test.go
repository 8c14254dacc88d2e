package prover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/test"
	toml "github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/demo"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// clock is a time that only proofs move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// timed is a backend whose proofs take times of a list, by the clock, one after the
// other.
type timed struct {
	backend.Backend
	clock *clock
	took  []time.Duration
	// fail says of a proof, by its number, why it fails.
	fail func(n int) error
	// after is called after each proof.
	after func(n int)

	mu    sync.Mutex
	n     int
	tasks map[string]bool
}

func (b *timed) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.n
	b.n++
	if b.tasks == nil {
		b.tasks = make(map[string]bool)
	}
	if b.tasks[task.ID] {
		return backend.Result{}, errors.New("a task has the name of another one")
	}
	b.tasks[task.ID] = true
	b.clock.pass(b.took[n%len(b.took)])
	if b.after != nil {
		defer b.after(n)
	}
	if ctx.Err() != nil {
		return backend.Result{}, ctx.Err()
	}
	if b.fail != nil {
		if err := b.fail(n); err != nil {
			return backend.Result{}, err
		}
	}
	return b.Backend.Prove(ctx, task)
}

func benchLimits() backend.Limits {
	return backend.Limits{
		Workers: 1, Queue: 4, UnitsPerSecond: 10_000, TrialProofs: TrialNever, EvaluateTimeout: time.Minute, ProveTimeout: time.Minute,
	}
}

// benchOf measures the contract's circuit on a timed backend.
func benchOf(t *testing.T, on *timed, cfg BenchConfig) (*bencher, []benchPlan) {
	t.Helper()
	s := backendtest.Circuit(t)
	on.Backend, on.clock = gnark.New(gnark.Config{}), &clock{now: time.Unix(1_700_000_000, 0)}
	b, err := newBencher(cfg)
	require.NoError(t, err)
	b.now, b.memory = on.clock.read, func() func() uint64 { return func() uint64 { return 77 } }
	workers := cfg.Workers
	if len(workers) == 0 {
		workers = []int{1}
	}
	return b, []benchPlan{{
		backend:  backend.Named{Name: "cpu", Verifiers: []string{"circuit"}, Backend: on, Limits: benchLimits()},
		workers:  workers,
		programs: []benchProgram{{name: "cube", image: s.Image, input: s.Input, statement: s.Statement, hasDigest: true, key: s.Key}},
	}}
}

func benchConfig() BenchConfig {
	return BenchConfig{Runs: 10, Duration: time.Hour, TimeLimit: time.Minute, HourlyCost: Amount{math.NewInt(3_600_000)}}
}

func TestBenchFigures(t *testing.T) {
	on := &timed{}
	for i := range 10 {
		on.took = append(on.took, time.Duration(i+1)*time.Second) // 1s to 10s, 55s in all
	}
	b, plans := benchOf(t, on, benchConfig())
	report, err := b.run(t.Context(), plans)
	require.NoError(t, err)
	program := report.Backends[0].Programs[0]
	require.Equal(t, uint64(3), program.Units)
	run := program.Runs[0]
	require.Equal(t, []any{10, 0, true, false}, []any{run.Proofs, run.Failed, run.Verified, run.Cut})
	require.Equal(t, []time.Duration{5 * time.Second, 9 * time.Second, 10 * time.Second, 55 * time.Second}, []time.Duration{run.P50, run.P90, run.Max, run.Wall})
	require.InDelta(t, 30.0/55, run.PerWorker, 1e-9)
	require.InDelta(t, 30.0/55, run.InAll, 1e-9)
	require.Equal(t, uint64(77), run.PeakMemory)

	p := report.Backends[0].Proposal
	require.Equal(t, 1, p.Workers)
	require.Equal(t, 3, p.Queue, "of 9 s each, within half a minute")
	require.Equal(t, uint64(1), p.UnitsPerSecond)
	require.Equal(t, "1000000000", p.PerMillionUnits.String(), "1 PROOF a second for a unit a second")
}

// What bench proposes is what the configuration takes.
func TestBenchProposesAConfiguration(t *testing.T) {
	b, plans := benchOf(t, &timed{took: []time.Duration{time.Millisecond}}, benchConfig())
	report, err := b.run(t.Context(), plans)
	require.NoError(t, err)
	p := report.Backends[0].Proposal
	var got struct {
		Workers, Queue int
		UnitsPerSecond uint64 `toml:"units_per_second"`
		Price          struct {
			Backends []BackendPrice
		}
	}
	require.NoError(t, toml.Unmarshal([]byte(p.Config), &got))
	require.Equal(t, []any{p.Workers, p.Queue, p.UnitsPerSecond}, []any{got.Workers, got.Queue, got.UnitsPerSecond})
	require.Equal(t, "cpu", got.Price.Backends[0].Backend)
	require.Equal(t, *p.PerMillionUnits, got.Price.Backends[0].PerMillionUnits.Int)
	cfg := loadText(t, "")
	cfg.Backends[0].Workers, cfg.Backends[0].Queue, cfg.Backends[0].UnitsPerSecond = got.Workers, got.Queue, got.UnitsPerSecond
	cfg.Price.Backends = got.Price.Backends
	require.NoError(t, cfg.Validate())
}

func TestBenchCountsFailures(t *testing.T) {
	on := &timed{took: []time.Duration{time.Second}, fail: func(n int) error {
		if n%2 == 0 {
			return fmt.Errorf("%w: number %d", backend.ErrFailed, n)
		}
		return nil
	}}
	b, plans := benchOf(t, on, benchConfig())
	report, err := b.run(t.Context(), plans)
	require.NoError(t, err)
	run := report.Backends[0].Programs[0].Runs[0]
	require.Equal(t, []int{5, 5}, []int{run.Proofs, run.Failed})
	require.Contains(t, run.Error, "number 0", "the first one")
}

// A proof that the chain would refuse is none.
func TestBenchChecksProofs(t *testing.T) {
	b, plans := benchOf(t, &timed{took: []time.Duration{time.Second}}, benchConfig())
	plans[0].programs[0].statement.Digest[31] ^= 1
	_, err := b.run(t.Context(), plans)
	require.ErrorIs(t, err, ErrNothingMeasured)
	require.ErrorContains(t, err, "the chain would refuse")
	b, plans = benchOf(t, &timed{took: []time.Duration{time.Second}}, benchConfig())
	plans[0].programs[0].key = nil
	report, err := b.run(t.Context(), plans)
	require.NoError(t, err)
	require.False(t, report.Backends[0].Programs[0].Runs[0].Verified)
	require.Contains(t, fmt.Sprint(report.Backends[0].Proposal.Notes), "not checked")
}

// When it is interrupted it tells what it has.
func TestBenchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b, plans := benchOf(t, &timed{took: []time.Duration{time.Second}, after: func(n int) {
		if n == 2 {
			cancel()
		}
	}}, benchConfig())
	report, err := b.run(ctx, plans)
	require.NoError(t, err)
	run := report.Backends[0].Programs[0].Runs[0]
	require.GreaterOrEqual(t, run.Proofs, 2)
	require.Less(t, run.Proofs, 10)
	require.True(t, run.Cut)
	require.NotNil(t, report.Backends[0].Proposal)
	require.Contains(t, fmt.Sprint(report.Notes), "interrupted")

	b, plans = benchOf(t, &timed{took: []time.Duration{time.Second}}, benchConfig())
	_, err = b.run(ctx, plans)
	require.ErrorIs(t, err, ErrNothingMeasured)
	require.ErrorIs(t, err, context.Canceled)
}

func TestBenchRoundsRunsUp(t *testing.T) {
	cfg := benchConfig()
	cfg.Runs, cfg.Workers = 5, []int{1, 2, 4}
	b, plans := benchOf(t, &timed{took: []time.Duration{time.Second}}, cfg)
	report, err := b.run(t.Context(), plans)
	require.NoError(t, err)
	var made []int
	for _, run := range report.Backends[0].Programs[0].Runs {
		made = append(made, run.Proofs)
	}
	require.Equal(t, []int{5, 6, 8}, made)
}

// The program of a request is fetched and checked as the sidecar does.
func TestBenchARequest(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	cfg := DefaultConfig(t.TempDir())
	cfg.Fetch.AllowPrivateURLs = true
	set, err := backend.NewSet(backend.Named{Name: "cpu", Verifiers: []string{"circuit"}, Backend: gnark.New(gnark.Config{}), Limits: benchLimits()})
	require.NoError(t, err)
	quiet := slog.New(slog.DiscardHandler)
	p, err := requestedProgram(t.Context(), cfg, r.chain, set, id, quiet)
	require.NoError(t, err)
	require.Equal(t, testCircuit().image, p.image)
	require.Equal(t, testCircuit().input, p.input)
	require.NotNil(t, p.key)
	left, err := os.ReadDir(cfg.Home)
	require.NoError(t, err)
	require.Empty(t, left, "its files are gone")

	b, err := newBencher(BenchConfig{Runs: 1, Duration: time.Minute, TimeLimit: time.Minute})
	require.NoError(t, err)
	named, _ := set.Get("cpu")
	report, err := b.run(t.Context(), []benchPlan{{backend: named, workers: []int{1}, programs: []benchProgram{p}}})
	require.NoError(t, err)
	require.Equal(t, 1, report.Backends[0].Programs[0].Runs[0].Proofs)
	require.Nil(t, report.Backends[0].Proposal.PerMillionUnits)
	require.NotContains(t, report.Backends[0].Proposal.Config, "price")

	bad := r.add(0xb2, func(q *markettypes.Request) { q.Image.Sha256 = sum([]byte("another")) })
	_, err = requestedProgram(t.Context(), cfg, r.chain, set, bad, quiet)
	require.ErrorIs(t, err, ErrHash)
	other := r.add(0xc3, func(q *markettypes.Request) { q.Statement.Verifier = "pico/v1.2.2" })
	_, err = requestedProgram(t.Context(), cfg, r.chain, set, other, quiet)
	require.ErrorIs(t, err, ErrNoBackend)
}

// The sample circuit several times over states the same, at that many times the work.
func TestSampleCircuit(t *testing.T) {
	one, err := sampleAssignment()
	require.NoError(t, err)
	sizes := map[int]int{}
	for _, parts := range []int{1, 3} {
		empty := &sampleCircuit{Parts: make([]samplePart, parts)}
		good := repeated(one, parts)
		require.NoError(t, test.IsSolved(empty, good, ecc.BN254.ScalarField()))
		good.Parts[parts-1].Length = 1
		require.Error(t, test.IsSolved(empty, good, ecc.BN254.ScalarField()), "the last part counts")
		system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, empty)
		require.NoError(t, err)
		require.Equal(t, 3, system.GetNbPublicVariables(), "the constant one, root and index")
		sizes[parts] = system.GetNbConstraints()
	}
	require.InDelta(t, 3*sizes[1], sizes[3], 0.02*float64(sizes[3]))

	image, key, err := setUpSample(&cube{})
	require.NoError(t, err)
	require.NotEmpty(t, key)
	_, err = gnark.New(gnark.Config{}).Register(t.Context(), image, backend.Statement{})
	require.NoError(t, err)
}

// Whole, with the sample circuit, in this process, and over files.
func TestRunBench(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	keys := t.TempDir()
	quiet := slog.New(slog.DiscardHandler)
	one, err := demo.LoadKeys(keys)
	require.NoError(t, err)
	var said []string
	report, err := RunBench(t.Context(), cfg, BenchConfig{
		Runs: 1, Workers: []int{1}, Sizes: []uint64{1, uint64(one.Constraints), 1}, Duration: 10 * time.Minute, TimeLimit: time.Minute, KeysDir: keys,
		Progress: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
	}, quiet)
	require.NoError(t, err)
	programs := report.Backends[0].Programs
	require.Len(t, programs, 1, "all of them are rounded up to the same")
	require.Equal(t, uint64(one.Constraints), programs[0].Units)
	require.Equal(t, 1, programs[0].Runs[0].Proofs, programs[0].Runs[0].Error)
	require.True(t, programs[0].Runs[0].Verified)
	require.NotEmpty(t, said)

	dir := t.TempDir()
	f := &BenchFiles{Image: filepath.Join(dir, "image"), Input: filepath.Join(dir, "input"), Verifier: "circuit"}
	require.NoError(t, os.WriteFile(f.Image, testCircuit().image, 0o600))
	require.NoError(t, os.WriteFile(f.Input, testCircuit().input, 0o600))
	run := func(change func(*BenchConfig, *BenchFiles)) (BenchReport, error) {
		files := *f
		b := BenchConfig{Runs: 1, Files: &files, Duration: time.Minute, TimeLimit: time.Minute}
		change(&b, &files)
		return RunBench(t.Context(), cfg, b, quiet)
	}
	report, err = run(func(*BenchConfig, *BenchFiles) {})
	require.NoError(t, err)
	require.False(t, report.Backends[0].Programs[0].Runs[0].Verified)
	for want, change := range map[string]func(*BenchConfig, *BenchFiles){
		"no such backend":      func(b *BenchConfig, _ *BenchFiles) { b.Backends = []string{"gpu"} },
		"no backend serves":    func(_ *BenchConfig, f *BenchFiles) { f.Verifier = "pico/v1" },
		"needs an image":       func(_ *BenchConfig, f *BenchFiles) { f.Input = "" },
		"write 64 hex":         func(_ *BenchConfig, f *BenchFiles) { f.Program = "ab" },
		"no such file":         func(_ *BenchConfig, f *BenchFiles) { f.Input += "x" },
		"image is not usable":  func(_ *BenchConfig, f *BenchFiles) { f.Image = f.Input },
		"runs must be between": func(b *BenchConfig, _ *BenchFiles) { b.Runs = 0 },
	} {
		_, err := run(change)
		require.ErrorContains(t, err, want)
	}
}
