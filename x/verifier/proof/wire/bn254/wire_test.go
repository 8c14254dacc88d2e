package bn254_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// readG1 reads bz as one point of G1.
func readG1(bz []byte, raw, infinity bool) (bn254.G1Affine, error) {
	r := wire.NewReader(bz, raw)
	p, err := r.G1("p", infinity)
	if err == nil {
		err = r.End()
	}
	return p, err
}

// readG2 reads bz as one point of G2.
func readG2(bz []byte, raw bool) (bn254.G2Affine, error) {
	r := wire.NewReader(bz, raw)
	p, err := r.G2("p")
	if err == nil {
		err = r.End()
	}
	return p, err
}

// points returns the multiples of the generators by n.
func points(n int64) (p bn254.G1Affine, q bn254.G2Affine) {
	_, _, g1, g2 := bn254.Generators()
	p.ScalarMultiplication(&g1, big.NewInt(n))
	q.ScalarMultiplication(&g2, big.NewInt(n))
	return p, q
}

func TestPointsRoundTrip(t *testing.T) {
	for _, n := range []int64{1, -1, 2, 3, -7, math.MaxInt64, math.MinInt64} {
		p, q := points(n)
		raw1, small1, raw2, small2 := p.RawBytes(), p.Bytes(), q.RawBytes(), q.Bytes()
		for _, bz := range [][]byte{raw1[:], small1[:]} {
			got, err := readG1(bz, wire.IsRaw(bz[0]), false)
			require.NoError(t, err)
			require.Equal(t, p, got)
			_, err = readG1(bz[1:], wire.IsRaw(bz[0]), false)
			require.ErrorIs(t, err, proof.ErrSize)
			_, err = readG1(append(bytes.Clone(bz), 0), wire.IsRaw(bz[0]), false)
			require.ErrorIs(t, err, proof.ErrSize)
		}
		for _, bz := range [][]byte{raw2[:], small2[:]} {
			got, err := readG2(bz, wire.IsRaw(bz[0]))
			require.NoError(t, err)
			require.Equal(t, q, got)
			_, err = readG2(bz[1:], wire.IsRaw(bz[0]))
			require.ErrorIs(t, err, proof.ErrSize)
		}
	}
}

// law V4: infinity has one form, raw and compressed, and its place.
func TestInfinity(t *testing.T) {
	var p bn254.G1Affine
	var q bn254.G2Affine
	raw1, small1, raw2, small2 := p.RawBytes(), p.Bytes(), q.RawBytes(), q.Bytes()
	for _, bz := range [][]byte{raw1[:], small1[:]} {
		raw := len(bz) == wire.G1Raw
		got, err := readG1(bz, raw, true)
		require.NoError(t, err)
		require.True(t, got.IsInfinity())
		_, err = readG1(bz, raw, false)
		require.ErrorIs(t, err, proof.ErrPoint)
		for i := range len(bz) * 8 {
			bad := bytes.Clone(bz)
			bad[i/8] ^= 1 << (i % 8)
			_, err := readG1(bad, raw, true)
			require.Error(t, err, "bit %d of byte %d", i%8, i/8)
		}
	}
	for _, bz := range [][]byte{raw2[:], small2[:]} {
		_, err := readG2(bz, len(bz) == wire.G2Raw)
		require.ErrorIs(t, err, proof.ErrPoint)
	}
	for _, first := range falseInfinities {
		_, err := readG1(append([]byte{first}, make([]byte, wire.G1Raw-1)...), true, true)
		require.ErrorIs(t, err, proof.ErrEncoding, "%#x", first)
		_, err = readG2(append([]byte{first}, make([]byte, wire.G2Raw-1)...), true)
		require.ErrorIs(t, err, proof.ErrEncoding, "%#x", first)
	}
}

// Every combination of flag bits but those of the form is refused: a point has
// one raw encoding, and the compressed ones with a sign are it and its negation.
func TestFlags(t *testing.T) {
	p, q := points(5)
	minus, minusQ := points(-5)
	raw1, small1, raw2, small2 := p.RawBytes(), p.Bytes(), q.RawBytes(), q.Bytes()
	signs1, signs2 := 0, 0
	for flags := range 1 << flagBits {
		set := func(bz []byte) []byte {
			out := bytes.Clone(bz)
			out[0] = out[0]<<flagBits>>flagBits | byte(flags<<(8-flagBits))
			return out
		}
		if _, err := readG1(set(raw1[:]), true, true); flags == 0 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, proof.ErrEncoding, "flags %b", flags)
		}
		if _, err := readG2(set(raw2[:]), true); flags == 0 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, proof.ErrEncoding, "flags %b", flags)
		}
		if got, err := readG1(set(small1[:]), false, true); err == nil {
			require.Contains(t, []bn254.G1Affine{p, minus}, got)
			signs1++
		} else {
			require.ErrorIs(t, err, proof.ErrEncoding, "flags %b", flags)
		}
		if got, err := readG2(set(small2[:]), false); err == nil {
			require.Contains(t, []bn254.G2Affine{q, minusQ}, got)
			signs2++
		} else {
			require.ErrorIs(t, err, proof.ErrEncoding, "flags %b", flags)
		}
	}
	require.Equal(t, []int{2, 2}, []int{signs1, signs2})
}

// A coordinate plus the modulus is the same coordinate to a lax reader.
func TestNonCanonicalCoordinates(t *testing.T) {
	p, q := points(9)
	raw1, raw2 := p.RawBytes(), q.RawBytes()
	shift := func(bz []byte, i int) []byte {
		out := bytes.Clone(bz)
		part := out[i*fp.Bytes : (i+1)*fp.Bytes]
		new(big.Int).Add(new(big.Int).SetBytes(part), fp.Modulus()).FillBytes(part)
		return out
	}
	for i := range 2 {
		_, err := readG1(shift(raw1[:], i), true, true)
		require.ErrorIs(t, err, proof.ErrEncoding, "coordinate %d", i)
	}
	for i := range 4 {
		_, err := readG2(shift(raw2[:], i), true)
		require.ErrorIs(t, err, proof.ErrEncoding, "coordinate %d", i)
	}
	for x := range int64(32) { // compressed, with the sign flag of either curve
		small := new(big.Int).Add(fp.Modulus(), big.NewInt(x)).FillBytes(make([]byte, wire.G1Compressed))
		small[0] |= 0x80
		_, err := readG1(small, false, true)
		require.ErrorIs(t, err, proof.ErrEncoding)
		_, err = readG2(append(small, make([]byte, wire.G1Compressed)...), false)
		require.ErrorIs(t, err, proof.ErrEncoding)
	}
}

func TestOffTheCurve(t *testing.T) {
	p, q := points(3)
	raw1, raw2 := p.RawBytes(), q.RawBytes()
	raw1[wire.G1Raw-1] ^= 1
	raw2[wire.G2Raw-1] ^= 1
	_, err := readG1(raw1[:], true, true)
	require.ErrorIs(t, err, proof.ErrPoint)
	_, err = readG2(raw2[:], true)
	require.ErrorIs(t, err, proof.ErrPoint)
}

// small returns the compressed bytes of an x-coordinate, real if of G2.
func small(x uint64, size int) []byte {
	bz := make([]byte, size)
	binary.BigEndian.PutUint64(bz[size-8:], x)
	bz[0] |= 0x80
	return bz
}

// Points on the curve and outside the subgroup would break the pairing.
func TestOutsideSubgroup(t *testing.T) {
	found1, found2 := 0, 0
	for x := range uint64(40) {
		var p bn254.G1Affine
		bz := small(x, wire.G1Compressed)
		_, _ = p.SetBytes(bz) // sets the point even if it is outside the subgroup
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			found1++
			_, err := readG1(bz, false, true)
			require.ErrorIs(t, err, proof.ErrPoint)
			raw := p.RawBytes()
			_, err = readG1(raw[:], true, true)
			require.ErrorIs(t, err, proof.ErrPoint)
		}
		var q bn254.G2Affine
		bz = small(x, wire.G2Compressed)
		_, _ = q.SetBytes(bz)
		if q.IsOnCurve() && !q.IsInfinity() && !q.IsInSubGroup() {
			found2++
			_, err := readG2(bz, false)
			require.ErrorIs(t, err, proof.ErrPoint)
			raw := q.RawBytes()
			_, err = readG2(raw[:], true)
			require.ErrorIs(t, err, proof.ErrPoint)
		}
	}
	require.Equal(t, outsideG1, found1 > 0)
	require.Positive(t, found2)
}

func TestCount(t *testing.T) {
	for name, tc := range map[string]struct {
		claimed     uint32
		limit, left int
		err         error
	}{
		"none":               {0, 3, 0, nil},
		"at the limit":       {3, 3, 30, nil},
		"past the limit":     {4, 3, 40, proof.ErrSize},
		"more than is left":  {3, 3, 29, proof.ErrSize},
		"the highest":        {math.MaxUint32, 3, 30, proof.ErrSize},
		"the highest signed": {math.MaxInt32 + 1, math.MaxInt32, 30, proof.ErrSize},
	} {
		bz := append(binary.BigEndian.AppendUint32(nil, tc.claimed), make([]byte, tc.left)...)
		n, err := wire.NewReader(bz, true).Count("items", tc.limit, 10)
		if tc.err != nil {
			require.ErrorIs(t, err, tc.err, name)
			continue
		}
		require.NoError(t, err, name)
		require.EqualValues(t, tc.claimed, n, name)
	}
	_, err := wire.NewReader(make([]byte, 3), true).Count("items", 1, 1)
	require.ErrorIs(t, err, proof.ErrSize)
	_, err = wire.NewReader(make([]byte, 7), true).Uint64("item")
	require.ErrorIs(t, err, proof.ErrSize)
}

func TestScalars(t *testing.T) {
	last := new(big.Int).Sub(fr.Modulus(), big.NewInt(1))
	words := append(make([]byte, 32), last.FillBytes(make([]byte, 32))...)
	in, err := wire.Scalars(words, 2)
	require.NoError(t, err)
	require.Equal(t, words, wire.Encode(in))
	r := wire.NewReader(words, true)
	for i := range in {
		got, err := r.Scalar("s")
		require.NoError(t, err)
		require.Equal(t, in[i], got)
	}
	require.NoError(t, r.End())
	_, err = r.Scalar("s")
	require.ErrorIs(t, err, proof.ErrSize)

	for _, n := range []int{0, 1, 3} {
		_, err = wire.Scalars(words, n)
		require.ErrorIs(t, err, proof.ErrPublicValues)
	}
	for _, bad := range []*big.Int{fr.Modulus(), new(big.Int).Add(fr.Modulus(), big.NewInt(1)), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))} {
		copy(words[32:], bad.FillBytes(make([]byte, 32)))
		_, err = wire.Scalars(words, 2)
		require.ErrorIs(t, err, proof.ErrPublicValues)
		_, err = wire.NewReader(words[32:], true).Scalar("s")
		require.ErrorIs(t, err, proof.ErrEncoding)
	}
}

// FuzzPoint: no bytes make the reader panic; a point that it accepts has these
// bytes as its only encoding of that form, and gnark-crypto accepts it too.
func FuzzPoint(f *testing.F) {
	for _, n := range []int64{0, 1, -2} {
		p, q := points(n)
		raw1, small1, raw2, small2 := p.RawBytes(), p.Bytes(), q.RawBytes(), q.Bytes()
		for _, bz := range [][]byte{raw1[:], small1[:], raw2[:], small2[:]} {
			f.Add(bz, wire.IsRaw(bz[0]))
		}
	}
	f.Fuzz(func(t *testing.T, bz []byte, raw bool) {
		if p, err := readG1(bz, raw, true); err == nil {
			want, compressed := p.RawBytes(), p.Bytes()
			if raw {
				require.Equal(t, bz, want[:])
			} else {
				require.Equal(t, bz, compressed[:])
			}
			var again bn254.G1Affine
			_, err := again.SetBytes(bz)
			require.NoError(t, err)
			require.Equal(t, p, again)
		}
		if q, err := readG2(bz, raw); err == nil {
			want, compressed := q.RawBytes(), q.Bytes()
			if raw {
				require.Equal(t, bz, want[:])
			} else {
				require.Equal(t, bz, compressed[:])
			}
			var again bn254.G2Affine
			_, err := again.SetBytes(bz)
			require.NoError(t, err)
			require.Equal(t, q, again)
		}
	})
}

// FuzzScalars: what is accepted encodes to the same bytes.
func FuzzScalars(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add(fr.Modulus().Bytes())
	f.Fuzz(func(t *testing.T, bz []byte) {
		if in, err := wire.Scalars(bz, len(bz)/32); err == nil {
			require.Equal(t, append([]byte{}, bz...), wire.Encode(in))
		}
	})
}
