package bls12381

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
)

// smallOrders are small prime orders that points of the twist have.
var smallOrders = []int64{13, 23, 2713, 11953}

// parameter is the curve's x.
var parameter = new(big.Int).Neg(new(big.Int).SetUint64(0xd201000000010000))

// polynomial returns c[0] + c[1]·x + …, x being the curve's parameter.
func polynomial(c ...int64) *big.Int {
	sum := new(big.Int)
	for i := len(c) - 1; i >= 0; i-- {
		sum.Mul(sum, parameter).Add(sum, big.NewInt(c[i]))
	}
	return sum
}

// frobeniusTrace returns the trace t of Frobenius, and the base field's modulus p.
func frobeniusTrace() (t, p *big.Int) { return polynomial(1, 1), fp.Modulus() }

// twistOrder returns the order of the twist, hr with the cofactor
// h = (x⁸ − 4x⁷ + 5x⁶ − 4x⁴ + 6x³ − 4x² − 4x + 13) / 9.
func twistOrder() *big.Int {
	h := polynomial(13, -4, -4, 6, -4, 0, 5, -4, 1)
	return h.Div(h, big.NewInt(9)).Mul(h, fr.Modulus())
}

// criterionNorm returns the norm of ψ − x, which is x² − tx + p.
func criterionNorm() *big.Int {
	t, p := frobeniusTrace()
	norm := polynomial(0, 0, 1)
	return norm.Sub(norm, t.Mul(t, parameter)).Add(norm, p)
}
