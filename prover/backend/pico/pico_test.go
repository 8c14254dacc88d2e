package pico_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/pico"
	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
)

// rig is a stand-in service with one program, and a client of it.
type rig struct {
	backendtest.Subject
	service *picotest.Service
	pico    *pico.Backend
}

func newRig(t *testing.T, change func(*picotest.Config, *pico.Config)) rig {
	t.Helper()
	subject, replay := backendtest.Pico(t)
	server := picotest.Config{Programs: []picotest.Replay{replay}}
	client := pico.Config{PollInterval: 5 * time.Millisecond}
	if change != nil {
		change(&server, &client)
	}
	service, err := picotest.Start(server)
	require.NoError(t, err)
	t.Cleanup(service.Stop)
	client.Address = service.Address()
	b, err := pico.New(client)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() }) // the contract closes it too
	subject.Backend = b
	return rig{Subject: subject, service: service, pico: b}
}

// task registers the program and returns the task to prove it.
func (r rig) task(t *testing.T, id string) backend.Task {
	t.Helper()
	program, err := r.pico.Register(t.Context(), r.Image, r.Statement)
	require.NoError(t, err)
	return backend.Task{ID: id, Statement: r.Statement, Program: program, Input: r.Input}
}

func (r rig) requireProof(t *testing.T, res backend.Result, err error) {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, res.Proof, 256, "the two public inputs are no part of the chain's proof")
	require.Nil(t, res.PublicValues)
	require.NoError(t, r.Verify(r.Statement, res))
}

func TestContract(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backendtest.Subject { return newRig(t, nil).Subject })
}

// A program that is there already, as after a restart of the sidecar, is known by
// the refusal to register it.
func TestAppAlreadyExists(t *testing.T) {
	r := newRig(t, nil)
	task := r.task(t, "a")
	fresh, err := pico.New(pico.Config{Address: r.service.Address()})
	require.NoError(t, err)
	defer fresh.Close()
	program, err := fresh.Register(t.Context(), r.Image, r.Statement)
	require.NoError(t, err)
	require.Equal(t, task.Program, program)

	for text, want := range map[string]error{
		"app already exists":                                      nil, // an older service: the request says which
		"app already exists 0x" + string(program):                 nil,
		"app already exists " + strings.Repeat("ab", 32):          backend.ErrImage,
		"failed to register app: database is locked":              backend.ErrFailed,
		"h2 protocol error: error reading a body from connection": backend.ErrFailed,
	} {
		r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
			s.OnCall = func(context.Context, string) error { return status.Error(codes.Internal, text) }
		})
		_, err := r.pico.Register(t.Context(), r.Image, r.Statement)
		if want == nil {
			require.NoError(t, err, text)
		} else {
			require.ErrorIs(t, err, want, text)
		}
	}
}

// A sidecar that was restarted takes the proof that was made meanwhile, and does
// not have it made a second time.
func TestAProofThatIsThereIsNotMadeAgain(t *testing.T) {
	r := newRig(t, nil)
	task := r.task(t, "a")
	_, err := r.pico.Prove(t.Context(), task)
	require.NoError(t, err)
	fresh, err := pico.New(pico.Config{Address: r.service.Address()})
	require.NoError(t, err)
	defer fresh.Close()
	res, err := fresh.Prove(t.Context(), task)
	r.requireProof(t, res, err)
	require.Len(t, r.service.Tasks(), 1)
	require.NoError(t, r.service.Restart(), "proofs are on its disk")
	res, err = fresh.Prove(t.Context(), task)
	r.requireProof(t, res, err)
	require.Len(t, r.service.Tasks(), 1)
}

// The service says nothing of a failure: the attempt ends with its time, and the
// next one has another id.
func TestFailuresAreNeverReported(t *testing.T) {
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnTask = func(_ context.Context, task picotest.Task) ([]byte, error) {
			if task.TaskID == "a-0" {
				return nil, errors.New("out of GPU memory")
			}
			return nil, nil
		}
	})
	task := r.task(t, "a-0")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := r.pico.Prove(ctx, task)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "never says")
	require.Len(t, r.service.Tasks(), 1, "waiting is not asking for more work")

	task.ID = "a-1"
	res, err := r.pico.Prove(t.Context(), task)
	r.requireProof(t, res, err)
}

// A restart loses the queue: the task is put in again.
func TestARestartLosesTheQueue(t *testing.T) {
	working, lives := make(chan struct{}), atomic.Int32{}
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnTask = func(ctx context.Context, _ picotest.Task) ([]byte, error) {
			if lives.Add(1) == 1 {
				close(working)
				<-ctx.Done() // the process dies during the proof
				return nil, ctx.Err()
			}
			return nil, nil
		}
	})
	task := r.task(t, "a")
	type outcome struct {
		res backend.Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		res, err := r.pico.Prove(t.Context(), task)
		done <- outcome{res, err}
	}()
	<-working
	r.service.Stop()
	require.ErrorIs(t, r.pico.Health(t.Context()), backend.ErrFailed)
	require.NoError(t, r.service.Restart())
	got := <-done
	r.requireProof(t, got.res, got.err)
	tasks := r.service.Tasks()
	require.GreaterOrEqual(t, len(tasks), 2)
	for _, submitted := range tasks {
		require.Equal(t, "a", submitted.TaskID)
	}
}

// A service that is back before anybody asked for the proof has lost its queue too.
func TestARestartThatNoCallNoticed(t *testing.T) {
	working, lives := make(chan struct{}), atomic.Int32{}
	r := newRig(t, func(s *picotest.Config, c *pico.Config) {
		c.PollInterval = 500 * time.Millisecond // a restart takes less
		s.OnTask = func(ctx context.Context, _ picotest.Task) ([]byte, error) {
			if lives.Add(1) == 1 {
				close(working)
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}
	})
	task := r.task(t, "a")
	restarted := make(chan error, 1)
	go func() {
		<-working
		restarted <- r.service.RestartBetweenCalls()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	res, err := r.pico.Prove(ctx, task)
	r.requireProof(t, res, err)
	require.NoError(t, <-restarted)
	require.Len(t, r.service.Tasks(), 2)
}

// One task at a time, in order.
func TestTheQueueIsOneAtATime(t *testing.T) {
	var atOnce, most atomic.Int32
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnTask = func(context.Context, picotest.Task) ([]byte, error) {
			most.Store(max(most.Load(), atOnce.Add(1)))
			atOnce.Add(-1)
			return nil, nil
		}
	})
	errs := make(chan error, 4)
	task := r.task(t, "")
	for _, id := range []string{"a", "b", "c", "d"} {
		mine := task
		mine.ID = id
		go func() {
			_, err := r.pico.Prove(t.Context(), mine)
			errs <- err
		}()
	}
	for range 4 {
		require.NoError(t, <-errs)
	}
	require.Equal(t, int32(1), most.Load())
}

func TestAnswersThatAreNoProof(t *testing.T) {
	_, replay := backendtest.Pico(t)
	proof := func(program, digest [32]byte) []byte {
		return append(append(append([]byte{}, replay.Proof...), program[:]...), digest[:]...)
	}
	otherProgram, otherDigest := replay.Program, replay.Digest
	otherProgram[3] ^= 1
	otherDigest[3] ^= 1
	for name, tc := range map[string]struct {
		answer []byte
		says   string
	}{
		"garbage":                    {[]byte("not a proof"), "11 bytes"},
		"no public inputs":           {replay.Proof, "256 bytes"},
		"one byte more":              {append(proof(replay.Program, replay.Digest), 0), "321 bytes"},
		"proof of another program":   {proof(otherProgram, replay.Digest), "proved program"},
		"proof of another statement": {proof(replay.Program, otherDigest), "proved program"},
		"larger than any answer":     {make([]byte, 1<<20), "larger than max"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
				s.OnTask = func(context.Context, picotest.Task) ([]byte, error) { return tc.answer, nil }
			})
			_, err := r.pico.Prove(t.Context(), r.task(t, "a"))
			require.ErrorIs(t, err, backend.ErrFailed)
			require.ErrorContains(t, err, tc.says)
			require.False(t, backend.Permanent(err))
		})
	}
	t.Run("right inputs, wrong words", func(t *testing.T) {
		bad := proof(replay.Program, replay.Digest)
		bad[0] ^= 1
		r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
			s.OnTask = func(context.Context, picotest.Task) ([]byte, error) { return bad, nil }
		})
		res, err := r.pico.Prove(t.Context(), r.task(t, "a"))
		require.NoError(t, err)
		require.Error(t, r.Verify(r.Statement, res), "the caller's check finds it (law P3)")
	})
}

// An error now and then is lived with; a service that does nothing else is not.
func TestServiceErrorsWhileWaiting(t *testing.T) {
	var left atomic.Int32
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnCall = func(_ context.Context, method string) error {
			if method == "GetProvingResult" && left.Add(-1) >= 0 {
				return status.Error(codes.Internal, "failed to get proof from database: database is locked")
			}
			return nil
		}
	})
	task := r.task(t, "a")
	left.Store(3)
	res, err := r.pico.Prove(t.Context(), task)
	r.requireProof(t, res, err)
	left.Store(1 << 20)
	task.ID = "b"
	_, err = r.pico.Prove(t.Context(), task)
	require.ErrorIs(t, err, backend.ErrFailed)
	require.ErrorContains(t, err, "database is locked")
}

func TestAHangingService(t *testing.T) {
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnCall = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, r.pico.Health(ctx), context.DeadlineExceeded)
	_, err := r.pico.Register(ctx, r.Image, r.Statement)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestNobodyListens(t *testing.T) {
	r := newRig(t, nil)
	task := r.task(t, "a")
	r.service.Stop()
	err := r.pico.Health(t.Context())
	require.ErrorIs(t, err, backend.ErrFailed)
	require.ErrorContains(t, err, r.service.Address())
	_, err = r.pico.Estimate(t.Context(), task)
	require.ErrorIs(t, err, backend.ErrFailed)
	require.False(t, backend.Permanent(err))
}

func TestTooLarge(t *testing.T) {
	r := newRig(t, func(s *picotest.Config, _ *pico.Config) {
		s.OnCall = func(_ context.Context, method string) error {
			if method == "EstimateCost" { // what the real service answers
				return status.Error(codes.OutOfRange, "Error, decoded message length too large: found 2000 bytes, the limit is: 1000 bytes")
			}
			return nil
		}
	})
	_, err := r.pico.Estimate(t.Context(), r.task(t, "a"))
	require.ErrorIs(t, err, backend.ErrTooLarge)

	small := newRig(t, func(s *picotest.Config, _ *pico.Config) { s.MaxMessageBytes = 1000 })
	_, err = small.pico.Register(t.Context(), make([]byte, 2000), small.Statement)
	require.Error(t, err)
}

func TestGPU(t *testing.T) {
	for _, use := range []bool{false, true} {
		r := newRig(t, func(_ *picotest.Config, c *pico.Config) { c.UseGPU = use })
		_, err := r.pico.Prove(t.Context(), r.task(t, "a"))
		require.NoError(t, err)
		require.Equal(t, use, r.service.Tasks()[0].UseGPU)
	}
}

func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write("wrong\n")
	r := newRig(t, func(s *picotest.Config, c *pico.Config) { s.Token, c.TokenFile = "s3cret", file })
	err := r.pico.Health(t.Context())
	require.ErrorIs(t, err, backend.ErrFailed)
	require.ErrorContains(t, err, "token_file")
	write("s3cret\n") // it may be replaced while the sidecar runs
	require.NoError(t, r.pico.Health(t.Context()))
	_, err = r.pico.Prove(t.Context(), r.task(t, "a"))
	require.NoError(t, err)

	none, err := pico.New(pico.Config{Address: r.service.Address()})
	require.NoError(t, err)
	defer none.Close()
	require.ErrorContains(t, none.Health(t.Context()), "token_file")

	for _, bad := range []string{"", "\n", "two tokens", "line\nline", "\x00", strings.Repeat("x", 1<<13)} {
		write(bad)
		_, err := pico.New(pico.Config{Address: "127.0.0.1:1", TokenFile: file})
		require.ErrorIs(t, err, pico.ErrConfig)
		require.NotContains(t, err.Error(), "two tokens", "a token is not for the log")
	}
	_, err = pico.New(pico.Config{Address: "127.0.0.1:1", TokenFile: file + ".none"})
	require.ErrorIs(t, err, pico.ErrConfig)
}
