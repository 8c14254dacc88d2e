package bls12381_test

import (
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/stretchr/testify/require"
)

// outsideG1 returns a point on the curve, y² = x³ + 4, that is not in the
// subgroup, if there is one.
func outsideG1(t testing.TB) (bls12381.G1Affine, bool) {
	t.Helper()
	for x := uint64(1); ; x++ {
		var p bls12381.G1Affine
		p.X.SetUint64(x)
		four := fp.NewElement(4)
		p.Y.Square(&p.X).Mul(&p.Y, &p.X).Add(&p.Y, &four)
		if p.Y.Sqrt(&p.Y) != nil && !p.IsInSubGroup() {
			require.True(t, p.IsOnCurve())
			return p, true
		}
	}
}
