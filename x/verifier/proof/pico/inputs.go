package pico

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// checkStatement reports a program key that is not below 2²⁴⁸, or a digest that
// is not below 2²⁵³. Errors: proof.ErrProgram, proof.ErrDigest.
func checkStatement(program, digest [32]byte) error {
	if program[0] != 0 {
		return fmt.Errorf("%w: a Pico program key is below 2^248, so its first byte is zero", proof.ErrProgram)
	}
	return proof.CheckMaskedDigest(digest)
}

// inputs returns the public inputs of a statement. Values in the ranges that
// checkStatement asks for are below the modulus: nothing is reduced.
func inputs(program, digest [32]byte) []fr.Element {
	out := make([]fr.Element, publicInputs)
	out[0].SetBytes(program[:])
	out[1].SetBytes(digest[:])
	return out
}
