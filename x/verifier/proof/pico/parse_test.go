package pico_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// Offsets in a raw key: of the number of points K, and of the number of
// commitments after the three of them.
const (
	offCount       = 576
	offCommitments = offCount + 4 + 3*64
)

func TestBadProofs(t *testing.T) {
	k, program, digest, bz := known(t)
	swapped := slices.Concat(bz[:64], bz[96:128], bz[64:96], bz[128:]) // B.x0 before B.x1
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":                {nil, proof.ErrSize},
		"one byte short":       {bz[1:], proof.ErrSize},
		"trailing byte":        {append(bytes.Clone(bz), 0), proof.ErrSize},
		"too long":             {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
		"with public inputs":   {slices.Concat(bz, program[:], digest[:]), proof.ErrSize},
		"all zero":             {make([]byte, pico.ProofSize), proof.ErrPoint},
		"all ones":             {bytes.Repeat([]byte{0xff}, pico.ProofSize), proof.ErrEncoding},
		"parts of B exchanged": {swapped, proof.ErrPoint},
		"A is C":               {slices.Concat(bz[192:], bz[64:]), proof.ErrInvalidProof},
	} {
		require.ErrorIs(t, k.Verify(program, digest, nil, tc.proof), tc.err, name)
	}
}

func TestBadKeys(t *testing.T) {
	key := embedded(t)
	oneInput := slices.Concat(key[:offCount], []byte{0, 0, 0, 2}, key[offCount+4:offCount+4+128], make([]byte, 8))
	_, err := bn254.ParseKey(oneInput)
	require.NoError(t, err, "a sound key, but not Pico's")
	compressed := vectors.Pico(t).Key(t, vectors.PicoV122).Published
	for name, tc := range map[string]struct {
		curve     string
		key       []byte
		constants []proof.Constant
		err       error
	}{
		"curve":      {proof.CurveBLS12381, key, nil, proof.ErrCurve},
		"empty":      {proof.CurveBN254, nil, nil, proof.ErrSize},
		"one input":  {proof.CurveBN254, oneInput, nil, proof.ErrEncoding},
		"compressed": {proof.CurveBN254, compressed, nil, proof.ErrEncoding},
		"constants":  {proof.CurveBN254, key, []proof.Constant{{Name: "x"}}, proof.ErrConstant},
		"α infinity": {proof.CurveBN254, slices.Concat(make([]byte, 64), key[64:]), nil, proof.ErrPoint},
	} {
		k, err := pico.Family{}.Parse(tc.curve, tc.key, tc.constants)
		require.ErrorIs(t, err, tc.err, name)
		require.Nil(t, k, name)
	}
	_, err = pico.Family{}.Canonicalize(proof.CurveBN254, oneInput)
	require.ErrorIs(t, err, proof.ErrEncoding)
	canonical, err := pico.Family{}.Canonicalize(proof.CurveBN254, compressed)
	require.NoError(t, err)
	require.Equal(t, key, canonical)
}

// law V4. Regression: a small key that claims 2³¹ points must be refused before
// anything is allocated for them.
func TestInflatedLengthsDoNotAllocate(t *testing.T) {
	key := embedded(t)
	compressed := vectors.Pico(t).Key(t, vectors.PicoV122).Published
	inflated := binary.BigEndian.AppendUint32(nil, 1<<31)
	put := func(bz []byte, off int) []byte {
		out := bytes.Clone(bz)
		copy(out[off:], inflated)
		return out
	}
	for name, bad := range map[string][]byte{
		"points K":             put(key, offCount),
		"points K, compressed": put(compressed, offCount/2),
		"commitments":          put(key, offCommitments),
		"commitment keys":      put(key, offCommitments+4),
		"500 bytes":            put(key, offCount)[:offCount+4],
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, shapeErr := pico.Family{}.Shape(proof.CurveBN254, bad)
		_, parseErr := pico.Family{}.Parse(proof.CurveBN254, bad, nil)
		_, canonicalErr := pico.Family{}.Canonicalize(proof.CurveBN254, bad)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, shapeErr, proof.ErrSize, name)
		require.ErrorIs(t, parseErr, proof.ErrSize, name)
		require.ErrorIs(t, canonicalErr, proof.ErrSize, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16), name)
	}
}

// FuzzPicoKey: no bytes make the parser panic; what it reads has one canonical
// form, of the shape that is charged for.
func FuzzPicoKey(f *testing.F) {
	f.Add(embedded(f))
	f.Add(vectors.Pico(f).Keys[0].Published)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, bz []byte) {
		canonical, err := pico.Family{}.Canonicalize(proof.CurveBN254, bz)
		require.NotErrorIs(t, err, proof.ErrInternal)
		if err != nil {
			return
		}
		k, err := pico.Family{}.Parse(proof.CurveBN254, canonical, nil)
		require.NoError(t, err)
		shape, err := pico.Family{}.Shape(proof.CurveBN254, canonical)
		require.NoError(t, err)
		require.Equal(t, shape, k.Shape())
	})
}

// FuzzPicoVerify: no bytes make the verifier panic, and only the published
// statement is proved.
func FuzzPicoVerify(f *testing.F) {
	k, program, digest, bz := known(f)
	f.Add(program[:], digest[:], []byte{}, bz)
	f.Add(digest[:], program[:], []byte{1}, bz)
	f.Fuzz(func(t *testing.T, p, d, publicValues, bz []byte) {
		var gotProgram, gotDigest [32]byte
		copy(gotProgram[:], p)
		copy(gotDigest[:], d)
		if len(publicValues) == 0 {
			publicValues = nil
		}
		err := k.Verify(gotProgram, gotDigest, publicValues, bz)
		require.NotErrorIs(t, err, proof.ErrInternal)
		if err == nil {
			require.Equal(t, program, gotProgram)
			require.Equal(t, digest, gotDigest)
		}
	})
}

// BenchmarkPico compares the whole verification, from bytes, with gnark's own of
// a proof and inputs that are parsed before.
func BenchmarkPico(b *testing.B) {
	k, program, digest, bz := known(b)
	b.Run("ours", func(b *testing.B) {
		benchtest.Measure(b, func() error { return k.Verify(program, digest, nil, bz) })
	})
	b.Run("gnark", func(b *testing.B) {
		benchtest.Measure(b, vectors.Gnark(b, embedded(b), bz, elements(program, digest)))
	})
}
