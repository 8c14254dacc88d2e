package bn254_test

import (
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/hash_to_field"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// trapdoor holds the discrete logarithms of a key's points, with which a proof of
// anything can be made: keys and proofs that no circuit would give.
type trapdoor struct {
	alpha, beta, gamma, delta, g fr.Element
	k                            []fr.Element // for the constant, inputs and commitments
	committed                    [][]int      // what each commitment covers
	sigma                        []fr.Element // of each commitment key
}

// forged holds the discrete logarithms of a proof's points.
type forged struct {
	a, b, c, knowledge fr.Element
	commitments        []fr.Element
}

func g1(s fr.Element) []byte {
	var p bn254.G1Affine
	p.ScalarMultiplicationBase(s.BigInt(new(big.Int)))
	raw := p.RawBytes()
	return raw[:]
}

func g2(s fr.Element) []byte {
	var p bn254.G2Affine
	p.ScalarMultiplicationBase(s.BigInt(new(big.Int)))
	raw := p.RawBytes()
	return raw[:]
}

// key returns the key in canonical form, with β₁ and δ₁ at infinity.
func (d *trapdoor) key() []byte {
	var none fr.Element
	var out []byte
	for _, point := range [][]byte{g1(d.alpha), g1(none), g2(d.beta), g2(d.gamma), g1(none), g2(d.delta)} {
		out = append(out, point...)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(d.k)))
	for _, k := range d.k {
		out = append(out, g1(k)...)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(d.committed)))
	for _, covered := range d.committed {
		out = binary.BigEndian.AppendUint32(out, uint32(len(covered)))
		for _, index := range covered {
			out = binary.BigEndian.AppendUint64(out, uint64(index))
		}
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(d.sigma)))
	for i := range d.sigma {
		var neg fr.Element
		neg.Mul(&d.sigma[i], &d.g).Neg(&neg)
		out = append(append(out, g2(d.g)...), g2(neg)...)
	}
	return out
}

// prove completes a proof of the inputs that has a, b and commitments: C and the
// proof of knowledge follow from them.
func (d *trapdoor) prove(p *forged, inputs []fr.Element) {
	all := append([]fr.Element{}, inputs...)
	var hashes []byte
	for i, covered := range d.committed {
		h := hash_to_field.New([]byte("bsb22-commitment"))
		_, _ = h.Write(g1(p.commitments[i]))
		for _, index := range covered {
			_, _ = h.Write(all[index-1].Marshal())
		}
		var e fr.Element
		e.SetBytes(h.Sum(nil))
		all = append(all, e)
		hashes = append(hashes, e.Marshal()...)
	}
	sum := d.k[0]
	var term fr.Element
	for i := range all {
		sum.Add(&sum, term.Mul(&all[i], &d.k[i+1]))
	}
	p.knowledge.SetZero()
	challenge, _ := fr.Hash(hashes, []byte("G16-BSB22"), 1)
	power := fr.One()
	for i := range p.commitments {
		sum.Add(&sum, &p.commitments[i])
		term.Mul(&p.commitments[i], &d.sigma[i])
		p.knowledge.Add(&p.knowledge, term.Mul(&term, &power))
		power.Mul(&power, &challenge[0])
	}
	// a·b = α·β + γ·sum + δ·c
	p.c.Mul(&p.a, &p.b)
	p.c.Sub(&p.c, term.Mul(&d.alpha, &d.beta))
	p.c.Sub(&p.c, term.Mul(&d.gamma, &sum))
	p.c.Div(&p.c, &d.delta)
}

// raw returns the proof's bytes.
func (p *forged) raw() []byte {
	out := append(append(g1(p.a), g2(p.b)...), g1(p.c)...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(p.commitments)))
	for _, c := range p.commitments {
		out = append(out, g1(c)...)
	}
	return append(out, g1(p.knowledge)...)
}

// check compares the verdicts on the proof.
func (d *trapdoor) check(t testing.TB, rt require.TestingT, p *forged, inputs []fr.Element) error {
	key := d.key()
	vk, err := ours.ParseCanonicalKey(key)
	require.NoError(rt, err)
	want := groth16test.GnarkVerdict(proof.CurveBN254, groth16test.GnarkKey(t, proof.CurveBN254, key), wire.Encode(inputs), p.raw())
	got := vk.VerifyEncoded(wire.Encode(inputs), p.raw())
	if p.a.IsZero() || p.b.IsZero() || p.c.IsZero() { // law V4: stricter than gnark
		require.ErrorIs(rt, got, proof.ErrPoint)
	} else {
		require.Equal(rt, want == nil, got == nil, "gnark says %v, we say %v", want, got)
	}
	return got
}

// scalars generates field elements: small ones, among them the lowest as given,
// and ones of full size.
func scalars(lowest uint64) *rapid.Generator[fr.Element] {
	return rapid.Custom(func(t *rapid.T) fr.Element {
		if rapid.Bool().Draw(t, "small") {
			return fr.NewElement(rapid.Uint64Range(lowest, 5).Draw(t, "value"))
		}
		var e fr.Element
		e.SetBytes(rapid.SliceOfN(rapid.Byte(), 31, 31).Draw(t, "bytes"))
		if one := fr.One(); e.IsZero() && lowest > 0 {
			e = one
		}
		return e
	})
}

// Whatever the key and the statement, gnark's verdict and ours are the same.
func TestVerdictEqualsGnarkUnderAnyKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(rt, "inputs")
		commitments := rapid.IntRange(0, 3).Draw(rt, "commitments")
		d := &trapdoor{
			alpha: scalars(1).Draw(rt, "α"), beta: scalars(1).Draw(rt, "β"), gamma: scalars(1).Draw(rt, "γ"),
			delta: scalars(1).Draw(rt, "δ"), g: scalars(1).Draw(rt, "G"),
			k:     rapid.SliceOfN(scalars(0), 1+n+commitments, 1+n+commitments).Draw(rt, "K"),
			sigma: rapid.SliceOfN(scalars(1), commitments, commitments).Draw(rt, "σ"),
		}
		for i := range commitments {
			var covered []int
			if n+i > 0 {
				covered = rapid.SliceOfN(rapid.IntRange(1, n+i), 0, 4).Draw(rt, "covered")
			}
			d.committed = append(d.committed, covered)
		}
		p := &forged{
			a: scalars(1).Draw(rt, "A"), b: scalars(1).Draw(rt, "B"),
			commitments: rapid.SliceOfN(scalars(0), commitments, commitments).Draw(rt, "commitments"),
		}
		in := rapid.SliceOfN(scalars(0), n, n).Draw(rt, "values")
		d.prove(p, in)
		if got := d.check(t, rt, p, in); !p.c.IsZero() {
			require.NoError(rt, got)
		}

		one := fr.One()
		targets := []*fr.Element{&p.a, &p.b, &p.c}
		if commitments > 0 {
			targets = append(targets, &p.knowledge, &p.commitments[0], &p.commitments[commitments-1])
		}
		if n > 0 {
			targets = append(targets, &in[0], &in[n-1])
		}
		e := targets[rapid.IntRange(0, len(targets)-1).Draw(rt, "changed")]
		e.Add(e, &one)
		_ = d.check(t, rt, p, in) // which compares the verdicts
	})
}

// Regression: where the sum over the inputs is infinity, the fixed-argument
// Miller loop gets infinity too, and its share must come to one.
func TestSumOfInputsAtInfinity(t *testing.T) {
	for name, tc := range map[string]struct{ k, in []fr.Element }{
		"K is infinity": {make([]fr.Element, 3), []fr.Element{fr.NewElement(8), fr.NewElement(9)}},
		"no input":      {make([]fr.Element, 1), nil},
		"terms cancel":  {[]fr.Element{fr.NewElement(6), fr.NewElement(3)}, []fr.Element{*new(fr.Element).SetInt64(-2)}},
	} {
		d := &trapdoor{alpha: fr.NewElement(2), beta: fr.NewElement(3), gamma: fr.NewElement(5), delta: fr.NewElement(7), k: tc.k}
		p := &forged{a: fr.NewElement(11), b: fr.NewElement(13)}
		d.prove(p, tc.in)
		require.NoError(t, d.check(t, t, p, tc.in), name)
		p.a.Double(&p.a)
		require.ErrorIs(t, d.check(t, t, p, tc.in), proof.ErrInvalidProof, name)
	}
}

// The largest key is within the bounds and verifies.
func TestLargestKey(t *testing.T) {
	d := &trapdoor{alpha: fr.NewElement(2), beta: fr.NewElement(3), gamma: fr.NewElement(5), delta: fr.NewElement(7), g: fr.One()}
	for i := range 1 + proof.MaxPublicInputs + proof.MaxCommitments {
		d.k = append(d.k, fr.NewElement(uint64(i)))
	}
	p := &forged{a: fr.NewElement(11), b: fr.NewElement(13)}
	for i := range proof.MaxCommitments {
		d.committed = append(d.committed, []int{1, proof.MaxPublicInputs + i})
		d.sigma = append(d.sigma, fr.NewElement(uint64(i)+2))
		p.commitments = append(p.commitments, fr.NewElement(uint64(i)))
	}
	in := make([]fr.Element, proof.MaxPublicInputs)
	for i := range in {
		in[i].SetUint64(uint64(i)).Inverse(&in[i])
	}
	d.prove(p, in)
	require.LessOrEqual(t, len(d.key()), proof.MaxKeySize)
	require.LessOrEqual(t, len(p.raw()), proof.MaxProofSize)
	require.LessOrEqual(t, len(wire.Encode(in)), proof.MaxPublicValuesSize)
	require.NoError(t, d.check(t, t, p, in))
}
