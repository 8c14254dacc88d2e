package plonk_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
)

func TestFamily(t *testing.T) {
	require.Equal(t, "plonk", plonk.Family.Name())
	require.True(t, plonk.Family.Permissionless())
	require.Equal(t, []string{proof.CurveBN254, proof.CurveBLS12381}, plonk.Family.Curves())
}

// Every fixture on both curves, from registration to verdict.
func TestStatement(t *testing.T) {
	for _, f := range plonktest.All(t) {
		t.Run(f.Curve+"/"+f.Name, func(t *testing.T) {
			for _, form := range [][]byte{f.Raw, f.Compressed, f.Key} {
				canonical, err := plonk.Family.Canonicalize(f.Curve, form)
				require.NoError(t, err)
				require.Equal(t, f.Key, canonical)
			}
			shape, err := plonk.Family.Shape(f.Curve, f.Key)
			require.NoError(t, err)
			k, err := plonk.Family.Parse(f.Curve, f.Key, nil)
			require.NoError(t, err)
			require.Equal(t, shape, k.Shape())
			require.Equal(t, f.Curve, shape.Curve)
			require.Equal(t, proof.SystemPlonk, shape.System)

			id, digest, values := f.ID(), f.Digest(), f.PublicValues()
			require.NoError(t, k.CheckStatement(id, digest))
			require.NoError(t, k.Verify(id, digest, values, f.RawProof))
			require.NoError(t, k.Verify(id, digest, values, f.SmallProof))

			wrong := id
			wrong[31] ^= 1
			require.ErrorIs(t, k.Verify(wrong, digest, values, f.RawProof), proof.ErrProgram)
			wrong = digest
			wrong[31] ^= 1
			require.ErrorIs(t, k.Verify(id, wrong, values, f.RawProof), proof.ErrPublicValues)
			wrong[0] |= 0x20
			require.ErrorIs(t, k.Verify(id, wrong, values, f.RawProof), proof.ErrDigest)
			longer := append(bytes.Clone(values), make([]byte, 32)...)
			require.ErrorIs(t, k.Verify(id, proof.MaskedDigest(longer), longer, f.RawProof), proof.ErrPublicValues)
			require.ErrorIs(t, k.Verify(id, digest, values, make([]byte, proof.MaxProofSize+1)), proof.ErrSize)
			require.ErrorIs(t, k.Verify(id, digest, values, nil), proof.ErrSize)
			if f.PublicInputs() > 0 {
				require.ErrorIs(t, k.Verify(id, digest, nil, f.RawProof), proof.ErrPublicValues)
			} else {
				require.NoError(t, k.Verify(id, digest, nil, f.RawProof))
			}
		})
	}
}

// What is not a canonical key of the named curve is refused.
func TestBadFamilyCalls(t *testing.T) {
	f := plonktest.Get(t, proof.CurveBN254, plonktest.OneCommitment)
	other := plonktest.Get(t, proof.CurveBLS12381, plonktest.OneCommitment)
	for _, key := range [][]byte{f.Raw, f.Compressed, f.Key[plonktest.VersionSize:]} {
		_, err := plonk.Family.Parse(f.Curve, key, nil)
		require.ErrorIs(t, err, proof.ErrEncoding, "the chain takes the canonical form only")
	}
	_, err := plonk.Family.Parse(f.Curve, other.Key, nil)
	require.Error(t, err, "a key of the other curve")
	_, err = plonk.Family.Parse(other.Curve, f.Key, nil)
	require.Error(t, err, "a key of the other curve")
	_, err = plonk.Family.Parse("bn-254", f.Key, nil)
	require.ErrorIs(t, err, proof.ErrCurve)
	_, err = plonk.Family.Parse(f.Curve, f.Key, []proof.Constant{{Name: "x"}})
	require.ErrorIs(t, err, proof.ErrConstant)
	require.NotEqual(t, f.ID(), other.ID())
}
