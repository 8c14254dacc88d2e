// Package groth16test makes real circuits, keys and proofs for tests, with gnark.
package groth16test

import (
	"bytes"
	"io"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnark "github.com/consensys/gnark/backend/groth16"
	bn254groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// plain proves X³ + X + 5 = Y, with Z = X + Y public too.
type plain struct {
	X    frontend.Variable
	Y, Z frontend.Variable `gnark:",public"`
}

func (c *plain) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	api.AssertIsEqual(c.Z, api.Add(c.X, c.Y))
	return nil
}

// committing is plain with commitments: the first to X and the public Y, the
// second to X, the public Z and the first commitment.
type committing struct {
	plain
	count int
}

func (c *committing) Define(api frontend.API) error {
	if err := c.plain.Define(api); err != nil {
		return err
	}
	committed := []frontend.Variable{c.X, c.Y}
	for range c.count {
		com, err := api.(frontend.Committer).Commit(committed...)
		if err != nil {
			return err
		}
		api.AssertIsDifferent(com, 0)
		committed = []frontend.Variable{api.Mul(c.X, c.X), c.Z, com}
	}
	return nil
}

// zeroCommitment commits to a private value that the tests set to zero, which
// makes the commitment infinity.
type zeroCommitment struct {
	X frontend.Variable
	Y frontend.Variable `gnark:",public"`
}

func (c *zeroCommitment) Define(api frontend.API) error {
	com, err := api.(frontend.Committer).Commit(c.X)
	if err != nil {
		return err
	}
	api.AssertIsDifferent(com, c.Y)
	api.AssertIsEqual(c.X, api.Mul(c.X, c.X))
	return nil
}

// Wide has n public inputs, whose sum is the square of a secret.
type Wide struct {
	X      frontend.Variable
	Inputs []frontend.Variable `gnark:",public"`
}

// Define implements frontend.Circuit.
func (c *Wide) Define(api frontend.API) error {
	sum := frontend.Variable(0)
	for _, in := range c.Inputs {
		sum = api.Add(sum, in)
	}
	api.AssertIsEqual(sum, api.Mul(c.X, c.X))
	return nil
}

// Fixture is a circuit with its keys, and one valid proof of inputs.
type Fixture struct {
	Name        string
	VK          *bn254groth16.VerifyingKey
	Raw         []byte // key, WriteRawTo
	Compressed  []byte // key, WriteTo
	Proof       *bn254groth16.Proof
	RawProof    []byte
	SmallProof  []byte
	Inputs      []fr.Element
	Commitments int
}

// Build sets a circuit up and proves the assignment.
func Build(t testing.TB, name string, circuit, assignment frontend.Circuit) *Fixture {
	t.Helper()
	disableLog()
	cs, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, circuit)
	require.NoError(t, err)
	pk, vk, err := gnark.Setup(cs)
	require.NoError(t, err)
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	require.NoError(t, err)
	p, err := gnark.Prove(cs, pk, w)
	require.NoError(t, err)
	pub, err := w.Public()
	require.NoError(t, err)
	require.NoError(t, gnark.Verify(p, vk, pub))
	f := &Fixture{Name: name, VK: vk.(*bn254groth16.VerifyingKey), Proof: p.(*bn254groth16.Proof)}
	f.Inputs = append(f.Inputs, pub.Vector().(fr.Vector)...)
	f.Raw, f.Compressed = Encode(t, f.VK)
	f.RawProof, f.SmallProof = Encode(t, f.Proof)
	f.Commitments = len(f.Proof.Commitments)
	return f
}

// Encoder is what gnark's keys and proofs can do.
type Encoder interface {
	io.WriterTo
	WriteRawTo(io.Writer) (int64, error)
}

// Encode returns both of gnark's encodings.
func Encode(t testing.TB, v Encoder) (raw, compressed []byte) {
	t.Helper()
	var a, b bytes.Buffer
	_, err := v.WriteRawTo(&a)
	require.NoError(t, err)
	_, err = v.WriteTo(&b)
	require.NoError(t, err)
	return a.Bytes(), b.Bytes()
}

var (
	fixturesOnce sync.Once
	fixtureList  []*Fixture
)

// ID returns the circuit id, which is the program of statements.
func (f *Fixture) ID() [32]byte { return proof.CircuitID(groth16.Name, proof.CurveBN254, f.Raw) }

// PublicValues returns the inputs as public values.
func (f *Fixture) PublicValues() []byte { return wire.Encode(f.Inputs) }

// Digest returns the digest of the public values.
func (f *Fixture) Digest() [32]byte { return proof.MaskedDigest(f.PublicValues()) }

var disableLog = sync.OnceFunc(logger.Disable)

// All returns one circuit of each kind, set up once.
func All(t testing.TB) []*Fixture {
	t.Helper()
	fixturesOnce.Do(func() { fixtureList = buildAll(t) })
	require.NotEmpty(t, fixtureList)
	return fixtureList
}

func buildAll(t testing.TB) []*Fixture {
	t.Helper()
	solved := plain{X: 3, Y: 35, Z: 38}
	return []*Fixture{
		Build(t, "no commitment", &plain{}, &solved),
		Build(t, "one commitment", &committing{count: 1}, &committing{plain: solved}),
		Build(t, "two commitments", &committing{count: 2}, &committing{plain: solved}),
		Build(t, "commitment to zero", &zeroCommitment{}, &zeroCommitment{X: 0, Y: 7}),
		Build(t, "no input", &Wide{}, &Wide{X: 0}),
		Build(t, "nine inputs", &Wide{Inputs: make([]frontend.Variable, 9)}, WideAssignment(9)),
	}
}

// WideAssignment spreads full-size field elements over n inputs; the last one
// makes their sum the square of zero.
func WideAssignment(n int) *Wide {
	w := &Wide{X: 0, Inputs: make([]frontend.Variable, n)}
	var sum, e fr.Element
	for i := range n {
		if e.SetUint64(uint64(i) + 2); i == n-1 {
			e.Neg(&sum)
		} else {
			e.Inverse(&e)
		}
		sum.Add(&sum, &e)
		w.Inputs[i] = e.BigInt(new(big.Int))
	}
	return w
}
