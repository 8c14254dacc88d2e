package bn254_test

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
)

// terms returns n points with scalars: small, large and full-size ones, points
// that repeat or cancel, and infinity.
func terms(n int) (points []bn254.G1Affine, scalars []fr.Element) {
	_, _, g1, _ := bn254.Generators()
	var minusOne, minusPower fr.Element
	minusOne.SetInt64(-1)
	minusPower.SetBigInt(new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 200)))
	edges := []fr.Element{fr.One(), minusOne, {}, minusPower, fr.NewElement(15), fr.NewElement(16), fr.NewElement(17), fr.NewElement(1 << 63)}
	for i := range n {
		var p bn254.G1Affine
		e := fr.NewElement(uint64(i) + 3)
		e.Inverse(&e)
		p.ScalarMultiplication(&g1, e.BigInt(new(big.Int)))
		switch i % 5 {
		case 1:
			p.Neg(&points[i-1])
		case 2:
			p = points[i-2]
		case 3:
			p = bn254.G1Affine{}
		}
		s := e
		if i%2 == 0 {
			s = edges[i/2%len(edges)]
		}
		points, scalars = append(points, p), append(scalars, s)
	}
	return points, scalars
}

func TestCombine(t *testing.T) {
	for n := range 24 {
		points, scalars := terms(n)
		sum := ours.Combine(points, scalars)
		var got, want bn254.G1Affine
		got.FromJacobian(&sum)
		if n > 0 {
			_, err := want.MultiExp(points, scalars, ecc.MultiExpConfig{})
			require.NoError(t, err)
		}
		require.Equal(t, want, got, "%d points", n)
	}
	// Each edge by itself, against the ordinary multiplication.
	_, _, g1, _ := bn254.Generators()
	_, scalars := terms(40)
	for _, s := range scalars {
		sum := ours.Combine([]bn254.G1Affine{g1}, []fr.Element{s})
		var got, want bn254.G1Affine
		got.FromJacobian(&sum)
		want.ScalarMultiplication(&g1, s.BigInt(new(big.Int)))
		require.Equal(t, want, got, s.String())
	}
}

// BenchmarkCombine is why combine exists: gnark-crypto's bucket method beside it,
// on as many points as a proof with one commitment needs.
func BenchmarkCombine(b *testing.B) {
	points, scalars := terms(60)
	points, scalars = points[50:], scalars[50:]
	for i := range scalars {
		scalars[i] = fr.NewElement(uint64(i) + 3)
		scalars[i].Inverse(&scalars[i])
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			ours.Combine(points, scalars)
		}
	})
	b.Run("gnark-crypto", func(b *testing.B) {
		for b.Loop() {
			var sum bn254.G1Jac
			_, err := sum.MultiExp(points, scalars, ecc.MultiExpConfig{NbTasks: 1})
			require.NoError(b, err)
		}
	})
}
