// Package plonktest makes real PLONK circuits, keys and proofs for tests, with
// gnark, whose verdicts it gives too. The SRS is made on the spot, so that its
// secret is known: never use these keys elsewhere.
package plonktest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	gnark "github.com/consensys/gnark/backend/plonk"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/scs"
	"github.com/consensys/gnark/logger"
	"github.com/consensys/gnark/test/unsafekzg"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Sizes in the keys that gnark writes, in bytes.
const (
	// VersionSize is the length of the marker and the version at the front.
	VersionSize = 16
	// ScalarsSize is the length of what comes between those and the first point.
	ScalarsSize = 8 + 32 + 32 + 8 + 32
)

// Tau is the secret of the SRS: whoever knows it can open a commitment to anything.
const Tau = 424242

// LinesSize returns the length of the KZG lines in a key: four lists of line
// evaluations, of four field elements each.
func LinesSize(curve string) int {
	if curve == proof.CurveBN254 {
		return 4 * 66 * 4 * 32
	}
	return 4 * 63 * 4 * 48
}

// Fixture is a circuit with its keys, and one valid proof.
type Fixture struct {
	Name, Curve string
	VK          gnark.VerifyingKey
	Key         []byte // canonical: WriteRawTo without lines
	Raw         []byte // WriteRawTo
	Compressed  []byte // WriteTo
	Proof       gnark.Proof
	RawProof    []byte // WriteRawTo
	SmallProof  []byte // WriteTo
	Solidity    []byte // MarshalSolidity
	Inputs      []byte // public inputs as words
	Commitments int

	field ecc.ID
}

// PublicInputs returns the number of public inputs.
func (f *Fixture) PublicInputs() int { return len(f.Inputs) / 32 }

// ID returns the circuit id, which is the program of statements.
func (f *Fixture) ID() [32]byte { return proof.CircuitID(proof.SystemPlonk, f.Curve, f.Key) }

// PublicValues returns the inputs as public values.
func (f *Fixture) PublicValues() []byte { return f.Inputs }

// Digest returns the digest of the public values.
func (f *Fixture) Digest() [32]byte { return proof.MaskedDigest(f.Inputs) }

// GnarkVerify is gnark's own verdict on a proof, in one of its binary forms, of
// public inputs, given as words. A panic of gnark's is an error.
func (f *Fixture) GnarkVerify(proofBytes, inputs []byte) error {
	return GnarkVerify(f.field, f.VK, proofBytes, inputs)
}

// GnarkVerify is gnark's own verdict under a key of its own.
func GnarkVerify(curve ecc.ID, vk gnark.VerifyingKey, proofBytes, inputs []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("gnark panics: %v", r)
		}
	}()
	p := gnark.NewProof(curve)
	if _, err := p.ReadFrom(bytes.NewReader(proofBytes)); err != nil {
		return err
	}
	w, err := witness.New(curve.ScalarField())
	if err != nil {
		return err
	}
	if err := w.UnmarshalBinary(WitnessBytes(inputs)); err != nil {
		return err
	}
	return gnark.Verify(p, vk, w)
}

// WitnessBytes returns public inputs, given as words, in gnark's binary form of a
// public witness: their number, that of secrets, and the length of the list.
func WitnessBytes(inputs []byte) []byte {
	n := uint32(len(inputs) / 32)
	out := binary.BigEndian.AppendUint32(nil, n)
	out = binary.BigEndian.AppendUint32(out, 0)
	out = binary.BigEndian.AppendUint32(out, n)
	return append(out, inputs...)
}

// Field returns gnark's name of the fixture's curve.
func (f *Fixture) Field() ecc.ID { return f.field }

// Strip removes the KZG lines from a key that gnark wrote.
func Strip(curve string, key []byte, commitments int) []byte {
	tail := len(key) - 4 - 8*commitments
	return append(bytes.Clone(key[:tail-LinesSize(curve)]), key[tail:]...)
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

var disableLog = sync.OnceFunc(logger.Disable)

// Build sets a circuit up and proves the assignment.
func Build(t testing.TB, curve ecc.ID, name string, circuit, assignment frontend.Circuit) *Fixture {
	t.Helper()
	disableLog()
	cs, err := frontend.Compile(curve.ScalarField(), scs.NewBuilder, circuit)
	require.NoError(t, err)
	srs, lagrange, err := unsafekzg.NewSRS(cs, unsafekzg.WithToxicValue(big.NewInt(Tau)))
	require.NoError(t, err)
	pk, vk, err := gnark.Setup(cs, srs, lagrange)
	require.NoError(t, err)
	full, err := frontend.NewWitness(assignment, curve.ScalarField())
	require.NoError(t, err)
	p, err := gnark.Prove(cs, pk, full)
	require.NoError(t, err)
	public, err := full.Public()
	require.NoError(t, err)
	require.NoError(t, gnark.Verify(p, vk, public))

	f := &Fixture{Name: name, Curve: proof.CurveBN254, VK: vk, Proof: p, field: curve}
	if curve == ecc.BLS12_381 {
		f.Curve = proof.CurveBLS12381
	}
	f.Raw, f.Compressed = Encode(t, vk)
	f.RawProof, f.SmallProof = Encode(t, p)
	f.Solidity = p.(interface{ MarshalSolidity() []byte }).MarshalSolidity()
	words, err := public.MarshalBinary()
	require.NoError(t, err)
	f.Inputs = words[12:]
	f.Commitments = int(binary.BigEndian.Uint32(f.Raw[f.CountOffset():]))
	f.Key = Strip(f.Curve, f.Raw, f.Commitments)
	return f
}

// PointSize returns the length of an uncompressed point of G1 in bytes.
func (f *Fixture) PointSize() int {
	if f.Curve == proof.CurveBN254 {
		return 64
	}
	return 96
}

// CountOffset returns where the number of commitments stands in a raw key.
func (f *Fixture) CountOffset() int { return VersionSize + ScalarsSize + 8*f.PointSize() }

var (
	fixturesOnce sync.Once
	fixtureList  []*Fixture
)

// All returns one circuit of each kind on each curve, set up once.
func All(t testing.TB) []*Fixture {
	t.Helper()
	fixturesOnce.Do(func() {
		fixtureList = append(buildAll(t, ecc.BN254), buildAll(t, ecc.BLS12_381)...)
	})
	require.NotEmpty(t, fixtureList)
	return fixtureList
}

// On returns the circuits on one curve.
func On(t testing.TB, curve string) (list []*Fixture) {
	t.Helper()
	for _, f := range All(t) {
		if f.Curve == curve {
			list = append(list, f)
		}
	}
	require.NotEmpty(t, list)
	return list
}

// Names of the fixtures, which are the same on each curve.
const (
	NoCommitment   = "no-commitment"
	OneCommitment  = "one-commitment"
	TwoCommitments = "two-commitments"
	NoInput        = "no-input"
	OneInput       = "one-input"
	NineInputs     = "nine-inputs"
)

// Get returns the fixture of a name on a curve.
func Get(t testing.TB, curve, name string) *Fixture {
	t.Helper()
	for _, f := range On(t, curve) {
		if f.Name == name {
			return f
		}
	}
	require.Failf(t, "no such fixture", "%s on %s", name, curve)
	return nil
}

func buildAll(t testing.TB, curve ecc.ID) []*Fixture {
	t.Helper()
	solved := cubic{X: 3, Y: 35, Z: 38}
	return []*Fixture{
		Build(t, curve, NoCommitment, &cubic{}, &solved),
		Build(t, curve, OneCommitment, &committing{count: 1}, &committing{cubic: solved}),
		Build(t, curve, TwoCommitments, &committing{count: 2}, &committing{cubic: solved}),
		Build(t, curve, NoInput, &sum{}, &sum{X: 0}),
		Build(t, curve, OneInput, &sum{Inputs: make([]frontend.Variable, 1)}, &sum{X: 4, Inputs: []frontend.Variable{16}}),
		Build(t, curve, NineInputs, &sum{Inputs: make([]frontend.Variable, 9)}, nineInputs(curve)),
	}
}

// cubic proves X³ + X + 5 = Y, with Z = X + Y public too.
type cubic struct {
	X    frontend.Variable
	Y, Z frontend.Variable `gnark:",public"`
}

// Define implements frontend.Circuit.
func (c *cubic) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	api.AssertIsEqual(c.Z, api.Add(c.X, c.Y))
	return nil
}

// committing is cubic with commitments, each of which covers the one before.
type committing struct {
	cubic
	count int
}

// Define implements frontend.Circuit.
func (c *committing) Define(api frontend.API) error {
	if err := c.cubic.Define(api); err != nil {
		return err
	}
	committed := []frontend.Variable{c.X, c.Y}
	for range c.count {
		commitment, err := api.(frontend.Committer).Commit(committed...)
		if err != nil {
			return err
		}
		api.AssertIsDifferent(commitment, 0)
		committed = []frontend.Variable{api.Mul(c.X, c.X), commitment}
	}
	return nil
}

// sum proves that its inputs add up to the square of a secret.
type sum struct {
	X      frontend.Variable
	Inputs []frontend.Variable `gnark:",public"`
}

// Define implements frontend.Circuit.
func (c *sum) Define(api frontend.API) error {
	total := frontend.Variable(0)
	for _, in := range c.Inputs {
		total = api.Add(total, in)
	}
	api.AssertIsEqual(total, api.Mul(c.X, c.X))
	return nil
}

// nineInputs spreads full-size field elements over nine inputs; the last one
// makes their sum zero.
func nineInputs(curve ecc.ID) *sum {
	modulus := curve.ScalarField()
	w, total := &sum{X: 0}, new(big.Int)
	for i := range int64(8) {
		e := new(big.Int).ModInverse(big.NewInt(i+2), modulus)
		total.Add(total, e)
		w.Inputs = append(w.Inputs, e)
	}
	last := total.Neg(total).Mod(total, modulus)
	w.Inputs = append(w.Inputs, last)
	return w
}
