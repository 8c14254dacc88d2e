package bn254_test

import (
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// FuzzParseKey: no bytes make the parser panic; what it accepts has one
// canonical form, which it accepts again.
func FuzzParseKey(f *testing.F) {
	for _, fx := range fixtures(f) {
		f.Add(fx.Raw)
		f.Add(fx.Compressed)
	}
	f.Fuzz(func(t *testing.T, bz []byte) {
		vk, err := ours.ParseKey(bz)
		if err != nil {
			return
		}
		again, err := ours.ParseCanonicalKey(vk.Canonical())
		require.NoError(t, err)
		require.Equal(t, vk, again)
		shape, err := ours.ReadShape(bz)
		require.NoError(t, err)
		require.Equal(t, vk.Shape(), shape)
	})
}

// FuzzParseProof: no bytes make the parser panic; a raw proof that it accepts is
// the only encoding of its points.
func FuzzParseProof(f *testing.F) {
	for _, fx := range fixtures(f) {
		f.Add(fx.RawProof, uint8(fx.Commitments))
		f.Add(fx.SmallProof, uint8(fx.Commitments))
	}
	f.Fuzz(func(t *testing.T, bz []byte, n uint8) {
		p, err := ours.ParseProof(bz, int(n%4))
		if err != nil {
			return
		}
		raw := p.Raw()
		again, err := ours.ParseProof(raw, int(n%4))
		require.NoError(t, err)
		require.Equal(t, p, again)
		if len(bz) == len(raw) {
			require.Equal(t, bz, raw)
		}
	})
}

// FuzzVerify: no proof or public values make the verifier panic, and nothing but
// the one statement is proved. The key is made from fixed numbers, so that every
// process of the fuzzer has the same.
func FuzzVerify(f *testing.F) {
	n := fr.NewElement
	d := &trapdoor{
		alpha: n(2), beta: n(3), gamma: n(5), delta: n(7), g: n(11), sigma: []fr.Element{n(13)},
		k: []fr.Element{n(17), n(19), n(23), n(29)}, committed: [][]int{{1}},
	}
	in := []fr.Element{n(31), n(37)}
	p := &forged{a: n(41), b: n(43), commitments: []fr.Element{n(47)}}
	d.prove(p, in)
	require.NoError(f, d.check(f, f, p, in))
	vk, err := ours.ParseCanonicalKey(d.key())
	require.NoError(f, err)
	_, small := groth16test.Encode(f, gnarkProof(f, p.raw()))
	require.NoError(f, vk.VerifyEncoded(wire.Encode(in), small))
	f.Add(wire.Encode(in), p.raw())
	f.Add(wire.Encode(in), small)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, values, bz []byte) {
		if vk.VerifyEncoded(values, bz) == nil {
			require.Equal(t, wire.Encode(in), values)
		}
	})
}
