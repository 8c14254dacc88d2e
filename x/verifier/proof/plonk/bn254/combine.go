package bn254

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Parameters of the signed sliding window that combine uses: digits are odd and
// below half of 2^windowBits, so that a table holds oddMultiples of each point.
const (
	windowBits   = 5
	oddMultiples = 1 << (windowBits - 2)
	scalarDigits = 64*fr.Limbs + 1
)

// combine returns Σ scalars[i] × points[i], by interleaved sliding windows: all
// scalars share the doublings. For the dozen points of a proof that takes half of
// the time of gnark-crypto's bucket method, which is made for thousands.
func combine(points []bn254.G1Affine, scalars []fr.Element) (sum bn254.G1Jac) {
	multiples := make([]bn254.G1Jac, 0, oddMultiples*len(points))
	digits := make([][scalarDigits]int8, len(points))
	length := 0
	for i := range points {
		length = max(length, recode(&digits[i], &scalars[i]))
		var multiple, double bn254.G1Jac
		multiple.FromAffine(&points[i])
		double.Double(&multiple)
		for range oddMultiples {
			multiples = append(multiples, multiple)
			multiple.AddAssign(&double)
		}
	}
	tables := bn254.BatchJacobianToAffineG1(multiples)
	sum.FromAffine(&bn254.G1Affine{})
	for at := length - 1; at >= 0; at-- {
		sum.DoubleAssign()
		for i := range digits {
			switch d := int(digits[i][at]); {
			case d > 0:
				sum.AddMixed(&tables[oddMultiples*i+d/2])
			case d < 0:
				var p bn254.G1Affine
				sum.AddMixed(p.Neg(&tables[oddMultiples*i-d/2]))
			}
		}
	}
	return sum
}

// recode writes a scalar as Σ digits[i] × 2ⁱ with odd or zero digits below half of
// 2^windowBits, and returns how many digits count.
func recode(digits *[scalarDigits]int8, scalar *fr.Element) (length int) {
	k := scalar.Bits()
	for at := 0; k != [fr.Limbs]uint64{}; at++ {
		if k[0]&1 == 1 {
			d := int64(k[0] & (1<<windowBits - 1))
			var carry uint64
			if d >= 1<<(windowBits-1) {
				d -= 1 << windowBits
				// Subtracting a negative digit never overflows: scalars are far
				// below 2²⁵⁶.
				k[0], carry = bits.Add64(k[0], uint64(-d), 0)
				for i := 1; i < len(k); i++ {
					k[i], carry = bits.Add64(k[i], 0, carry)
				}
			} else {
				k[0] -= uint64(d) // the low bits
			}
			digits[at], length = int8(d), at+1
		}
		for i := range len(k) - 1 {
			k[i] = k[i]>>1 | k[i+1]<<63
		}
		k[len(k)-1] >>= 1
	}
	return length
}
