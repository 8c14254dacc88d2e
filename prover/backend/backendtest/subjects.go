package backendtest

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	groth16family "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	picofamily "github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// cube states X³ = Y.
type cube struct {
	Y frontend.Variable `gnark:",public"`
	X frontend.Variable
}

// Define implements frontend.Circuit.
func (c *cube) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Mul(c.X, c.X, c.X))
	return nil
}

// circuit is cube with keys.
type circuit struct {
	image, key  []byte
	constraints uint64
}

var cubeCircuit = sync.OnceValues(func() (c circuit, err error) {
	gnark.Quiet()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cube{})
	if err != nil {
		return c, err
	}
	pk, vk, err := groth16.Setup(system)
	if err != nil {
		return c, err
	}
	var image, key bytes.Buffer
	if err := gnark.WriteImage(&image, system, pk); err != nil {
		return c, err
	}
	if _, err := vk.WriteRawTo(&key); err != nil {
		return c, err
	}
	return circuit{image: image.Bytes(), key: key.Bytes(), constraints: uint64(system.GetNbConstraints())}, nil
})

// Circuit returns a subject without a backend: a circuit with keys made for this
// run, for backends that prove with gnark.
func Circuit(t *testing.T) Subject {
	t.Helper()
	c, err := cubeCircuit()
	require.NoError(t, err)
	input := func(x, y int) []byte {
		w, err := frontend.NewWitness(&cube{X: x, Y: y}, ecc.BN254.ScalarField())
		require.NoError(t, err)
		raw, err := w.MarshalBinary()
		require.NoError(t, err)
		return raw
	}
	key, err := groth16family.Family.Parse(proof.CurveBN254, c.key, nil)
	require.NoError(t, err)
	publicValues := append(make([]byte, 31), 27)
	good := input(3, 27)
	return Subject{
		Statement: backend.Statement{
			Verifier: "circuit", Program: proof.CircuitID(groth16family.Name, proof.CurveBN254, c.key),
			Digest: backend.CircuitDigest(publicValues),
		},
		Image: c.image, Input: good, Cost: c.constraints, PublicValues: publicValues,
		Key:         key,
		Unsatisfied: input(3, 28), Unreadable: good[:len(good)-1], BadImage: []byte("not a circuit"),
	}
}

// PicoVector is the key, in package vectors, of the published proof that Pico
// replays.
const PicoVector = "pico-v1.2.2-2026-01-04"

// PicoVerifier is that key on the chain.
const PicoVerifier = "pico/v1.2.2"

// Pico returns a subject without a backend: a published proof, and what a stand-in
// service needs to replay it. The image and the input are made up: those of the
// proof were not published.
func Pico(t *testing.T) (Subject, picotest.Replay) {
	t.Helper()
	set := vectors.Pico(t)
	at := slices.IndexFunc(set.Rows, func(r vectors.Row) bool { return slices.Contains(r.VerifiesUnder, PicoVector) })
	require.GreaterOrEqual(t, at, 0, "no published proof under %s", PicoVector)
	row := set.Rows[at]
	keys, err := picofamily.Published()
	require.NoError(t, err)
	require.Equal(t, PicoVerifier, keys[0].ID)
	key, err := picofamily.Family{}.Parse(proof.CurveBN254, keys[0].Key, nil)
	require.NoError(t, err)
	replay := picotest.Replay{
		ELF: []byte("\x7fELF made up"), Program: row.Program, Digest: row.Digest,
		Input: []byte("an input"), Cost: 1_000_000, Proof: row.Proof,
	}
	return Subject{
		Statement: backend.Statement{Verifier: PicoVerifier, Program: row.Program, Digest: row.Digest},
		Image:     replay.ELF, Input: replay.Input, Cost: replay.Cost,
		Key:         key,
		Unsatisfied: []byte("another input"), Unreadable: nil, NamesPrograms: true,
	}, replay
}
