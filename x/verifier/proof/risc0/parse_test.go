package risc0

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// addTo returns the sum of two numbers of at most 32 bytes, in 32 bytes.
func addTo(a, b []byte) []byte {
	sum := new(big.Int).Add(new(big.Int).SetBytes(a), new(big.Int).SetBytes(b))
	return sum.FillBytes(make([]byte, 32))
}

func subOne(a []byte) []byte {
	n := new(big.Int).SetBytes(a)
	return n.Sub(n, big.NewInt(1)).FillBytes(make([]byte, 32))
}

// The embedded key and constants are the published contracts'.
func TestPublished(t *testing.T) {
	list, err := Published()
	require.NoError(t, err)
	require.Len(t, list, 2)
	set := vectors.Risc0(t)
	for id, selector := range map[string]string{Name + "/v2.2": "0xbb001d44", Name + "/v3.0": "0x73c457ba"} {
		p, want := release(t, id), set.Key(t, selector)
		require.Equal(t, want.Published, p.Key)
		require.Equal(t, want.Constants, p.Constants)
		require.False(t, p.Deprecated)
	}
}

// The selectors in error messages are those of the constants that each release's
// ControlID.sol has, at the tags v1.0.0, v1.1.4, v1.2.1, v2.0.2, v2.2.0, v2.2.2
// and v3.0.1 of risc0/risc0-ethereum (v2.2.0 there is for release 2.1).
func TestSelectors(t *testing.T) {
	const id10 = "0eb6febcf06c5df079111be116f79bd8c7e85dc9448776ef9a59aaf2624ab551"
	const id11 = "05a022e1db38457fb510bc347b30eb8f8cf3eda95587653d0eac19e1f10d164e"
	const idSince = "04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"
	for i, c := range []struct{ version, id, root string }{
		{"v1.0", id10, "a516a057c9fbf5629106300934d48e0e775d4230e41e503347cad96fcbde7e2e"},
		{"v1.1", id11, "8b6dcf11d463ac455361b41fb3ed053febb817491bdea00fdb340e45013b852e"},
		{"v1.2", idSince, "8cdad9242664be3112aba377c5425a4df735eb1c6966472b561d2855932c0469"},
		{"v2.0", idSince, "539032186827b06719244873b17b2d4c122e2d02cfb1994fe958b2523b844576"},
		{"v2.1", idSince, "884389273e128b32475b334dec75ee619b77cb33d41c332021fe7e44c746ee60"},
		{"v2.2", idSince, "ce52bf56033842021af3cf6db8a50d1b7535c125a34f1a22c6fdcf002c5a1529"},
		{"v3.0", idSince, "a54dc85ac99f851c92d7c96d7318af41dbe7c0194edfcc37eb4d422a998c1f56"},
	} {
		k := parse(t, release(t, Name+"/v3.0").Key, []proof.Constant{
			{Name: ControlID, Value: vectors.Bytes(t, c.id)}, {Name: ControlRoot, Value: vectors.Bytes(t, c.root)},
		})
		require.Equal(t, c.version, selectors[i].version)
		require.Equal(t, selectors[i].selector, k.selector, c.version)
		require.Equal(t, hex.EncodeToString(k.selector[:])+" (risc0-groth16/"+c.version+")", describe(k.selector))
	}
}

func TestBadProofs(t *testing.T) {
	k, s := parseRelease(t, Name+"/v2.2"), known(t)
	selector := s.proof[:SelectorSize]
	points := s.proof[SelectorSize:]
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":                {nil, proof.ErrSize},
		"selector alone":       {selector, proof.ErrSize},
		"without selector":     {points, proof.ErrSize},
		"one byte short":       {s.proof[:ProofSize-1], proof.ErrSize},
		"trailing byte":        {append(bytes.Clone(s.proof), 0), proof.ErrSize},
		"too long":             {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
		"all zero":             {make([]byte, ProofSize), proof.ErrInvalidProof},
		"A infinity":           {slices.Concat(selector, make([]byte, 64), points[64:]), proof.ErrPoint},
		"B infinity":           {slices.Concat(selector, points[:64], make([]byte, 128), points[192:]), proof.ErrPoint},
		"C infinity":           {slices.Concat(selector, points[:192], make([]byte, 64)), proof.ErrPoint},
		"parts of B exchanged": {slices.Concat(selector, points[:64], points[96:128], points[64:96], points[128:]), proof.ErrPoint},
		"all ones":             {slices.Concat(selector, bytes.Repeat([]byte{0xff}, 256)), proof.ErrEncoding},
		"A is C":               {slices.Concat(selector, points[192:], points[64:]), proof.ErrInvalidProof},
	} {
		require.ErrorIs(t, k.Verify(s.program, s.digest, nil, tc.proof), tc.err, name)
	}
}

func TestJournalMustHashToDigest(t *testing.T) {
	k, s := parseRelease(t, Name+"/v2.2"), known(t)
	for _, journal := range [][]byte{{}, s.journal[1:], append(bytes.Clone(s.journal), 0), make([]byte, proof.MaxPublicValuesSize+1)} {
		require.ErrorIs(t, k.Verify(s.program, s.digest, journal, s.proof), proof.ErrPublicValues)
		require.ErrorIs(t, k.Verify(s.program, k.Digest(journal), nil, s.proof), proof.ErrInvalidProof)
	}
}

func TestBadKeysAndConstants(t *testing.T) {
	p := release(t, Name+"/v2.2")
	id, root := p.Constants[0], p.Constants[1]
	fourInputs := slices.Concat(p.Key[:576], []byte{0, 0, 0, 5}, p.Key[580:900], make([]byte, 8))
	_, err := bn254.ParseKey(fourInputs)
	require.NoError(t, err, "a sound key, but not RISC Zero's")
	for name, tc := range map[string]struct {
		curve     string
		key       []byte
		constants []proof.Constant
		err       error
	}{
		"curve":             {proof.CurveBLS12381, p.Key, p.Constants, proof.ErrCurve},
		"empty key":         {proof.CurveBN254, nil, p.Constants, proof.ErrSize},
		"four inputs":       {proof.CurveBN254, fourInputs, p.Constants, proof.ErrEncoding},
		"α infinity":        {proof.CurveBN254, slices.Concat(make([]byte, 64), p.Key[64:]), p.Constants, proof.ErrPoint},
		"no constants":      {proof.CurveBN254, p.Key, nil, proof.ErrConstant},
		"root alone":        {proof.CurveBN254, p.Key, []proof.Constant{root}, proof.ErrConstant},
		"id alone":          {proof.CurveBN254, p.Key, []proof.Constant{id}, proof.ErrConstant},
		"exchanged":         {proof.CurveBN254, p.Key, []proof.Constant{root, id}, proof.ErrConstant},
		"id twice":          {proof.CurveBN254, p.Key, []proof.Constant{id, id}, proof.ErrConstant},
		"one too many":      {proof.CurveBN254, p.Key, []proof.Constant{id, root, {Name: "x"}}, proof.ErrConstant},
		"renamed":           {proof.CurveBN254, p.Key, []proof.Constant{{Name: "control_ie", Value: id.Value}, root}, proof.ErrConstant},
		"id one byte short": {proof.CurveBN254, p.Key, replaced(p.Constants, ControlID, id.Value[1:]), proof.ErrConstant},
		"root too long":     {proof.CurveBN254, p.Key, replaced(p.Constants, ControlRoot, make([]byte, 33)), proof.ErrConstant},
	} {
		k, err := Family{}.Parse(tc.curve, tc.key, tc.constants)
		require.ErrorIs(t, err, tc.err, name)
		require.Nil(t, k, name)
	}
	_, err = Family{}.Canonicalize(proof.CurveBN254, fourInputs)
	require.ErrorIs(t, err, proof.ErrEncoding)
	_, err = Family{}.Canonicalize(proof.CurveBLS12381, p.Key)
	require.ErrorIs(t, err, proof.ErrCurve)
	canonical, err := Family{}.Canonicalize(proof.CurveBN254, p.Key)
	require.NoError(t, err)
	require.Equal(t, p.Key, canonical)
}
