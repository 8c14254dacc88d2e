package bn254

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

// Accept is accept.
var Accept = accept

// ScalesByValue reports whether the multiple of a point by the coefficient of the
// first claim, computed by halves, is that by its value.
func ScalesByValue(claims []*Claim) bool {
	r, _ := draw(claims)
	table := oddMultiples(claims[0].vk.k[:1])
	var byHalves, byValue terms
	byHalves.scale(&table[0], &r[0])
	value := r[0].value()
	byValue.multiply(&table[0], &value)
	got, want := byHalves.sum(), byValue.sum()
	return got.Equal(&want)
}

// Coefficients returns the coefficients of claims as bytes, for comparison.
func Coefficients(claims []*Claim) (out []string) {
	r, s := draw(claims)
	for i := range r {
		a, b := r[i].value(), s[i].value()
		out = append(out, a.String(), b.String())
	}
	return out
}

// HoldsUnweighted reports whether the equation of claims, which are of one key and
// at most a segment, holds if every coefficient is one.
func HoldsUnweighted(claims []*Claim) (bool, error) {
	g := &segment{vk: claims[0].vk, claims: claims, at: make([]int, len(claims))}
	for range claims {
		one := coefficient{a: fr.One()}
		g.r, g.s = append(g.r, one), append(g.s, one)
	}
	if err := build([]*segment{g}); err != nil {
		return false, err
	}
	return holds([]*segment{g}, 1)
}
