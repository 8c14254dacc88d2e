// Package proof says what it takes to verify a proof: the families of proofs,
// the bounds on everything that a stranger sends, and the errors.
//
// It knows no chain. The node, the offline verifier and the sidecar verify with
// this same code, so that a proof which passes here passes on chain. A verdict
// is a pure function of bytes (law V7).
package proof

import (
	"fmt"

	"github.com/proofmarket/proofmarket/internal/domainhash"
)

// Bounds on what is read from strangers. A family may be stricter.
const (
	// MaxKeySize is the largest verifying key, in bytes.
	MaxKeySize = 64 << 10
	// MaxProofSize is the largest proof, in bytes.
	MaxProofSize = 4 << 10
	// MaxPublicValuesSize is the largest string of public values, in bytes.
	MaxPublicValuesSize = 64 << 10
	// MaxPublicInputs is the largest number of public inputs of a circuit.
	MaxPublicInputs = 512
	// MaxCommitments is the largest number of commitments of a circuit.
	MaxCommitments = 16
	// MaxConstants is the largest number of constants of a verifier.
	MaxConstants = 16
	// MaxConstantNameSize is the longest name of a constant, in bytes.
	MaxConstantNameSize = 32
	// MaxConstantValueSize is the longest value of a constant, in bytes.
	MaxConstantValueSize = 1 << 10
)

// Names of the curves.
const (
	// CurveBN254 is the curve that Ethereum calls alt_bn128.
	CurveBN254 = "bn254"
	// CurveBLS12381 is the curve of Ethereum's consensus and of Zcash.
	CurveBLS12381 = "bls12-381"
)

// Names of the proof systems under the families.
const (
	SystemGroth16 = "groth16"
	SystemPlonk   = "plonk"
)

// Constant is a named value that a family needs beside the key.
type Constant struct {
	Name  string
	Value []byte
}

// Shape is what decides the price of a verification. It is read from a key's
// lengths alone, so that gas can be charged before any point is parsed (law V4).
type Shape struct {
	// System and Curve say which pairing checks a verification comes down to.
	System, Curve string
	// PublicInputs is the number of field elements that the proof is about.
	PublicInputs int
	// Commitments is the number of commitments that the proof carries.
	Commitments int
	// Committed is the number of values that are hashed with the commitments.
	Committed int
}

// Family is a kind of proof. Implementations have no state.
type Family interface {
	// Name identifies the family in state, messages and files.
	Name() string
	// Permissionless reports whether anyone may register a key of this family
	// as a circuit (law V2). Other families need the authority.
	Permissionless() bool
	// Digest returns the digest of public values under the family's rule.
	Digest(publicValues []byte) [32]byte
	// Shape reads the lengths in a canonical key; it takes time that does not
	// depend on points. Errors: ErrCurve, ErrSize, ErrEncoding.
	Shape(curve string, key []byte) (Shape, error)
	// Parse checks a canonical key and prepares it for use. Errors: ErrCurve,
	// ErrSize, ErrEncoding, ErrPoint, ErrConstant.
	Parse(curve string, key []byte, constants []Constant) (Key, error)
	// Canonicalize turns a key in any form that the family reads offline into
	// the canonical one, the only one that the chain accepts.
	Canonicalize(curve string, key []byte) ([]byte, error)
}

// Key is a verifying key that is ready for use. It never changes and is safe
// for concurrent use.
type Key interface {
	// Shape returns what the family's Shape says of the key's bytes.
	Shape() Shape
	// NeedsPublicValues reports whether public values must come with the proof
	// (law V3).
	NeedsPublicValues() bool
	// Digest returns the digest of public values under the family's rule.
	Digest(publicValues []byte) [32]byte
	// CheckStatement reports whether the statement can be proved at all: values
	// in their canonical ranges. Errors: ErrProgram, ErrDigest.
	CheckStatement(program, digest [32]byte) error
	// Prepare does all of Verify but the pairings, which may then be computed in
	// a batch (law V7). Errors: those of Verify.
	Prepare(program, digest [32]byte, publicValues, proof []byte) (Claim, error)
	// Verify returns nil if proof proves the statement. publicValues is nil if
	// they did not come with the proof. Errors: those of CheckStatement,
	// ErrPublicValues, ErrSize, ErrEncoding, ErrPoint, ErrInvalidProof.
	Verify(program, digest [32]byte, publicValues, proof []byte) error
}

// CircuitID names a circuit by its content (law V2): the hash of the family's
// name, the curve's name and the canonical key.
func CircuitID(family, curve string, key []byte) [32]byte {
	return domainhash.Sum("proofmarket/circuit/v1", []byte(family), []byte(curve), key)
}

// KeyHash names a key with its constants by content: the cache key of law V7.
func KeyHash(family, curve string, key []byte, constants []Constant) [32]byte {
	parts := [][]byte{[]byte(family), []byte(curve), key}
	for _, c := range constants {
		parts = append(parts, []byte(c.Name), c.Value)
	}
	return domainhash.Sum("proofmarket/verifier-key/v1", parts...)
}

// CheckCurve reports a curve that is not the one that a family has. Error:
// ErrCurve.
func CheckCurve(got, want string) error {
	if got != want {
		return fmt.Errorf("%w %.32q: use %q", ErrCurve, got, want)
	}
	return nil
}

// CheckConstants reports whether constants are within bounds, named, sorted by
// name and free of duplicates. Error: ErrConstant.
func CheckConstants(constants []Constant) error {
	if len(constants) > MaxConstants {
		return fmt.Errorf("%w: %d of them, at most %d are allowed", ErrConstant, len(constants), MaxConstants)
	}
	for i, c := range constants {
		switch {
		case c.Name == "" || len(c.Name) > MaxConstantNameSize:
			return fmt.Errorf("%w: a name must have 1 to %d bytes, got %d", ErrConstant, MaxConstantNameSize, len(c.Name))
		case len(c.Value) > MaxConstantValueSize:
			return fmt.Errorf("%w: %q has %d bytes, at most %d are allowed", ErrConstant, c.Name, len(c.Value), MaxConstantValueSize)
		case i > 0 && constants[i-1].Name >= c.Name:
			return fmt.Errorf("%w: %q must come after %q once; sort them by name", ErrConstant, c.Name, constants[i-1].Name)
		}
	}
	return nil
}

// CheckSizes is the first step on untrusted bytes (law V4). Error: ErrSize for
// the proof, ErrPublicValues for the public values.
func CheckSizes(publicValues, proof []byte) error {
	if len(proof) > MaxProofSize {
		return fmt.Errorf("%w: a proof has at most %d bytes, got %d", ErrSize, MaxProofSize, len(proof))
	}
	if len(publicValues) > MaxPublicValuesSize {
		return fmt.Errorf("%w: at most %d bytes, got %d", ErrPublicValues, MaxPublicValuesSize, len(publicValues))
	}
	return nil
}

// Guard runs f and turns a panic into ErrInternal: whatever a stranger's bytes
// trigger in a library, the node goes on (law V4).
func Guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrInternal, r)
		}
	}()
	return f()
}
