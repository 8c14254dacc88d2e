package bn254_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// outsideG1 returns a point on the curve that is not in the subgroup, if there is
// one. Every point on this curve is in the subgroup.
func outsideG1(testing.TB) (bn254.G1Affine, bool) { return bn254.G1Affine{}, false }

// hexBytes are bytes that JSON has as hex digits.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// TestSP1 verifies proofs that SP1 published, under its keys without the lines,
// which are all zero in its files: the hash of the file, whose first bytes select
// the key, proves that nothing else was left out.
func TestSP1(t *testing.T) {
	var vectors []struct {
		Name                         string
		Selector, Key, Inputs, Proof hexBytes
	}
	bz, err := os.ReadFile("testdata/sp1.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(bz, &vectors))
	require.Len(t, vectors, 3)
	for _, v := range vectors {
		tail := len(v.Key) - ours.TailSize(1)
		file := append(bytes.Clone(v.Key[:tail]), make([]byte, ours.LinesSize)...)
		file = append(file, v.Key[tail:]...)
		hash := sha256.Sum256(file)
		require.Equal(t, []byte(v.Selector), hash[:4], v.Name)
		stripped, err := ours.StripLines(file)
		require.NoError(t, err)
		require.Equal(t, []byte(v.Key), stripped)

		vk, err := ours.ParsePublishedKey(v.Key)
		require.NoError(t, err, v.Name)
		inputs, err := wire.Scalars(v.Inputs, vk.Shape().PublicInputs)
		require.NoError(t, err, v.Name)
		p, err := ours.ParseSolidityProof(v.Proof, vk.Shape().Commitments)
		require.NoError(t, err, v.Name)
		require.NoError(t, vk.Verify(p, inputs), v.Name)

		trapped := gnarkKey(t, file)
		right := *trapped
		for i := range right.Kzg.Lines {
			right.Kzg.Lines[i] = bn254.PrecomputeLines(right.Kzg.G2[i])
		}
		require.NoError(t, gnarkVerify(&right, vk.WithClaim(p, inputs).Raw(), v.Inputs), v.Name)

		for i := range inputs {
			other := append([]fr.Element{}, inputs...)
			other[i].SetUint64(7)
			require.ErrorIs(t, vk.Verify(p, other), proof.ErrInvalidProof, "%s, input %d", v.Name, i)
			claimed := vk.WithClaim(p, other).Raw()
			require.Error(t, gnarkVerify(&right, claimed, wire.Encode(other)))
			require.NoError(t, gnarkVerify(trapped, claimed, wire.Encode(other)), "the trap is there")
		}
		for i := range v.Proof {
			bad := bytes.Clone(v.Proof)
			bad[i] ^= 1 << (i % 8)
			p, err := ours.ParseSolidityProof(bad, vk.Shape().Commitments)
			if err == nil {
				err = vk.Verify(p, inputs)
			}
			require.Error(t, err, "%s, byte %d", v.Name, i)
		}
	}
}
