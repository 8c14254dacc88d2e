package bn254

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// VerifyEncoded parses public inputs, as 32-byte words, and a proof, and verifies
// them. Errors: those of wire.Scalars, ParseProof and Verify.
func (vk *VerifyingKey) VerifyEncoded(publicInputs, bz []byte) error {
	inputs, err := wire.Scalars(publicInputs, vk.shape.PublicInputs)
	if err != nil {
		return err
	}
	p, err := ParseProof(bz, vk.shape.Commitments)
	if err != nil {
		return err
	}
	return vk.Verify(p, inputs)
}

// Verify returns nil if p proves inputs under the key. Error:
// proof.ErrInvalidProof, or proof.ErrPublicValues if there are not as many
// inputs as the key has.
func (vk *VerifyingKey) Verify(p *Proof, inputs []fr.Element) error {
	if len(inputs) != vk.shape.PublicInputs {
		return fmt.Errorf("%w: %d public inputs, the key has %d", proof.ErrPublicValues, len(inputs), vk.shape.PublicInputs)
	}
	if len(p.Commitments) != vk.shape.Commitments {
		return fmt.Errorf("%w: %d commitments, the key has %d", proof.ErrInvalidProof, len(p.Commitments), vk.shape.Commitments)
	}
	inputs, err := vk.openCommitments(p, inputs)
	if err != nil {
		return err
	}
	sum, err := vk.sumInputs(p, inputs)
	if err != nil {
		return err
	}
	ab, err := bn254.MillerLoop([]bn254.G1Affine{p.A}, []bn254.G2Affine{p.B})
	if err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	// The loop changes its lines: this literal copies them (see lines).
	rest, err := bn254.MillerLoopFixedQ([]bn254.G1Affine{sum, p.C}, []lines{vk.gammaNeg, vk.deltaNeg})
	if err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	if e := bn254.FinalExponentiation(&ab, &rest); !e.Equal(&vk.alphaBeta) {
		return fmt.Errorf("%w: the pairing does not hold", proof.ErrInvalidProof)
	}
	return nil
}
