package bn254

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Claim says that a proof proves public inputs under a key. It implements
// proof.Claim; VerifyBatch verifies many.
type Claim struct {
	vk     *VerifyingKey
	proof  *Proof
	inputs []fr.Element
}

// Prepare parses public inputs, as 32-byte words, and a proof. Errors: those of
// wire.Scalars and ParseProof.
func (vk *VerifyingKey) Prepare(publicInputs, bz []byte) (proof.Claim, error) {
	inputs, err := wire.Scalars(publicInputs, vk.shape.PublicInputs)
	if err != nil {
		return nil, err
	}
	p, err := ParseProof(bz, vk.shape.Commitments)
	if err != nil {
		return nil, err
	}
	return vk.Claim(p, inputs)
}

// Claim claims that p proves inputs under the key; neither may change any more.
// Error: proof.ErrInvalidProof, or proof.ErrPublicValues if there are not as many
// inputs as the key has.
func (vk *VerifyingKey) Claim(p *Proof, inputs []fr.Element) (proof.Claim, error) {
	if len(inputs) != vk.shape.PublicInputs {
		return nil, fmt.Errorf("%w: %d public inputs, the key has %d", proof.ErrPublicValues, len(inputs), vk.shape.PublicInputs)
	}
	if len(p.Commitments) != vk.shape.Commitments {
		return nil, fmt.Errorf("%w: %d commitments, the key has %d", proof.ErrInvalidProof, len(p.Commitments), vk.shape.Commitments)
	}
	return &Claim{vk, p, inputs}, nil
}

// VerifyEncoded is Prepare and then the claim's Verify.
func (vk *VerifyingKey) VerifyEncoded(publicInputs, bz []byte) error {
	claim, err := vk.Prepare(publicInputs, bz)
	if err != nil {
		return err
	}
	return claim.Verify()
}

// Verify is Claim and then the claim's Verify.
func (vk *VerifyingKey) Verify(p *Proof, inputs []fr.Element) error {
	claim, err := vk.Claim(p, inputs)
	if err != nil {
		return err
	}
	return claim.Verify()
}

// Verify returns nil if the proof proves the inputs. Errors: proof.ErrPoint if B
// is not in its subgroup, proof.ErrInvalidProof.
func (c *Claim) Verify() error {
	vk, p := c.vk, c.proof
	if err := wire.CheckG2(nameB, &p.B); err != nil {
		return err
	}
	inputs, err := vk.openCommitments(p, c.inputs)
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
