package bn254_test

import (
	"bytes"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnark "github.com/consensys/gnark/backend/plonk/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

type fixture = plonktest.Fixture

func fixtures(t testing.TB) []*fixture { return plonktest.On(t, proof.CurveBN254) }

func get(t testing.TB, name string) *fixture { return plonktest.Get(t, proof.CurveBN254, name) }

func parse(t testing.TB, f *fixture) *ours.VerifyingKey {
	t.Helper()
	vk, err := ours.ParseCanonicalKey(f.Key)
	require.NoError(t, err)
	return vk
}

func parseProof(t testing.TB, f *fixture) *ours.Proof {
	t.Helper()
	p, err := ours.ParseProof(f.RawProof, f.Commitments)
	require.NoError(t, err)
	return p
}

// scalars reads the fixture's public inputs.
func scalars(t testing.TB, f *fixture) []fr.Element {
	t.Helper()
	inputs, err := wire.Scalars(f.Inputs, f.PublicInputs())
	require.NoError(t, err)
	return inputs
}

// gnarkKey reads a key with gnark, whatever its lines say.
func gnarkKey(t testing.TB, key []byte) *gnark.VerifyingKey {
	t.Helper()
	var vk gnark.VerifyingKey
	_, err := vk.ReadFrom(bytes.NewReader(key))
	require.NoError(t, err)
	return &vk
}

// gnarkVerify is gnark's verdict under a key of its own.
func gnarkVerify(vk *gnark.VerifyingKey, bz, inputs []byte) error {
	return plonktest.GnarkVerify(ecc.BN254, vk, bz, inputs)
}

// put overwrites a part of a copy.
func put(bz []byte, off int, with []byte) []byte {
	out := bytes.Clone(bz)
	copy(out[off:], with)
	return out
}

// outsideG2 returns a point on the twist that is not in the subgroup.
func outsideG2(t testing.TB) bn254.G2Affine {
	t.Helper()
	for x := byte(1); x < 255; x++ {
		var b [bn254.SizeOfG2AffineCompressed]byte
		b[0], b[len(b)-1] = 0b10<<6, x
		var p bn254.G2Affine
		_, _ = p.SetBytes(b[:])
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			return p
		}
	}
	require.Fail(t, "no such point")
	return bn254.G2Affine{}
}
