package isolate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/backend/isolate"
)

// The test binary is its own child: with this in its environment it serves a
// fakeBackend, or gnark if gnarkChild is its argument.
const (
	childEnv   = "PROOFMARKET_TEST_BACKEND_CHILD"
	gnarkChild = "gnark"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		var b backend.Backend = &fakeBackend{programs: map[backend.Program]bool{}}
		if len(os.Args) > 1 && os.Args[1] == gnarkChild {
			b = gnark.New(gnark.Config{})
		}
		if err := isolate.Serve(context.Background(), b, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Setenv(childEnv, "1")
	if os.Getenv(parentEnv) != "" {
		fmt.Fprintln(os.Stderr, hangingParent())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// parentEnv makes the test binary a parent whose only child hangs in a proof.
const parentEnv = "PROOFMARKET_TEST_BACKEND_PARENT"

func hangingParent() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	b := isolate.New(isolate.Config{Command: []string{exe}, Children: 1, MaxPrograms: 1, Stderr: os.Stderr})
	one, err := b.Register(context.Background(), []byte("one"), backend.Statement{})
	if err != nil {
		return err
	}
	_, err = b.Prove(context.Background(), backend.Task{Program: one, Input: []byte("hang")})
	return err
}

// fakeBackend does what its image or input says.
type fakeBackend struct{ programs map[backend.Program]bool }

func (f *fakeBackend) Register(_ context.Context, image []byte, _ backend.Statement) (backend.Program, error) {
	switch string(image) {
	case "panic":
		done := make(chan struct{})
		go func() { defer close(done); panic("a panic that nobody can recover") }()
		<-done
	case "bad":
		return "", fmt.Errorf("%w: it is bad", backend.ErrImage)
	}
	id := backend.ProgramOf(image)
	f.programs = map[backend.Program]bool{id: true} // room for one
	return id, nil
}

func (f *fakeBackend) Estimate(_ context.Context, task backend.Task) (backend.Estimate, error) {
	p, input := task.Program, task.Input
	if !f.programs[p] {
		return backend.Estimate{}, backend.ErrUnknownProgram
	}
	if string(input) == "odd" {
		return backend.Estimate{}, errors.New("odd")
	}
	return backend.Estimate{Cost: uint64(len(input)), PublicValues: input, Digest: [32]byte{1}}, nil
}

func (f *fakeBackend) Prove(_ context.Context, task backend.Task) (backend.Result, error) {
	p, input := task.Program, task.Input
	if !f.programs[p] {
		return backend.Result{}, backend.ErrUnknownProgram
	}
	switch string(input) {
	case "hang":
		fmt.Fprintln(os.Stderr, "hanging", os.Getpid())
		select {}
	case "false":
		return backend.Result{}, backend.ErrUnsatisfied
	}
	return backend.Result{Proof: []byte("proof"), PublicValues: input}, nil
}

func (f *fakeBackend) Health(context.Context) error { return nil }
func (f *fakeBackend) Close() error                 { return nil }

// signal closes itself at the first write.
type signal chan struct{}

func (s signal) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("hanging")) {
		close(s)
	}
	return len(p), nil
}

func newBackend(t *testing.T, children int) (*isolate.Backend, signal) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	hanging := make(signal)
	b := isolate.New(isolate.Config{Command: []string{exe}, Children: children, MaxPrograms: 2, Stderr: hanging})
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b, hanging
}

func TestPassesCallsAndErrors(t *testing.T) {
	ctx := context.Background()
	b, _ := newBackend(t, 1)
	require.NoError(t, b.Health(ctx))
	one, err := b.Register(ctx, []byte("one"), backend.Statement{})
	require.NoError(t, err)
	require.Equal(t, backend.ProgramOf([]byte("one")), one)

	est, err := b.Estimate(ctx, backend.Task{Program: one, Input: []byte("abc")})
	require.NoError(t, err)
	require.Equal(t, backend.Estimate{Cost: 3, PublicValues: []byte("abc"), Digest: [32]byte{1}}, est)
	res, err := b.Prove(ctx, backend.Task{Program: one, Input: []byte("abc")})
	require.NoError(t, err)
	require.Equal(t, backend.Result{Proof: []byte("proof"), PublicValues: []byte("abc")}, res)

	_, err = b.Register(ctx, []byte("bad"), backend.Statement{})
	require.ErrorIs(t, err, backend.ErrImage)
	require.ErrorContains(t, err, "it is bad")
	_, err = b.Prove(ctx, backend.Task{Program: one, Input: []byte("false")})
	require.ErrorIs(t, err, backend.ErrUnsatisfied)
	_, err = b.Estimate(ctx, backend.Task{Program: one, Input: []byte("odd")})
	require.ErrorIs(t, err, backend.ErrFailed)
	_, err = b.Estimate(ctx, backend.Task{Program: "unknown", Input: nil})
	require.ErrorIs(t, err, backend.ErrUnknownProgram)

	// The child has room for one program; it is given the other one again.
	two, err := b.Register(ctx, []byte("two"), backend.Statement{})
	require.NoError(t, err)
	for _, p := range []backend.Program{one, two, one} {
		_, err := b.Prove(ctx, backend.Task{Program: p, Input: []byte("x")})
		require.NoError(t, err)
	}
	_, err = b.Register(ctx, []byte("three"), backend.Statement{})
	require.NoError(t, err)
	_, err = b.Prove(ctx, backend.Task{Program: one, Input: []byte("x")})
	require.ErrorIs(t, err, backend.ErrUnknownProgram, "two images are held")
}

func TestSurvivesAPanic(t *testing.T) {
	ctx := context.Background()
	b, _ := newBackend(t, 1)
	_, err := b.Register(ctx, []byte("panic"), backend.Statement{})
	require.ErrorIs(t, err, backend.ErrFailed)
	require.False(t, backend.Permanent(err))
	_, err = b.Register(ctx, []byte("one"), backend.Statement{})
	require.NoError(t, err)
}

func TestKillsAHangingChild(t *testing.T) {
	b, hanging := newBackend(t, 1)
	one, err := b.Register(context.Background(), []byte("one"), backend.Statement{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		_, err := b.Prove(ctx, backend.Task{Program: one, Input: []byte("hang")})
		failed <- err
	}()
	<-hanging
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	res, err := b.Prove(context.Background(), backend.Task{Program: one, Input: []byte("x")})
	require.NoError(t, err, "a new child is given the image")
	require.Equal(t, []byte("proof"), res.Proof)
}

func TestChildrenThatCannotStart(t *testing.T) {
	b := isolate.New(isolate.Config{Command: []string{"/does/not/exist"}})
	_, err := b.Register(context.Background(), []byte("one"), backend.Statement{})
	require.ErrorIs(t, err, backend.ErrFailed)
}
