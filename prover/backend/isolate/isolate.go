// Package isolate runs a backend in child processes. Images come from
// strangers, and a library that parses them may panic where nobody can recover,
// take all memory, or never end: here that costs a child, and the sidecar goes
// on revealing and submitting (law P6).
package isolate

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// Config says how children are started.
type Config struct {
	// Command is a program that calls Serve on its standard input and output.
	Command []string
	// Children is the number of calls, and so of children, at a time.
	Children int
	// MaxPrograms is the number of images held to give to new children.
	MaxPrograms int
	// Stderr receives what children print there.
	Stderr io.Writer
}

// Backend implements backend.Backend. A child serves one call at a time and is
// killed when the call's context ends.
type Backend struct {
	cfg   Config
	slots chan struct{}

	mu     sync.Mutex
	idle   []*child
	images map[backend.Program]registration
	recent []backend.Program // least recently registered first
	closed bool
}

var _ backend.Backend = (*Backend)(nil)

// registration is what makes a program known to a new child.
type registration struct {
	image     []byte
	statement backend.Statement
}

// child is one process and what it knows.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	enc   *gob.Encoder
	dec   *gob.Decoder
	knows map[backend.Program]bool
}

// New returns a backend; the first call starts the first child.
func New(cfg Config) *Backend {
	cfg.Children, cfg.MaxPrograms = max(1, cfg.Children), max(1, cfg.MaxPrograms)
	return &Backend{
		cfg:    cfg,
		slots:  make(chan struct{}, cfg.Children),
		images: make(map[backend.Program]registration),
	}
}

// Register implements backend.Backend.
func (b *Backend) Register(ctx context.Context, image []byte, st backend.Statement) (backend.Program, error) {
	id := backend.ProgramOf(image)
	known := registration{image: image, statement: st}
	if _, err := b.call(ctx, id, known, request{Op: opRegister, Image: image, Statement: st}); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.images[id] = known
	b.recent = append(slices.DeleteFunc(b.recent, func(o backend.Program) bool { return o == id }), id)
	for len(b.recent) > b.cfg.MaxPrograms {
		delete(b.images, b.recent[0])
		b.recent = b.recent[1:]
	}
	return id, nil
}

// Estimate implements backend.Backend.
func (b *Backend) Estimate(ctx context.Context, task backend.Task) (backend.Estimate, error) {
	res, err := b.run(ctx, request{Op: opEstimate, Task: task})
	return res.Estimate, err
}

// Prove implements backend.Backend.
func (b *Backend) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	res, err := b.run(ctx, request{Op: opProve, Task: task})
	return res.Result, err
}

// Health implements backend.Backend: it asks a child.
func (b *Backend) Health(ctx context.Context) error {
	_, err := b.call(ctx, "", registration{}, request{Op: opHealth})
	return err
}

// Close ends the children that wait for work. Those that work end with their
// call's context.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.idle {
		_ = c.kill() // it has nothing to do
	}
	b.idle = nil
	return nil
}

func (b *Backend) run(ctx context.Context, req request) (response, error) {
	b.mu.Lock()
	known, ok := b.images[req.Task.Program]
	b.mu.Unlock()
	if !ok {
		return response{}, fmt.Errorf("program %s: %w", req.Task.Program, backend.ErrUnknownProgram)
	}
	return b.call(ctx, req.Task.Program, known, req)
}

// call sends a request to a child, after the program's image if that child
// does not have it.
func (b *Backend) call(ctx context.Context, program backend.Program, known registration, req request) (response, error) {
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
		return response{}, ctx.Err()
	}
	c, err := b.take(program)
	if err != nil {
		return response{}, fmt.Errorf("%w: start a child: %w", backend.ErrFailed, err)
	}
	for range 2 {
		if req.Op != opRegister && program != "" && !c.knows[program] {
			res, err := c.roundTrip(ctx, request{Op: opRegister, Image: known.image, Statement: known.statement})
			if err != nil {
				return response{}, err // the child is gone
			}
			if err := res.err(); err != nil {
				b.put(c)
				return response{}, err
			}
			c.knows[program] = true
		}
		res, err := c.roundTrip(ctx, req)
		if err != nil {
			return response{}, err
		}
		err = res.err()
		if errors.Is(err, backend.ErrUnknownProgram) && c.knows[program] {
			delete(c.knows, program) // it made room for others: once more
			continue
		}
		if req.Op == opRegister && err == nil {
			c.knows[program] = true
		}
		b.put(c)
		return res, err
	}
	b.put(c)
	return response{}, fmt.Errorf("%w: the child forgets program %s at once", backend.ErrFailed, program)
}

// take returns an idle child, best one that knows the program, or a new one.
func (b *Backend) take(program backend.Program) (*child, error) {
	b.mu.Lock()
	if len(b.idle) > 0 {
		at := max(0, slices.IndexFunc(b.idle, func(c *child) bool { return c.knows[program] }))
		c := b.idle[at]
		b.idle = slices.Delete(b.idle, at, at+1)
		b.mu.Unlock()
		return c, nil
	}
	b.mu.Unlock()

	cmd := exec.Command(b.cfg.Command[0], b.cfg.Command[1:]...)
	cmd.Stderr = b.cfg.Stderr
	cmd.SysProcAttr = attributes()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd: cmd, in: in, enc: gob.NewEncoder(in), dec: gob.NewDecoder(out), knows: make(map[backend.Program]bool)}, nil
}

func (b *Backend) put(c *child) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = c.kill() // it has nothing to do
		return
	}
	b.idle = append(b.idle, c)
}

// roundTrip sends one request and waits for its answer. On an error the child
// is dead.
func (c *child) roundTrip(ctx context.Context, req request) (response, error) {
	var res response
	done := make(chan error, 1)
	go func() {
		err := c.enc.Encode(req)
		if err == nil {
			err = c.dec.Decode(&res)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			return res, nil
		}
		return response{}, fmt.Errorf("%w: its process ended: %w", backend.ErrFailed, errors.Join(err, c.kill()))
	case <-ctx.Done():
		killed := c.kill()
		<-done
		_ = killed // it was told to die
		return response{}, ctx.Err()
	}
}

// kill ends the process at once and says how it ended.
func (c *child) kill() error {
	c.in.Close()
	_ = c.cmd.Process.Kill() // it may have ended already: Wait tells
	return c.cmd.Wait()
}
