package bn254_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"runtime"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Offsets in a canonical key.
const (
	offVersion   = 8
	offSize      = 16
	offSizeInv   = 24
	offGenerator = 56
	offInputs    = 88
	offShift     = 96
	offS1        = 128
	offCount     = offS1 + 8*wire.G1Raw
)

// offsets returns where the SRS and the rows of a canonical key start.
func offsets(f *fixture) (srs, rows int) {
	return offCount + 4 + f.Commitments*wire.G1Raw, len(f.Key) - ours.TailSize(f.Commitments)
}

func TestKeyForms(t *testing.T) {
	for _, f := range fixtures(t) {
		require.Equal(t, plonktest.LinesSize(f.Curve), ours.LinesSize)
		want := parse(t, f)
		small := plonktest.Strip(f.Curve, f.Compressed, f.Commitments)
		for name, form := range map[string]struct {
			key                  []byte
			canonical, published bool
		}{
			"raw":                         {f.Raw, false, false},
			"raw, no lines":               {f.Key, true, false},
			"raw, legacy":                 {f.Raw[plonktest.VersionSize:], false, false},
			"raw, legacy, no lines":       {f.Key[plonktest.VersionSize:], false, false},
			"compressed":                  {f.Compressed, false, false},
			"compressed, no lines":        {small, false, true},
			"compressed, legacy":          {f.Compressed[plonktest.VersionSize:], false, false},
			"compressed, legacy, no line": {small[plonktest.VersionSize:], false, true},
		} {
			name = f.Name + ", " + name
			vk, err := ours.ParseKey(form.key)
			require.NoError(t, err, name)
			require.Equal(t, want, vk, name)
			canonical, err := ours.Canonicalize(form.key)
			require.NoError(t, err, name)
			require.Equal(t, f.Key, canonical, name)
			shape, err := ours.ReadShape(form.key)
			require.NoError(t, err, name)
			require.Equal(t, want.Shape(), shape, name)

			if _, err = ours.ParseCanonicalKey(form.key); form.canonical {
				require.NoError(t, err, name)
			} else {
				require.ErrorIs(t, err, proof.ErrEncoding, name)
			}
			if vk, err = ours.ParsePublishedKey(form.key); form.published {
				require.NoError(t, err, name)
				require.Equal(t, want, vk, name)
			} else {
				require.ErrorIs(t, err, proof.ErrEncoding, name)
			}
		}
		stripped, err := ours.StripLines(f.Compressed)
		require.NoError(t, err)
		require.Equal(t, small, stripped)
		stripped, err = ours.StripLines(small)
		require.NoError(t, err)
		require.Equal(t, small, stripped)
		require.Equal(t, proof.Shape{
			System: proof.SystemPlonk, Curve: proof.CurveBN254,
			PublicInputs: f.PublicInputs(), Commitments: f.Commitments,
		}, want.Shape())
	}
}

// law V6: what a key says in place of the lines makes no difference.
func TestLinesAreDropped(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	_, rows := offsets(f)
	for _, b := range []byte{0, 1, 0xff} {
		key := put(f.Raw, rows, bytes.Repeat([]byte{b}, ours.LinesSize))
		vk, err := ours.ParseKey(key)
		require.NoError(t, err)
		require.Equal(t, parse(t, f), vk)
	}
}

func TestSRS(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	srs, rows := offsets(f)
	got := parse(t, f).SRS()
	require.Equal(t, f.Key[srs:rows], got.Bytes())
	_, _, g1, g2 := bn254.Generators()
	require.Equal(t, g1, got.G1)
	require.Equal(t, g2, got.G2[0])
	g2.ScalarMultiplication(&g2, big.NewInt(plonktest.Tau))
	require.Equal(t, g2, got.G2[1])
}

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func TestBadKeys(t *testing.T) {
	f := get(t, plonktest.TwoCommitments)
	srs, rows := offsets(f)
	modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	point := outsideG2(t)
	outside := point.RawBytes()
	var zero1 bn254.G1Affine
	var zero2 bn254.G2Affine
	infinity1, infinity2 := zero1.RawBytes(), zero2.RawBytes()
	_, _, g1, _ := bn254.Generators()
	offCurve := g1.RawBytes()
	offCurve[wire.G1Raw-1] ^= 1
	var generator, square fr.Element
	generator.SetBytes(f.Key[offGenerator : offGenerator+fr.Bytes])
	square.Square(&generator)
	one := fr.One()
	size := binary.BigEndian.Uint64(f.Key[offSize:])
	for name, tc := range map[string]struct {
		key []byte
		err error
	}{
		"empty":                       {nil, proof.ErrSize},
		"one byte":                    {[]byte{1}, proof.ErrSize},
		"one byte short":              {f.Key[:len(f.Key)-1], proof.ErrSize},
		"only scalars":                {f.Key[:offS1], proof.ErrSize},
		"ends in the selectors":       {f.Key[:offS1+1], proof.ErrSize},
		"ends at the commitments":     {f.Key[:offCount], proof.ErrSize},
		"ends in the SRS":             {f.Key[:rows-1], proof.ErrSize},
		"trailing byte":               {append(bytes.Clone(f.Key), 0), proof.ErrSize},
		"trailing byte after lines":   {append(bytes.Clone(f.Raw), 0), proof.ErrSize},
		"too long":                    {make([]byte, proof.MaxKeySize+1), proof.ErrSize},
		"version 0":                   {put(f.Key, offVersion, word(0)), proof.ErrEncoding},
		"version 2":                   {put(f.Key, offVersion, word(2)), proof.ErrEncoding},
		"size 0":                      {put(f.Key, offSize, word(0)), proof.ErrEncoding},
		"size 1":                      {put(f.Key, offSize, word(1)), proof.ErrEncoding},
		"size no power of two":        {put(f.Key, offSize, word(size+1)), proof.ErrEncoding},
		"size another power of two":   {put(f.Key, offSize, word(2*size)), proof.ErrEncoding},
		"size inverse wrong":          {put(f.Key, offSizeInv, one.Marshal()), proof.ErrEncoding},
		"size inverse above modulus":  {put(f.Key, offSizeInv, fr.Modulus().Bytes()), proof.ErrEncoding},
		"generator one":               {put(f.Key, offGenerator, one.Marshal()), proof.ErrEncoding},
		"generator zero":              {put(f.Key, offGenerator, make([]byte, 32)), proof.ErrEncoding},
		"generator of half the order": {put(f.Key, offGenerator, square.Marshal()), proof.ErrEncoding},
		"generator above modulus":     {put(f.Key, offGenerator, fr.Modulus().Bytes()), proof.ErrEncoding},
		"as many inputs as rows":      {put(f.Key, offInputs, word(size)), proof.ErrEncoding},
		"coset shift zero":            {put(f.Key, offShift, make([]byte, 32)), proof.ErrEncoding},
		"coset shift in the domain":   {put(f.Key, offShift, generator.Marshal()), proof.ErrEncoding},
		"coset shift above modulus":   {put(f.Key, offShift, fr.Modulus().Bytes()), proof.ErrEncoding},
		"S₁ off the curve":            {put(f.Key, offS1, offCurve[:]), proof.ErrPoint},
		"Qk off the curve":            {put(f.Key, offCount-wire.G1Raw, offCurve[:]), proof.ErrPoint},
		"S₁ above modulus":            {put(f.Key, offS1, modulus), proof.ErrEncoding},
		"commitment off the curve":    {put(f.Key, offCount+4, offCurve[:]), proof.ErrPoint},
		"SRS in G1 infinity":          {put(f.Key, srs, infinity1[:]), proof.ErrPoint},
		"SRS in G1 off the curve":     {put(f.Key, srs, offCurve[:]), proof.ErrPoint},
		"G₂ infinity":                 {put(f.Key, srs+wire.G1Raw, infinity2[:]), proof.ErrPoint},
		"τG₂ infinity":                {put(f.Key, srs+wire.G1Raw+wire.G2Raw, infinity2[:]), proof.ErrPoint},
		"G₂ outside its subgroup":     {put(f.Key, srs+wire.G1Raw, outside[:]), proof.ErrPoint},
		"τG₂ outside its subgroup":    {put(f.Key, srs+wire.G1Raw+wire.G2Raw, outside[:]), proof.ErrPoint},
		"compressed point in raw":     {put(f.Key, offS1+wire.G1Raw, []byte{0x80}), proof.ErrEncoding},
		"one row too few":             {put(f.Key, rows, []byte{0, 0, 0, 1}), proof.ErrEncoding},
		"row behind the last one":     {put(f.Key, rows+4, word(size-2)), proof.ErrEncoding},
		"row huge":                    {put(f.Key, rows+12, word(1<<63)), proof.ErrEncoding},
	} {
		require.NotEqual(t, f.Key, tc.key, name)
		_, err := ours.ParseKey(tc.key)
		require.ErrorIs(t, err, tc.err, name)
		_, err = ours.ParseCanonicalKey(tc.key)
		require.Error(t, err, name)
	}
	// A shift whose square is in the domain makes the first and third coset one.
	root, err := fr.Generator(2 * size)
	require.NoError(t, err)
	_, err = ours.ParseKey(put(f.Key, offShift, root.Marshal()))
	require.ErrorIs(t, err, proof.ErrEncoding)
	_, err = ours.ParseKey(put(f.Key, rows+4, word(size-3)))
	require.NoError(t, err, "the last row")
	if p, ok := outsideG1(t); ok {
		raw := p.RawBytes()
		for _, off := range []int{offS1, offCount + 4, srs} {
			_, err = ours.ParseKey(put(f.Key, off, raw[:]))
			require.ErrorIs(t, err, proof.ErrPoint)
		}
	}
	_, err = ours.StripLines(f.Key[:rows])
	require.ErrorIs(t, err, proof.ErrSize)
}

// A generator other than gnark's serves as well if its order is right: what it
// makes of a valid proof is gnark's verdict.
func TestAnotherGenerator(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	var g fr.Element
	g.SetBytes(f.Key[offGenerator : offGenerator+fr.Bytes])
	g.Inverse(&g)
	vk, err := ours.ParseKey(put(f.Key, offGenerator, g.Marshal()))
	require.NoError(t, err)
	require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, f.RawProof), proof.ErrInvalidProof)
	require.Error(t, gnarkVerify(gnarkKey(t, put(f.Raw, offGenerator, g.Marshal())), f.RawProof, f.Inputs))
}

// law V4: selectors may be infinity, the commitment to zero; real circuits have
// such.
func TestInfinityAllowedInKey(t *testing.T) {
	f := get(t, plonktest.TwoCommitments)
	var zero bn254.G1Affine
	infinity := zero.RawBytes()
	key, raw := f.Key, f.Raw
	for i := range 8 {
		key, raw = put(key, offS1+i*wire.G1Raw, infinity[:]), put(raw, offS1+i*wire.G1Raw, infinity[:])
	}
	for i := range f.Commitments {
		key, raw = put(key, offCount+4+i*wire.G1Raw, infinity[:]), put(raw, offCount+4+i*wire.G1Raw, infinity[:])
	}
	vk, err := ours.ParseCanonicalKey(key)
	require.NoError(t, err)
	require.Equal(t, key, vk.Canonical())
	require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, f.RawProof), proof.ErrInvalidProof)
	// A proof that holds under that key does in gnark too.
	forged := vk.Forge(parseProof(t, f), scalars(t, f), plonktest.Tau).Raw()
	require.NoError(t, vk.VerifyEncoded(f.Inputs, forged))
	require.NoError(t, gnarkVerify(gnarkKey(t, raw), forged, f.Inputs))
}

// Regression: 500 bytes that claim 2³¹ points must be refused before anything is
// allocated for them.
func TestInflatedLengthsDoNotAllocate(t *testing.T) {
	f := get(t, plonktest.TwoCommitments)
	_, rows := offsets(f)
	inflated := binary.BigEndian.AppendUint32(nil, 1<<31)
	small := plonktest.Strip(f.Curve, f.Compressed, f.Commitments)
	smallCount := offS1 + 8*wire.G1Compressed
	proofCount := 8 * wire.G1Raw
	for name, tc := range map[string]struct{ key, proof []byte }{
		"500 bytes":         {key: put(small, smallCount, inflated)[:500]},
		"commitments":       {key: put(f.Key, offCount, inflated)},
		"rows":              {key: put(f.Key, rows, inflated)},
		"public inputs":     {key: put(f.Key, offInputs, word(1<<62))},
		"proof, values":     {proof: put(f.RawProof, proofCount, inflated)},
		"proof, commitment": {proof: put(f.RawProof, len(f.RawProof)-2*wire.G1Raw-4, inflated)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var err error
		if tc.key != nil {
			_, err = ours.ParseKey(tc.key)
			_, shapeErr := ours.ReadShape(tc.key)
			require.ErrorIs(t, shapeErr, proof.ErrSize, name)
		} else {
			_, err = ours.ParseProof(tc.proof, f.Commitments)
		}
		runtime.ReadMemStats(&after)
		want := proof.ErrSize
		if tc.key == nil {
			want = proof.ErrEncoding // the key says how many there are
		}
		require.ErrorIs(t, err, want, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16), name)
	}
}

func TestKeyCountsAtTheLimit(t *testing.T) {
	f := get(t, plonktest.NoCommitment)
	key := func(inputs uint64, commitments, rows int) []byte {
		out := put(f.Key[:offCount], offInputs, word(inputs))
		out = binary.BigEndian.AppendUint32(out, uint32(commitments))
		out = append(out, make([]byte, (commitments+1)*wire.G1Raw+2*wire.G2Raw)...)
		out = binary.BigEndian.AppendUint32(out, uint32(rows))
		return append(out, make([]byte, 8*rows)...)
	}
	shape, err := ours.ReadShape(key(proof.MaxPublicInputs, proof.MaxCommitments, proof.MaxCommitments))
	require.NoError(t, err)
	require.Equal(t, proof.MaxPublicInputs, shape.PublicInputs)
	require.Equal(t, proof.MaxCommitments, shape.Commitments)
	_, err = ours.ReadShape(key(proof.MaxPublicInputs+1, 0, 0))
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = ours.ReadShape(key(1, proof.MaxCommitments+1, proof.MaxCommitments+1))
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = ours.ReadShape(key(1, 2, 1))
	require.ErrorIs(t, err, proof.ErrEncoding)
	require.LessOrEqual(t, ours.RawSize(proof.MaxCommitments), proof.MaxProofSize)
	require.LessOrEqual(t, len(key(1, proof.MaxCommitments, proof.MaxCommitments))+ours.LinesSize, proof.MaxKeySize)
}
