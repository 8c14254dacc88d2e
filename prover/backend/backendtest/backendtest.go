// Package backendtest holds every backend to the contract of backend.Backend: one
// table of behaviours, run against each of them.
package backendtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Subject is a backend with a program that it can prove.
type Subject struct {
	Backend backend.Backend
	// Statement is what a proof of Input is for.
	Statement backend.Statement
	Image     []byte
	Input     []byte
	// Cost is what a dry run of Input must report.
	Cost uint64
	// PublicValues are those of Input; nil where the backend tells only a digest.
	PublicValues []byte
	// Key is what the chain checks proofs with.
	Key proof.Key

	// Unsatisfied is an input that the program refuses, Unreadable one that is no
	// input at all.
	Unsatisfied, Unreadable []byte
	// BadImage is no program; nil where the backend can't tell it from a failure.
	BadImage []byte
	// NamesPrograms tells that the backend knows the verifier's name of a program,
	// so that an image under another name is refused.
	NamesPrograms bool
}

// Verify checks a proof as the chain does.
func (s Subject) Verify(st backend.Statement, res backend.Result) error {
	return s.Key.Verify(st.Program, st.Digest, res.PublicValues, res.Proof)
}

func (s Subject) task(id string, program backend.Program) backend.Task {
	return backend.Task{ID: id, Statement: s.Statement, Program: program, Input: s.Input}
}

// behaviours is the contract.
var behaviours = []struct {
	name  string
	check func(t *testing.T, s Subject)
}{
	{"is healthy and can be closed", func(t *testing.T, s Subject) {
		require.NoError(t, s.Backend.Health(t.Context()))
		require.NoError(t, s.Backend.Close())
	}},
	{"registers a program as often as asked", func(t *testing.T, s Subject) {
		first := register(t, s)
		require.NotEmpty(t, first)
		require.Equal(t, first, register(t, s))
	}},
	{"estimates what the statement says", func(t *testing.T, s Subject) {
		est, err := s.Backend.Estimate(t.Context(), s.task("a", register(t, s)))
		require.NoError(t, err)
		require.Equal(t, s.Cost, est.Cost)
		require.Equal(t, s.PublicValues, est.PublicValues)
		digest := est.Digest
		if est.PublicValues != nil {
			digest = s.Key.Digest(est.PublicValues)
		}
		require.Equal(t, s.Statement.Digest, digest)
	}},
	{"makes proofs that the chain takes, for this statement only", func(t *testing.T, s Subject) {
		res, err := s.Backend.Prove(t.Context(), s.task("a", register(t, s)))
		require.NoError(t, err)
		require.NoError(t, s.Verify(s.Statement, res))
		other := s.Statement
		other.Digest[31] ^= 1
		require.Error(t, s.Verify(other, res))
	}},
	{"gives a proof again under the same task id", func(t *testing.T, s Subject) {
		program := register(t, s)
		for range 2 {
			res, err := s.Backend.Prove(t.Context(), s.task("a", program))
			require.NoError(t, err)
			require.NoError(t, s.Verify(s.Statement, res))
		}
	}},
	{"says that it does not know a program, which may pass", func(t *testing.T, s Subject) {
		unknown := s.task("a", "unknown")
		unknown.Statement.Program = [32]byte{1}
		_, err := s.Backend.Estimate(t.Context(), unknown)
		require.ErrorIs(t, err, backend.ErrUnknownProgram)
		_, err = s.Backend.Prove(t.Context(), unknown)
		require.ErrorIs(t, err, backend.ErrUnknownProgram)
		require.False(t, backend.Permanent(err))
	}},
	{"refuses bad inputs for good", func(t *testing.T, s Subject) {
		task := s.task("a", register(t, s))
		task.Input = s.Unsatisfied
		_, err := s.Backend.Estimate(t.Context(), task)
		require.ErrorIs(t, err, backend.ErrUnsatisfied)
		task.Input = s.Unreadable
		_, err = s.Backend.Estimate(t.Context(), task)
		require.True(t, backend.Permanent(err), err)
		// And it still works.
		_, err = s.Backend.Estimate(t.Context(), s.task("a", register(t, s)))
		require.NoError(t, err)
	}},
	{"refuses bad images for good where it can tell", func(t *testing.T, s Subject) {
		if s.BadImage != nil {
			_, err := s.Backend.Register(t.Context(), s.BadImage, s.Statement)
			require.ErrorIs(t, err, backend.ErrImage)
		}
		if s.NamesPrograms {
			other := s.Statement
			other.Program[31] ^= 1
			for range 2 { // unknown to it, and known
				_, err := s.Backend.Register(t.Context(), s.Image, other)
				require.ErrorIs(t, err, backend.ErrImage)
			}
		}
		require.NotEmpty(t, register(t, s))
	}},
	{"stops with the context", func(t *testing.T, s Subject) {
		program := register(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Backend.Estimate(ctx, s.task("a", program))
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Backend.Prove(ctx, s.task("a", program))
		require.ErrorIs(t, err, context.Canceled)
		require.Error(t, s.Backend.Health(ctx))
		require.NoError(t, s.Backend.Health(t.Context()))
	}},
	{"serves many callers", func(t *testing.T, s Subject) {
		const callers = 4
		errs := make([]error, callers)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				errs[i] = func() error {
					program, err := s.Backend.Register(t.Context(), s.Image, s.Statement)
					if err != nil {
						return err
					}
					task := s.task(fmt.Sprintf("caller-%d", i), program)
					if _, err := s.Backend.Estimate(t.Context(), task); err != nil {
						return err
					}
					res, err := s.Backend.Prove(t.Context(), task)
					if err != nil {
						return err
					}
					return s.Verify(s.Statement, res)
				}()
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}},
}

func register(t *testing.T, s Subject) backend.Program {
	t.Helper()
	program, err := s.Backend.Register(t.Context(), s.Image, s.Statement)
	require.NoError(t, err)
	return program
}

// Run checks the contract. open makes a fresh backend for each behaviour and cleans
// up after the test.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) { b.check(t, open(t)) })
	}
}
