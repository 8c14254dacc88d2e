package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"testing"
	"testing/cryptotest"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

const storedCount = 256

var writeProofs = flag.Bool("write-proofs", false, "make keys and proofs and write them to data/")

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

// TestWriteProofs makes the key and the proofs: `make load-proofs`. They come out the
// same every time.
func TestWriteProofs(t *testing.T) {
	if !*writeProofs {
		t.Skip("only for make load-proofs")
	}
	cryptotest.SetGlobalRandom(t, 1)
	logger.Disable()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cubic{})
	require.NoError(t, err)
	pk, vk, err := groth16.Setup(system)
	require.NoError(t, err)
	var key bytes.Buffer
	_, err = vk.WriteRawTo(&key)
	require.NoError(t, err)
	var list []storedProof
	for x := int64(1); x <= storedCount; x++ {
		w, err := frontend.NewWitness(&cubic{X: x, Y: x*x*x + x + 5}, ecc.BN254.ScalarField())
		require.NoError(t, err)
		p, err := groth16.Prove(system, pk, w)
		require.NoError(t, err)
		var raw bytes.Buffer
		_, err = p.WriteRawTo(&raw)
		require.NoError(t, err)
		list = append(list, storedProof{PublicValues: word(x*x*x + x + 5), Proof: raw.Bytes()})
	}
	text, err := json.MarshalIndent(list, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("data/key.bin", key.Bytes(), 0o644))
	require.NoError(t, os.WriteFile("data/proofs.json", append(text, '\n'), 0o644))
}

// word is a public input as the chain reads it.
func word(n int64) []byte { return big.NewInt(n).FillBytes(make([]byte, 32)) }

// Every stored proof passes the chain's own verifier, for its own statement and for no
// other.
func TestStoredProofsVerify(t *testing.T) {
	list, err := loadProofs()
	require.NoError(t, err)
	require.Len(t, list, storedCount)
	key, err := plaingroth16.Family.Parse(circuitCurve, circuitKey, nil)
	require.NoError(t, err)
	verify := func(c provenClaim, values []byte) error {
		program, digest, err := c.Statement.Decode()
		require.NoError(t, err)
		return key.Verify(program, digest, values, c.Proof)
	}
	seen := make(map[string]bool)
	for i, c := range list {
		require.False(t, seen[c.Statement.Digest], "statement %d is there twice", i)
		seen[c.Statement.Digest] = true
		require.NoError(t, verify(c, c.PublicValues), "proof %d", i)
		require.ErrorIs(t, verify(c, list[(i+1)%len(list)].PublicValues), proof.ErrPublicValues, "proof %d", i)
		next := list[(i+1)%len(list)]
		next.Proof = c.Proof
		require.ErrorIs(t, verify(next, next.PublicValues), proof.ErrInvalidProof, "proof %d for another statement", i)
	}
}
