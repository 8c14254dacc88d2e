package bn254

import (
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/internal/domainhash"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// folded is the opening of many polynomials at ζ, folded into that of one.
type folded struct {
	challenge []byte           // binds all that follows
	digests   []bn254.G1Affine // of the linearised polynomial, the wires, the first two permutations and the commitments' selectors
	scalars   []fr.Element     // γⁱ, with γ the challenge
	value     fr.Element       // Σγⁱvᵢ, with vᵢ the values
}

// fold folds what a proof opens at ζ, as gnark's KZG does.
func (vk *VerifyingKey) fold(p *Proof, c *challenges, l *linearised) (f folded) {
	f.digests = append([]bn254.G1Affine{
		vk.commitLinearised(p, c, l), p.Wires[0], p.Wires[1], p.Wires[2], vk.permutation[0], vk.permutation[1],
	}, vk.commitments...)
	values := append(append([]fr.Element{l.value}, p.Values[:]...), p.Selectors...)

	bound := c.zeta.Marshal()
	for i := range f.digests {
		bound = appendPoints(bound, &f.digests[i])
	}
	bound = append(append(bound, wire.Encode(values)...), p.ShiftedProduct.Marshal()...)
	f.challenge = challenge("gamma", nil, bound)

	var gamma, term fr.Element
	gamma.SetBytes(f.challenge)
	power := fr.One()
	for i := range values {
		f.scalars = append(f.scalars, power)
		f.value.Add(&f.value, term.Mul(&power, &values[i]))
		power.Mul(&power, &gamma)
	}
	return f
}

// checkOpenings checks the folded opening at ζ and that of the grand product at
// ωζ at once. With D and v the folded commitment and value, Z and z the grand
// product's, W and W′ the two opening proofs and λ a challenge:
//
//	e(D + λZ − (v + λz)G₁ + ζW + λωζW′, G₂) = e(W + λW′, τG₂)
func (vk *VerifyingKey) checkOpenings(f folded, p *Proof, zeta *fr.Element) error {
	var lambda, value, shifted fr.Element
	lambda.SetBytes(vk.batchSeed(p, f.challenge))
	value.Mul(&lambda, &p.ShiftedProduct).Add(&value, &f.value).Neg(&value)
	shifted.Mul(zeta, &vk.domain.generator).Mul(&shifted, &lambda)
	left := combine(
		append(f.digests[1:], p.Product, vk.srs.G1, p.Opening, p.ShiftedOpening),
		append(f.scalars[1:], lambda, value, *zeta, shifted),
	)
	left.AddMixed(&f.digests[0]) // its scalar is 1

	var right bn254.G1Jac
	right.FromAffine(&p.ShiftedOpening)
	right.ScalarMultiplication(&right, lambda.BigInt(new(big.Int)))
	right.AddMixed(&p.Opening)
	right.Neg(&right)
	return vk.checkPairing(&left, &right)
}

// batchSeed derives the challenge that folds the two openings from all that they
// depend on (law V7): the key, the folding challenge, which binds the commitments,
// the values and thereby the transcript before, and the opening proofs. gnark
// draws a random number here; the verdict is the same but for one case in the
// order of the field.
func (vk *VerifyingKey) batchSeed(p *Proof, folding []byte) []byte {
	seed := domainhash.Sum("proofmarket/plonk-openings/v1",
		vk.hash[:], folding, appendPoints(nil, &p.Opening, &p.ShiftedOpening))
	return seed[:]
}

// checkPairing reports whether e(left, G₂)·e(right, τG₂) = 1.
func (vk *VerifyingKey) checkPairing(left, right *bn254.G1Jac) error {
	var a, b bn254.G1Affine
	a.FromJacobian(left)
	b.FromJacobian(right)
	// The loop changes its lines: this literal copies them (see lines).
	ok, err := bn254.PairingCheckFixedQ([]bn254.G1Affine{a, b}, []lines{vk.lines[0], vk.lines[1]})
	if err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	if !ok {
		return fmt.Errorf("%w: the openings do not hold", proof.ErrInvalidProof)
	}
	return nil
}
