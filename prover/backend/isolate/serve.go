package isolate

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"

	"github.com/proofmarket/proofmarket/prover/backend"
)

type op uint8

const (
	opHealth op = iota + 1
	opRegister
	opEstimate
	opProve
)

// request and response travel as gob between parent and child, which are the
// same program.
type request struct {
	Op op
	// Image and Statement are for opRegister, Task for what follows it.
	Image     []byte
	Statement backend.Statement
	Task      backend.Task
}

type response struct {
	Estimate backend.Estimate
	Result   backend.Result
	// Kind is an index into kinds, plus one; zero for success.
	Kind int
	Text string
}

// kinds are the errors that keep their identity on the way to the parent.
var kinds = []error{
	backend.ErrFailed, backend.ErrImage, backend.ErrInput, backend.ErrUnsatisfied,
	backend.ErrTooLarge, backend.ErrUnknownProgram,
}

// remoteError is a child's error with the identity that it had there.
type remoteError struct {
	kind error
	text string
}

func (e remoteError) Error() string { return e.text }
func (e remoteError) Unwrap() error { return e.kind }

func (r response) err() error {
	if r.Kind == 0 {
		return nil
	}
	if r.Kind < 0 || r.Kind > len(kinds) {
		return fmt.Errorf("%w: it answers with an unknown error: %s", backend.ErrFailed, r.Text)
	}
	return remoteError{kind: kinds[r.Kind-1], text: r.Text}
}

func failure(err error) response {
	for i, k := range kinds {
		if errors.Is(err, k) {
			return response{Kind: i + 1, Text: err.Error()}
		}
	}
	return response{Kind: 1, Text: err.Error()}
}

// Serve answers a parent's requests with b until in ends, which is when the
// parent has gone or does not want this child any more: it then returns at
// once, whatever b is doing, for the process to exit.
func Serve(ctx context.Context, b backend.Backend, in io.Reader, out io.Writer) error {
	requests := make(chan request)
	ended := make(chan error, 1)
	go func() {
		dec := gob.NewDecoder(in)
		for {
			var req request
			if err := dec.Decode(&req); err != nil {
				ended <- err
				return
			}
			requests <- req
		}
	}()
	answered := make(chan response)
	enc := gob.NewEncoder(out)
	for {
		select {
		case req := <-requests:
			go func() { answered <- answer(ctx, b, req) }()
		case res := <-answered:
			if err := enc.Encode(res); err != nil {
				return err
			}
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func answer(ctx context.Context, b backend.Backend, req request) (res response) {
	var err error
	switch req.Op {
	case opHealth:
		err = b.Health(ctx)
	case opRegister:
		_, err = b.Register(ctx, req.Image, req.Statement)
	case opEstimate:
		res.Estimate, err = b.Estimate(ctx, req.Task)
	case opProve:
		res.Result, err = b.Prove(ctx, req.Task)
	default:
		err = fmt.Errorf("%w: unknown request %d", backend.ErrFailed, req.Op)
	}
	if err != nil {
		return failure(err)
	}
	return res
}
