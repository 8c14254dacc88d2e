package bn254_test

import (
	"bytes"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

func TestProofSizes(t *testing.T) {
	for _, f := range fixtures(t) {
		require.Len(t, f.RawProof, ours.RawSize(f.Commitments))
		require.Len(t, f.SmallProof, ours.CompressedSize(f.Commitments))
		require.Len(t, f.Solidity, ours.SoliditySize(f.Commitments))
	}
}

func TestBadProofs(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	values := 8 * wire.G1Raw
	commitments := len(f.RawProof) - wire.G1Raw - 4
	modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":                     {nil, proof.ErrSize},
		"one byte short":            {f.RawProof[1:], proof.ErrSize},
		"trailing byte":             {append(bytes.Clone(f.RawProof), 0), proof.ErrSize},
		"trailing byte, compressed": {append(bytes.Clone(f.SmallProof), 0), proof.ErrSize},
		"too long":                  {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
		"without its commitment":    {get(t, plonktest.NoCommitment).RawProof, proof.ErrSize},
		"with one too many":         {get(t, plonktest.TwoCommitments).RawProof, proof.ErrSize},
		"Solidity form":             {f.Solidity, proof.ErrSize},
		"L.x is the modulus":        {put(f.RawProof, 0, modulus), proof.ErrEncoding},
		"L off the curve":           {put(f.RawProof, wire.G1Raw-8, []byte{0, 1, 2, 3}), proof.ErrPoint},
		"claims fewer values":       {put(f.RawProof, values, []byte{0, 0, 0, 6}), proof.ErrEncoding},
		"claims no commitment":      {put(f.RawProof, commitments, make([]byte, 4)), proof.ErrEncoding},
		"compressed point in raw":   {put(f.RawProof, wire.G1Raw, []byte{0x80}), proof.ErrEncoding},
		"raw point in compressed":   {put(f.SmallProof, wire.G1Compressed, f.RawProof[:wire.G1Compressed]), proof.ErrEncoding},
	} {
		_, err := ours.ParseProof(tc.proof, f.Commitments)
		require.ErrorIs(t, err, tc.err, name)
		require.ErrorIs(t, parse(t, f).VerifyEncoded(f.Inputs, tc.proof), tc.err, name)
	}
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":              {nil, proof.ErrSize},
		"one byte short":     {f.Solidity[1:], proof.ErrSize},
		"trailing byte":      {append(bytes.Clone(f.Solidity), 0), proof.ErrSize},
		"gnark's form":       {f.RawProof, proof.ErrSize},
		"L.x is the modulus": {put(f.Solidity, 0, modulus), proof.ErrEncoding},
		"compressed point":   {put(f.Solidity, wire.G1Raw, []byte{0x80}), proof.ErrEncoding},
		"commitment is off":  {put(f.Solidity, len(f.Solidity)-4, []byte{0, 1, 2, 3}), proof.ErrPoint},
	} {
		_, err := ours.ParseSolidityProof(tc.proof, f.Commitments)
		require.ErrorIs(t, err, tc.err, name)
	}
}

// Points outside the subgroup are refused in every place, as gnark does.
func TestPointsOutsideTheSubgroup(t *testing.T) {
	outside, ok := outsideG1(t)
	if !ok {
		_, _, g1, _ := bn254.Generators()
		require.True(t, g1.IsInSubGroup(), "every point on this curve is in the subgroup")
		return
	}
	raw, small := outside.RawBytes(), outside.Bytes()
	f := get(t, plonktest.OneCommitment)
	vk := parse(t, f)
	for i := range 8 {
		for _, bz := range [][]byte{
			put(f.RawProof, i*wire.G1Raw, raw[:]),
			put(f.SmallProof, i*wire.G1Compressed, small[:]),
		} {
			require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, bz), proof.ErrPoint)
			require.Error(t, f.GnarkVerify(bz, f.Inputs))
		}
	}
	last := put(f.RawProof, len(f.RawProof)-wire.G1Raw, raw[:])
	require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, last), proof.ErrPoint)
	_, err := ours.ParseSolidityProof(put(f.Solidity, 0, raw[:]), f.Commitments)
	require.ErrorIs(t, err, proof.ErrPoint)
}
