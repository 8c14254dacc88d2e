package bn254

import (
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/pedersen"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Domains that gnark separates its hashes with.
var (
	commitmentDomain = []byte("bsb22-commitment")
	foldingDomain    = []byte("G16-BSB22")
)

// msmThreshold is the number of public inputs from which one multi-scalar
// multiplication beats separate ones (BenchmarkInputs in x/verifier/types).
const msmThreshold = 10

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

// openCommitments checks the proof of knowledge of the commitments, and returns
// the inputs followed by each commitment's hash to the field, as gnark's
// circuits see them.
func (vk *VerifyingKey) openCommitments(p *Proof, inputs []fr.Element) ([]fr.Element, error) {
	if vk.shape.Commitments == 0 {
		return inputs, nil
	}
	all := make([]fr.Element, len(inputs), len(inputs)+vk.shape.Commitments)
	copy(all, inputs)
	hashes := make([]byte, 0, vk.shape.Commitments*fr.Bytes)
	for i, covered := range vk.committed {
		message := p.Commitments[i].Marshal()
		for _, index := range covered {
			message = append(message, all[index-1].Marshal()...)
		}
		h, err := fr.Hash(message, commitmentDomain, 1)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", proof.ErrInternal, err)
		}
		all = append(all, h[0])
		hashes = append(hashes, h[0].Marshal()...)
	}
	challenge, err := fr.Hash(hashes, foldingDomain, 1)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	err = pedersen.BatchVerifyMultiVk(vk.commitments, p.Commitments, []bn254.G1Affine{p.Knowledge}, challenge[0])
	if err != nil {
		return nil, fmt.Errorf("%w: proof of knowledge of the commitments: %s", proof.ErrInvalidProof, err)
	}
	return all, nil
}

// sumInputs returns K[0] + Σ inputs[i] × K[i+1] + Σ commitments.
func (vk *VerifyingKey) sumInputs(p *Proof, inputs []fr.Element) (sum bn254.G1Affine, err error) {
	var acc bn254.G1Jac
	if len(inputs) >= msmThreshold {
		if _, err := acc.MultiExp(vk.k[1:], inputs, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
			return sum, fmt.Errorf("%w: %s", proof.ErrInternal, err)
		}
	} else {
		acc.FromAffine(&bn254.G1Affine{})
		for i := range inputs {
			var term bn254.G1Jac
			var s big.Int
			term.FromAffine(&vk.k[i+1])
			term.ScalarMultiplication(&term, inputs[i].BigInt(&s))
			acc.AddAssign(&term)
		}
	}
	acc.AddMixed(&vk.k[0])
	for i := range p.Commitments {
		acc.AddMixed(&p.Commitments[i])
	}
	sum.FromJacobian(&acc)
	return sum, nil
}
