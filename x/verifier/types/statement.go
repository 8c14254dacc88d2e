package types

import (
	"encoding/hex"

	errorsmod "cosmossdk.io/errors"
)

// MaxVerifierIDSize is the longest verifier id, in bytes.
const MaxVerifierIDSize = 64

// Decode checks the statement's form and returns program and digest as bytes.
// Error: ErrInvalidStatement.
func (s Statement) Decode() (program, digest [IDSize]byte, err error) {
	if s.Verifier != CircuitVerifier {
		if err := CheckVerifierID(s.Verifier); err != nil {
			return program, digest, errorsmod.Wrap(ErrInvalidStatement, err.Error())
		}
	}
	if program, err = DecodeID("program", s.Program); err != nil {
		return program, digest, err
	}
	digest, err = DecodeID("digest", s.Digest)
	return program, digest, err
}

// IsCircuit reports whether the statement is about a circuit (law V2).
func (s Statement) IsCircuit() bool { return s.Verifier == CircuitVerifier }

// DecodeID decodes 64 lower-case hex digits; name says in errors what they are.
// Error: ErrInvalidStatement.
func DecodeID(name, s string) (id [IDSize]byte, err error) {
	if len(s) != 2*IDSize {
		return id, errorsmod.Wrapf(ErrInvalidStatement, "%s must have %d hex digits, got %d characters", name, 2*IDSize, len(s))
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return id, errorsmod.Wrapf(ErrInvalidStatement, "%s must consist of the digits 0-9 and a-f, without 0x, got %q", name, c)
		}
	}
	_, err = hex.Decode(id[:], []byte(s))
	return id, err
}

// CheckVerifierID reports whether id can name a verifier: 1 to 64 characters
// a-z, 0-9, '.', '-', '_' and '/', first and last a letter or digit, and not
// the reserved "circuit". Error: ErrInvalidVerifier.
func CheckVerifierID(id string) error {
	if id == "" || len(id) > MaxVerifierIDSize {
		return errorsmod.Wrapf(ErrInvalidVerifier, "an id has 1 to %d characters, got %d", MaxVerifierIDSize, len(id))
	}
	if id == CircuitVerifier {
		return errorsmod.Wrapf(ErrInvalidVerifier, "the id %q is reserved for circuits", id)
	}
	for i, c := range []byte(id) {
		alnum := (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
		inner := i > 0 && i < len(id)-1 && (c == '.' || c == '-' || c == '_' || c == '/')
		if !alnum && !inner {
			return errorsmod.Wrapf(ErrInvalidVerifier, "an id consists of a-z, 0-9 and, inside, '.', '-', '_' and '/'; got %q at place %d", c, i+1)
		}
	}
	return nil
}
