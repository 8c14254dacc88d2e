package bn254

import (
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

// onCurve returns points of the twist, n of the curve as they come, most of them in
// no subgroup, and then n in the subgroup.
func onCurve(t testing.TB, n int) (points []bn254.G2Affine) {
	t.Helper()
	for x := uint64(1); len(points) < n; x++ {
		var p bn254.G2Affine
		var bz [bn254.SizeOfG2AffineCompressed]byte
		binary.BigEndian.PutUint64(bz[len(bz)-8:], x)
		bz[0] |= 0x80
		_, _ = p.SetBytes(bz[:]) // sets the point before it checks the subgroup
		if p.IsOnCurve() && !p.IsInfinity() {
			points = append(points, p)
		}
	}
	for i := range n {
		var p bn254.G2Affine
		s := fr.NewElement(uint64(i) + 1)
		if i%2 == 0 {
			s.Inverse(&s)
		}
		points = append(points, *p.ScalarMultiplicationBase(s.BigInt(new(big.Int))))
	}
	return points
}

// Lines and subgroups are those that gnark-crypto finds, whatever points share a
// computation.
func TestPrecompute(t *testing.T) {
	all := onCurve(t, 20)
	for _, points := range [][]bn254.G2Affine{nil, all[:1], all[20:21], all[10:30], all} {
		got, inSubgroup := precompute(points)
		require.Len(t, got, len(points))
		for i := range points {
			require.Equal(t, points[i].IsInSubGroup(), inSubgroup[i], "point %d", i)
			require.Equal(t, bn254.PrecomputeLines(points[i]), got[i], "point %d", i)
		}
	}
}

// A point of small order lets steps run into themselves. It is not in the subgroup,
// and does no harm to the others.
func TestPrecomputeSmallOrders(t *testing.T) {
	good := onCurve(t, 3)[3:]
	for _, order := range smallOrders {
		p := pointOfOrder(t, order)
		require.True(t, p.IsOnCurve())
		require.False(t, p.IsInSubGroup())
		got, inSubgroup := precompute([]bn254.G2Affine{good[0], p, good[1], p, good[2]})
		require.Equal(t, []bool{true, false, true, false, true}, inSubgroup, "order %d", order)
		for i, at := range []int{0, 2, 4} {
			require.Equal(t, bn254.PrecomputeLines(good[i]), got[at])
		}
		// Nor does it hide behind a point of the subgroup.
		var sum bn254.G2Affine
		sum.Add(&p, &good[0])
		_, inSubgroup = precompute([]bn254.G2Affine{sum})
		require.Equal(t, []bool{false}, inSubgroup, "order %d", order)
	}
}

// pointOfOrder returns a point of a small prime order, which divides the group's
// order once, or more often if a point has it.
func pointOfOrder(t testing.TB, order int64) bn254.G2Affine {
	t.Helper()
	rest := new(big.Int).Set(twistOrder())
	prime := big.NewInt(order)
	for new(big.Int).Mod(rest, prime).Sign() == 0 {
		rest.Div(rest, prime)
	}
	for _, p := range onCurve(t, 40)[:40] {
		q := multiple(&p, rest)
		for !q.IsInfinity() {
			next := multiple(&q, prime)
			if next.IsInfinity() {
				return q
			}
			q = next
		}
	}
	t.Fatalf("no point of order %d found", order)
	return bn254.G2Affine{}
}

// multiple returns n·p for any point of the twist: gnark-crypto's own multiplication
// is for the subgroup.
func multiple(p *bn254.G2Affine, n *big.Int) (q bn254.G2Affine) {
	var sum bn254.G2Jac
	sum.FromAffine(&q)
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum.DoubleAssign()
		if n.Bit(i) == 1 {
			sum.AddMixed(p)
		}
	}
	q.FromJacobian(&sum)
	return q
}

// The proof in finish: the greatest common divisor is the subgroup's order.
func TestSubgroupCriterion(t *testing.T) {
	whole := twistOrder()
	require.Zero(t, new(big.Int).Mod(whole, fr.Modulus()).Sign())
	for _, p := range onCurve(t, 5) {
		q := multiple(&p, whole)
		require.True(t, q.IsInfinity(), "that is the order of the twist")
	}
	require.Equal(t, fr.Modulus(), new(big.Int).GCD(nil, nil, criterionNorm(), whole))
}

// ψ is the map that has ψ² − [t]ψ + [p] = 0 on all of the twist.
func TestPsi(t *testing.T) {
	trace, modulus := frobeniusTrace()
	for _, p := range onCurve(t, 10) {
		first := psi(&p)
		second := psi(&first)
		require.True(t, first.IsOnCurve())
		left, right := multiple(&p, modulus), multiple(&first, new(big.Int).Abs(trace))
		if trace.Sign() < 0 {
			right.Neg(&right)
		}
		left.Add(&left, &second)
		require.True(t, left.Equal(&right))
	}
}
