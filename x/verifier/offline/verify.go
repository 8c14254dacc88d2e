package offline

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
)

// circuitVerifier is what statements about circuits name as their verifier.
const circuitVerifier = "circuit"

// Verdict says whether a proof is valid, and why not.
type Verdict struct {
	// Valid is the verdict.
	Valid bool `json:"valid"`
	// Reason says in words what is wrong, or that nothing is.
	Reason string `json:"reason"`
	// Verifier is the verifier's id; "circuit" for a circuit's key; empty for any
	// other key that the object carries.
	Verifier string `json:"verifier,omitempty"`
	// Family is the family of the key.
	Family string `json:"family,omitempty"`
	// CircuitID is the id of the circuit's key, 64 hex digits.
	CircuitID string `json:"circuit_id,omitempty"`
	// Program is the statement's program, 64 hex digits.
	Program string `json:"program,omitempty"`
	// Digest is the statement's digest, 64 hex digits, given or computed.
	Digest string `json:"digest,omitempty"`
}

// Verify reads an object and verifies its proof. A fault in proof, program,
// digest or public values makes a verdict that is not valid. An error means that
// there is no verdict: ErrUnreadable, ErrUnknownVerifier, ErrBadKey,
// ErrMissingField. A verifier's status plays no part.
func Verify(bz []byte) (Verdict, error) {
	if len(bz) > MaxObjectSize {
		return Verdict{}, fmt.Errorf("%w: longer than %d bytes", ErrUnreadable, MaxObjectSize)
	}
	o, err := parseObject(bz, fields)
	if err != nil {
		return Verdict{}, err
	}
	return o.verify()
}

// VerifyReader reads an object to its end and verifies it, like Verify.
func VerifyReader(r io.Reader) (Verdict, error) {
	bz, err := io.ReadAll(io.LimitReader(r, MaxObjectSize+1))
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: %s", ErrUnreadable, err)
	}
	return Verify(bz)
}

// VerifyFiles verifies, under the key and the statement of e, the proof and the
// public values in the bytes of two files, like Verify. Each file that is nil was
// not given; e's own proof or public values then stand. The files hold the bytes
// themselves or, for a circuit, what snarkjs writes.
func VerifyFiles(e Envelope, proofFile, valuesFile []byte) (Verdict, error) {
	bz, err := json.Marshal(e)
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: %s", ErrUnreadable, err)
	}
	o, err := parseObject(bz, fields)
	if err != nil {
		return Verdict{}, err
	}
	f, ok := families.Get(e.Family)
	circuit := ok && f.Permissionless()
	o.setFile("proof", proofFile, circuit)
	o.setFile("public_values", valuesFile, circuit)
	return o.verify()
}

// verify is Verify of an object that was parsed.
func (o object) verify() (Verdict, error) {
	k, err := o.key()
	if err != nil {
		return Verdict{}, err
	}
	v := k.verdict()
	if err := o.require("proof"); err != nil {
		return v, err
	}
	if !k.isCircuit() {
		if err := o.require("program"); err != nil {
			return v, fmt.Errorf("%w: the program key or image id", err)
		}
	}
	if _, ok := o["public_values"]; !ok {
		if k.key.NeedsPublicValues() && k.key.Shape().PublicInputs > 0 {
			return v, fmt.Errorf("%w %q: a circuit's public values must come with the proof", ErrMissingField, "public_values")
		}
		if err := o.require("digest"); err != nil && !k.isCircuit() {
			return v, fmt.Errorf("%w, or else \"public_values\"", err)
		}
	}
	// A fault is a verdict, not a failure to reach one.
	fault := o.check(k, &v)
	v.Valid, v.Reason = fault == nil, "the proof is valid"
	if fault != nil {
		v.Reason = fault.Error()
	}
	return v, nil
}

// check verifies the statement that the object makes and notes it in v.
func (o object) check(k key, v *Verdict) (err error) {
	program := k.circuit
	if _, ok := o["program"]; ok {
		if program, err = o.word("program"); err != nil {
			return err
		}
	}
	v.Program = hex.EncodeToString(program[:])
	publicValues, err := o.publicValues(k)
	if err != nil {
		return err
	}
	var digest [32]byte
	if _, ok := o["digest"]; !ok {
		digest = k.key.Digest(publicValues)
	} else if digest, err = o.word("digest"); err != nil {
		return err
	}
	v.Digest = hex.EncodeToString(digest[:])
	bz, err := o.proof(k)
	if err != nil {
		return err
	}
	return k.key.Verify(program, digest, publicValues, bz)
}

// word decodes a field of 32 bytes.
func (o object) word(name string) (w [32]byte, err error) {
	bz, err := parseHex(o[name])
	if err != nil {
		return w, fmt.Errorf("%s %w", name, err)
	}
	if len(bz) != len(w) {
		return w, fmt.Errorf("%s must have %d bytes, got %d", name, len(w), len(bz))
	}
	copy(w[:], bz)
	return w, nil
}

// Exit codes of a verification.
const (
	// ExitValid: the proof is valid.
	ExitValid = 0
	// ExitInvalid: something is wrong with proof, program, digest or public values.
	ExitInvalid = 1
	// ExitUnreadable: there is nothing to give a verdict on.
	ExitUnreadable = 2
)

// ExitCode returns the exit code that an answer of Verify calls for.
func ExitCode(v Verdict, err error) int {
	switch {
	case err != nil:
		return ExitUnreadable
	case !v.Valid:
		return ExitInvalid
	default:
		return ExitValid
	}
}

// IsUnreadable reports whether err is one of Verify's.
func IsUnreadable(err error) bool {
	return errors.Is(err, ErrUnreadable) || errors.Is(err, ErrUnknownVerifier) ||
		errors.Is(err, ErrBadKey) || errors.Is(err, ErrMissingField)
}
