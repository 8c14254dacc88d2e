package bn254

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// smallOrders are small prime orders that points of the twist have.
var smallOrders = []int64{10069, 5864401}

// parameter is the curve's x.
var parameter = big.NewInt(4965661367192848881)

// polynomial returns c[0] + c[1]·x + …, x being the curve's parameter.
func polynomial(c ...int64) *big.Int {
	sum := new(big.Int)
	for i := len(c) - 1; i >= 0; i-- {
		sum.Mul(sum, parameter).Add(sum, big.NewInt(c[i]))
	}
	return sum
}

// frobeniusTrace returns the trace t of Frobenius, and the base field's modulus p.
func frobeniusTrace() (t, p *big.Int) { return polynomial(1, 0, 6), fp.Modulus() }

// twistOrder returns the order of the twist, (2p − r)·r.
func twistOrder() *big.Int {
	h := new(big.Int).Lsh(fp.Modulus(), 1)
	return h.Sub(h, fr.Modulus()).Mul(h, fr.Modulus())
}

// criterionNorm returns the norm of 6x + 2 + ψ − ψ² + ψ³ = [a]ψ + [b].
func criterionNorm() *big.Int {
	t, p := frobeniusTrace()
	// ψ² = tψ − p and ψ³ = (t² − p)ψ − tp.
	a := new(big.Int).Mul(t, t)
	a.Sub(a, p).Sub(a, t).Add(a, big.NewInt(1))
	b := polynomial(2, 6)
	b.Add(b, p).Sub(b, new(big.Int).Mul(t, p))
	norm := new(big.Int).Mul(a, a)
	norm.Mul(norm, p)
	norm.Add(norm, new(big.Int).Mul(new(big.Int).Mul(a, b), t))
	return norm.Add(norm, new(big.Int).Mul(b, b))
}
