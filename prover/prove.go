package prover

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/crashpoint"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// prove makes the proof of a job, checks it as the chain will, and writes it
// down. It runs in the background.
func (e *Engine) prove(ctx context.Context, head chain.Head, id string, st verifiertypes.Statement) {
	j, err := e.store.Get(id)
	if err != nil || j.State != store.Assigned {
		return
	}
	started := time.Now()
	e.say(id, slog.LevelInfo, "proving", "cost", j.Cost)
	res, err := e.proveAndCheck(ctx, j, st)
	if errors.Is(ctx.Err(), context.Canceled) && err != nil {
		return // the sidecar stops, or nobody waits for the proof any more
	}
	if err != nil {
		if j, got := e.store.Get(id); got == nil && j.State == store.Done {
			return // it was stopped, since the request has ended
		}
		e.failed(id, head.Height)
		if _, err := e.update(id, func(j *store.Job) error { j.Attempts++; return nil }); err != nil {
			e.log.Warn("a failed attempt cannot be written down", "request", id, "error", err)
		}
		e.metrics.proof(j.Backend, false, time.Since(started))
		e.machines.failed(j.Backend, head, strategy.FaultProving, "request "+id+": "+err.Error())
		e.say(id, slog.LevelError, "proving failed, will try again", "error", err)
		return
	}
	e.metrics.proof(j.Backend, true, res.took)
	e.machines.proved(j.Backend, j.Cost, res.took)
	crashpoint.At(crashpoint.ProofMade)
	if _, err := e.move(j, store.Proved, func(j *store.Job) {
		j.Proof, j.PublicValues, j.ProvingTime = res.Proof, res.PublicValues, res.took
	}, "took", rounded(res.took), "bytes", len(res.Proof)); err != nil {
		e.failed(id, head.Height)
		e.say(id, slog.LevelError, "the proof cannot be filed", "error", err)
		return
	}
	crashpoint.At(crashpoint.ProofWritten)
}

func (e *Engine) proveAndCheck(ctx context.Context, j *store.Job, st verifiertypes.Statement) (*madeProof, error) {
	image, input, err := e.files(j.ImageSHA256, j.InputSHA256)
	if errors.Is(err, fs.ErrNotExist) {
		// The files were on disk before the bid; someone removed them.
		if err = e.refetch(ctx, j.RequestID); err == nil {
			image, input, err = e.files(j.ImageSHA256, j.InputSHA256)
		}
	}
	if err != nil {
		return nil, err
	}
	b, err := e.backendOf(j, st.Verifier)
	if err != nil {
		return nil, err
	}
	statement, err := statementOf(st)
	if err != nil {
		return nil, err
	}
	program, err := b.Backend.Register(ctx, image, statement)
	if err != nil {
		return nil, err
	}
	// The same name after a restart, another one after a failure.
	task := backend.Task{ID: fmt.Sprintf("%s-%d", j.RequestID, j.Attempts), Statement: statement, Program: program, Input: input}
	started := time.Now()
	res, err := b.Backend.Prove(ctx, task)
	if err != nil {
		return nil, err
	}
	made := &madeProof{Result: res, took: time.Since(started)}
	key, err := e.keys.get(ctx, e.chain, st)
	if err != nil {
		return nil, err
	}
	// law P3: a proof that the chain would refuse is not worth its gas.
	if err := key.Verify(statement.Program, statement.Digest, res.PublicValues, res.Proof); err != nil {
		return nil, fmt.Errorf("the chain would refuse our proof: %w", err)
	}
	return made, nil
}

// refetch gets the files of an open request again.
func (e *Engine) refetch(ctx context.Context, id string) error {
	v, inline, err := e.chain.Request(ctx, id)
	if err != nil {
		return err
	}
	r := v.Request
	if err := e.obtain(ctx, r.Image.Sha256, r.Image.Url, nil, e.cfg.MaxImageBytes); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if r.Input.Url != "" {
		inline = nil
	} else if inline == nil {
		inline = []byte{}
	}
	if err := e.obtain(ctx, r.Input.Sha256, r.Input.Url, inline, e.cfg.MaxInputBytes); err != nil {
		return fmt.Errorf("input: %w", err)
	}
	return nil
}

// backendOf returns the backend that a job was taken on for, or, where the
// configuration has it no more, the one that would serve it now.
func (e *Engine) backendOf(j *store.Job, verifier string) (backend.Named, error) {
	if b, ok := e.backends.Get(j.Backend); ok && b.Serves(verifier) {
		return b, nil
	}
	if b, ok := e.backends.For(verifier); ok {
		return b, nil
	}
	return backend.Named{}, fmt.Errorf("%w: one that serves verifier %s, which a job needs", ErrNoBackend, verifier)
}

// statementOf is the chain's statement as backends take it.
func statementOf(st verifiertypes.Statement) (out backend.Statement, err error) {
	out.Verifier = st.Verifier
	out.Program, out.Digest, err = statementBytes(st)
	return out, err
}

func statementBytes(st verifiertypes.Statement) (program, digest [32]byte, err error) {
	for _, p := range []struct {
		hex string
		to  *[32]byte
	}{{st.Program, &program}, {st.Digest, &digest}} {
		raw, err := hex.DecodeString(p.hex)
		if err != nil || len(raw) != len(p.to) {
			return program, digest, fmt.Errorf("the statement holds %q, which is not 32 bytes in hex", p.hex)
		}
		copy(p.to[:], raw)
	}
	return program, digest, nil
}
