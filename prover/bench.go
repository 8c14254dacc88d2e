package prover

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

const (
	// MaxBenchRuns bounds the proofs of one measurement, maxBenchCells the number of
	// measurements.
	MaxBenchRuns  = 100_000
	maxBenchCells = 1_000
)

// Errors of a benchmark.
var (
	// ErrNothingMeasured means that not one proof was made.
	ErrNothingMeasured = errors.New("not one proof was measured")
	// ErrBench means that what was asked for cannot be measured.
	ErrBench = errors.New("this cannot be measured")
)

// BenchConfig says what to measure.
type BenchConfig struct {
	// Backends are the names of those to measure; empty for all that can prove what
	// there is to prove.
	Backends []string
	// Sizes are those of the sample circuit, in constraints; empty for the smallest.
	// They are for backends that prove circuits.
	Sizes []uint64
	// Files is a program of the operator's, Request the id of one on the chain: one
	// of them, or neither for the sample.
	Files   *BenchFiles
	Request string
	// Runs is the number of proofs for each program and number of workers, rounded
	// up to full rounds; between 1 and MaxBenchRuns.
	Runs int
	// Workers are the numbers of proofs at a time to measure; empty for what each
	// backend is configured for.
	Workers []int
	// Duration bounds the measurement, not what prepares it.
	Duration time.Duration
	// TimeLimit is that of the requests to serve: it decides the queue.
	TimeLimit time.Duration
	// HourlyCost is what the machine costs, in uproof for an hour; 0 where nobody
	// says.
	HourlyCost Amount
	// KeysDir keeps the sample's keys.
	KeysDir string
	// Progress is told what goes on; nil for nobody.
	Progress func(format string, args ...any)
}

// Validate says what is wrong with it.
func (b BenchConfig) Validate() error {
	var bad []error
	say := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, args...))
		}
	}
	say(b.Runs >= 1 && b.Runs <= MaxBenchRuns, "runs must be between 1 and %d", MaxBenchRuns)
	say(b.Duration > 0, "duration must be above 0s")
	say(b.TimeLimit > 0, "time-limit must be above 0s")
	say(b.HourlyCost.IsNil() || !b.HourlyCost.IsNegative() && b.HourlyCost.BigInt().BitLen() <= maxHourlyBits, "hourly-cost must be 0 or more, and below 2^%d uproof", maxHourlyBits)
	for _, w := range b.Workers {
		say(w >= 1 && w <= maxWorkers, "workers must be between 1 and %d", maxWorkers)
	}
	for _, s := range b.Sizes {
		say(s >= 1 && s <= maxSampleSize, "sizes must be between 1 and %d constraints", maxSampleSize)
	}
	say(b.Files == nil || b.Request == "", "give files or a request, not both")
	say(len(b.Sizes) == 0 || (b.Files == nil && b.Request == ""), "sizes are for the sample circuit: leave them out with files or a request")
	if len(bad) > 0 {
		return fmt.Errorf("%w: %w", ErrBench, errors.Join(bad...))
	}
	return nil
}

// benchProgram is a program with an input to prove.
type benchProgram struct {
	name      string
	image     []byte
	input     []byte
	statement backend.Statement
	// hasDigest tells that the statement's digest is known before the dry run.
	hasDigest bool
	// key checks proofs; nil where there is none.
	key proof.Key
}

// bencher measures.
type bencher struct {
	cfg      BenchConfig
	now      func() time.Time
	memory   func() (peak func() uint64)
	progress func(format string, args ...any)
	prefix   string // of the names of tasks
}

func newBencher(cfg BenchConfig) (*bencher, error) {
	name := make([]byte, 8)
	if _, err := rand.Read(name); err != nil {
		return nil, fmt.Errorf("draw a name for the tasks: %w", err)
	}
	b := &bencher{cfg: cfg, now: time.Now, memory: watchMemory, progress: cfg.Progress, prefix: "bench-" + hex.EncodeToString(name)}
	if b.progress == nil {
		b.progress = func(string, ...any) {}
	}
	return b, nil
}

// RunBench measures the backends of a configuration. When ctx ends it returns what
// it has by then. It may be called while a sidecar runs, which it then competes
// with.
func RunBench(ctx context.Context, cfg Config, b BenchConfig, log *slog.Logger) (BenchReport, error) {
	if err := b.Validate(); err != nil {
		return BenchReport{}, err
	}
	cfg = withWorkers(cfg, b.Workers)
	backends, err := OpenBackends(cfg)
	if err != nil {
		return BenchReport{}, err
	}
	report, err := func() (BenchReport, error) {
		m, err := newBencher(b)
		if err != nil {
			return BenchReport{}, err
		}
		plan, notes, err := m.plan(ctx, cfg, backends, log)
		if err != nil {
			return BenchReport{}, err
		}
		report, err := m.run(ctx, plan)
		report.Notes = append(notes, report.Notes...)
		if running(cfg.Home) {
			report.Notes = append(report.Notes, "a sidecar runs on this home folder: where it shares the machine, the figures are too low")
		}
		return report, err
	}()
	return report, errors.Join(err, backends.Close())
}

// withWorkers gives each backend room for what is to be measured.
func withWorkers(cfg Config, workers []int) Config {
	cfg.Backends = slices.Clone(cfg.Backends)
	for i := range cfg.Backends {
		cfg.Backends[i].Workers = max(cfg.Backends[i].Workers, slices.Max(append([]int{1}, workers...)))
	}
	return cfg
}

// benchPlan is what to measure on one backend.
type benchPlan struct {
	backend  backend.Named
	workers  []int // ascending
	programs []benchProgram
}

// run measures all plans, each program for its part of the time.
func (b *bencher) run(parent context.Context, plans []benchPlan) (BenchReport, error) {
	report := BenchReport{Backends: []BenchBackend{}, Notes: []string{}, HourlyCost: amountOr0(b.cfg.HourlyCost.Int)}
	cells := 0
	for _, p := range plans {
		cells += len(p.programs) * len(p.workers)
	}
	if cells == 0 || cells > maxBenchCells {
		return report, fmt.Errorf("%w: %d measurements were asked for, 1 to %d are possible", ErrBench, cells, maxBenchCells)
	}
	end := b.now().Add(b.cfg.Duration)
	var failures []error
	for _, p := range plans {
		out := BenchBackend{Name: p.backend.Name, Programs: []BenchProgram{}}
		for _, program := range p.programs {
			ctx, cancel := context.WithTimeout(parent, max(0, end.Sub(b.now()))*time.Duration(len(p.workers))/time.Duration(cells))
			cells -= len(p.workers)
			one, err := b.program(ctx, p, program)
			cancel()
			if err != nil && parent.Err() == nil {
				failures = append(failures, fmt.Errorf("backend %s, %s: %w", p.backend.Name, program.name, err))
				b.progress("%s, %s: %v", p.backend.Name, program.name, err)
			}
			if err != nil {
				one.Error = err.Error()
			}
			for _, run := range one.Runs {
				if run.Proofs == 0 && run.Error != "" {
					failures = append(failures, fmt.Errorf("backend %s, %s: %s", p.backend.Name, program.name, run.Error))
				}
			}
			out.Programs = append(out.Programs, one)
		}
		out.Proposal = b.propose(out)
		report.Backends = append(report.Backends, out)
	}
	if parent.Err() != nil {
		report.Notes = append(report.Notes, "it was interrupted: what was under way does not count")
	}
	if report.proofs() == 0 {
		err := fmt.Errorf("%w within %s: give it a longer --duration, or a smaller program", ErrNothingMeasured, b.cfg.Duration)
		return report, errors.Join(append([]error{err, parent.Err()}, failures...)...)
	}
	return report, nil
}

// program measures one program on one backend.
func (b *bencher) program(ctx context.Context, p benchPlan, program benchProgram) (BenchProgram, error) {
	st := program.statement
	out := BenchProgram{
		Name: program.name, Verifier: st.Verifier, ImageBytes: len(program.image), InputBytes: len(program.input), Runs: []BenchRun{},
	}
	end, known := ctx.Deadline()
	if !known {
		end = b.now().Add(b.cfg.Duration)
	}
	started := b.now()
	id, err := p.backend.Backend.Register(ctx, program.image, st)
	if err != nil {
		return out, fmt.Errorf("register the image: %w", err)
	}
	out.Register = b.now().Sub(started)
	task := backend.Task{ID: b.prefix + "-dry", Statement: st, Program: id, Input: program.input}
	started = b.now()
	est, err := p.backend.Backend.Estimate(ctx, task)
	if err != nil {
		return out, fmt.Errorf("dry run: %w", err)
	}
	out.Estimate, out.Units = b.now().Sub(started), est.Cost
	if !program.hasDigest {
		task.Statement.Digest = digestOf(program, est)
	}
	b.progress("%s: %s, %d units, image %d bytes, dry run %s", p.backend.Name, program.name, est.Cost, out.ImageBytes, rounded(out.Estimate))
	for i, workers := range p.workers {
		part := max(0, end.Sub(b.now())) / time.Duration(len(p.workers)-i)
		limited, cancel := context.WithTimeout(ctx, part)
		run := b.measure(limited, p.backend.Backend, task, workers, fmt.Sprintf("%s-%s-%d", b.prefix, id[:min(8, len(id))], workers), program.key)
		cancel()
		run.figures(est.Cost)
		out.Runs = append(out.Runs, run)
		b.progress("%s: %s, %d at a time: %s", p.backend.Name, program.name, workers, run.short())
	}
	return out, nil
}

// digestOf is the digest that a dry run tells of public values.
func digestOf(program benchProgram, est backend.Estimate) [32]byte {
	switch {
	case est.PublicValues == nil:
		return est.Digest
	case program.key != nil:
		return program.key.Digest(est.PublicValues)
	case est.Digest != [32]byte{}:
		return est.Digest
	default:
		return backend.CircuitDigest(est.PublicValues)
	}
}

// measure makes proofs of one task, some at a time, until there are enough or ctx
// ends.
func (b *bencher) measure(ctx context.Context, on backend.Backend, task backend.Task, workers int, name string, key proof.Key) BenchRun {
	out := BenchRun{Workers: workers, Verified: key != nil}
	// Each worker's process loads the program before the clock runs.
	each(workers, func(int) {
		if _, err := on.Estimate(ctx, task); err != nil && ctx.Err() == nil {
			b.progress("dry run: %v", err)
		}
	})
	peak := b.memory()
	started := b.now()
	runs := (b.cfg.Runs + workers - 1) / workers
	var mu sync.Mutex
	each(workers, func(worker int) {
		for i := range runs {
			if ctx.Err() != nil {
				return
			}
			own := task
			own.ID = fmt.Sprintf("%s-%d-%d", name, worker, i)
			from := b.now()
			res, err := on.Prove(ctx, own)
			to := b.now()
			if err != nil && ctx.Err() != nil {
				return // cut short
			}
			if err == nil && key != nil {
				if err = key.Verify(own.Statement.Program, own.Statement.Digest, res.PublicValues, res.Proof); err != nil {
					err = fmt.Errorf("the chain would refuse the proof: %w", err)
				}
			}
			mu.Lock()
			if err != nil {
				out.Failed++
				out.Error = cmp.Or(out.Error, err.Error())
			} else {
				out.times = append(out.times, to.Sub(from))
				out.Wall = max(out.Wall, to.Sub(started))
			}
			mu.Unlock()
		}
	})
	out.PeakMemory = peak()
	out.Cut = ctx.Err() != nil
	return out
}

// each calls f for 0 to n-1 at a time, and waits for all.
func each(n int, f func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// hourly is what an hour costs, in uproof.
func (b *bencher) hourly() *big.Int { return amountOr0(b.cfg.HourlyCost.Int).BigInt() }
