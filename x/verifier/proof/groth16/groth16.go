// Package groth16 is the family of plain Groth16 circuits over BN254 and
// BLS12-381, with and without gnark commitments. It gives exactly gnark's verdict
// on every well-formed proof and uses gnark-crypto alone, so that no prover code
// or logger is linked into a node. Each curve has a package of its own, which
// parses and verifies.
//
// # Keys
//
// The canonical form of a key is what gnark's WriteRawTo writes; all integers
// are big-endian, points uncompressed, of 64 bytes in G1 and 128 in G2 on BN254,
// of 96 and 192 on BLS12-381:
//
//	α₁ | β₁ | β₂ | γ₂ | δ₁ | δ₂
//	u32 number of K | each K₁
//	u32 number of commitments | for each: u32 count | each index u64
//	u32 number of commitments | for each: G₂ | (−σG)₂
//
// Infinity is all zeros on BN254, the byte 0x40 and then zeros on BLS12-381.
// WriteTo's form, with compressed points of half the size, and snarkjs's
// verification_key.json are read offline.
// β₁ and δ₁ take no part in verification and may be infinity: a key that was
// published as a Solidity contract does not have them. K may hold infinity too;
// nothing else may (law V4).
//
// # Proofs
//
// A proof is what gnark's WriteRawTo or WriteTo writes, told apart by length:
//
//	A₁ | B₂ | C₁ | u32 number of commitments | each commitment₁ | proof of knowledge₁
//
// A, B and C are never infinity; a proof of a circuit without commitments
// carries exactly infinity as its proof of knowledge. Proofs are malleable (law
// V8): two different proofs of one statement say nothing new.
package groth16

import (
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/circuit"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bls12381"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Name is the family's name.
const Name = proof.SystemGroth16

// Family is the family of plain Groth16 circuits.
var Family = circuit.NewFamily(Name,
	circuit.Curve{
		Name:           proof.CurveBN254,
		ReadShape:      bn254.ReadShape,
		ParseCanonical: func(key []byte) (circuit.Key, error) { return bn254.ParseCanonicalKey(key) },
		Canonicalize:   canonicalize(proof.CurveBN254, bn254.Canonicalize),
	},
	circuit.Curve{
		Name:           proof.CurveBLS12381,
		ReadShape:      bls12381.ReadShape,
		ParseCanonical: func(key []byte) (circuit.Key, error) { return bls12381.ParseCanonicalKey(key) },
		Canonicalize:   canonicalize(proof.CurveBLS12381, bls12381.Canonicalize),
	},
)

// canonicalize reads a key of the curve in gnark's forms, with binary, or as
// snarkjs writes it.
func canonicalize(curve string, binary func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(key []byte) ([]byte, error) {
		if !IsJSON(key) {
			return binary(key)
		}
		got, canonical, err := KeyFromSnarkJS(key)
		if err != nil {
			return nil, err
		}
		if got != curve {
			return nil, fmt.Errorf("%w: the key is on %s, not on %s", proof.ErrCurve, got, curve)
		}
		return canonical, nil
	}
}
