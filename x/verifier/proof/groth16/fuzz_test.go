package groth16_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
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
// the fixture's own statement is proved.
func FuzzVerify(f *testing.F) {
	fx := fixtures(f)[1]
	k, id := key(f, fx)
	pv := ours.Encode(fx.Inputs)
	f.Add(pv, fx.RawProof)
	f.Add(pv, fx.SmallProof)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, values, bz []byte) {
		if k.Verify(id, k.Digest(values), values, bz) == nil {
			require.Equal(t, pv, values)
		}
	})
}
