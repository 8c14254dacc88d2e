package bn254

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Combine is combine.
var Combine = combine

// WithClaim returns the proof with the value of the linearised polynomial that
// the inputs demand, so that the algebraic relation holds whatever the rest says.
func (vk *VerifyingKey) WithClaim(p *Proof, inputs []fr.Element) *Proof {
	c := vk.challenges(p, inputs)
	l, err := vk.linearise(p, &c, inputs)
	if err != nil {
		panic(err)
	}
	out := *p
	out.linearised = &l.value
	return &out
}

// Forge replaces the openings by such as hold, which takes the secret of the SRS:
// every commitment then opens to every value.
func (vk *VerifyingKey) Forge(p *Proof, inputs []fr.Element, tau int64) *Proof {
	c := vk.challenges(p, inputs)
	out := vk.WithClaim(p, inputs)
	l, _ := vk.linearise(out, &c, inputs)
	f := vk.fold(out, &c, &l)
	var secret, shifted fr.Element
	secret.SetInt64(tau)
	shifted.Mul(&c.zeta, &vk.domain.generator)

	sum := combine(f.digests, f.scalars)
	var digest bn254.G1Affine
	digest.FromJacobian(&sum)
	out.Opening = vk.open(digest, f.value, c.zeta, secret)
	out.ShiftedOpening = vk.open(out.Product, out.ShiftedProduct, shifted, secret)
	return out
}

// open returns 1/(τ − at) × (digest − value × G₁).
func (vk *VerifyingKey) open(digest bn254.G1Affine, value, at, tau fr.Element) (w bn254.G1Affine) {
	var n big.Int
	w.ScalarMultiplication(&vk.srs.G1, value.BigInt(&n))
	w.Sub(&digest, &w)
	at.Sub(&tau, &at).Inverse(&at)
	w.ScalarMultiplication(&w, at.BigInt(&n))
	return w
}
