// Package plonk is the family of plain PLONK circuits over BN254 and BLS12-381,
// with and without gnark commitments. It gives exactly gnark's verdict on every
// well-formed proof, with gnark's default hashes, and uses gnark-crypto alone.
// Each curve has a package of its own, which parses and verifies.
//
// # Keys
//
// The canonical form of a key is what gnark's WriteRawTo writes, without the KZG
// lines; all integers are big-endian, points uncompressed (sizes for BN254):
//
//	u64 0 | u64 version, which is 1
//	u64 size | 1/size 32 | generator 32 | u64 number of public inputs | coset shift 32
//	S₁ 64 | S₂ 64 | S₃ 64 | Ql 64 | Qr 64 | Qm 64 | Qo 64 | Qk 64
//	u32 number of commitments | each selector 64
//	SRS: G₁ 64 | G₂ 128 | τG₂ 128
//	u32 number of commitments | each row u64
//
// The size is that of the domain, a power of two; the generator has exactly that
// order; a commitment's row counts from behind the public inputs. S₁ to Qk and the
// commitments' selectors may be infinity, the SRS may not (law V4).
//
// gnark's files have the precomputed KZG lines of the two G₂ points before the
// last row, 33,792 bytes on BN254 and 48,384 on BLS12-381, which its verifier
// trusts: with zeros there it accepts any proof. They are no part of a key here
// but computed from the points (law V6). Offline, keys are read with lines, which
// are dropped, or without; raw or compressed (WriteTo); and with or without the
// first row, which gnark writes since v0.15.
//
// For a plain circuit the SRS is part of the key, and so of the circuit's id: who
// names a circuit trusts its setup.
//
// # Proofs
//
// A proof is what gnark's WriteRawTo or WriteTo writes, told apart by length:
//
//	L | R | O | Z | H₀ | H₁ | H₂ | W
//	u32 number of values | at ζ: linearised polynomial, l, r, o, s₁, s₂, each qcp
//	W′ | z at ωζ
//	u32 number of commitments | each commitment
//
// W proves the values at ζ, W′ the one at ωζ. zkVMs send the form of gnark's
// Solidity verifiers (MarshalSolidity) instead, which families read with
// ParseSolidityProof. It leaves out the linearised polynomial's value, which the
// verifier computes:
//
//	L | R | O | H₀ | H₁ | H₂ | l | r | o | s₁ | s₂ | Z | z at ωζ | W | W′ | each qcp | each commitment
//
// A proof's points may be infinity, as gnark has it: the commitment to zero.
package plonk

import (
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/circuit"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bls12381"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
)

// Name is the family's name.
const Name = proof.SystemPlonk

// Family is the family of plain PLONK circuits.
var Family = circuit.NewFamily(Name,
	circuit.Curve{
		Name:           proof.CurveBN254,
		ReadShape:      bn254.ReadShape,
		ParseCanonical: func(key []byte) (circuit.Key, error) { return bn254.ParseCanonicalKey(key) },
		Canonicalize:   bn254.Canonicalize,
	},
	circuit.Curve{
		Name:           proof.CurveBLS12381,
		ReadShape:      bls12381.ReadShape,
		ParseCanonical: func(key []byte) (circuit.Key, error) { return bls12381.ParseCanonicalKey(key) },
		Canonicalize:   bls12381.Canonicalize,
	},
)
