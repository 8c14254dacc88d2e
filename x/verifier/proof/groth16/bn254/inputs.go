package bn254

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Domains that gnark separates its hashes with.
var (
	commitmentDomain = []byte("bsb22-commitment")
	foldingDomain    = []byte("G16-BSB22")
)

// openCommitments checks the proof of knowledge of the commitments, and returns
// the inputs followed by each commitment's hash.
func (vk *VerifyingKey) openCommitments(p *Proof, inputs []fr.Element) ([]fr.Element, error) {
	if vk.shape.Commitments == 0 {
		return inputs, nil
	}
	all, challenge, err := vk.hashCommitments(p, inputs)
	if err != nil {
		return nil, err
	}
	return all, vk.checkKnowledge(p, challenge)
}

// hashCommitments returns the inputs followed by each commitment's hash to the
// field, as gnark's circuits see them, and the challenge that folds the proofs of
// knowledge. Error: proof.ErrInternal.
func (vk *VerifyingKey) hashCommitments(p *Proof, inputs []fr.Element) (all []fr.Element, challenge fr.Element, err error) {
	all = make([]fr.Element, len(inputs), len(inputs)+vk.shape.Commitments)
	copy(all, inputs)
	hashes := make([]byte, 0, vk.shape.Commitments*fr.Bytes)
	for i, covered := range vk.committed {
		message := p.Commitments[i].Marshal()
		for _, index := range covered {
			message = append(message, all[index-1].Marshal()...)
		}
		h, err := fr.Hash(message, commitmentDomain, 1)
		if err != nil {
			return nil, challenge, fmt.Errorf("%w: %s", proof.ErrInternal, err)
		}
		all = append(all, h[0])
		hashes = append(hashes, h[0].Marshal()...)
	}
	folding, err := fr.Hash(hashes, foldingDomain, 1)
	if err != nil {
		return nil, challenge, fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	return all, folding[0], nil
}

// checkKnowledge checks the proof of knowledge of the commitments, folded by
// powers of the challenge r: Π e(rⁱ·Cᵢ, −σᵢG) · e(proof, G) = 1.
func (vk *VerifyingKey) checkKnowledge(p *Proof, challenge fr.Element) error {
	points := append(append([]bn254.G1Affine{}, p.Commitments...), p.Knowledge)
	power := challenge
	for i := 1; i < len(p.Commitments); i++ {
		points[i].ScalarMultiplication(&points[i], power.BigInt(new(big.Int)))
		power.Mul(&power, &challenge)
	}
	// The pairing changes its lines: it gets a copy (see lines).
	holds, err := bn254.PairingCheckFixedQ(points, slices.Clone(vk.knowledge))
	if err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	if !holds {
		return fmt.Errorf("%w: the proof of knowledge of the commitments does not hold", proof.ErrInvalidProof)
	}
	return nil
}

// sumK returns Σ scalars[i] × K[from+i], up to the last K.
func (vk *VerifyingKey) sumK(from int, scalars []fr.Element) (acc bn254.G1Jac, err error) {
	if vk.multiples != nil {
		return sumTabled(vk.multiples[from:], scalars), nil
	}
	if _, err := acc.MultiExp(vk.k[from:], scalars, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
		return acc, fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	return acc, nil
}

// sumInputs returns K[0] + Σ inputs[i] × K[i+1] + Σ commitments.
func (vk *VerifyingKey) sumInputs(p *Proof, inputs []fr.Element) (sum bn254.G1Affine, err error) {
	acc, err := vk.sumK(1, inputs)
	if err != nil {
		return sum, err
	}
	acc.AddMixed(&vk.k[0])
	for i := range p.Commitments {
		acc.AddMixed(&p.Commitments[i])
	}
	sum.FromJacobian(&acc)
	return sum, nil
}
