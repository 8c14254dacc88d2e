package bn254

import (
	"math/big"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// stepper computes the lines of a Miller loop for many points of G2 at once, in
// affine coordinates: they share the inversion in each step. Its lines are those
// of gnark-crypto's PrecomputeLines.
type stepper struct {
	q     []bn254.G2Affine // the points
	t     []bn254.G2Affine // a multiple of each
	lines []lines
	odd   []bool // a step had no slope: never so for a point in the subgroup
	// Room for the denominators of a step and their inverses.
	denominators, inverses []bn254.E2
}

// precompute returns the lines of points on the curve, none of them infinity, and
// whether each is in the subgroup: never if it is not, always if it is.
func precompute(points []bn254.G2Affine) ([]lines, []bool) {
	n := len(points)
	s := &stepper{
		q: points, t: append([]bn254.G2Affine{}, points...), lines: make([]lines, n), odd: make([]bool, n),
		denominators: make([]bn254.E2, n), inverses: make([]bn254.E2, n),
	}
	negated := make([]bn254.G2Affine, n)
	for i := range points {
		negated[i].Neg(&points[i])
	}
	last := len(bn254.LoopCounter) - 2 // the digit before the highest, which is one
	for at := last; at >= 0; at-- {
		addend := points
		if bn254.LoopCounter[at] < 0 {
			addend = negated
		}
		switch {
		case bn254.LoopCounter[at] == 0:
			s.double(at)
		case at == last: // t is q, which double-and-add can't take
			s.double(at)
			s.add(1, at, addend)
		default:
			s.doubleAndAdd(at, addend)
		}
	}
	want := s.finish()
	inSubgroup := make([]bool, n)
	for i := range want {
		inSubgroup[i] = !s.odd[i] && s.t[i].Equal(&want[i])
	}
	return s.lines, inSubgroup
}

// invert inverts the denominators.
func (s *stepper) invert() {
	var product bn254.E2
	product.SetOne()
	for i := range s.denominators {
		if s.denominators[i].IsZero() {
			s.odd[i] = true
			s.denominators[i].SetOne()
		}
		s.inverses[i] = product
		product.Mul(&product, &s.denominators[i])
	}
	product.Inverse(&product)
	for i := len(s.denominators) - 1; i >= 0; i-- {
		s.inverses[i].Mul(&s.inverses[i], &product)
		product.Mul(&product, &s.denominators[i])
	}
}

// chord sets the line through p with a slope, and p to the third point of the
// curve on it, mirrored; x is that of the second point.
func chord(line *bn254.LineEvaluationAff, p *bn254.G2Affine, x, slope *bn254.E2) {
	var third bn254.G2Affine
	third.X.Square(slope).Sub(&third.X, &p.X).Sub(&third.X, x)
	third.Y.Sub(&p.X, &third.X).Mul(&third.Y, slope).Sub(&third.Y, &p.Y)
	line.R0 = *slope
	line.R1.Mul(slope, &p.X).Sub(&line.R1, &p.Y)
	*p = third
}

// double sets t to 2t.
func (s *stepper) double(at int) {
	for i := range s.t {
		s.denominators[i].Double(&s.t[i].Y)
	}
	s.invert()
	for i := range s.t {
		var slope, square bn254.E2 // 3x²/2y
		square.Square(&s.t[i].X)
		slope.Double(&square).Add(&slope, &square).Mul(&slope, &s.inverses[i])
		x := s.t[i].X
		chord(&s.lines[i][0][at], &s.t[i], &x, &slope)
	}
}

// add sets t to t + a, with the line in that half of the lines.
func (s *stepper) add(half, at int, a []bn254.G2Affine) {
	for i := range s.t {
		s.denominators[i].Sub(&a[i].X, &s.t[i].X)
	}
	s.invert()
	for i := range s.t {
		var slope bn254.E2
		slope.Sub(&a[i].Y, &s.t[i].Y).Mul(&slope, &s.inverses[i])
		chord(&s.lines[i][half][at], &s.t[i], &a[i].X, &slope)
	}
}

// doubleAndAdd sets t to (t + a) + t, with one inversion for both slopes
// (Eisenträger, Lauter, Montgomery 2003). For t = (x, y), a = (x', y'), A = x − x',
// B = y − y' and U = B² − (2x + x')·A², which is A² times what separates the
// x-coordinates of t + a and t, the slopes are B/A and −B/A − 2y·A²/U.
func (s *stepper) doubleAndAdd(at int, a []bn254.G2Affine) {
	type parts struct{ a, b, u, square bn254.E2 }
	all := make([]parts, len(s.t))
	for i := range s.t {
		p, t := &all[i], &s.t[i]
		p.a.Sub(&t.X, &a[i].X)
		p.b.Sub(&t.Y, &a[i].Y)
		p.square.Square(&p.a)
		var x bn254.E2
		x.Double(&t.X).Add(&x, &a[i].X).Mul(&x, &p.square)
		p.u.Square(&p.b).Sub(&p.u, &x)
		s.denominators[i].Mul(&p.a, &p.u)
	}
	s.invert()
	for i := range s.t {
		p, t := &all[i], s.t[i]
		var first, second bn254.E2
		first.Mul(&p.b, &p.u).Mul(&first, &s.inverses[i])
		second.Double(&t.Y).Mul(&second, &p.square).Mul(&second, &p.a).Mul(&second, &s.inverses[i])
		second.Add(&second, &first).Neg(&second)
		sum := t
		chord(&s.lines[i][0][at], &sum, &a[i].X, &first)
		s.t[i] = t
		chord(&s.lines[i][1][at], &s.t[i], &sum.X, &second)
	}
}

// twist is the endomorphism ψ of G2: the Frobenius map between untwisting and
// twisting, ψ(x, y) = (u·x̄, v·ȳ).
type twist struct{ u, v bn254.E2 }

// frobenius returns ψ, which on the subgroup multiplies by the base field's
// modulus: its constants follow from one point.
var frobenius = sync.OnceValue(func() (w twist) {
	_, _, _, g := bn254.Generators()
	var image bn254.G2Affine
	image.ScalarMultiplication(&g, new(big.Int).Set(fp.Modulus()))
	w.u.Conjugate(&g.X).Inverse(&w.u).Mul(&w.u, &image.X)
	w.v.Conjugate(&g.Y).Inverse(&w.v).Mul(&w.v, &image.Y)
	return w
})

// psi returns ψ(p).
func psi(p *bn254.G2Affine) (image bn254.G2Affine) {
	w := frobenius()
	image.X.Conjugate(&p.X).Mul(&image.X, &w.u)
	image.Y.Conjugate(&p.Y).Mul(&image.Y, &w.v)
	return image
}
