package prover

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
)

// BenchFiles is a program of the operator's.
type BenchFiles struct {
	// Image and Input are paths.
	Image, Input string
	// Verifier is the id of the chain's verifier; Program its name for the program,
	// 64 hex digits, empty where the backend does without. Digest is that of the
	// public values; empty for what the dry run tells.
	Verifier, Program, Digest string
}

// plan says what to measure on which backend.
func (b *bencher) plan(ctx context.Context, cfg Config, set *backend.Set, log *slog.Logger) (plans []benchPlan, notes []string, err error) {
	for _, name := range b.cfg.Backends {
		if _, ok := set.Get(name); !ok {
			return nil, nil, fmt.Errorf("%w: %q", ErrNoBackend, name)
		}
	}
	var programs []benchProgram
	switch {
	case b.cfg.Files != nil:
		programs, err = readPrograms(cfg, *b.cfg.Files)
	case b.cfg.Request != "":
		programs, err = b.requested(ctx, cfg, set, log)
	default:
		programs, err = b.samples(ctx, set)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, n := range set.All() {
		if len(b.cfg.Backends) > 0 && !slices.Contains(b.cfg.Backends, n.Name) {
			continue
		}
		p := benchPlan{backend: n, workers: slices.Clone(b.cfg.Workers)}
		if len(p.workers) == 0 {
			p.workers = []int{n.Limits.Workers}
		}
		slices.Sort(p.workers)
		p.workers = slices.Compact(p.workers)
		for _, program := range programs {
			if n.Serves(program.statement.Verifier) {
				p.programs = append(p.programs, program)
			}
		}
		if len(p.programs) == 0 {
			notes = append(notes, fmt.Sprintf("backend %s was left out: it proves for %v; give it a program with --request, or with --image, --input and --verifier", n.Name, n.Verifiers))
			continue
		}
		plans = append(plans, p)
	}
	if len(plans) == 0 {
		return nil, nil, fmt.Errorf("%w: no backend serves what there is to prove: %v", ErrBench, notes)
	}
	return plans, notes, nil
}

// readPrograms reads a program of the operator's from its files.
func readPrograms(cfg Config, f BenchFiles) ([]benchProgram, error) {
	p := benchProgram{name: filepath.Base(f.Image), statement: backend.Statement{Verifier: f.Verifier}, hasDigest: f.Digest != ""}
	if f.Verifier == "" || f.Image == "" || f.Input == "" {
		return nil, fmt.Errorf("%w: a program needs an image, an input and the id of its verifier", ErrBench)
	}
	for _, w := range []struct {
		what, hex string
		to        *[32]byte
	}{{"program", f.Program, &p.statement.Program}, {"digest", f.Digest, &p.statement.Digest}} {
		raw, err := hex.DecodeString(w.hex)
		if w.hex == "" {
			continue
		}
		if err != nil || len(raw) != len(w.to) {
			return nil, fmt.Errorf("%w: %s %q: write 64 hex digits", ErrBench, w.what, w.hex)
		}
		copy(w.to[:], raw)
	}
	var err error
	if p.image, err = readBounded(f.Image, cfg.Fetch.MaxImageBytes); err != nil {
		return nil, err
	}
	if p.input, err = readBounded(f.Input, cfg.Fetch.MaxInputBytes); err != nil {
		return nil, err
	}
	return []benchProgram{p}, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%w: %s: the limit is %d bytes (fetch.max_image_bytes, fetch.max_input_bytes)", ErrTooLarge, path, limit)
	}
	return raw, nil
}

// requested gets the program of a request as the sidecar does.
func (b *bencher) requested(ctx context.Context, cfg Config, set *backend.Set, log *slog.Logger) ([]benchProgram, error) {
	client, err := chain.New(chain.Config{Nodes: cfg.Chain.Nodes, ChainID: cfg.Chain.ID, Timeout: time.Duration(cfg.Chain.Timeout)})
	if err != nil {
		return nil, err
	}
	if _, err := client.Head(ctx); err != nil {
		return nil, err
	}
	b.progress("fetching the files of request %s", b.cfg.Request)
	p, err := requestedProgram(ctx, cfg, client, set, b.cfg.Request, log)
	return []benchProgram{p}, err
}

func requestedProgram(ctx context.Context, cfg Config, c Chain, set *backend.Set, id string, log *slog.Logger) (p benchProgram, err error) {
	v, _, err := c.Request(ctx, id)
	if errors.Is(err, chain.ErrNotFound) {
		return p, fmt.Errorf("the chain has no request %q: `marketd query market requests` lists them: %w", id, err)
	}
	if err != nil {
		return p, err
	}
	st, err := statementOf(v.Request.Statement)
	if err != nil {
		return p, err
	}
	n, ok := set.For(st.Verifier)
	if !ok {
		return p, fmt.Errorf("%w: one that serves verifier %s", ErrNoBackend, st.Verifier)
	}
	q := newQuoter(cfg, c, set, log)
	err = q.inspector(n, func(e *Engine, n backend.Named) error {
		ctx, cancel := context.WithTimeout(ctx, n.Limits.EvaluateTimeout)
		defer cancel()
		found, err := e.inspect(ctx, &v, n)
		if err != nil {
			return err
		}
		if p.key, err = c.Key(ctx, v.Request.Statement); err != nil {
			return err
		}
		p.name, p.statement, p.hasDigest = "request "+id[:min(MinIDPrefix*2, len(id))], st, true
		p.image, p.input, err = e.files(found.imageSHA256, found.inputSHA256)
		return err
	})
	return p, err
}

// running tells whether a sidecar runs on a home folder.
func running(home string) bool {
	s, err := store.OpenReadOnly(filepath.Join(home, jobsFile))
	if err == nil {
		return s.Close() != nil
	}
	return errors.Is(err, store.ErrLocked)
}
