package risc0

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"
)

// anything is a circuit of five public inputs that any inputs satisfy: with its
// key a test can prove claims that RISC Zero's programs would not make. Each input
// has a constraint of its own, so that no other inputs have the same proof.
type anything struct {
	Factor   frontend.Variable
	Products [publicInputs]frontend.Variable
	Inputs   [publicInputs]frontend.Variable `gnark:",public"`
}

func (c *anything) Define(api frontend.API) error {
	for i := range c.Inputs {
		api.AssertIsEqual(c.Products[i], api.Mul(c.Factor, c.Inputs[i]))
	}
	return nil
}

// prover makes proofs under a key of its own, with the constants of a release.
type prover struct {
	cs  constraint.ConstraintSystem
	pk  groth16.ProvingKey
	key *key
}

func newProver(t *testing.T) *prover {
	t.Helper()
	logger.Disable()
	cs, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &anything{})
	require.NoError(t, err)
	pk, vk, err := groth16.Setup(cs)
	require.NoError(t, err)
	var raw bytes.Buffer
	_, err = vk.WriteRawTo(&raw)
	require.NoError(t, err)
	return &prover{cs, pk, parse(t, raw.Bytes(), release(t, Name+"/v3.0").Constants)}
}

// prove returns a valid proof of the inputs in, with the selector of p's key.
func (p *prover) prove(t *testing.T, in []fr.Element) []byte {
	t.Helper()
	assignment := anything{Factor: 1}
	for i := range in {
		assignment.Inputs[i], assignment.Products[i] = in[i], in[i]
	}
	w, err := frontend.NewWitness(&assignment, ecc.BN254.ScalarField())
	require.NoError(t, err)
	made, err := groth16.Prove(p.cs, p.pk, w)
	require.NoError(t, err)
	var raw bytes.Buffer
	_, err = made.WriteRawTo(&raw)
	require.NoError(t, err)
	return slices.Concat(p.key.selector[:], raw.Bytes()[:ProofSize-SelectorSize])
}

// claim is a second way, written out, to the digest of a claim.
func claim(imageID, journal, input, assumptions [32]byte, system, user byte) [32]byte {
	tag := func(name string) []byte { d := sha256.Sum256([]byte(name)); return d[:] }
	var zero [32]byte
	after := sha256.Sum256(slices.Concat(tag("risc0.SystemState"), zero[:], []byte{0, 0, 0, 0, 1, 0}))
	output := sha256.Sum256(slices.Concat(tag("risc0.Output"), journal[:], assumptions[:], []byte{2, 0}))
	return sha256.Sum256(slices.Concat(tag("risc0.ReceiptClaim"), input[:], imageID[:], after[:], output[:],
		[]byte{system, 0, 0, 0, user, 0, 0, 0, 4, 0}))
}

// A program that did not halt with exit code 0, or whose claim is conditional or
// has an input, proves nothing, even with a valid proof of just that claim.
func TestExitCodeNotZero(t *testing.T) {
	p, s := newProver(t), known(t)
	var zero [32]byte
	one := [32]byte{31: 1}
	for name, tc := range map[string]struct {
		claim [32]byte
		ok    bool
	}{
		"halted with 0":   {claim(s.program, s.digest, zero, zero, 0, 0), true},
		"exit code 1":     {claim(s.program, s.digest, zero, zero, 0, 1), false},
		"exit code 255":   {claim(s.program, s.digest, zero, zero, 0, 255), false},
		"paused":          {claim(s.program, s.digest, zero, zero, 1, 0), false},
		"split":           {claim(s.program, s.digest, zero, zero, 2, 0), false},
		"an assumption":   {claim(s.program, s.digest, zero, one, 0, 0), false},
		"an input":        {claim(s.program, s.digest, one, zero, 0, 0), false},
		"journal swapped": {claim(s.digest, s.program, zero, zero, 0, 0), false},
		"zero":            {zero, false},
	} {
		in := inputs(t, Name+"/v3.0", s.program, s.digest)
		in[2], in[3] = split(tc.claim)
		err := p.key.Verify(s.program, s.digest, nil, p.prove(t, in))
		if tc.ok {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, "the pairing does not hold", name)
		}
	}
}

// A valid proof of the same numbers in another order proves nothing.
func TestOrderOfInputs(t *testing.T) {
	p, s := newProver(t), known(t)
	for i := range publicInputs {
		for j := range i {
			in := inputs(t, Name+"/v3.0", s.program, s.digest)
			in[i], in[j] = in[j], in[i]
			require.Error(t, p.key.Verify(s.program, s.digest, nil, p.prove(t, in)), "%d and %d", i, j)
		}
	}
}
