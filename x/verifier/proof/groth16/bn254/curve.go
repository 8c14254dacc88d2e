// Package bn254 parses Groth16 keys and proofs on BN254 and verifies them. Package
// groth16 describes the formats.
package bn254

import "github.com/consensys/gnark-crypto/ecc/bn254"

// lines are the precomputed line evaluations of a fixed G2 point. It is an
// array, so that an assignment copies it: gnark-crypto's fixed-argument Miller
// loops change the lines that they are given.
type lines = [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff

// finish computes the last two lines, those of ψ(Q) and −ψ²(Q), which leave t at
// [6x+2]Q + ψ(Q) − ψ²(Q), x being the curve's parameter. It returns −ψ³(Q), which is
// the same if and only if Q is in the subgroup of order r.
//
// On the curve ψ² − [t]ψ + [p] = 0, with t the trace of Frobenius, so that
// f(ψ) = 6x + 2 + ψ − ψ² + ψ³ = [a]ψ + [b] for integers a and b. A point with f(ψ)Q = 0
// has an order that divides the norm a²p + abt + b² of f(ψ), and its greatest common
// divisor with the order of the whole group is r.
func (s *stepper) finish() (want []bn254.G2Affine) {
	first, second := make([]bn254.G2Affine, len(s.q)), make([]bn254.G2Affine, len(s.q))
	want = make([]bn254.G2Affine, len(s.q))
	for i := range s.q {
		first[i] = psi(&s.q[i])
		second[i] = psi(&first[i])
		second[i].Neg(&second[i])
		want[i] = psi(&second[i])
	}
	const last = len(bn254.LoopCounter) - 1
	s.add(1, last, first)
	s.add(0, last, second)
	return want
}
