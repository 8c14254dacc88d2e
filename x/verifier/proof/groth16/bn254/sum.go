package bn254

import (
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// A sum Σ sᵢ·Pᵢ over the few fixed points of a key is computed with all doublings
// shared (Straus) and scalars in signed windows of five bits, in which every
// digit is odd or zero (wNAF): about 43 additions of an affine point for each
// scalar. Nothing here is secret, so nothing has to take constant time.
const (
	window = 5
	// maxTabled is the number of points up to which this beats gnark-crypto's
	// bucket method (BenchmarkSum).
	maxTabled = 64
)

// multiples are P, 3P, 5P … 15P of a point P.
type multiples = [1 << (window - 2)]bn254.G1Affine

// digits are the digits of a scalar, the lowest first. One is for the carry.
type digits = [8*fr.Bytes + 1]int8

// oddMultiples returns the odd multiples of each point. It never returns nil.
func oddMultiples(points []bn254.G1Affine) []multiples {
	const n = len(multiples{})
	jac := make([]bn254.G1Jac, 0, n*len(points))
	for i := range points {
		var p, double bn254.G1Jac
		p.FromAffine(&points[i])
		double.Double(&p)
		for range n {
			jac = append(jac, p)
			p.AddAssign(&double)
		}
	}
	affine := bn254.BatchJacobianToAffineG1(jac)
	out := make([]multiples, len(points))
	for i := range out {
		out[i] = multiples(affine[n*i:])
	}
	return out
}

// recode returns the digits of a scalar.
func recode(s *fr.Element) (d digits) {
	words := s.Bits()
	bits := func(at int) (b uint64) { // window bits from there on
		if i := at / 64; i < len(words) {
			b = words[i] >> (at % 64)
			if i+1 < len(words) {
				b |= words[i+1] << (64 - at%64) // nothing if at is a multiple of 64
			}
		}
		return b & (1<<window - 1)
	}
	carry := uint64(0)
	for at := 0; at < len(d); {
		b := bits(at) + carry
		if b&1 == 0 {
			at++
			continue
		}
		carry = b >> (window - 1) // a digit of the upper half stands for itself less 2⁵
		d[at] = int8(b) - int8(carry<<window)
		at += window
	}
	return d
}

// sumTabled returns Σ scalars[i] × the point of tables[i].
func sumTabled(tables []multiples, scalars []fr.Element) (acc bn254.G1Jac) {
	recoded := make([]digits, len(scalars))
	for i := range scalars {
		recoded[i] = recode(&scalars[i])
	}
	acc.FromAffine(&bn254.G1Affine{})
	for at := len(digits{}) - 1; at >= 0; at-- {
		if !acc.Z.IsZero() {
			acc.DoubleAssign()
		}
		for i := range recoded {
			switch d := recoded[i][at]; {
			case d > 0:
				acc.AddMixed(&tables[i][d/2])
			case d < 0:
				var neg bn254.G1Affine
				acc.AddMixed(neg.Neg(&tables[i][-d/2]))
			}
		}
	}
	return acc
}
