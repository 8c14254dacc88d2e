package sp1

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Numbers of public inputs, which tell a key's version.
const (
	inputsBeforeV6 = 2
	inputsV6       = 5
)

// ConstantVKRoot is the name of the constant of a v6 verifier.
const ConstantVKRoot = "vk_root"

// parseConstants checks the constants of a key with that many public inputs and
// returns the vk root, zero before v6. Error: proof.ErrConstant.
func parseConstants(publicInputs int, constants []proof.Constant) (root word, err error) {
	if publicInputs != inputsV6 {
		if len(constants) > 0 {
			return root, fmt.Errorf("%w: SP1 has none before v6, remove them", proof.ErrConstant)
		}
		return root, nil
	}
	if len(constants) != 1 || constants[0].Name != ConstantVKRoot {
		return root, fmt.Errorf("%w: an SP1 v6 verifier has exactly one, %q", proof.ErrConstant, ConstantVKRoot)
	}
	if n := len(constants[0].Value); n != len(root) {
		return root, fmt.Errorf("%w: %q has %d bytes, got %d", proof.ErrConstant, ConstantVKRoot, len(root), n)
	}
	copy(root[:], constants[0].Value)
	var e fr.Element
	if err := e.SetBytesCanonical(root[:]); err != nil || e.IsZero() {
		return root, fmt.Errorf("%w: %q must be below the scalar field's modulus and not zero", proof.ErrConstant, ConstantVKRoot)
	}
	return root, nil
}

// checkStatement reports a statement that no SP1 program can have. A program key
// is Σ eᵢ × 2^(31×(7−i)) over eight elements eᵢ < 2³¹, so it is below 2²⁴⁸.
// Errors: proof.ErrProgram, proof.ErrDigest.
func checkStatement(program, digest word) error {
	if program[0] != 0 {
		return fmt.Errorf("%w: an SP1 program key is below 2^248, so its first byte is zero", proof.ErrProgram)
	}
	return proof.CheckMaskedDigest(digest)
}

// publicInputs returns the public inputs of a statement and of what its proof says,
// in the order of SP1's circuit. Error: proof.ErrEncoding.
func publicInputs(program, digest word, h header) ([]fr.Element, error) {
	words := []word{program, digest}
	if h.present {
		words = append(words, h.exitCode, h.vkRoot, h.nonce)
	}
	inputs := make([]fr.Element, len(words))
	for i := range words {
		if err := inputs[i].SetBytesCanonical(words[i][:]); err != nil {
			return nil, fmt.Errorf("%w: public input %d is not below the scalar field's modulus", proof.ErrEncoding, i)
		}
	}
	return inputs, nil
}
