package bn254_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	bn254gnark "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

type fixture = groth16test.Fixture

// Offsets in a raw key.
const (
	offBeta1  = wire.G1Raw
	offBeta2  = offBeta1 + wire.G1Raw
	offGamma  = offBeta2 + wire.G2Raw
	offDelta1 = offGamma + wire.G2Raw
	offDelta2 = offDelta1 + wire.G1Raw
	offCount  = offDelta2 + wire.G2Raw
	offK      = offCount + 4
)

// Offsets in a raw proof.
const (
	offB      = wire.G1Raw
	offC      = offB + wire.G2Raw
	offNumber = offC + wire.G1Raw
	offFirst  = offNumber + 4 // commitment, or proof of knowledge if there is none
)

func fixtures(t testing.TB) []*fixture {
	t.Helper()
	return groth16test.AllOn(t, proof.CurveBN254)
}

func parse(t testing.TB, f *fixture) *ours.VerifyingKey {
	t.Helper()
	vk, err := ours.ParseCanonicalKey(f.Raw)
	require.NoError(t, err)
	return vk
}

// inputs returns the fixture's public inputs.
func inputs(t testing.TB, f *fixture) []fr.Element {
	t.Helper()
	in, err := wire.Scalars(f.PublicValues(), len(f.PublicValues())/wire.Scalar)
	require.NoError(t, err)
	return in
}

// gnarkProof reads a proof with gnark.
func gnarkProof(t testing.TB, bz []byte) *bn254gnark.Proof {
	t.Helper()
	p := new(bn254gnark.Proof)
	_, err := p.ReadFrom(bytes.NewReader(bz))
	require.NoError(t, err)
	return p
}

// put returns bz with bytes replaced from the offset on.
func put(bz []byte, off int, with []byte) []byte {
	out := bytes.Clone(bz)
	copy(out[off:], with)
	return out
}

// infinity returns infinity raw and compressed, of G1 and of G2.
func infinity() (raw1, small1, raw2, small2 []byte) {
	var p bn254.G1Affine
	var q bn254.G2Affine
	a, b, c, d := p.RawBytes(), p.Bytes(), q.RawBytes(), q.Bytes()
	return a[:], b[:], c[:], d[:]
}

// outsideG1 returns a point that is on the curve and not in the subgroup, if the
// curve has one.
func outsideG1() (p bn254.G1Affine, ok bool) {
	for x := range uint64(64) {
		var bz [wire.G1Compressed]byte
		binary.BigEndian.PutUint64(bz[wire.G1Compressed-8:], x)
		bz[0] |= 0x80
		_, _ = p.SetBytes(bz[:]) // sets the point before it checks the subgroup
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			return p, true
		}
	}
	return p, false
}

// outsideG2 returns a point that is on the twist and not in the subgroup.
func outsideG2(t testing.TB) bn254.G2Affine {
	t.Helper()
	for x := range uint64(64) {
		var p bn254.G2Affine
		var bz [wire.G2Compressed]byte
		binary.BigEndian.PutUint64(bz[wire.G2Compressed-8:], x)
		bz[0] |= 0x80
		_, _ = p.SetBytes(bz[:])
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			return p
		}
	}
	t.Fatal("no point found")
	return bn254.G2Affine{}
}
