// Package backend says what the sidecar needs of a machine that proves: learn a
// program, say what an input costs and what it computes, prove it. Adapters
// live in folders below this one.
package backend

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// Errors that decide what the sidecar does next. Adapters wrap them with what
// they know, so test with errors.Is.
var (
	// ErrImage means that the image is not a program that this backend can
	// prove. It stays so: don't bid.
	ErrImage = errors.New("the image is not usable")
	// ErrInput means that the input does not fit the program. It stays so.
	ErrInput = errors.New("the input is not usable")
	// ErrUnsatisfied means that the program refuses the input: there is no
	// proof for it. It stays so.
	ErrUnsatisfied = errors.New("the input does not satisfy the program")
	// ErrTooLarge means that image, input or program pass a limit of this
	// backend's configuration.
	ErrTooLarge = errors.New("larger than this backend accepts")
	// ErrUnknownProgram means that the backend does not hold the program (any
	// more): register it again.
	ErrUnknownProgram = errors.New("the backend does not know this program, register its image again")
	// ErrFailed means that the backend broke down or ran out of time: the same
	// call may succeed later.
	ErrFailed = errors.New("the backend failed")
)

// Permanent reports whether trying again with the same bytes is pointless.
func Permanent(err error) bool {
	return errors.Is(err, ErrImage) || errors.Is(err, ErrInput) ||
		errors.Is(err, ErrUnsatisfied) || errors.Is(err, ErrTooLarge)
}

// Program names a registered image: its sha256, 64 lower-case hex digits.
type Program string

// ProgramOf returns the name of an image.
func ProgramOf(image []byte) Program {
	sum := sha256.Sum256(image)
	return Program(hex.EncodeToString(sum[:]))
}

// Statement is what a request asks a proof of, as the chain has it.
type Statement struct {
	// Verifier is the id of the chain's verifier, such as "circuit" or
	// "pico/v1.2.2": it decides what a proof looks like.
	Verifier string
	// Program is the verifier's name for the program.
	Program [32]byte
	// Digest stands for the public values.
	Digest [32]byte
}

// Task is one piece of work for a backend.
type Task struct {
	// ID names the task. It stays the same when a sidecar that was restarted asks
	// for the same proof again, and is another one for each further attempt: a
	// service that outlives the sidecar recognises what it works on already.
	// Backends whose work ends with the sidecar need not look at it.
	ID string
	// Statement is what the proof is for.
	Statement Statement
	// Program is what Register returned.
	Program Program
	Input   []byte
}

// Estimate is the outcome of a dry run.
type Estimate struct {
	// Cost counts the backend's unit of work: constraints for circuits, cycles
	// for virtual machines.
	Cost uint64
	// PublicValues is what a proof of this input would make public; nil where
	// the backend tells only their digest.
	PublicValues []byte
	// Digest is the public values' digest in the form that requests state. It
	// must be set where PublicValues is nil; else the verifier's own rule for
	// PublicValues holds.
	Digest [32]byte
}

// Result is a finished proof, in the chain's wire format.
type Result struct {
	Proof []byte
	// PublicValues may be nil where the verifier does without them.
	PublicValues []byte
}

// Backend proves programs. Its methods may be called from many goroutines; all
// return soon after ctx ends, whatever the work still running behind them.
// Package backendtest holds every backend to what is said here.
type Backend interface {
	// Register makes a program known. Registering it again is free. st is the
	// request's statement: an image that is known to be another program than
	// st.Program gives ErrImage.
	Register(ctx context.Context, image []byte, st Statement) (Program, error)
	// Estimate runs the program on input without proving. An input that the
	// program refuses gives ErrUnsatisfied. A program that is not registered, or
	// not any more, gives ErrUnknownProgram, here and in Prove.
	Estimate(ctx context.Context, task Task) (Estimate, error)
	// Prove runs the program on input and proves it. It waits as long as ctx
	// lets it; the caller tries again under another Task.ID. The caller checks
	// the proof, and must: a backend may answer with anything.
	Prove(ctx context.Context, task Task) (Result, error)
	// Health says whether the backend can work now.
	Health(ctx context.Context) error
	// Close ends the backend.
	Close() error
}
