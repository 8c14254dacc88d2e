// Package gnark proves Groth16 circuits over BN254 in this process: on the CPU, or,
// built with -tags icicle, on a GPU.
//
// It takes any circuit that uses no other hints than gnark's own, as published
// files: an image (see WriteImage) and an input, which is gnark's full binary
// witness.
package gnark

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/constraint/solver"
	fcs "github.com/consensys/gnark/frontend/cs"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// Config bounds what the backend takes. Zero values mean the defaults.
type Config struct {
	MaxImageBytes  int    // default 512 MiB
	MaxInputBytes  int    // default 64 MiB
	MaxConstraints uint64 // default 2^22
	MaxPrograms    int    // parsed programs kept in memory, default 8
	Workers        int    // solver and prover runs at a time, default 1
}

// Defaults of Config.
const (
	DefaultMaxImageBytes  = 512 << 20
	DefaultMaxInputBytes  = 64 << 20
	DefaultMaxConstraints = 1 << 22
	DefaultMaxPrograms    = 8
	DefaultWorkers        = 1
)

// Backend implements backend.Backend.
type Backend struct {
	cfg   Config
	slots chan struct{} // one token for each run

	mu       sync.Mutex
	programs map[backend.Program]*entry
	recent   []backend.Program // least recently used first
}

// entry is one parsed program. Its solver keeps state in the constraint
// system, so runs on the same program take turns.
type entry struct {
	mu sync.Mutex
	p  *program
}

var _ backend.Backend = (*Backend)(nil)

// New returns a backend with the given limits.
func New(cfg Config) *Backend {
	Quiet()
	setDefault(&cfg.MaxImageBytes, DefaultMaxImageBytes)
	setDefault(&cfg.MaxInputBytes, DefaultMaxInputBytes)
	setDefault(&cfg.MaxConstraints, DefaultMaxConstraints)
	setDefault(&cfg.MaxPrograms, DefaultMaxPrograms)
	setDefault(&cfg.Workers, DefaultWorkers)
	return &Backend{
		cfg:      cfg,
		slots:    make(chan struct{}, cfg.Workers),
		programs: make(map[backend.Program]*entry),
	}
}

func setDefault[T int | uint64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Register implements backend.Backend. An image says nothing of the verifying key
// under which it is asked for, so the statement is not looked at.
func (b *Backend) Register(ctx context.Context, image []byte, _ backend.Statement) (backend.Program, error) {
	if len(image) > b.cfg.MaxImageBytes {
		return "", fmt.Errorf("%w: an image of %d bytes, the limit is %d", backend.ErrTooLarge, len(image), b.cfg.MaxImageBytes)
	}
	id := backend.ProgramOf(image)
	if b.lookup(id) != nil {
		return id, nil
	}
	p, err := run(ctx, b.slots, func() (*program, error) { return parseImage(image, b.cfg.MaxConstraints) })
	if err != nil {
		return "", err
	}
	b.remember(id, p)
	return id, nil
}

// Estimate implements backend.Backend. The cost is the number of constraints.
func (b *Backend) Estimate(ctx context.Context, task backend.Task) (backend.Estimate, error) {
	e, err := b.open(task.Program, task.Input)
	if err != nil {
		return backend.Estimate{}, err
	}
	return run(ctx, b.slots, func() (backend.Estimate, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		w, publicValues, err := parseInput(e.p, task.Input)
		if err != nil {
			return backend.Estimate{}, err
		}
		if err := solve(e.p, w); err != nil {
			return backend.Estimate{}, err
		}
		return backend.Estimate{
			Cost:         e.p.constraints,
			PublicValues: publicValues,
			Digest:       backend.CircuitDigest(publicValues),
		}, nil
	})
}

// Prove implements backend.Backend. A proof that is not wanted any more when
// ctx ends runs on to its end and is dropped.
func (b *Backend) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	e, err := b.open(task.Program, task.Input)
	if err != nil {
		return backend.Result{}, err
	}
	return run(ctx, b.slots, func() (backend.Result, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		w, publicValues, err := parseInput(e.p, task.Input)
		if err != nil {
			return backend.Result{}, err
		}
		proof, err := prove(e.p, w)
		if err != nil {
			return backend.Result{}, err
		}
		return backend.Result{Proof: proof, PublicValues: publicValues}, nil
	})
}

// Health implements backend.Backend: a backend in this process works if its
// accelerator does.
func (b *Backend) Health(ctx context.Context) error { return acceleratorHealth(ctx) }

// Close implements backend.Backend.
func (b *Backend) Close() error { return nil }

func (b *Backend) open(id backend.Program, input []byte) (*entry, error) {
	if len(input) > b.cfg.MaxInputBytes {
		return nil, fmt.Errorf("%w: an input of %d bytes, the limit is %d", backend.ErrTooLarge, len(input), b.cfg.MaxInputBytes)
	}
	if e := b.lookup(id); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("program %s: %w", id, backend.ErrUnknownProgram)
}

func (b *Backend) lookup(id backend.Program) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.programs[id]
	if e != nil {
		b.touch(id)
	}
	return e
}

func (b *Backend) remember(id backend.Program, p *program) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.programs[id] = &entry{p: p}
	b.touch(id)
	for len(b.recent) > b.cfg.MaxPrograms {
		e := b.programs[b.recent[0]]
		delete(b.programs, b.recent[0])
		b.recent = b.recent[1:]
		go func() { // after the runs that still use it
			e.mu.Lock()
			defer e.mu.Unlock()
			release(e.p.pk)
		}()
	}
}

func (b *Backend) touch(id backend.Program) {
	b.recent = slices.DeleteFunc(b.recent, func(o backend.Program) bool { return o == id })
	b.recent = append(b.recent, id)
}

// run does work on a slot and gives up waiting when ctx ends. The slot is free
// again only when the work itself has ended.
func run[T any](ctx context.Context, slots chan struct{}, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		<-slots
		return none, err
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-slots }()
		value, err := work()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// solve runs the solver alone. Circuits with commitments ask for challenges
// that come from the commitments; any value that depends on what is committed
// does here, because no proof is made of it.
func solve(p *program, w witness.Witness) (err error) {
	defer recoverAs(&err, backend.ErrImage)
	id := solver.GetHintID(fcs.Bsb22CommitmentComputePlaceholder)
	_, err = p.r1cs.Solve(w, solver.OverrideHint(id, challenge))
	return solverError(err)
}

func challenge(_ *big.Int, in, out []*big.Int) error {
	if len(out) == 0 {
		return errors.New("commitment without an output")
	}
	h := sha256.New()
	for _, v := range in {
		h.Write(v.FillBytes(make([]byte, fr.Bytes)))
	}
	var e fr.Element
	e.SetBytes(h.Sum(nil))
	e.BigInt(out[0])
	return nil
}

func prove(p *program, w witness.Witness) (proof []byte, err error) {
	defer recoverAs(&err, backend.ErrFailed)
	got, err := proveGroth16(p.r1cs, p.pk, w)
	if errors.Is(err, backend.ErrFailed) {
		return nil, err
	}
	if err != nil {
		return nil, solverError(err)
	}
	var buf bytes.Buffer
	if _, err := got.WriteRawTo(&buf); err != nil {
		return nil, fmt.Errorf("%w: write the proof: %w", backend.ErrFailed, err)
	}
	return buf.Bytes(), nil
}

// solverError sorts what gnark's solver says. Hints are checked when a program
// is registered, so what is left is an input that the circuit refuses.
func solverError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", backend.ErrUnsatisfied, err)
}
