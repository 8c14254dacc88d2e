// Package sp1 verifies proofs of the SP1 zkVM, wrapped in Groth16 or in PLONK,
// both over BN254: the families sp1-groth16 and sp1-plonk. All integers are
// big-endian words of 32 bytes.
//
// # Versions
//
// The key's number of public inputs tells the version. A key with two is from
// before v6 and has no constants:
//
//	inputs  program key, masked digest
//	proof   selector 4 | body
//
// A key with five is v6, and its one constant is vk_root, the root of the tree of
// recursion keys that SP1 accepts:
//
//	inputs  program key, masked digest, exit code, vk root, nonce
//	proof   selector 4 | exit code 32 | vk root 32 | nonce 32 | body
//
// The exit code must be zero and the vk root the constant; the nonce is the
// prover's choice and below the scalar field's modulus.
//
// # Statements
//
// A program key (vk.bytes32 in SP1's SDK) packs eight elements of a 31-bit field,
// so it is below 2²⁴⁸. The digest is sha256(public values) with the top three bits
// cleared. Public values need not come with a proof: the digest stands for them.
//
// # Proofs
//
// A Groth16 body is eight words: A.x A.y B.x1 B.x0 B.y1 B.y0 C.x C.y, where x1 and
// y1 are imaginary parts. A PLONK body has 864 bytes, what gnark's MarshalSolidity
// writes for a circuit with one commitment. The selector is the first four bytes
// of the verifier hash, the sha256 of the key file that SP1 publishes.
//
// # Keys
//
// A canonical sp1-groth16 key is the published file: what gnark's WriteTo writes,
// points compressed, no commitments, 396 bytes before v6 and 492 since.
//
// A canonical sp1-plonk key is the published file without its KZG lines, 576 bytes
// out of 34,368. The lines are derived from the points before them, and every
// published file holds zeros in their place, with which gnark accepts any proof:
// they are computed here and never read, and the zeros come back only to compute
// the verifier hash. The SRS of a key must be that of the published keys (law V6).
package sp1

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Names of the families.
const (
	// NameGroth16 is the name of the family of Groth16-wrapped proofs.
	NameGroth16 = "sp1-groth16"
	// NamePlonk is the name of the family of PLONK-wrapped proofs.
	NamePlonk = "sp1-plonk"
)

// The families.
var (
	// Groth16 is the family sp1-groth16.
	Groth16 = Family{groth16System}
	// Plonk is the family sp1-plonk.
	Plonk = Family{plonkSystem}
)

// Family is one of the families of SP1 verifiers, Groth16 or Plonk.
type Family struct{ system system }

// system is what differs between the families.
type system struct {
	// name is the family's name.
	name string
	// bodySize is the length of a proof's body in bytes.
	bodySize int
	// readShape reads the lengths in a canonical key.
	readShape func(key []byte) (proof.Shape, error)
	// parse parses a canonical key.
	parse func(key []byte) (claimFunc, error)
	// canonical turns a published file, or a canonical key, into a canonical key.
	canonical func(file []byte) ([]byte, error)
	// hash returns the verifier hash of a canonical key.
	hash func(key []byte) [32]byte
}

// claimFunc parses a proof's body and returns the claim that it proves the inputs.
type claimFunc func(body []byte, inputs []fr.Element) (proof.Claim, error)

var _ proof.Family = Family{}

// Name implements proof.Family.
func (f Family) Name() string { return f.system.name }

// Permissionless implements proof.Family: which keys are SP1's, the authority says.
func (Family) Permissionless() bool { return false }

// Digest implements proof.Family.
func (Family) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// Shape implements proof.Family.
func (f Family) Shape(curve string, key []byte) (proof.Shape, error) {
	if err := proof.CheckCurve(curve, proof.CurveBN254); err != nil {
		return proof.Shape{}, err
	}
	shape, err := f.system.readShape(key)
	if err != nil {
		return shape, err
	}
	if shape.PublicInputs != inputsBeforeV6 && shape.PublicInputs != inputsV6 {
		return shape, fmt.Errorf("%w: an SP1 key has %d public inputs before v6 and %d since, got %d",
			proof.ErrEncoding, inputsBeforeV6, inputsV6, shape.PublicInputs)
	}
	return shape, nil
}

// Parse implements proof.Family.
func (f Family) Parse(curve string, bz []byte, constants []proof.Constant) (proof.Key, error) {
	shape, err := f.Shape(curve, bz)
	if err != nil {
		return nil, err
	}
	k := &key{shape: shape, bodySize: f.system.bodySize}
	if k.vkRoot, err = parseConstants(shape.PublicInputs, constants); err != nil {
		return nil, err
	}
	err = proof.Guard(func() error {
		k.claim, err = f.system.parse(bz)
		return err
	})
	if err != nil {
		return nil, err
	}
	hash := f.system.hash(bz)
	copy(k.selector[:], hash[:])
	return k, nil
}

// Canonicalize implements proof.Family: it reads the file that SP1 publishes and
// the canonical form. Other forms of the same points are refused: they would not
// hash to the selector that proofs carry.
func (f Family) Canonicalize(curve string, bz []byte) ([]byte, error) {
	if err := proof.CheckCurve(curve, proof.CurveBN254); err != nil {
		return nil, err
	}
	canonical, err := f.system.canonical(bz)
	if err != nil {
		return nil, err
	}
	if _, err := f.Shape(curve, canonical); err != nil {
		return nil, err
	}
	err = proof.Guard(func() error {
		_, err := f.system.parse(canonical)
		return err
	})
	if err != nil {
		return nil, err
	}
	return canonical, nil
}

// VerifierHash returns what SP1 calls the verifier hash of a canonical key: the
// sha256 of the key as published. Its first four bytes are the selector that
// proofs start with. Errors: those of Shape.
func (f Family) VerifierHash(key []byte) (hash [32]byte, err error) {
	if _, err := f.Shape(proof.CurveBN254, key); err != nil {
		return hash, err
	}
	return f.system.hash(key), nil
}
