package offline

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
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
	key, v, err := o.key()
	if err != nil {
		return Verdict{}, err
	}
	if err := o.require("program", "proof"); err != nil {
		return v, err
	}
	if _, ok := o["public_values"]; !ok {
		if key.NeedsPublicValues() {
			return v, fmt.Errorf("%w %q: a circuit's public values must come with the proof", ErrMissingField, "public_values")
		}
		if err := o.require("digest"); err != nil {
			return v, fmt.Errorf("%w, or else \"public_values\"", err)
		}
	}
	// A fault is a verdict, not a failure to reach one.
	fault := o.check(key, &v)
	v.Valid, v.Reason = fault == nil, "the proof is valid"
	if fault != nil {
		v.Reason = fault.Error()
	}
	return v, nil
}

// VerifyReader reads an object to its end and verifies it, like Verify.
func VerifyReader(r io.Reader) (Verdict, error) {
	bz, err := io.ReadAll(io.LimitReader(r, MaxObjectSize+1))
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: %s", ErrUnreadable, err)
	}
	return Verify(bz)
}

// key returns the key that the object names or carries, and what the verdict
// says of it.
func (o object) key() (proof.Key, Verdict, error) {
	if _, ok := o["verifier"]; !ok {
		return o.ownKey()
	}
	for _, name := range []string{"family", "curve", "key", "constants"} {
		if _, ok := o[name]; ok {
			return nil, Verdict{}, fmt.Errorf("%w: give \"verifier\" or %q, not both", ErrUnreadable, name)
		}
	}
	id, err := o.text("verifier")
	if err != nil {
		return nil, Verdict{}, err
	}
	builtIn, err := families.BuiltIn()
	if err != nil {
		return nil, Verdict{}, fmt.Errorf("%w: %s", ErrBadKey, err)
	}
	var known string
	for _, b := range builtIn {
		known += " " + b.ID
		if b.ID == id {
			f, ok := families.Get(b.Family)
			if !ok {
				return nil, Verdict{}, fmt.Errorf("%w: family %q", ErrBadKey, b.Family)
			}
			k, err := f.Parse(b.Curve, b.Key, b.Constants)
			if err != nil {
				return nil, Verdict{}, fmt.Errorf("%w: %w", ErrBadKey, err)
			}
			return k, Verdict{Verifier: id, Family: b.Family}, nil
		}
	}
	return nil, Verdict{}, fmt.Errorf("%w %.64q; built in are:%s; give another key as \"family\", \"curve\" and \"key\"", ErrUnknownVerifier, id, known)
}

// ownKey reads the key that the object carries, in any form that its family
// reads.
func (o object) ownKey() (proof.Key, Verdict, error) {
	if len(o["family"])+len(o["curve"])+len(o["key"])+len(o["constants"]) == 0 {
		return nil, Verdict{}, fmt.Errorf("%w %q, or else \"family\", \"curve\" and \"key\"", ErrMissingField, "verifier")
	}
	if err := o.require("family", "curve", "key"); err != nil {
		return nil, Verdict{}, err
	}
	family, err := o.text("family")
	if err != nil {
		return nil, Verdict{}, err
	}
	curve, err := o.text("curve")
	if err != nil {
		return nil, Verdict{}, err
	}
	bz, err := parseHex(o["key"])
	if err != nil {
		return nil, Verdict{}, fmt.Errorf("%w: field \"key\" %s", ErrBadKey, err)
	}
	constants, err := o.constants()
	if err != nil {
		return nil, Verdict{}, err
	}
	f, ok := families.Get(family)
	if !ok {
		return nil, Verdict{}, fmt.Errorf("%w: family %.40q is none of %s", ErrBadKey, family, families.Names())
	}
	canonical, err := f.Canonicalize(curve, bz)
	if err != nil {
		return nil, Verdict{}, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	k, err := f.Parse(curve, canonical, constants)
	if err != nil {
		return nil, Verdict{}, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	v := Verdict{Family: family}
	if f.Permissionless() {
		id := proof.CircuitID(family, curve, canonical)
		v.Verifier, v.CircuitID = circuitVerifier, hex.EncodeToString(id[:])
	}
	return k, v, nil
}

// check verifies the statement that the object makes and notes it in v.
func (o object) check(key proof.Key, v *Verdict) error {
	program, err := o.word("program")
	if err != nil {
		return err
	}
	v.Program = hex.EncodeToString(program[:])
	var publicValues Hex
	if raw, ok := o["public_values"]; ok {
		if publicValues, err = parseHex(raw); err != nil {
			return fmt.Errorf("public_values %w", err)
		}
	}
	var digest [32]byte
	if _, ok := o["digest"]; !ok {
		digest = key.Digest(publicValues)
	} else if digest, err = o.word("digest"); err != nil {
		return err
	}
	v.Digest = hex.EncodeToString(digest[:])
	bz, err := parseHex(o["proof"])
	if err != nil {
		return fmt.Errorf("proof %w", err)
	}
	return key.Verify(program, digest, publicValues, bz)
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
