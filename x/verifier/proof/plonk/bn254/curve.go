// Package bn254 parses PLONK keys and proofs on BN254 and verifies them. Package
// plonk describes the formats.
package bn254

import "github.com/consensys/gnark-crypto/ecc/bn254"

// lines are the precomputed line evaluations of a fixed G2 point. It is an
// array, so that an assignment copies it: gnark-crypto's fixed-argument Miller
// loops change the lines that they are given.
type lines = [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff
