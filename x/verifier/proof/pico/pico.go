// Package pico verifies proofs of the Pico zkVM: Groth16 over BN254 with two
// public inputs and no commitments.
//
//	inputs  program key (< 2²⁴⁸), sha256(public values) with the top three bits cleared
//	proof   eight big-endian words: A.x A.y B.x1 B.x0 B.y1 B.y0 C.x C.y
//
// x1 and y1 are the imaginary parts. Public values need not come with a proof:
// the digest stands for them.
package pico

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// Name is the family's name.
const Name = "pico"

// Sizes in the family's wire formats.
const (
	// ProofSize is the length of every proof in bytes.
	ProofSize = groth16.PointsSize
	// publicInputs is the number of public inputs of every Pico key.
	publicInputs = 2
)

// KeyV122Hash is the sha256 of KeyV122 in hex.
const KeyV122Hash = "9fbbdc9334f030856e01444c3685ee6d916d5ff0cdf06de487e96c6b7b6c56de"

//go:embed keys/v1.2.2.hex
var keyV122 string

// KeyV122 returns the key that the current Pico network uses, in canonical
// form. It was published as constants of src/pico/Groth16Verifier.sol in
// github.com/brevis-network/prover-network-contracts at commit
// e7379a14c840472db2a0cdcc74fdfd69a83b151a (2026-01-04); the contract's −β, −γ
// and −δ are negated back, and β₁ and δ₁, which it does not have, are infinity.
// The key's sha256 is KeyV122Hash.
func KeyV122() ([]byte, error) {
	return hex.DecodeString(strings.TrimSpace(keyV122))
}

// Family is the family of Pico verifiers.
type Family struct{}

var _ proof.Family = Family{}

// Name implements proof.Family.
func (Family) Name() string { return Name }

// Permissionless implements proof.Family: which keys are Pico's, the authority says.
func (Family) Permissionless() bool { return false }

// Shape implements proof.Family.
func (Family) Shape(curve string, key []byte) (proof.Shape, error) {
	if err := groth16.CheckCurve(curve); err != nil {
		return proof.Shape{}, err
	}
	shape, err := groth16.ReadShape(key)
	if err != nil {
		return shape, err
	}
	if shape.PublicInputs != publicInputs || shape.Commitments != 0 {
		return shape, fmt.Errorf("%w: a Pico key has %d public inputs and no commitments, got %d and %d",
			proof.ErrEncoding, publicInputs, shape.PublicInputs, shape.Commitments)
	}
	return shape, nil
}

// Parse implements proof.Family. The family has no constants.
func (f Family) Parse(curve string, bz []byte, constants []proof.Constant) (k proof.Key, err error) {
	if _, err := f.Shape(curve, bz); err != nil {
		return nil, err
	}
	if len(constants) > 0 {
		return nil, fmt.Errorf("%w: family %s takes none", proof.ErrConstant, Name)
	}
	err = proof.Guard(func() error {
		vk, err := groth16.ParseCanonicalKey(bz)
		k = key{vk}
		return err
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Canonicalize implements proof.Family: it reads WriteRawTo and WriteTo.
func (f Family) Canonicalize(curve string, bz []byte) ([]byte, error) {
	if _, err := f.Shape(curve, bz); err != nil {
		return nil, err
	}
	return groth16.Family{}.Canonicalize(curve, bz)
}

// key is a Pico verifying key.
type key struct{ vk *groth16.VerifyingKey }

// Shape implements proof.Key.
func (k key) Shape() proof.Shape { return k.vk.Shape() }

// NeedsPublicValues implements proof.Key.
func (key) NeedsPublicValues() bool { return false }

// Digest implements proof.Key.
func (key) Digest(publicValues []byte) [32]byte { return groth16.Digest(publicValues) }

// CheckStatement implements proof.Key: program keys are below 2²⁴⁸, digests
// below 2²⁵³.
func (key) CheckStatement(program, digest [32]byte) error {
	if program[0] != 0 {
		return fmt.Errorf("%w: a Pico program key is below 2^248, so its first byte is zero", proof.ErrProgram)
	}
	return groth16.CheckDigest(digest)
}

// Verify implements proof.Key. Public values that come with the proof must hash
// to the digest.
func (k key) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Guard(func() error {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return err
		}
		if err := k.CheckStatement(program, digest); err != nil {
			return err
		}
		if publicValues != nil {
			if got := groth16.Digest(publicValues); got != digest {
				return fmt.Errorf("%w: they hash to %x, the statement says %x", proof.ErrPublicValues, got, digest)
			}
		}
		p, err := groth16.ParsePoints(bz)
		if err != nil {
			return err
		}
		inputs := make([]fr.Element, publicInputs)
		for i, word := range [][32]byte{program, digest} {
			if err := inputs[i].SetBytesCanonical(word[:]); err != nil {
				return fmt.Errorf("%w: input %d is not below the scalar field's modulus", proof.ErrEncoding, i)
			}
		}
		return k.vk.Verify(p, inputs)
	})
}
