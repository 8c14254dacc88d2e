package bn254

import (
	"encoding/binary"
	"math/big"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/internal/domainhash"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Domains of the hashes that coefficients come from (law V7).
const (
	batchDomain       = "proofmarket/groth16-batch/v1"
	coefficientDomain = "proofmarket/groth16-coefficient/v1"
)

// coefficient is the scalar a + b·λ, with a and b below 2⁶⁴ and λ the eigenvalue
// of the curve's endomorphism φ(x, y) = (β·x, y), a cube root of one, so that a
// multiplication by it takes 64 doublings: a·P + b·φ(P) (Gallant, Lambert,
// Vanstone 2001).
//
// All 2¹²⁸ of them differ. If a + b·λ = 0 for |a|, |b| < 2⁶⁴, then the field's
// order divides a² − a·b + b², which is below 3·2¹²⁸ and thereby below the order:
// it is zero, and so are a and b. An equation whose other coefficients are given
// can therefore be made to hold by one of 2¹²⁸ choices, if its own claim is false.
type coefficient struct{ a, b fr.Element }

// value returns the scalar.
func (c *coefficient) value() fr.Element {
	v := endomorphism().lambda
	v.Mul(&v, &c.b).Add(&v, &c.a)
	return v
}

// draw returns two coefficients for each claim: of its pairing equation, and of
// its commitments' proof of knowledge. They come from a hash of all keys, inputs
// and proofs, in order: whoever changes anything gets others.
func draw(claims []*Claim) (r, s []coefficient) {
	parts := make([][]byte, 0, 3*len(claims))
	for _, c := range claims {
		parts = append(parts, c.vk.hash[:], wire.Encode(c.inputs), c.proof.Raw())
	}
	seed := domainhash.Sum(batchDomain, parts...)
	r, s = make([]coefficient, len(claims)), make([]coefficient, len(claims))
	for i := range claims {
		h := domainhash.Sum(coefficientDomain, seed[:], domainhash.Uint64(uint64(i)))
		for j, half := range []*fr.Element{&r[i].a, &r[i].b, &s[i].a, &s[i].b} {
			half.SetUint64(binary.BigEndian.Uint64(h[8*j:]))
		}
	}
	return r, s
}

// cubeRoots are primitive cube roots of one: β of the base field and λ of the
// scalar field.
type cubeRoots struct {
	beta   fp.Element
	lambda fr.Element
}

// endomorphism returns the cube roots of φ, those with φ(P) = λ·P. Each field has
// two, (−1 ± √−3) / 2.
var endomorphism = sync.OnceValue(func() (e cubeRoots) {
	var two fp.Element
	e.beta.SetInt64(-3)
	e.beta.Sqrt(&e.beta)
	e.beta.Sub(&e.beta, new(fp.Element).SetOne()).Div(&e.beta, two.SetUint64(2))

	one, half := fr.One(), fr.NewElement(2)
	half.Inverse(&half)
	e.lambda.SetInt64(-3)
	e.lambda.Sqrt(&e.lambda)
	e.lambda.Sub(&e.lambda, &one).Mul(&e.lambda, &half)

	_, _, g, _ := bn254.Generators()
	var image, multiple bn254.G1Affine
	image.X.Mul(&g.X, &e.beta)
	image.Y = g.Y
	if multiple.ScalarMultiplication(&g, e.lambda.BigInt(new(big.Int))); !multiple.Equal(&image) {
		e.lambda.Neg(&e.lambda).Sub(&e.lambda, &one) // the other one: their sum is −1
	}
	return e
})

// terms are those of a sum of multiples of points.
type terms struct {
	tables  []multiples
	scalars []fr.Element
}

// scale adds a coefficient's multiple of the point of a table.
func (t *terms) scale(table *multiples, c *coefficient) {
	image := *table // of φ
	beta := endomorphism().beta
	for i := range image {
		image[i].X.Mul(&image[i].X, &beta)
	}
	t.tables = append(t.tables, *table, image)
	t.scalars = append(t.scalars, c.a, c.b)
}

// multiply adds a scalar's multiple of the point of a table.
func (t *terms) multiply(table *multiples, s *fr.Element) {
	t.tables, t.scalars = append(t.tables, *table), append(t.scalars, *s)
}

// sum returns the sum.
func (t *terms) sum() bn254.G1Jac { return sumTabled(t.tables, t.scalars) }
