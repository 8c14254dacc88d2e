package pico

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/pico/api"
)

// maxAskErrors is how often in a row the service may answer with an error before
// an attempt is given up. Its database is busy now and then, and giving up leaves
// a task in its queue that nobody waits for.
const maxAskErrors = 5

// Prove implements backend.Backend: it takes the proof if the service has it
// already, else puts the task into its queue and asks until it is done.
func (b *Backend) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	if err := checkTask(task); err != nil {
		return backend.Result{}, err
	}
	if task.ID == "" {
		return backend.Result{}, fmt.Errorf("%w: a task for the Pico service needs an id", backend.ErrFailed)
	}
	proof, err := b.wait(ctx, task)
	if err != nil {
		return backend.Result{}, err
	}
	words, err := checkProof(task.Statement, proof)
	if err != nil {
		return backend.Result{}, err
	}
	return backend.Result{Proof: words}, nil
}

// wait asks until there is a proof or ctx ends. It submits the task where there is
// none, and again when the connection broke: the queue may be gone with it.
func (b *Backend) wait(ctx context.Context, task backend.Task) ([]byte, error) {
	poll := time.NewTicker(b.cfg.PollInterval)
	defer poll.Stop()
	queued, failures, ended := false, 0, uint64(0)
	for {
		proof, err := b.ask(ctx, task)
		if proof != nil {
			return proof, nil
		}
		if !b.cfg.TLS && b.ended.Load() != ended {
			queued = false // the service has no TLS: there is no proxy, so it was its own end
		}
		if err == nil && !queued {
			ended = b.ended.Load()
			if err = b.submit(ctx, task); err != nil && !lost(err) {
				return nil, fmt.Errorf("submit task %s: %w", task.ID, err)
			}
			queued = err == nil
		}
		switch {
		case err == nil:
			failures = 0
		case lost(err):
			queued = false
		default:
			if failures++; failures >= maxAskErrors {
				return nil, fmt.Errorf("ask for task %s: %w", task.ID, err)
			}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("no proof of task %s yet, and the Pico service never says that one failed: %w", task.ID, errors.Join(ctx.Err(), err))
		}
	}
}

func (b *Backend) submit(ctx context.Context, task backend.Task) error {
	res, err := b.client.ProveTask(ctx, &api.ProveTaskRequest{
		AppId: string(task.Program), TaskId: task.ID, Inputs: task.Input, UseGpu: b.cfg.UseGPU,
	})
	if err == nil {
		err = answered(res.GetErr())
	}
	return b.failure(ctx, err)
}

// ask returns the task's proof as the service has it; nil for none.
func (b *Backend) ask(ctx context.Context, task backend.Task) ([]byte, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := b.client.GetProvingResult(call, &api.GetProvingResultRequest{AppId: string(task.Program), TaskId: task.ID})
	switch {
	case status.Code(err) == codes.NotFound:
		return nil, nil // a service that does know its tasks
	case status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil:
		return nil, nil // it is busy; its queue is as it was
	}
	if err == nil {
		err = answered(res.GetErr())
	}
	var e serviceError
	if errors.As(err, &e) && e.code == api.ErrCode_PROVING_PENDING {
		return nil, nil
	}
	if err != nil {
		return nil, b.failure(ctx, err)
	}
	if len(res.GetProof()) == 0 {
		return nil, nil
	}
	return res.GetProof(), nil
}

// checkProof returns the eight words of a proof whose public inputs are the
// statement's.
func checkProof(st backend.Statement, answer []byte) ([]byte, error) {
	if len(answer) != answerSize {
		return nil, fmt.Errorf("%w: the Pico service answers with %d bytes, a proof has %d", backend.ErrFailed, len(answer), answerSize)
	}
	program, digest := answer[proofSize:proofSize+wordSize], answer[proofSize+wordSize:]
	if [wordSize]byte(program) != st.Program || [wordSize]byte(digest) != st.Digest {
		return nil, fmt.Errorf("%w: the Pico service proved program %s with digest %s; the request is about %s and %s", backend.ErrFailed,
			hex.EncodeToString(program), hex.EncodeToString(digest), hex.EncodeToString(st.Program[:]), hex.EncodeToString(st.Digest[:]))
	}
	return answer[:proofSize:proofSize], nil
}
