package simulation

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

var write = flag.String("samples", "", "file to write the circuit and its proofs to")

// cubic proves knowledge of X with X³ + X + 5 = Y.
type cubic struct {
	X frontend.Variable
	Y frontend.Variable `gnark:",public"`
}

// Define implements frontend.Circuit.
func (c *cubic) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	return nil
}

// TestWriteSamples makes samples.json anew, with -samples samples.json.
func TestWriteSamples(t *testing.T) {
	if *write == "" {
		t.Skip("writes a file")
	}
	logger.Disable()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cubic{})
	require.NoError(t, err)
	pk, vk, err := groth16.Setup(system)
	require.NoError(t, err)
	var key bytes.Buffer
	_, err = vk.WriteRawTo(&key)
	require.NoError(t, err)
	set := sampleSet{Family: plaingroth16.Name, Curve: proof.CurveBN254, Key: key.Bytes()}
	for x := int64(3); x < 11; x++ {
		w, err := frontend.NewWitness(&cubic{X: x, Y: x*x*x + x + 5}, ecc.BN254.ScalarField())
		require.NoError(t, err)
		p, err := groth16.Prove(system, pk, w)
		require.NoError(t, err)
		var raw bytes.Buffer
		_, err = p.WriteRawTo(&raw)
		require.NoError(t, err)
		public, err := w.Public()
		require.NoError(t, err)
		values, err := public.MarshalBinary()
		require.NoError(t, err)
		const header = 12 // three u32: public, secret, length
		set.Proofs = append(set.Proofs, sample{PublicValues: values[header:], Proof: raw.Bytes()})
	}
	text, err := json.MarshalIndent(set, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(*write, append(text, '\n'), 0o600))
}

// Each proof proves its own statement to the chain's code, and no other.
func TestSamples(t *testing.T) {
	set := samples()
	require.NotEmpty(t, set.Proofs)
	key, err := verifiertypes.ParseKey(set.Family, set.Curve, set.Key, nil)
	require.NoError(t, err)
	verify := func(st verifiertypes.Statement, s sample) error {
		program, digest, err := st.Decode()
		require.NoError(t, err)
		return key.Verify(program, digest, s.PublicValues, s.Proof)
	}
	for i, s := range set.Proofs {
		require.NoError(t, verify(s.statement, s))
		other := set.Proofs[(i+1)%len(set.Proofs)]
		require.Error(t, verify(other.statement, sample{PublicValues: other.PublicValues, Proof: s.Proof}))
		found, ok := proofOf(s.statement)
		require.True(t, ok)
		require.Equal(t, s, found)
	}
	_, ok := proofOf(unprovable())
	require.False(t, ok)
}
