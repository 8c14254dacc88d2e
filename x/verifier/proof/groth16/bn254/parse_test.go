package bn254_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

func TestKeyForms(t *testing.T) {
	for _, f := range fixtures(t) {
		vk, err := ours.ParseKey(f.Compressed)
		require.NoError(t, err)
		require.Equal(t, f.Raw, vk.Canonical(), f.Name)
		require.Equal(t, parse(t, f), vk, f.Name)
		for _, key := range [][]byte{f.Raw, f.Compressed} {
			canonical, err := ours.Canonicalize(key)
			require.NoError(t, err)
			require.Equal(t, f.Raw, canonical, f.Name)
			shape, err := ours.ReadShape(key)
			require.NoError(t, err)
			require.Equal(t, vk.Shape(), shape, f.Name)
		}
		require.Equal(t, proof.SystemGroth16, vk.Shape().System)
		require.Equal(t, proof.CurveBN254, vk.Shape().Curve)
		require.Equal(t, len(f.PublicValues())/32, vk.Shape().PublicInputs)
		require.Equal(t, f.Commitments, vk.Shape().Commitments)
		_, err = ours.ParseCanonicalKey(f.Compressed)
		require.ErrorIs(t, err, proof.ErrEncoding, "the chain takes raw keys only")
	}
}

func TestBadKeys(t *testing.T) {
	f := fixtures(t)[2]
	g2 := len(f.Raw) - 2*wire.G2Raw // the last commitment key's G
	afterK := offK + wire.G1Raw*(1+len(f.PublicValues())/32+f.Commitments)
	bad := outsideG2(t)
	outside := bad.RawBytes()
	none1, _, none2, _ := infinity()
	modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	_, _, g1, _ := bn254.Generators()
	off := g1.RawBytes()
	off[wire.G1Raw-1] ^= 1
	cases := map[string]struct {
		key []byte
		err error
	}{
		"empty":                   {nil, proof.ErrSize},
		"one byte":                {[]byte{1}, proof.ErrSize},
		"one byte short":          {f.Raw[:len(f.Raw)-1], proof.ErrSize},
		"trailing byte":           {append(bytes.Clone(f.Raw), 0), proof.ErrSize},
		"trailing, compressed":    {append(bytes.Clone(f.Compressed), 0), proof.ErrSize},
		"too long":                {make([]byte, proof.MaxKeySize+1), proof.ErrSize},
		"α infinity":              {put(f.Raw, 0, none1), proof.ErrPoint},
		"β infinity":              {put(f.Raw, offBeta2, none2), proof.ErrPoint},
		"γ infinity":              {put(f.Raw, offGamma, none2), proof.ErrPoint},
		"δ infinity":              {put(f.Raw, offDelta2, none2), proof.ErrPoint},
		"α.y is the modulus":      {put(f.Raw, fp.Bytes, modulus), proof.ErrEncoding},
		"γ.x is the modulus":      {put(f.Raw, offGamma, modulus), proof.ErrEncoding},
		"α off the curve":         {put(f.Raw, 0, off[:]), proof.ErrPoint},
		"β₁ off the curve":        {put(f.Raw, offBeta1, off[:]), proof.ErrPoint},
		"K off the curve":         {put(f.Raw, offK, off[:]), proof.ErrPoint},
		"β outside subgroup":      {put(f.Raw, offBeta2, outside[:]), proof.ErrPoint},
		"G outside subgroup":      {put(f.Raw, g2, outside[:]), proof.ErrPoint},
		"G infinity":              {put(f.Raw, g2, none2), proof.ErrPoint},
		"−σG infinity":            {put(f.Raw, g2+wire.G2Raw, none2), proof.ErrPoint},
		"commitment keys differ":  {put(f.Raw, g2, f.Raw[offBeta2:offGamma]), proof.ErrEncoding},
		"compressed point in raw": {put(f.Raw, offK, []byte{0x80}), proof.ErrEncoding},
		"infinity flag in raw":    {put(f.Raw, offK, []byte{0x40}), proof.ErrEncoding},
		"raw point in compressed": {put(f.Compressed, wire.G1Compressed, make([]byte, 1)), proof.ErrEncoding},
		"committed input 0":       {put(f.Raw, afterK+8, make([]byte, 8)), proof.ErrEncoding},
		"commitment to itself":    {put(f.Raw, afterK+8, []byte{0, 0, 0, 0, 0, 0, 0, byte(len(f.PublicValues())/32 + 1)}), proof.ErrEncoding},
		"committed input too far": {put(f.Raw, afterK+8, []byte{0, 0, 0, 0, 0, 0, 0, 200}), proof.ErrEncoding},
		"committed input huge":    {put(f.Raw, afterK+8, bytes.Repeat([]byte{0xff}, 8)), proof.ErrEncoding},
	}
	if p, ok := outsideG1(); ok {
		raw := p.RawBytes()
		for name, at := range map[string]int{"α": 0, "β₁": offBeta1, "δ₁": offDelta1, "K": offK} {
			cases[name+" outside subgroup"] = struct {
				key []byte
				err error
			}{put(f.Raw, at, raw[:]), proof.ErrPoint}
		}
	}
	for name, tc := range cases {
		_, err := ours.ParseKey(tc.key)
		require.ErrorIs(t, err, tc.err, name)
		_, err = ours.ParseCanonicalKey(tc.key)
		require.ErrorIs(t, err, tc.err, name)
		_, err = ours.Canonicalize(tc.key)
		require.ErrorIs(t, err, tc.err, name)
	}
}

// law V4: β₁, δ₁ and K may be infinity, as keys published as contracts have it.
func TestInfinityAllowedInKey(t *testing.T) {
	f := fixtures(t)[0]
	none, _, _, _ := infinity()
	key := put(put(put(f.Raw, offBeta1, none), offDelta1, none), offK, none)
	vk, err := ours.ParseCanonicalKey(key)
	require.NoError(t, err)
	require.Equal(t, key, vk.Canonical())
	key = put(put(f.Raw, offBeta1, none), offDelta1, none)
	vk, err = ours.ParseCanonicalKey(key)
	require.NoError(t, err)
	require.NoError(t, vk.VerifyEncoded(f.PublicValues(), f.RawProof), "they take no part")
}

// Regression: 500 bytes that claim 2³¹ points must be refused before anything is
// allocated for them. gnark's own decoder would ask for 128 GiB.
func TestInflatedLengthsDoNotAllocate(t *testing.T) {
	f := fixtures(t)[2]
	inflated := binary.BigEndian.AppendUint32(nil, 1<<31)
	header := 3*wire.G1Compressed + 3*wire.G2Compressed
	small := append(bytes.Clone(f.Compressed[:header]), inflated...)
	small = append(small, make([]byte, max(500-len(small), 0))...)
	afterK := offK + wire.G1Raw*(1+len(f.PublicValues())/32+f.Commitments)
	p := put(f.RawProof, offNumber, inflated)
	for name, parse := range map[string]func() error{
		"points K":          func() error { _, err := ours.ParseKey(put(f.Raw, offCount, inflated)); return err },
		"500 bytes":         func() error { _, err := ours.ParseKey(small); return err },
		"commitments":       func() error { _, err := ours.ParseKey(put(f.Raw, afterK, inflated)); return err },
		"committed inputs":  func() error { _, err := ours.ParseKey(put(f.Raw, afterK+4, inflated)); return err },
		"commitment keys":   func() error { _, err := ours.ParseKey(put(f.Raw, len(f.Raw)-4*wire.G2Raw-4, inflated)); return err },
		"shape":             func() error { _, err := ours.ReadShape(put(f.Raw, offCount, inflated)); return err },
		"proof commitments": func() error { _, err := ours.ParseProof(p[:ours.RawSize(0)], 0); return err },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := parse()
		runtime.ReadMemStats(&after)
		if name == "proof commitments" { // the proof's size is right, its count is not
			require.ErrorIs(t, err, proof.ErrEncoding, name)
		} else {
			require.ErrorIs(t, err, proof.ErrSize, name)
		}
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16), name)
	}
}

func TestKeyCountsAtTheLimit(t *testing.T) {
	f := fixtures(t)[0]
	withK := func(k int) []byte {
		out := binary.BigEndian.AppendUint32(bytes.Clone(f.Raw[:offCount]), uint32(k))
		out = append(out, make([]byte, wire.G1Raw*k)...)
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
		out = append(out, make([]byte, wire.G1Raw*(n+1))...)
		out = binary.BigEndian.AppendUint32(out, uint32(n))
		out = append(out, make([]byte, 4*n)...)
		out = binary.BigEndian.AppendUint32(out, uint32(keys))
		return append(out, make([]byte, 2*wire.G2Raw*keys)...)
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
	f, plain := fixtures(t)[1], fixtures(t)[0]
	bad := outsideG2(t)
	outside, outsideSmall := bad.RawBytes(), bad.Bytes()
	none1, noneSmall1, none2, noneSmall2 := infinity()
	modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	smallC := wire.G1Compressed + wire.G2Compressed
	off := bytes.Clone(f.RawProof[offFirst : offFirst+wire.G1Raw])
	off[wire.G1Raw-1] ^= 1
	type badProof struct {
		proof []byte
		err   error
	}
	cases := map[string]badProof{
		"empty":                     {nil, proof.ErrSize},
		"one byte short":            {f.RawProof[1:], proof.ErrSize},
		"trailing byte":             {append(bytes.Clone(f.RawProof), 0), proof.ErrSize},
		"trailing byte, compressed": {append(bytes.Clone(f.SmallProof), 0), proof.ErrSize},
		"trailing point":            {append(bytes.Clone(f.RawProof), none1...), proof.ErrSize},
		"too long":                  {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
		"without its commitment":    {plain.RawProof, proof.ErrSize},
		"A infinity":                {put(f.RawProof, 0, none1), proof.ErrPoint},
		"B infinity":                {put(f.RawProof, offB, none2), proof.ErrPoint},
		"C infinity":                {put(f.RawProof, offC, none1), proof.ErrPoint},
		"A infinity, compressed":    {put(f.SmallProof, 0, noneSmall1), proof.ErrPoint},
		"B infinity, compressed":    {put(f.SmallProof, wire.G1Compressed, noneSmall2), proof.ErrPoint},
		"C infinity, compressed":    {put(f.SmallProof, smallC, noneSmall1), proof.ErrPoint},
		"B outside its subgroup":    {put(f.RawProof, offB, outside[:]), proof.ErrPoint},
		"B outside, compressed":     {put(f.SmallProof, wire.G1Compressed, outsideSmall[:]), proof.ErrPoint},
		"A.x is the modulus":        {put(f.RawProof, 0, modulus), proof.ErrEncoding},
		"B.y0 is the modulus":       {put(f.RawProof, offC-fp.Bytes, modulus), proof.ErrEncoding},
		"claims no commitment":      {put(f.RawProof, offNumber, make([]byte, 4)), proof.ErrEncoding},
		"claims two commitments":    {put(f.RawProof, offNumber, []byte{0, 0, 0, 2}), proof.ErrEncoding},
		"claims 2^31 commitments":   {put(f.RawProof, offNumber, []byte{0x80}), proof.ErrEncoding},
		"compressed point in raw":   {put(f.RawProof, offC, []byte{0x80}), proof.ErrEncoding},
		"raw point in compressed":   {put(f.SmallProof, smallC, f.RawProof[offC:offC+wire.G1Compressed]), proof.ErrEncoding},
		"infinity with other bits":  {put(f.SmallProof, 0, []byte{noneSmall1[0], 1}), proof.ErrEncoding},
		"commitment off the curve":  {put(f.RawProof, offFirst, off), proof.ErrPoint},
	}
	if p, ok := outsideG1(); ok {
		raw, small := p.RawBytes(), p.Bytes()
		cases["A outside its subgroup"] = badProof{put(f.RawProof, 0, raw[:]), proof.ErrPoint}
		cases["A outside, compressed"] = badProof{put(f.SmallProof, 0, small[:]), proof.ErrPoint}
		cases["C outside its subgroup"] = badProof{put(f.RawProof, offC, raw[:]), proof.ErrPoint}
		cases["commitment outside its subgroup"] = badProof{put(f.RawProof, offFirst, raw[:]), proof.ErrPoint}
		cases["proof of knowledge outside its subgroup"] = badProof{put(f.RawProof, offFirst+wire.G1Raw, raw[:]), proof.ErrPoint}
	}
	vk := parse(t, f)
	for name, tc := range cases {
		require.ErrorIs(t, vk.VerifyEncoded(f.PublicValues(), tc.proof), tc.err, name)
		// gnark's decoder believes a count, be it inflated or read where the change
		// of a point's form puts it, and may run out of memory.
		if !strings.Contains(name, "2^31") && !strings.Contains(name, "point in") {
			require.Error(t, f.GnarkVerdict(f.PublicValues(), tc.proof), "gnark: %s", name)
		}
	}
}

// law V4: without commitments the proof of knowledge is exactly infinity; gnark
// ignores it, which would be one more way to malleate a proof.
func TestProofOfKnowledgeWithoutCommitments(t *testing.T) {
	f := fixtures(t)[0]
	_, _, g1, _ := bn254.Generators()
	raw := g1.RawBytes()
	bad := put(f.RawProof, offFirst, raw[:])
	require.NoError(t, f.GnarkVerdict(f.PublicValues(), bad))
	require.ErrorIs(t, parse(t, f).VerifyEncoded(f.PublicValues(), bad), proof.ErrPoint)
}

func TestParsePoints(t *testing.T) {
	f := fixtures(t)[0]
	p, err := ours.ParsePoints(f.RawProof[:ours.PointsSize])
	require.NoError(t, err)
	require.NoError(t, parse(t, f).Verify(p, inputs(t, f)))
	_, err = ours.ParsePoints(f.RawProof)
	require.ErrorIs(t, err, proof.ErrSize)
	none, _, _, _ := infinity()
	_, err = ours.ParsePoints(put(f.RawProof[:ours.PointsSize], 0, none))
	require.ErrorIs(t, err, proof.ErrPoint)
}
