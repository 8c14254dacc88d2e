package prover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/exec"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/backend/isolate"
	"github.com/proofmarket/proofmarket/prover/backend/pico"
)

// backendsDir holds the work folders of the backends that have one.
const backendsDir = "backends"

// ErrNoBackend means that no backend of the configuration is meant.
var ErrNoBackend = errors.New("no such backend in the configuration")

// OpenBackends makes the backends of a configuration. None of them is asked
// anything yet: see backend.Backend's Health. Close the set when done.
func OpenBackends(cfg Config) (*backend.Set, error) {
	var list []backend.Named
	done := func(err error) (*backend.Set, error) {
		for _, n := range list {
			err = errors.Join(err, n.Backend.Close())
		}
		return nil, err
	}
	for _, b := range cfg.Backends {
		made, err := openBackend(cfg, b)
		if err != nil {
			return done(fmt.Errorf("backend %s: %w", b.Name, err))
		}
		list = append(list, backend.Named{Name: b.Name, Verifiers: b.Verifiers, Backend: made, Limits: b.limits()})
	}
	set, err := backend.NewSet(list...)
	if err != nil {
		return done(err)
	}
	return set, nil
}

func openBackend(cfg Config, b BackendConfig) (backend.Backend, error) {
	switch {
	case b.Kind == KindGnark && b.Gnark != nil:
		return openGnark(cfg, b), nil
	case b.Kind == KindPico && b.Pico != nil:
		p := b.Pico
		return pico.New(pico.Config{
			Address: p.Address, TLS: p.TLS, CAFile: p.CAFile, ServerName: p.ServerName, TokenFile: p.TokenFile,
			UseGPU: p.UseGPU, PollInterval: time.Duration(p.PollInterval),
		})
	case b.Kind == KindExec && b.Exec != nil:
		e := b.Exec
		dir := e.WorkDir
		if dir == "" {
			dir = filepath.Join(cfg.Home, backendsDir, b.Name)
		}
		return exec.New(exec.Config{
			Command: e.Command, Args: e.Args, Dir: dir, MaxPrograms: e.MaxPrograms,
			MemoryBytes: e.MemoryBytes, CPUSeconds: e.CPUSeconds,
		})
	default:
		return nil, fmt.Errorf("%w: kind %q", ErrNoBackend, b.Kind)
	}
}

// openGnark returns the backend for circuits: in children of this process,
// unless there is no command for them.
func openGnark(cfg Config, b BackendConfig) backend.Backend {
	if len(cfg.Worker) == 0 || b.Gnark.InProcess {
		return newGnark(cfg, b)
	}
	return isolate.New(isolate.Config{
		Command: append(slices.Clone(cfg.Worker), b.Name),
		// As many proofs as dry runs may be under way.
		Children: 2 * b.Workers, MaxPrograms: b.Gnark.MaxPrograms, Stderr: os.Stderr,
	})
}

func newGnark(cfg Config, b BackendConfig) *gnark.Backend {
	return gnark.New(gnark.Config{
		MaxImageBytes: int(cfg.Fetch.MaxImageBytes), MaxInputBytes: int(cfg.Fetch.MaxInputBytes),
		MaxConstraints: b.Gnark.MaxConstraints, MaxPrograms: b.Gnark.MaxPrograms, Workers: 2 * b.Workers,
	})
}

// ServeBackend makes proofs with the gnark backend of that name for a parent
// that runs Start, until in ends.
func ServeBackend(ctx context.Context, cfg Config, name string, in io.Reader, out io.Writer) error {
	at := slices.IndexFunc(cfg.Backends, func(b BackendConfig) bool { return b.Name == name && b.Kind == KindGnark && b.Gnark != nil })
	if at < 0 {
		return fmt.Errorf("%w: %q of kind %s", ErrNoBackend, name, KindGnark)
	}
	return isolate.Serve(ctx, newGnark(cfg, cfg.Backends[at]), in, out)
}
