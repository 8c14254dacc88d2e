package groth16_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

// key returns the fixture's key through the family, and its statement.
func key(t testing.TB, f *groth16test.Fixture) (k proof.Key, id, digest [32]byte) {
	t.Helper()
	k, err := groth16.Family.Parse(f.Curve, f.Raw, nil)
	require.NoError(t, err)
	return k, f.ID(), f.Digest()
}

func TestCurves(t *testing.T) {
	require.Equal(t, "groth16", groth16.Family.Name())
	require.True(t, groth16.Family.Permissionless())
	require.Equal(t, []string{proof.CurveBN254, proof.CurveBLS12381}, groth16.Family.Curves())
}

func TestFamilyVerifiesOnEveryCurve(t *testing.T) {
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve) {
			k, id, digest := key(t, f)
			require.NoError(t, k.Verify(id, digest, f.PublicValues(), f.RawProof), "%s: %s", curve, f.Name)
			require.NoError(t, k.Verify(id, digest, f.PublicValues(), f.SmallProof), "%s: %s", curve, f.Name)
			shape, err := groth16.Family.Shape(curve, f.Raw)
			require.NoError(t, err)
			require.Equal(t, k.Shape(), shape)
			require.Equal(t, curve, shape.Curve)
			for _, form := range [][]byte{f.Raw, f.Compressed} {
				canonical, err := groth16.Family.Canonicalize(curve, form)
				require.NoError(t, err)
				require.Equal(t, f.Raw, canonical)
			}
			_, err = groth16.Family.Parse(curve, f.Compressed, nil)
			require.ErrorIs(t, err, proof.ErrEncoding, "the chain takes canonical keys only")
		}
	}
}

// A key has one curve, and is part of the circuit's id with it.
func TestKeyOfAnotherCurve(t *testing.T) {
	for _, curve := range groth16.Family.Curves() {
		f := groth16test.AllOn(t, curve)[0]
		for _, other := range append(groth16.Family.Curves(), "", "bls12_381", "BN254") {
			if other == curve {
				continue
			}
			require.NotEqual(t, f.ID(), proof.CircuitID(groth16.Name, other, f.Raw))
			_, err := groth16.Family.Parse(other, f.Raw, nil)
			require.Error(t, err)
			_, err = groth16.Family.Canonicalize(other, f.Raw)
			require.Error(t, err)
		}
		for _, unknown := range []string{"", "bls12_381", "BN254"} {
			_, err := groth16.Family.Parse(unknown, f.Raw, nil)
			require.ErrorIs(t, err, proof.ErrCurve)
			_, err = groth16.Family.Shape(unknown, f.Raw)
			require.ErrorIs(t, err, proof.ErrCurve)
			_, err = groth16.Family.Canonicalize(unknown, f.Raw)
			require.ErrorIs(t, err, proof.ErrCurve)
		}
		_, err := groth16.Family.Parse(curve, f.Raw, []proof.Constant{{Name: "x"}})
		require.ErrorIs(t, err, proof.ErrConstant)
	}
}

// law V3: the circuit id is the program, and the digest has its range.
func TestStatement(t *testing.T) {
	for _, curve := range groth16.Family.Curves() {
		f := groth16test.AllOn(t, curve)[1]
		k, id, digest := key(t, f)
		pv := f.PublicValues()
		require.Equal(t, digest, k.Digest(pv))
		require.Zero(t, digest[0]>>5)
		require.True(t, k.NeedsPublicValues())
		require.NoError(t, k.CheckStatement(id, digest))

		wrongID, high, other := id, digest, digest
		wrongID[31] ^= 1
		high[0] |= 0x20
		other[31] ^= 1
		require.ErrorIs(t, k.CheckStatement(wrongID, digest), proof.ErrProgram)
		require.ErrorIs(t, k.CheckStatement(id, high), proof.ErrDigest)
		for name, tc := range map[string]struct {
			program, digest [32]byte
			publicValues    []byte
			proof           []byte
			err             error
		}{
			"another program":         {wrongID, digest, pv, f.RawProof, proof.ErrProgram},
			"digest out of range":     {id, high, pv, f.RawProof, proof.ErrDigest},
			"another digest":          {id, other, pv, f.RawProof, proof.ErrPublicValues},
			"no public values":        {id, digest, nil, f.RawProof, proof.ErrPublicValues},
			"public values cut short": {id, digest, pv[:len(pv)-1], f.RawProof, proof.ErrPublicValues},
			"a byte too many":         {id, digest, append(bytes.Clone(pv), 0), f.RawProof, proof.ErrPublicValues},
			"too many public values":  {id, digest, make([]byte, proof.MaxPublicValuesSize+1), f.RawProof, proof.ErrPublicValues},
			"too long a proof":        {id, digest, pv, make([]byte, proof.MaxProofSize+1), proof.ErrSize},
			"no proof":                {id, digest, pv, nil, proof.ErrSize},
			"another circuit's proof": {id, digest, pv, groth16test.AllOn(t, curve)[0].RawProof, proof.ErrSize},
		} {
			require.ErrorIs(t, k.Verify(tc.program, tc.digest, tc.publicValues, tc.proof), tc.err, "%s: %s", curve, name)
		}
	}
}
