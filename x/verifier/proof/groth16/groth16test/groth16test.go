// Package groth16test makes real circuits, keys and proofs for tests, with gnark.
package groth16test

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnark "github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
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

// Fixture is a circuit on one curve with its keys, and one valid proof of inputs.
type Fixture struct {
	Name        string
	Curve       string // proof.CurveBN254 or proof.CurveBLS12381
	Raw         []byte // key, WriteRawTo
	Compressed  []byte // key, WriteTo
	RawProof    []byte
	SmallProof  []byte
	Inputs      []fr.Element // on BN254; nil elsewhere, see PublicValues
	Commitments int

	publicValues []byte
	gnarkKey     gnark.VerifyingKey
}

// ids are the curves as gnark names them.
var ids = map[string]ecc.ID{proof.CurveBN254: ecc.BN254, proof.CurveBLS12381: ecc.BLS12_381}

// Build sets a circuit up on BN254 and proves the assignment.
func Build(t testing.TB, name string, circuit, assignment frontend.Circuit) *Fixture {
	t.Helper()
	return BuildOn(t, proof.CurveBN254, name, circuit, assignment)
}

// BuildOn sets a circuit up on the curve and proves the assignment.
func BuildOn(t testing.TB, curve, name string, circuit, assignment frontend.Circuit) *Fixture {
	t.Helper()
	disableLog()
	field := ids[curve].ScalarField()
	cs, err := frontend.Compile(field, r1cs.NewBuilder, circuit)
	require.NoError(t, err)
	pk, vk, err := gnark.Setup(cs)
	require.NoError(t, err)
	w, err := frontend.NewWitness(assignment, field)
	require.NoError(t, err)
	p, err := gnark.Prove(cs, pk, w)
	require.NoError(t, err)
	pub, err := w.Public()
	require.NoError(t, err)
	require.NoError(t, gnark.Verify(p, vk, pub))

	f := &Fixture{Name: name, Curve: curve, gnarkKey: vk, Commitments: len(cs.GetCommitments().CommitmentIndexes())}
	f.Raw, f.Compressed = Encode(t, vk)
	f.RawProof, f.SmallProof = Encode(t, p)
	values, err := pub.MarshalBinary()
	require.NoError(t, err)
	f.publicValues = values[12:] // after three counts come the words
	if v, ok := pub.Vector().(fr.Vector); ok {
		f.Inputs = append(f.Inputs, v...)
	}
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

// GnarkVerdict is gnark's own answer, with its own parsers, for a proof of public
// values that are words below the scalar field's modulus.
func (f *Fixture) GnarkVerdict(publicValues, proofBytes []byte) error {
	return GnarkVerdict(f.Curve, f.gnarkKey, publicValues, proofBytes)
}

// GnarkVerdict is the same under any key.
func GnarkVerdict(curve string, key gnark.VerifyingKey, publicValues, proofBytes []byte) error {
	disableLog()
	p := gnark.NewProof(ids[curve])
	n, err := p.ReadFrom(bytes.NewReader(proofBytes))
	if err != nil {
		return err
	}
	if n != int64(len(proofBytes)) {
		return fmt.Errorf("%d bytes too many", int64(len(proofBytes))-n)
	}
	w, err := GnarkWitness(curve, publicValues)
	if err != nil {
		return err
	}
	return gnark.Verify(p, key, w)
}

// GnarkWitness returns public values as gnark's public witness.
func GnarkWitness(curve string, publicValues []byte) (witness.Witness, error) {
	w, err := witness.New(ids[curve].ScalarField())
	if err != nil {
		return nil, err
	}
	words := make(chan any, len(publicValues)/32)
	for i := 0; i+32 <= len(publicValues); i += 32 {
		words <- new(big.Int).SetBytes(publicValues[i : i+32])
	}
	close(words)
	return w, w.Fill(len(publicValues)/32, 0, words)
}

// NewGnarkProof returns an empty proof, to be read by gnark.
func NewGnarkProof(curve string) gnark.Proof { return gnark.NewProof(ids[curve]) }

// GnarkKey reads a key with gnark.
func GnarkKey(t testing.TB, curve string, key []byte) gnark.VerifyingKey {
	t.Helper()
	vk := gnark.NewVerifyingKey(ids[curve])
	_, err := vk.ReadFrom(bytes.NewReader(key))
	require.NoError(t, err)
	return vk
}

// ID returns the circuit id, which is the program of statements.
func (f *Fixture) ID() [32]byte { return proof.CircuitID(groth16.Name, f.Curve, f.Raw) }

// PublicValues returns a copy of the inputs as public values.
func (f *Fixture) PublicValues() []byte { return bytes.Clone(f.publicValues) }

// Digest returns the digest of the public values.
func (f *Fixture) Digest() [32]byte { return proof.MaskedDigest(f.publicValues) }

var disableLog = sync.OnceFunc(logger.Disable)

// fixtures are made once for each curve.
var fixtures = map[string]*struct {
	once sync.Once
	list []*Fixture
}{proof.CurveBN254: {}, proof.CurveBLS12381: {}}

// All returns one circuit of each kind on BN254, set up once.
func All(t testing.TB) []*Fixture {
	t.Helper()
	return AllOn(t, proof.CurveBN254)
}

// AllOn returns one circuit of each kind on the curve, set up once: with none,
// one and two commitments, with a commitment to zero, without an input and with
// nine.
func AllOn(t testing.TB, curve string) []*Fixture {
	t.Helper()
	f := fixtures[curve]
	require.NotNil(t, f, "no curve %q", curve)
	f.once.Do(func() { f.list = buildAll(t, curve) })
	require.NotEmpty(t, f.list)
	return f.list
}

func buildAll(t testing.TB, curve string) []*Fixture {
	t.Helper()
	solved := plain{X: 3, Y: 35, Z: 38}
	return []*Fixture{
		BuildOn(t, curve, "no commitment", &plain{}, &solved),
		BuildOn(t, curve, "one commitment", &committing{count: 1}, &committing{plain: solved}),
		BuildOn(t, curve, "two commitments", &committing{count: 2}, &committing{plain: solved}),
		BuildOn(t, curve, "commitment to zero", &zeroCommitment{}, &zeroCommitment{X: 0, Y: 7}),
		BuildOn(t, curve, "no input", &Wide{}, &Wide{X: 0}),
		BuildOn(t, curve, "nine inputs", &Wide{Inputs: make([]frontend.Variable, 9)}, WideAssignmentOn(curve, 9)),
	}
}

// WideAssignment is WideAssignmentOn for BN254.
func WideAssignment(n int) *Wide { return WideAssignmentOn(proof.CurveBN254, n) }

// WideAssignmentOn spreads full-size field elements over n inputs; the last one
// makes their sum the square of zero.
func WideAssignmentOn(curve string, n int) *Wide {
	w := &Wide{X: 0, Inputs: make([]frontend.Variable, n)}
	field, sum := ids[curve].ScalarField(), new(big.Int)
	for i := range n {
		e := big.NewInt(int64(i) + 2)
		if i == n-1 {
			e.Neg(sum).Mod(e, field)
		} else {
			e.ModInverse(e, field)
		}
		sum.Add(sum, e)
		w.Inputs[i] = e
	}
	return w
}
