package groth16_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// Offsets in a raw key.
const (
	offBeta1, offBeta2, offGamma, offDelta1, offDelta2, offCount, offK = 64, 128, 256, 384, 448, 576, 580
)

func put(bz []byte, off int, with []byte) []byte {
	out := bytes.Clone(bz)
	copy(out[off:], with)
	return out
}

// outsideG2 returns a point on the twist that is not in the subgroup.
func outsideG2(t testing.TB) bn254.G2Affine {
	t.Helper()
	for x := uint64(1); ; x++ {
		var p bn254.G2Affine
		var b3 [bn254.SizeOfG2AffineCompressed]byte
		binary.BigEndian.PutUint64(b3[56:], x)
		b3[0] = 0b10 << 6
		_, _ = p.SetBytes(b3[:])
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			return p
		}
	}
}

func TestKeyForms(t *testing.T) {
	for _, f := range fixtures(t) {
		vk, err := ours.ParseKey(f.Compressed)
		require.NoError(t, err)
		require.Equal(t, f.Raw, vk.Canonical(), f.Name)
		canonical, err := ours.Family{}.Canonicalize("bn254", f.Compressed)
		require.NoError(t, err)
		require.Equal(t, f.Raw, canonical)
		canonical, err = ours.Family{}.Canonicalize("bn254", f.Raw)
		require.NoError(t, err)
		require.Equal(t, f.Raw, canonical)

		_, err = ours.ParseCanonicalKey(f.Compressed)
		require.ErrorIs(t, err, proof.ErrEncoding, "the chain takes raw keys only")
		_, err = ours.Family{}.Parse("bn254", f.Compressed, nil)
		require.ErrorIs(t, err, proof.ErrEncoding)

		shape, err := ours.Family{}.Shape("bn254", f.Raw)
		require.NoError(t, err)
		require.Equal(t, vk.Shape(), shape)
	}
	_, err := ours.Family{}.Parse("bls12_381", fixtures(t)[0].Raw, nil)
	require.ErrorIs(t, err, proof.ErrCurve)
	_, err = ours.Family{}.Shape("", fixtures(t)[0].Raw)
	require.ErrorIs(t, err, proof.ErrCurve)
	_, err = ours.Family{}.Canonicalize("", fixtures(t)[0].Raw)
	require.ErrorIs(t, err, proof.ErrCurve)
	_, err = ours.Family{}.Parse("bn254", fixtures(t)[0].Raw, []proof.Constant{{Name: "x"}})
	require.ErrorIs(t, err, proof.ErrConstant)
}

func TestBadKeys(t *testing.T) {
	f := fixtures(t)[2]
	ones := bytes.Repeat([]byte{0x3f}, 64)
	bad := outsideG2(t)
	outside := bad.RawBytes()
	zero1, zero2 := make([]byte, 64), make([]byte, 128)
	afterK := offK + 64*(1+len(f.Inputs)+f.Commitments)
	_, _, g1, _ := bn254.Generators()
	notOnCurve := g1.RawBytes()
	notOnCurve[63] ^= 1
	for name, tc := range map[string]struct {
		key []byte
		err error
	}{
		"empty":                   {nil, proof.ErrSize},
		"one byte":                {[]byte{1}, proof.ErrSize},
		"one byte short":          {f.Raw[:len(f.Raw)-1], proof.ErrSize},
		"trailing byte":           {append(bytes.Clone(f.Raw), 0), proof.ErrSize},
		"too long":                {make([]byte, proof.MaxKeySize+1), proof.ErrSize},
		"α infinity":              {put(f.Raw, 0, zero1), proof.ErrPoint},
		"β infinity":              {put(f.Raw, offBeta2, zero2), proof.ErrPoint},
		"γ infinity":              {put(f.Raw, offGamma, zero2), proof.ErrPoint},
		"δ infinity":              {put(f.Raw, offDelta2, zero2), proof.ErrPoint},
		"α not below modulus":     {put(f.Raw, 0, ones), proof.ErrEncoding},
		"γ not below modulus":     {put(f.Raw, offGamma, ones), proof.ErrEncoding},
		"α off the curve":         {put(f.Raw, 0, notOnCurve[:]), proof.ErrPoint},
		"K off the curve":         {put(f.Raw, offK, notOnCurve[:]), proof.ErrPoint},
		"β outside subgroup":      {put(f.Raw, offBeta2, outside[:]), proof.ErrPoint},
		"G outside subgroup":      {put(f.Raw, len(f.Raw)-256, outside[:]), proof.ErrPoint},
		"G infinity":              {put(f.Raw, len(f.Raw)-256, zero2), proof.ErrPoint},
		"commitment keys differ":  {put(f.Raw, len(f.Raw)-256, f.Raw[offBeta2:offGamma]), proof.ErrEncoding},
		"compressed point in raw": {put(f.Raw, offK, []byte{0x80}), proof.ErrEncoding},
		"infinity flag in raw":    {put(f.Raw, offK, []byte{0x40}), proof.ErrEncoding},
		"committed input 0":       {put(f.Raw, afterK+8, make([]byte, 8)), proof.ErrEncoding},
		"committed input too far": {put(f.Raw, afterK+8, []byte{0, 0, 0, 0, 0, 0, 0, 200}), proof.ErrEncoding},
		"committed input huge":    {put(f.Raw, afterK+8, bytes.Repeat([]byte{0xff}, 8)), proof.ErrEncoding},
	} {
		_, err := ours.ParseKey(tc.key)
		require.ErrorIs(t, err, tc.err, name)
		_, err = ours.Family{}.Parse("bn254", tc.key, nil)
		require.ErrorIs(t, err, tc.err, name)
	}
}

// law V4: β₁, δ₁ and K may be infinity, as keys published as contracts have it.
func TestInfinityAllowedInKey(t *testing.T) {
	f := fixtures(t)[0]
	k := put(put(put(f.Raw, offBeta1, make([]byte, 64)), offDelta1, make([]byte, 64)), offK, make([]byte, 64))
	vk, err := ours.ParseCanonicalKey(k)
	require.NoError(t, err)
	require.Equal(t, k, vk.Canonical())
	// All of K infinity: the sum of inputs is infinity too, and nothing breaks.
	vk, err = ours.ParseCanonicalKey(put(f.Raw, offK, make([]byte, 64*3)))
	require.NoError(t, err)
	p, err := ours.ParseProof(f.RawProof, 0)
	require.NoError(t, err)
	require.ErrorIs(t, vk.Verify(p, f.Inputs), proof.ErrInvalidProof)
}

// Regression: 500 bytes that claim 2³¹ points must be refused before anything is
// allocated for them. gnark's own decoder would ask for 128 GiB.
func TestInflatedLengthsDoNotAllocate(t *testing.T) {
	f := fixtures(t)[2]
	inflated := binary.BigEndian.AppendUint32(nil, 1<<31)
	small := append(bytes.Clone(f.Compressed[:288]), inflated...)
	small = append(small, make([]byte, 500-len(small))...)
	afterK := offK + 64*(1+len(f.Inputs)+f.Commitments)
	for name, key := range map[string][]byte{
		"points K":         put(f.Raw, offCount, inflated),
		"500 bytes":        small,
		"commitments":      put(f.Raw, afterK, inflated),
		"committed inputs": put(f.Raw, afterK+4, inflated),
		"commitment keys":  put(f.Raw, len(f.Raw)-4*128-4, inflated),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ours.ParseKey(key)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, proof.ErrSize, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16), name)
	}
}

func TestKeyCountsAtTheLimit(t *testing.T) {
	f := fixtures(t)[0]
	withK := func(k int) []byte {
		out := binary.BigEndian.AppendUint32(bytes.Clone(f.Raw[:offCount]), uint32(k))
		out = append(out, make([]byte, 64*k)...)
		return append(out, make([]byte, 8)...)
	}
	shape, err := ours.ReadShape(withK(1 + proof.MaxPublicInputs))
	require.NoError(t, err)
	require.Equal(t, proof.MaxPublicInputs, shape.PublicInputs)
	_, err = ours.ReadShape(withK(2 + proof.MaxPublicInputs))
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = ours.ReadShape(withK(0))
	require.ErrorIs(t, err, proof.ErrEncoding)

	withCommitments := func(n, keys int) []byte {
		out := binary.BigEndian.AppendUint32(bytes.Clone(f.Raw[:offCount]), uint32(n+1))
		out = append(out, make([]byte, 64*(n+1))...)
		out = binary.BigEndian.AppendUint32(out, uint32(n))
		out = append(out, make([]byte, 4*n)...)
		out = binary.BigEndian.AppendUint32(out, uint32(keys))
		return append(out, make([]byte, 256*keys)...)
	}
	shape, err = ours.ReadShape(withCommitments(proof.MaxCommitments, proof.MaxCommitments))
	require.NoError(t, err)
	require.Equal(t, proof.MaxCommitments, shape.Commitments)
	_, err = ours.ReadShape(withCommitments(proof.MaxCommitments+1, proof.MaxCommitments+1))
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = ours.ReadShape(withCommitments(2, 1))
	require.ErrorIs(t, err, proof.ErrEncoding)
}

func TestBadProofs(t *testing.T) {
	f := fixtures(t)[1]
	bad := outsideG2(t)
	outside, outsideSmall := bad.RawBytes(), bad.Bytes()
	zero1, zero2 := make([]byte, 64), make([]byte, 128)
	noG1, noG2 := append([]byte{0x40}, make([]byte, 31)...), append([]byte{0x40}, make([]byte, 63)...)
	modulus := fp.Modulus().Bytes()
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":                     {nil, proof.ErrSize},
		"one byte short":            {f.RawProof[1:], proof.ErrSize},
		"trailing byte":             {append(bytes.Clone(f.RawProof), 0), proof.ErrSize},
		"trailing byte, compressed": {append(bytes.Clone(f.SmallProof), 0), proof.ErrSize},
		"too long":                  {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
		"without its commitment":    {fixtures(t)[0].RawProof, proof.ErrSize},
		"A infinity":                {put(f.RawProof, 0, zero1), proof.ErrPoint},
		"B infinity":                {put(f.RawProof, 64, zero2), proof.ErrPoint},
		"C infinity":                {put(f.RawProof, 192, zero1), proof.ErrPoint},
		"A infinity, compressed":    {put(f.SmallProof, 0, noG1), proof.ErrPoint},
		"B infinity, compressed":    {put(f.SmallProof, 32, noG2), proof.ErrPoint},
		"C infinity, compressed":    {put(f.SmallProof, 96, noG1), proof.ErrPoint},
		"B outside its subgroup":    {put(f.RawProof, 64, outside[:]), proof.ErrPoint},
		"B outside, compressed":     {put(f.SmallProof, 32, outsideSmall[:]), proof.ErrPoint},
		"A.x is the modulus":        {put(f.RawProof, 0, modulus), proof.ErrEncoding},
		"B.y0 is the modulus":       {put(f.RawProof, 160, modulus), proof.ErrEncoding},
		"claims no commitment":      {put(f.RawProof, 256, make([]byte, 4)), proof.ErrEncoding},
		"claims 2^31 commitments":   {put(f.RawProof, 256, []byte{0x80}), proof.ErrEncoding},
		"compressed point in raw":   {put(f.RawProof, 192, []byte{0x80}), proof.ErrEncoding},
		"raw point in compressed":   {put(f.SmallProof, 96, f.RawProof[192:224]), proof.ErrEncoding},
		"infinity with other bits":  {put(f.SmallProof, 0, []byte{0x40, 1}), proof.ErrEncoding},
		"commitment off the curve":  {put(f.RawProof, 260, []byte{0, 1}), proof.ErrPoint},
	} {
		require.ErrorIs(t, verify(t, f, tc.proof), tc.err, name)
	}
}

// law V4: without commitments the proof of knowledge is exactly infinity; gnark
// ignores it, which would be one more way to malleate a proof.
func TestProofOfKnowledgeWithoutCommitments(t *testing.T) {
	f := fixtures(t)[0]
	_, _, g1, _ := bn254.Generators()
	raw := g1.RawBytes()
	bad := put(f.RawProof, 260, raw[:])
	require.NoError(t, gnarkVerdict(f, bad, f.Inputs))
	require.ErrorIs(t, verify(t, f, bad), proof.ErrPoint)
}

func TestParsePoints(t *testing.T) {
	f := fixtures(t)[0]
	p, err := ours.ParsePoints(f.RawProof[:ours.PointsSize])
	require.NoError(t, err)
	require.NoError(t, parse(t, f).Verify(p, f.Inputs))
	_, err = ours.ParsePoints(f.RawProof)
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = ours.ParsePoints(make([]byte, ours.PointsSize))
	require.ErrorIs(t, err, proof.ErrPoint)
}
