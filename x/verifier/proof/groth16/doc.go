// Package groth16 verifies Groth16 proofs over BN254, with and without gnark
// commitments, and gives exactly gnark's verdict on every well-formed proof. It
// uses gnark-crypto alone, so that no prover code, logger or other curve is
// linked into a node.
//
// # Keys
//
// The canonical form of a key is what gnark's WriteRawTo writes; all integers
// are big-endian, points uncompressed:
//
//	α₁ 64 | β₁ 64 | β₂ 128 | γ₂ 128 | δ₁ 64 | δ₂ 128
//	u32 number of K | each K 64
//	u32 number of commitments | for each: u32 count | each index u64
//	u32 number of commitments | for each: G₂ 128 | (−σG)₂ 128
//
// WriteTo's form, with compressed points of half the size, is read offline.
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
