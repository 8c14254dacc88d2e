package machine

import (
	"bytes"
	"encoding/hex"
	"sync"
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
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	circuitCount    = 4
	claimsByCircuit = 4
	// picoClaim is the statement that nobody here can prove.
	picoClaim = circuitCount * claimsByCircuit
)

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

// claim is a statement with a proof of it.
type claim struct {
	statement    verifiertypes.Statement
	publicValues []byte
	proof        []byte
}

// pool holds what is made once for all runs: circuits, each with keys of its own, and
// proofs. The last claim is one for a zkVM, without a proof.
type pool struct {
	keys   [][]byte
	ids    []string
	claims []claim
}

var (
	poolOnce sync.Once
	made     pool
)

// thePool makes the pool on first use. Keys and proofs are the same in every run, so
// that a failure can be had again.
func thePool(t *testing.T) *pool {
	t.Helper()
	poolOnce.Do(func() {
		cryptotest.SetGlobalRandom(t, 1)
		logger.Disable()
		system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cubic{})
		require.NoError(t, err)
		for c := range circuitCount {
			pk, vk, err := groth16.Setup(system)
			require.NoError(t, err)
			var key bytes.Buffer
			_, err = vk.WriteRawTo(&key)
			require.NoError(t, err)
			id := proof.CircuitID(plaingroth16.Name, proof.CurveBN254, key.Bytes())
			made.keys, made.ids = append(made.keys, key.Bytes()), append(made.ids, hex.EncodeToString(id[:]))
			for i := range claimsByCircuit {
				x := int64(3 + c*claimsByCircuit + i)
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
				values = values[12:] // three u32: public, secret, length
				digest := proof.MaskedDigest(values)
				made.claims = append(made.claims, claim{
					statement: verifiertypes.Statement{
						Verifier: verifiertypes.CircuitVerifier, Program: made.ids[c], Digest: hex.EncodeToString(digest[:]),
					},
					publicValues: values, proof: raw.Bytes(),
				})
			}
		}
		word := hex.EncodeToString(append(make([]byte, 31), 1))
		made.claims = append(made.claims, claim{
			statement: verifiertypes.Statement{Verifier: verifiertypes.PicoV122, Program: word, Digest: word},
			proof:     []byte{1},
		})
	})
	return &made
}
