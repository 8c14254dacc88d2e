package vectors

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnark "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"
)

// pointsSize is the length of A, B and C, uncompressed.
const pointsSize = 256

// Malleate returns other proofs of what a Groth16 proof of nothing but
// uncompressed A, B and C proves, which anyone can make (law V8).
func Malleate(t testing.TB, points []byte) [][]byte {
	t.Helper()
	require.Len(t, points, pointsSize)
	var a bn254.G1Affine
	var b bn254.G2Affine
	_, err := a.SetBytes(points[:64])
	require.NoError(t, err)
	_, err = b.SetBytes(points[64:192])
	require.NoError(t, err)
	encode := func(a bn254.G1Affine, b bn254.G2Affine) []byte {
		rawA, rawB := a.RawBytes(), b.RawBytes()
		return slices.Concat(rawA[:], rawB[:], points[192:])
	}
	var out [][]byte
	var minusA bn254.G1Affine
	var minusB bn254.G2Affine
	out = append(out, encode(*minusA.Neg(&a), *minusB.Neg(&b))) // −A, −B
	s := fr.NewElement(12345)
	var inverse fr.Element
	inverse.Inverse(&s)
	a.ScalarMultiplication(&a, s.BigInt(new(big.Int)))
	b.ScalarMultiplication(&b, inverse.BigInt(new(big.Int)))
	return append(out, encode(a, b)) // s × A, s⁻¹ × B
}

// Gnark returns gnark's own verification, without any parsing, of a Groth16 proof
// of nothing but uncompressed A, B and C.
func Gnark(t testing.TB, key, points []byte, inputs []fr.Element) func() error {
	t.Helper()
	logger.Disable()
	require.Len(t, points, pointsSize)
	var vk gnark.VerifyingKey
	_, err := vk.ReadFrom(bytes.NewReader(key))
	require.NoError(t, err)
	var p gnark.Proof
	noCommitments := make([]byte, 4+64)
	_, err = p.ReadFrom(bytes.NewReader(slices.Concat(points, noCommitments)))
	require.NoError(t, err)
	return func() error { return gnark.Verify(&p, &vk, inputs) }
}
