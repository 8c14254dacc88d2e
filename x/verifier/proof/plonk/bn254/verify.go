package bn254

import (
	"crypto/sha256"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Claim says that a proof proves public inputs under a key. It implements
// proof.Claim.
type Claim struct {
	vk     *VerifyingKey
	proof  *Proof
	inputs []fr.Element
}

// Prepare parses public inputs, as 32-byte words, and a proof in gnark's own forms.
// Errors: those of wire.Scalars and ParseProof.
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
	if n := vk.shape.Commitments; len(p.Commitments) != n || len(p.Selectors) != n {
		return nil, fmt.Errorf("%w: %d commitments, the key has %d", proof.ErrInvalidProof, len(p.Commitments), n)
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

// Verify returns nil if the proof proves the inputs. Error: proof.ErrInvalidProof.
func (claim *Claim) Verify() error {
	vk, p, inputs := claim.vk, claim.proof, claim.inputs
	c := vk.challenges(p, inputs)
	l, err := vk.linearise(p, &c, inputs)
	if err != nil {
		return err
	}
	if p.linearised != nil && *p.linearised != l.value {
		return fmt.Errorf("%w: the algebraic relation does not hold", proof.ErrInvalidProof)
	}
	return vk.checkOpenings(vk.fold(p, &c, &l), p, &c.zeta)
}

// challenges are the verifier's random choices, derived from what comes before.
type challenges struct {
	gamma, beta fr.Element // randomise the permutation
	alpha       fr.Element // separates the equations
	zeta        fr.Element // where polynomials are opened
	zetaN       fr.Element // ζⁿ, with n the size of the domain
	vanishing   fr.Element // ζⁿ − 1, which is zero in the domain
}

// challenges runs the transcript: each challenge is the sha256 of its name, the
// one before and what the prover has sent since. The domain and the SRS take no
// part in gnark's transcript.
func (vk *VerifyingKey) challenges(p *Proof, inputs []fr.Element) (c challenges) {
	bound := make([]byte, 0, (fixedSelectors+len(vk.commitments)+len(p.Wires))*wire.G1Raw+len(inputs)*wire.Scalar)
	bound = vk.appendCommitmentSelectors(vk.appendSelectors(bound))
	bound = append(bound, wire.Encode(inputs)...)
	gamma := challenge("gamma", nil, appendPoints(bound, &p.Wires[0], &p.Wires[1], &p.Wires[2]))
	beta := challenge("beta", gamma, nil)
	bound = bound[:0]
	for i := range p.Commitments {
		bound = appendPoints(bound, &p.Commitments[i])
	}
	alpha := challenge("alpha", beta, appendPoints(bound, &p.Product))
	zeta := challenge("zeta", alpha, appendPoints(nil, &p.Quotient[0], &p.Quotient[1], &p.Quotient[2]))
	c.gamma.SetBytes(gamma)
	c.beta.SetBytes(beta)
	c.alpha.SetBytes(alpha)
	c.zeta.SetBytes(zeta)
	c.zetaN = power(c.zeta, vk.domain.size)
	one := fr.One()
	c.vanishing.Sub(&c.zetaN, &one)
	return c
}

// challenge returns sha256(name ‖ previous ‖ bound): gnark's transcript.
func challenge(name string, previous, bound []byte) []byte {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write(previous)
	h.Write(bound)
	return h.Sum(nil)
}

// linearised is the polynomial that the proof's equations become once the values
// at ζ are put in, so that it is linear in commitments.
type linearised struct {
	value       fr.Element // at ζ, as the equations demand
	permutation fr.Element // coefficient of S₃
	product     fr.Element // coefficient of the grand product
}

// linearise computes the polynomial, with a, b, c the wires and z the grand
// product, all values at ζ but z at ωζ, and u the coset shift:
//
//	value       = α²L₀ − PI − α(a + βs₁ + γ)(b + βs₂ + γ)(c + γ)z
//	permutation = αβ(a + βs₁ + γ)(b + βs₂ + γ)z
//	product     = α²L₀ − α(a + βζ + γ)(b + βuζ + γ)(c + βu²ζ + γ)
//
// Error: proof.ErrInternal.
func (vk *VerifyingKey) linearise(p *Proof, ch *challenges, inputs []fr.Element) (l linearised, err error) {
	hashes, err := hashCommitments(p)
	if err != nil {
		return l, err
	}
	first, public := vk.interpolate(ch, inputs, hashes)
	a, b, c, s1, s2 := &p.Values[0], &p.Values[1], &p.Values[2], &p.Values[3], &p.Values[4]
	factor := func(wire, at *fr.Element) (e fr.Element) {
		e.Mul(&ch.beta, at).Add(&e, wire).Add(&e, &ch.gamma)
		return e
	}
	af, bf := factor(a, s1), factor(b, s2)
	var shared, cf fr.Element
	shared.Mul(&af, &bf).Mul(&shared, &ch.alpha).Mul(&shared, &p.ShiftedProduct)
	cf.Add(c, &ch.gamma).Mul(&cf, &shared)
	l.permutation.Mul(&shared, &ch.beta)

	var start fr.Element // α²L₀
	start.Square(&ch.alpha).Mul(&start, &first)
	l.value.Sub(&start, &public).Sub(&l.value, &cf)

	at := ch.zeta
	af = factor(a, &at)
	bf = factor(b, at.Mul(&at, &vk.domain.cosetShift))
	cf = factor(c, at.Mul(&at, &vk.domain.cosetShift))
	af.Mul(&af, &bf).Mul(&af, &cf).Mul(&af, &ch.alpha)
	l.product.Sub(&start, &af)
	return l, nil
}

// commitLinearised returns the commitment to the linearised polynomial: gates,
// commitments' selectors, permutation and grand product, minus the vanishing
// polynomial times the quotient, whose parts are n + 2 powers of ζ apart.
func (vk *VerifyingKey) commitLinearised(p *Proof, c *challenges, l *linearised) (digest bn254.G1Affine) {
	var ab, step, q0, q1, q2 fr.Element
	ab.Mul(&p.Values[0], &p.Values[1])
	step.Square(&c.zeta).Mul(&step, &c.zetaN)
	q0.Neg(&c.vanishing)
	q1.Mul(&q0, &step)
	q2.Mul(&q1, &step)
	points := append([]bn254.G1Affine{
		vk.left, vk.right, vk.mul, vk.output,
		vk.permutation[2], p.Product, p.Quotient[0], p.Quotient[1], p.Quotient[2],
	}, p.Commitments...)
	scalars := append([]fr.Element{
		p.Values[0], p.Values[1], ab, p.Values[2],
		l.permutation, l.product, q0, q1, q2,
	}, p.Selectors...)
	sum := combine(points, scalars)
	sum.AddMixed(&vk.constant)
	return *digest.FromJacobian(&sum)
}
