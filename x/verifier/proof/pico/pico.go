// Package pico verifies proofs of the Pico zkVM: Groth16 over BN254 with two
// public inputs and no commitments.
//
//	program  program key, below 2²⁴⁸
//	digest   sha256 of the public values with the top three bits cleared
//	inputs   program, digest
//	proof    eight big-endian words: A.x A.y B.x1 B.x0 B.y1 B.y0 C.x C.y
//	key      as in package groth16; β₁ and δ₁ infinity where it comes from a contract
//
// x1 and y1 are the imaginary parts. Public values need not come with a proof:
// the digest stands for them. The family has no constants.
package pico

import (
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

// Family is the family of Pico verifiers.
type Family struct{}

var _ proof.Family = Family{}

// Name implements proof.Family.
func (Family) Name() string { return Name }

// Permissionless implements proof.Family: which keys are Pico's, the authority says.
func (Family) Permissionless() bool { return false }

// Digest implements proof.Family.
func (Family) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }
