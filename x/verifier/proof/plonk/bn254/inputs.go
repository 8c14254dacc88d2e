package bn254

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// domain is the set of powers of a root of unity, one for each row of a circuit.
type domain struct {
	size       uint64     // a power of two
	sizeInv    fr.Element // 1/size
	generator  fr.Element // a root of unity of order size
	inputs     uint64     // number of public inputs, which take the first rows
	cosetShift fr.Element // takes the domain to two other cosets, for the second and third wire
}

// read reads a domain and checks that it is one.
func (d *domain) read(r *wire.Reader) (err error) {
	if d.size, err = r.Uint64("size"); err != nil {
		return err
	}
	if d.sizeInv, err = r.Scalar("inverse of the size"); err != nil {
		return err
	}
	if d.generator, err = r.Scalar("generator"); err != nil {
		return err
	}
	if d.inputs, err = r.Uint64("number of public inputs"); err != nil {
		return err
	}
	if d.cosetShift, err = r.Scalar("coset shift"); err != nil {
		return err
	}
	return d.check()
}

// check reports a domain that no circuit can have. The verifier's formulas hold
// for every other one.
func (d *domain) check() error {
	if d.size < 2 || bits.OnesCount64(d.size) != 1 {
		return fmt.Errorf("%w: the size %d is not a power of two from 2", proof.ErrEncoding, d.size)
	}
	if d.inputs >= d.size {
		return fmt.Errorf("%w: %d public inputs need more than %d rows", proof.ErrEncoding, d.inputs, d.size)
	}
	var product, minusOne fr.Element
	product.SetUint64(d.size)
	if product.Mul(&product, &d.sizeInv); !product.IsOne() {
		return fmt.Errorf("%w: the inverse of the size %d is wrong", proof.ErrEncoding, d.size)
	}
	// A power that is −1 halfway makes the order exactly the size, which thereby
	// divides the order of the field's multiplicative group too.
	minusOne.SetOne().Neg(&minusOne)
	if half := power(d.generator, d.size/2); half != minusOne {
		return fmt.Errorf("%w: the generator's order is not the size %d", proof.ErrEncoding, d.size)
	}
	// The domain and its shifts by u and by u² must be three different cosets.
	shift := power(d.cosetShift, d.size)
	square := power(shift, 2)
	if shift.IsZero() || shift.IsOne() || square.IsOne() {
		return fmt.Errorf("%w: the coset shift does not give three cosets", proof.ErrEncoding)
	}
	return nil
}

// append encodes the domain.
func (d *domain) append(out []byte) []byte {
	out = binary.BigEndian.AppendUint64(out, d.size)
	out = append(out, d.sizeInv.Marshal()...)
	out = append(out, d.generator.Marshal()...)
	out = binary.BigEndian.AppendUint64(out, d.inputs)
	return append(out, d.cosetShift.Marshal()...)
}

// at returns the domain's element of a row.
func (d *domain) at(row uint64) (e fr.Element) {
	e.Exp(d.generator, new(big.Int).SetUint64(row))
	return e
}

// power returns x to the n, a power of two.
func power(x fr.Element, n uint64) fr.Element {
	for ; n > 1; n /= 2 {
		x.Square(&x)
	}
	return x
}

// commitmentDomain separates gnark's hash of a commitment from its others.
var commitmentDomain = []byte("BSB22-Plonk")

// hashCommitments returns the commitments' hashes to the field, which enter the
// circuit at their rows.
func hashCommitments(p *Proof) ([]fr.Element, error) {
	hashes := make([]fr.Element, 0, len(p.Commitments))
	for i := range p.Commitments {
		raw := p.Commitments[i].RawBytes()
		h, err := fr.Hash(raw[:], commitmentDomain, 1)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", proof.ErrInternal, err)
		}
		hashes = append(hashes, h[0])
	}
	return hashes, nil
}

// interpolate returns two polynomials at ζ: L₀, which is 1 in the first row and
// zero in the others, and PI, which has the public inputs and the hashes in their
// rows and is zero in the others. With ω the generator and n the size:
//
//	Lᵢ(ζ) = ωⁱ/n · (ζⁿ − 1)/(ζ − ωⁱ)
func (vk *VerifyingKey) interpolate(c *challenges, inputs, hashes []fr.Element) (first, public fr.Element) {
	points := make([]fr.Element, 1, 1+len(inputs)+len(hashes))
	points[0].SetOne()
	omega := fr.One()
	for range inputs {
		points = append(points, omega)
		omega.Mul(&omega, &vk.domain.generator)
	}
	points = append(points, vk.rowPoints...)

	denominators := make([]fr.Element, len(points))
	for i := range points {
		denominators[i].Sub(&c.zeta, &points[i])
	}
	inverses := fr.BatchInvert(denominators)
	for i, value := range append(append([]fr.Element{}, inputs...), hashes...) {
		value.Mul(&value, &points[1+i]).Mul(&value, &inverses[1+i])
		public.Add(&public, &value)
	}
	var factor fr.Element
	factor.Mul(&c.vanishing, &vk.domain.sizeInv)
	first.Mul(&factor, &inverses[0])
	public.Mul(&factor, &public)
	return first, public
}
