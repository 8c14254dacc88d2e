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
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Name is the family's name.
const Name = "pico"

// Sizes in the family's wire formats.
const (
	// ProofSize is the length of every proof in bytes.
	ProofSize = bn254.PointsSize
	// publicInputs is the number of public inputs of every Pico key.
	publicInputs = 2
)

//go:embed keys/v1.2.2.hex
var keyV122 string

// Published returns the keys that Brevis published and that stand built in, in
// canonical form. They come from Solidity contracts, whose −β, −γ and −δ are
// negated back; β₁ and δ₁, which a contract does not have, are infinity.
func Published() ([]proof.Published, error) {
	key, err := hex.DecodeString(strings.TrimSpace(keyV122))
	if err != nil {
		return nil, fmt.Errorf("%w: embedded key: %w", proof.ErrEncoding, err)
	}
	return []proof.Published{{
		ID: Name + "/v1.2.2", Family: Name, Curve: proof.CurveBN254, Key: key,
		Source: proof.Source{
			Repository: "brevis-network/prover-network-contracts",
			Path:       "src/pico/Groth16Verifier.sol",
			Commit:     "e7379a14c840472db2a0cdcc74fdfd69a83b151a",
			SHA256:     "9fbbdc9334f030856e01444c3685ee6d916d5ff0cdf06de487e96c6b7b6c56de",
		},
	}}, nil
}

// Family is the family of Pico verifiers.
type Family struct{}

var _ proof.Family = Family{}

// Name implements proof.Family.
func (Family) Name() string { return Name }

// Permissionless implements proof.Family: which keys are Pico's, the authority says.
func (Family) Permissionless() bool { return false }

// Digest implements proof.Family.
func (Family) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// Shape implements proof.Family.
func (Family) Shape(curve string, key []byte) (proof.Shape, error) {
	if err := proof.CheckCurve(curve, proof.CurveBN254); err != nil {
		return proof.Shape{}, err
	}
	shape, err := bn254.ReadShape(key)
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
		vk, err := bn254.ParseCanonicalKey(bz)
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
	return bn254.Canonicalize(bz)
}

// key is a Pico verifying key.
type key struct{ vk *bn254.VerifyingKey }

// Shape implements proof.Key.
func (k key) Shape() proof.Shape { return k.vk.Shape() }

// NeedsPublicValues implements proof.Key.
func (key) NeedsPublicValues() bool { return false }

// Digest implements proof.Key.
func (key) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// CheckStatement implements proof.Key: program keys are below 2²⁴⁸, digests
// below 2²⁵³.
func (key) CheckStatement(program, digest [32]byte) error {
	if program[0] != 0 {
		return fmt.Errorf("%w: a Pico program key is below 2^248, so its first byte is zero", proof.ErrProgram)
	}
	return proof.CheckMaskedDigest(digest)
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
			if err := proof.CheckPublicValues(proof.MaskedDigest(publicValues), digest); err != nil {
				return err
			}
		}
		p, err := bn254.ParsePoints(bz)
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
