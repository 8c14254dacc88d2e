package bn254

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// value returns the number that the digits stand for.
func value(d digits) *big.Int {
	sum := new(big.Int)
	for at := len(d) - 1; at >= 0; at-- {
		sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(d[at])))
	}
	return sum
}

// extremes are scalars at the borders of windows, words and the field.
func extremes() (out []fr.Element) {
	var e fr.Element
	for _, n := range []int64{0, 1, 2, 15, 16, 17, 31, 32, 33, -1, -2, -16, -17} {
		out = append(out, *e.SetInt64(n))
	}
	for _, shift := range []uint{59, 60, 63, 64, 123, 127, 128, 191, 192, 250, 252, 253} {
		power := new(big.Int).Lsh(big.NewInt(1), shift)
		out = append(out, *e.SetBigInt(power), *e.SetBigInt(power.Sub(power, big.NewInt(1))))
	}
	return out
}

func requireRecoded(t require.TestingT, s fr.Element) {
	d := recode(&s)
	require.Equal(t, s.BigInt(new(big.Int)).String(), value(d).String())
	last := -window
	for at, digit := range d {
		if digit == 0 {
			continue
		}
		require.Equal(t, int8(1), digit&1, "digits are odd")
		require.LessOrEqual(t, max(digit, -digit), int8(1<<(window-1)-1))
		require.GreaterOrEqual(t, at-last, window, "digits are apart")
		last = at
	}
}

func TestRecode(t *testing.T) {
	for _, s := range extremes() {
		requireRecoded(t, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		var s fr.Element
		s.SetBytes(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "scalar"))
		requireRecoded(t, s)
	})
}

// fixedPoints returns n points, the first of them infinity, the second the
// negation of the third.
func fixedPoints(n int) []bn254.G1Affine {
	out := make([]bn254.G1Affine, n)
	for i := range out {
		out[i].ScalarMultiplicationBase(big.NewInt(int64(i)))
	}
	if n > 2 {
		out[1].Neg(&out[2])
	}
	return out
}

func TestSumTabled(t *testing.T) {
	scalars := extremes()
	for n := range scalars {
		for _, in := range [][]fr.Element{scalars[:n], scalars[len(scalars)-n:], make([]fr.Element, n)} {
			points := fixedPoints(n)
			var want bn254.G1Jac
			want.FromAffine(&bn254.G1Affine{})
			for i := range points {
				var term bn254.G1Jac
				term.FromAffine(&points[i])
				term.ScalarMultiplication(&term, in[i].BigInt(new(big.Int)))
				want.AddAssign(&term)
			}
			got := sumTabled(oddMultiples(points), in)
			require.True(t, want.Equal(&got), "%d points", n)
		}
	}
	// Equal scalars of a point and its negation cancel.
	got := sumTabled(oddMultiples(fixedPoints(3)), []fr.Element{scalars[20], scalars[20], scalars[20]})
	require.True(t, got.Z.IsZero())
}

// BenchmarkSum compares the two ways to add up inputs: maxTabled follows from it.
func BenchmarkSum(b *testing.B) {
	for _, n := range []int{1, 2, 5, 16, 32, 64, 128} {
		points, scalars := fixedPoints(n), make([]fr.Element, n)
		for i := range scalars {
			scalars[i].SetUint64(uint64(i) + 2).Inverse(&scalars[i])
		}
		b.Run(fmt.Sprintf("%d/tabled", n), func(b *testing.B) {
			tables := oddMultiples(points)
			for b.Loop() {
				sumTabled(tables, scalars)
			}
		})
		b.Run(fmt.Sprintf("%d/tables", n), func(b *testing.B) {
			for b.Loop() {
				oddMultiples(points)
			}
		})
		b.Run(fmt.Sprintf("%d/buckets", n), func(b *testing.B) {
			var sum bn254.G1Jac
			for b.Loop() {
				if _, err := sum.MultiExp(points, scalars, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
