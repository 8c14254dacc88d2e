package bn254_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	"github.com/consensys/gnark-crypto/ecc/bn254/kzg"
	gnark "github.com/consensys/gnark/backend/plonk/bn254"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// anyScalar draws a field element: a small one, among them the lowest as given,
// one next to the modulus, or one of full size.
func anyScalar(t *rapid.T, lowest uint64, what string) (e fr.Element) {
	small := rapid.Uint64Range(lowest, 4).Draw(t, what)
	switch rapid.IntRange(0, 2).Draw(t, what+", kind") {
	case 0:
		e.SetUint64(small)
	case 1:
		e.SetInt64(-int64(small))
	default:
		e.SetBytes(rapid.SliceOfN(rapid.Byte(), 31, 31).Draw(t, what+", bytes"))
		if e.IsZero() {
			e.SetUint64(lowest)
		}
	}
	return e
}

// anyG1 draws a point of G1; the lowest multiple of the generator is as given, so
// that points repeat, cancel, and are infinity.
func anyG1(t *rapid.T, lowest uint64, what string) (p bn254.G1Affine) {
	e := anyScalar(t, lowest, what)
	p.ScalarMultiplicationBase(e.BigInt(new(big.Int)))
	return p
}

// anyG1s draws n points.
func anyG1s(t *rapid.T, n int, what string) []bn254.G1Affine {
	out := make([]bn254.G1Affine, n)
	for i := range out {
		out[i] = anyG1(t, 0, what)
	}
	return out
}

// anyKey draws a key that no circuit need have, as gnark holds it, with a known
// secret of its SRS.
func anyKey(t *rapid.T) *gnark.VerifyingKey {
	domain := fft.NewDomain(1<<rapid.IntRange(1, 20).Draw(t, "log size"), fft.WithoutPrecompute())
	size := domain.Cardinality
	vk := &gnark.VerifyingKey{
		Size: size, SizeInv: domain.CardinalityInv, Generator: domain.Generator, CosetShift: domain.FrMultiplicativeGen,
		NbPublicVariables: rapid.Uint64Range(0, min(size-1, 9)).Draw(t, "inputs"),
		S:                 [3]kzg.Digest(anyG1s(t, 3, "permutation")),
		Ql:                anyG1(t, 0, "left"), Qr: anyG1(t, 0, "right"), Qm: anyG1(t, 0, "mul"), Qo: anyG1(t, 0, "output"), Qk: anyG1(t, 0, "constant"),
	}
	n := rapid.IntRange(0, 3).Draw(t, "commitments")
	vk.Qcp = anyG1s(t, n, "commitment selector")
	for range n {
		row := rapid.Uint64Range(0, size-vk.NbPublicVariables-1).Draw(t, "row")
		vk.CommitmentConstraintIndexes = append(vk.CommitmentConstraintIndexes, row)
	}
	vk.Kzg.G1 = anyG1(t, 1, "SRS in G1")
	factor := anyScalar(t, 1, "SRS in G2")
	vk.Kzg.G2[0].ScalarMultiplicationBase(factor.BigInt(new(big.Int)))
	vk.Kzg.G2[1].ScalarMultiplication(&vk.Kzg.G2[0], big.NewInt(plonktest.Tau))
	for i := range vk.Kzg.Lines {
		vk.Kzg.Lines[i] = bn254.PrecomputeLines(vk.Kzg.G2[i])
	}
	return vk
}

// Whatever the key, the statement and the proof, gnark's verdict and ours are the
// same, where openings are forged with the secret of the SRS too.
func TestVerdictEqualsGnarkUnderAnyKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		theirs := anyKey(rt)
		n := len(theirs.Qcp)
		raw, _ := plonktest.Encode(t, theirs)
		vk, err := ours.ParseKey(raw)
		require.NoError(rt, err)
		require.Equal(rt, plonktest.Strip(proof.CurveBN254, raw, n), vk.Canonical())

		inputs := make([]fr.Element, theirs.NbPublicVariables)
		for i := range inputs {
			inputs[i] = anyScalar(rt, 0, "input")
		}
		p := &ours.Proof{
			Wires: [3]bn254.G1Affine(anyG1s(rt, 3, "wire")), Product: anyG1(rt, 0, "product"), Quotient: [3]bn254.G1Affine(anyG1s(rt, 3, "quotient")),
			ShiftedProduct: anyScalar(rt, 0, "shifted product"),
			Selectors:      make([]fr.Element, n), Commitments: anyG1s(rt, n, "commitment"),
		}
		for _, e := range append(pointers(p.Values[:]), pointers(p.Selectors)...) {
			*e = anyScalar(rt, 0, "value")
		}
		check := func(p *ours.Proof) error {
			words := wire.Encode(inputs)
			want := gnarkVerify(theirs, p.Raw(), words)
			got := vk.VerifyEncoded(words, p.Raw())
			require.Equal(rt, want == nil, got == nil, "gnark says %v, we say %v", want, got)
			if got != nil {
				require.ErrorIs(rt, got, proof.ErrInvalidProof)
			}
			return got
		}
		require.NoError(rt, check(vk.Forge(p, inputs, plonktest.Tau)))

		// One part changed after the openings were made, with the claim that fits.
		forged := vk.Forge(p, inputs, plonktest.Tau)
		points := slices.Concat(
			[]*bn254.G1Affine{&forged.Product, &forged.Opening, &forged.ShiftedOpening},
			pointers(forged.Wires[:]), pointers(forged.Quotient[:]), pointers(forged.Commitments),
		)
		changed := slices.Concat(pointers(forged.Values[:]), pointers(forged.Selectors), pointers(inputs), []*fr.Element{&forged.ShiftedProduct})
		if i := rapid.IntRange(0, len(points)+len(changed)-1).Draw(rt, "changed"); i < len(points) {
			points[i].Add(points[i], &theirs.Kzg.G1)
		} else {
			one := fr.One()
			changed[i-len(points)].Add(changed[i-len(points)], &one)
		}
		if rapid.Bool().Draw(rt, "claimed") {
			forged = vk.WithClaim(forged, inputs)
		}
		require.Error(rt, check(forged))
	})
}

// pointers returns where the items are.
func pointers[T any](list []T) (out []*T) {
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}
