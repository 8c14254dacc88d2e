// Package bls12381 parses Groth16 keys and proofs on BLS12-381 and verifies them. Package
// groth16 describes the formats.
package bls12381

import "github.com/consensys/gnark-crypto/ecc/bls12-381"

// lines are the precomputed line evaluations of a fixed G2 point. It is an
// array, so that an assignment copies it: gnark-crypto's fixed-argument Miller
// loops change the lines that they are given.
type lines = [2][len(bls12381.LoopCounter) - 1]bls12381.LineEvaluationAff
