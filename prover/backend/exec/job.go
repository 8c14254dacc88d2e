package exec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// Version is the version of the jobs and answers described here.
const Version = 1

// Kind says what a job asks for.
type Kind string

// The kinds of jobs.
const (
	// KindRegister shows the program an image. It may prepare what it needs.
	KindRegister Kind = "register"
	// KindEstimate asks what an input costs and what it makes public.
	KindEstimate Kind = "estimate"
	// KindProve asks for a proof.
	KindProve Kind = "prove"
)

// Job is what the program reads on its standard input: one line of JSON. Paths are
// absolute.
type Job struct {
	Version int  `json:"version"`
	Kind    Kind `json:"kind"`
	// ID names the work: the same for the same work after a restart.
	ID string `json:"id,omitempty"`
	// Verifier, Program and Digest are the request's statement: an id, and twice
	// 64 hex digits. The digest is what a proof must be for.
	Verifier string `json:"verifier"`
	Program  string `json:"program"`
	Digest   string `json:"digest"`
	// Image and Input are files to read; Input is empty in KindRegister.
	Image string `json:"image"`
	Input string `json:"input,omitempty"`
	// Output is the file to write a proof to, in the chain's wire format. It is
	// empty but for KindProve.
	Output string `json:"output,omitempty"`
	// PublicValues is a file to write the public values to, where the verifier
	// needs them or the program has them. It is empty in KindRegister.
	PublicValues string `json:"public_values,omitempty"`
	// TimeoutSeconds is after how many seconds the program is killed; 0 for
	// never. It is rounded down.
	TimeoutSeconds int64 `json:"timeout_seconds"`
}

// Answer is what the program prints on its standard output: one JSON object.
type Answer struct {
	Version int `json:"version"`
	// Error is set where there is no result.
	Error *Error `json:"error,omitempty"`
	// Cost counts the program's unit of work, such as cycles: at least 1 for
	// KindEstimate.
	Cost uint64 `json:"cost,omitempty"`
	// Digest is that of the public values, 64 hex digits: for KindEstimate, where
	// no public values are written.
	Digest string `json:"digest,omitempty"`
}

// Error says why there is no result.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message,omitempty"`
}

// Code is a kind of error; it decides whether the sidecar tries again.
type Code string

// The codes. All but the last two are final: the sidecar does not bid.
const (
	// CodeImage: the image is not a program.
	CodeImage Code = "image"
	// CodeInput: the input does not fit the program.
	CodeInput Code = "input"
	// CodeUnsatisfied: the program refuses the input.
	CodeUnsatisfied Code = "unsatisfied"
	// CodeTooLarge: it passes a limit of the program.
	CodeTooLarge Code = "too_large"
	// CodeUnknownProgram: the image must be registered again.
	CodeUnknownProgram Code = "unknown_program"
	// CodeFailed: it may work next time.
	CodeFailed Code = "failed"
)

var errorsByCode = map[Code]error{
	CodeImage: backend.ErrImage, CodeInput: backend.ErrInput, CodeUnsatisfied: backend.ErrUnsatisfied,
	CodeTooLarge: backend.ErrTooLarge, CodeUnknownProgram: backend.ErrUnknownProgram, CodeFailed: backend.ErrFailed,
}

// parseAnswer reads what the program printed. Its own errors keep their kind.
func parseAnswer(printed []byte) (Answer, error) {
	var a Answer
	dec := json.NewDecoder(bytes.NewReader(printed))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return a, fmt.Errorf("%w: the program's answer %.200q is not the JSON object expected: %w", backend.ErrFailed, printed, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return a, fmt.Errorf("%w: the program prints more than one JSON object", backend.ErrFailed)
	}
	if a.Version != Version {
		return a, fmt.Errorf("%w: the program answers in version %d, this is version %d", backend.ErrFailed, a.Version, Version)
	}
	if a.Error != nil {
		kind, ok := errorsByCode[a.Error.Code]
		if !ok {
			kind = backend.ErrFailed
		}
		return a, fmt.Errorf("%w: the program says %.40q: %.500q", kind, a.Error.Code, a.Error.Message)
	}
	return a, nil
}

// digest reads the answer's digest.
func (a Answer) digest() (out [32]byte, err error) {
	raw, err := hex.DecodeString(a.Digest)
	if err != nil || len(raw) != len(out) {
		return out, fmt.Errorf("%w: the program answers with digest %.80q, which is not 64 hex digits; or it must write the public values", backend.ErrFailed, a.Digest)
	}
	copy(out[:], raw)
	return out, nil
}
