// Package bls12381 parses Groth16 keys and proofs on BLS12-381 and verifies them. Package
// groth16 describes the formats.
package bls12381

import "github.com/consensys/gnark-crypto/ecc/bls12-381"

// lines are the precomputed line evaluations of a fixed G2 point. It is an
// array, so that an assignment copies it: gnark-crypto's fixed-argument Miller
// loops change the lines that they are given.
type lines = [2][len(bls12381.LoopCounter) - 1]bls12381.LineEvaluationAff

// finish returns −ψ(Q), which is t = [−x]Q if and only if Q is in the subgroup of
// order r, x being the curve's parameter, a negative number (Scott 2021).
//
// On the curve ψ² − [t]ψ + [p] = 0, with t the trace of Frobenius. A point with
// ψ(Q) = [x]Q has an order that divides x² − tx + p, and its greatest common divisor
// with the order of the whole group is r.
func (s *stepper) finish() (want []bls12381.G2Affine) {
	want = make([]bls12381.G2Affine, len(s.q))
	for i := range s.q {
		image := psi(&s.q[i])
		want[i].Neg(&image)
	}
	return want
}
