package bn254_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
)

// FuzzPlonkParseKey: no bytes make the parser panic; what it accepts has one
// canonical form, which it accepts again.
func FuzzPlonkParseKey(f *testing.F) {
	for _, fx := range fixtures(f) {
		f.Add(fx.Key)
		f.Add(fx.Key[plonktest.VersionSize:])
		f.Add(plonktest.Strip(fx.Curve, fx.Compressed, fx.Commitments))
	}
	f.Add(get(f, plonktest.OneCommitment).Raw)
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
		if exact, err := ours.ParseCanonicalKey(bz); err == nil {
			require.True(t, bytes.Equal(bz, exact.Canonical()))
		}
		stripped, err := ours.StripLines(bz)
		require.NoError(t, err)
		again, err = ours.ParseKey(stripped)
		require.NoError(t, err)
		require.Equal(t, vk, again)
	})
}

// FuzzPlonkParseProof: no bytes make the parsers panic; a raw proof that they
// accept is the only encoding of its points.
func FuzzPlonkParseProof(f *testing.F) {
	for _, fx := range fixtures(f) {
		f.Add(fx.RawProof, uint8(fx.Commitments))
		f.Add(fx.SmallProof, uint8(fx.Commitments))
		f.Add(fx.Solidity, uint8(fx.Commitments))
	}
	f.Fuzz(func(t *testing.T, bz []byte, commitments uint8) {
		n := int(commitments % (proof.MaxCommitments + 1))
		if p, err := ours.ParseSolidityProof(bz, n); err == nil {
			require.Equal(t, bz, p.Raw())
		}
		p, err := ours.ParseProof(bz, n)
		if err != nil {
			return
		}
		raw := p.Raw()
		again, err := ours.ParseProof(raw, n)
		require.NoError(t, err)
		require.Equal(t, p, again)
		if len(bz) == len(raw) {
			require.Equal(t, bz, raw)
		}
	})
}

// FuzzPlonkVerify: no proof or inputs make the verifier panic, its verdict is the
// same both times, nothing but the fixture's own statement is proved, and what is
// proved gnark accepts.
func FuzzPlonkVerify(f *testing.F) {
	fx := get(f, plonktest.OneCommitment)
	vk := parse(f, fx)
	f.Add(fx.Inputs, fx.RawProof)
	f.Add(fx.Inputs, fx.SmallProof)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, inputs, bz []byte) {
		err := vk.VerifyEncoded(inputs, bz)
		require.Equal(t, err, vk.VerifyEncoded(inputs, bz))
		if err == nil {
			require.Equal(t, fx.Inputs, inputs)
			require.NoError(t, fx.GnarkVerify(bz, inputs))
		}
	})
}
