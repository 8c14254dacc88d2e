package gnark_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/frontend/cs/scs"
	"github.com/consensys/gnark/std/math/bits"
	"github.com/consensys/gnark/std/rangecheck"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
)

// cube states X³ + X + 5 = Y.
type cube struct {
	Y frontend.Variable `gnark:",public"`
	X frontend.Variable
}

func (c *cube) Define(api frontend.API) error {
	bits.ToBinary(api, c.X, bits.WithNbDigits(8)) // a hint of gnark's
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	return nil
}

// committed states the same with a range check, which costs a commitment.
type committed struct {
	Y frontend.Variable `gnark:",public"`
	X frontend.Variable
}

func (c *committed) Define(api frontend.API) error {
	rangecheck.New(api).Check(c.X, 8)
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	return nil
}

// fixture is a circuit with its keys; images are made once for each test run.
type fixture struct {
	system constraint.ConstraintSystem
	vk     groth16.VerifyingKey
	image  []byte
}

func build(circuit frontend.Circuit) func() *fixture {
	return sync.OnceValue(func() *fixture {
		must := func(err error) {
			if err != nil {
				panic(err)
			}
		}
		system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, circuit)
		must(err)
		pk, vk, err := groth16.Setup(system)
		must(err)
		var image bytes.Buffer
		must(gnark.WriteImage(&image, system, pk))
		return &fixture{system: system, vk: vk, image: image.Bytes()}
	})
}

var (
	cubeFixture      = build(&cube{})
	committedFixture = build(&committed{})
)

func input(t *testing.T, assignment frontend.Circuit) []byte {
	t.Helper()
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	require.NoError(t, err)
	b, err := w.MarshalBinary()
	require.NoError(t, err)
	return b
}

func TestProves(t *testing.T) {
	cases := map[string]struct {
		fixture *fixture
		valid   frontend.Circuit
		invalid frontend.Circuit
	}{
		"plain":           {cubeFixture(), &cube{X: 3, Y: 35}, &cube{X: 3, Y: 36}},
		"with commitment": {committedFixture(), &committed{X: 3, Y: 35}, &committed{X: 3, Y: 36}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			b := gnark.New(gnark.Config{})
			id, err := b.Register(ctx, tc.fixture.image, backend.Statement{})
			require.NoError(t, err)
			require.Equal(t, backend.ProgramOf(tc.fixture.image), id)
			again, err := b.Register(ctx, tc.fixture.image, backend.Statement{})
			require.NoError(t, err)
			require.Equal(t, id, again)

			in := input(t, tc.valid)
			est, err := b.Estimate(ctx, backend.Task{Program: id, Input: in})
			require.NoError(t, err)
			require.Equal(t, uint64(tc.fixture.system.GetNbConstraints()), est.Cost)
			require.Len(t, est.PublicValues, 32)
			require.Equal(t, byte(35), est.PublicValues[31])
			require.Equal(t, backend.CircuitDigest(est.PublicValues), est.Digest)
			require.Zero(t, est.Digest[0]>>5)

			res, err := b.Prove(ctx, backend.Task{Program: id, Input: in})
			require.NoError(t, err)
			require.Equal(t, est.PublicValues, res.PublicValues)
			require.NoError(t, verify(t, tc.fixture, tc.valid, res.Proof))
			require.Error(t, verify(t, tc.fixture, tc.invalid, res.Proof))

			for _, call := range []func() error{
				func() error {
					_, err := b.Estimate(ctx, backend.Task{Program: id, Input: input(t, tc.invalid)})
					return err
				},
				func() error {
					_, err := b.Prove(ctx, backend.Task{Program: id, Input: input(t, tc.invalid)})
					return err
				},
			} {
				err := call()
				require.ErrorIs(t, err, backend.ErrUnsatisfied)
				require.True(t, backend.Permanent(err))
			}
			require.NoError(t, b.Health(ctx))
			require.NoError(t, b.Close())
		})
	}
}

func verify(t *testing.T, f *fixture, assignment frontend.Circuit, raw []byte) error {
	t.Helper()
	proof := groth16.NewProof(ecc.BN254)
	_, err := proof.ReadFrom(bytes.NewReader(raw))
	require.NoError(t, err)
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField(), frontend.PublicOnly())
	require.NoError(t, err)
	return groth16.Verify(proof, f.vk, w)
}

func TestRegisterRefusesDamagedImages(t *testing.T) {
	good := committedFixture().image
	n := binary.BigEndian.Uint64(good)
	other := cubeFixture().image
	otherN := binary.BigEndian.Uint64(other)

	change := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		return out
	}
	var plonk bytes.Buffer
	sparse, err := frontend.Compile(ecc.BN254.ScalarField(), scs.NewBuilder, &cube{})
	require.NoError(t, err)
	require.NoError(t, gnark.WriteImage(&plonk, sparse, bytes.NewBuffer(other[8+otherN:])))

	key := int(8 + n)
	cases := map[string][]byte{
		"empty":                     nil,
		"only a length":             good[:8],
		"no proving key":            good[:8+n],
		"length of zero":            change(0, 0, 0, 0, 0, 0, 0, 0, 0),
		"length past the end":       change(0, 0xff),
		"length one short":          change(7, byte(n)-1),
		"cut off by one byte":       good[:len(good)-1],
		"one byte more":             append(bytes.Clone(good), 0),
		"system length":             change(8, 0xff, 0xff, 0xff, 0xff, 0xff),
		"gnark version":             change(16, 9),
		"levels length":             change(8+32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"instructions length":       change(8+40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"number of levels":          change(8+64, 0xff, 0xff, 0xff, 0xff, 0xff),
		"domain size":               change(key, 0, 0, 0, 0, 0xff),
		"number of points":          change(key+8+5*32+1+3*32, 0xff, 0xff, 0xff, 0xff),
		"coordinate too large":      change(key+8+5*32+1+3*32+4, 0xbf, 0xff),
		"uncompressed point":        change(key+8+5*32+1, 0),
		"key of another circuit":    append(bytes.Clone(good[:8+n]), other[8+otherN:]...),
		"system of another circuit": append(bytes.Clone(other[:8+otherN]), good[8+n:]...),
		"plonk system":              plonk.Bytes(),
	}
	for name, image := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := gnark.New(gnark.Config{}).Register(context.Background(), image, backend.Statement{})
			require.ErrorIs(t, err, backend.ErrImage)
		})
	}
}

func TestEstimateRefusesDamagedInputs(t *testing.T) {
	ctx := context.Background()
	b := gnark.New(gnark.Config{})
	id, err := b.Register(ctx, cubeFixture().image, backend.Statement{})
	require.NoError(t, err)
	good := input(t, &cube{X: 3, Y: 35})
	public, err := frontend.NewWitness(&cube{Y: 35}, ecc.BN254.ScalarField(), frontend.PublicOnly())
	require.NoError(t, err)
	publicOnly, err := public.MarshalBinary()
	require.NoError(t, err)
	swapped := bytes.Clone(good)
	copy(swapped, []byte{0, 0, 0, 2, 0, 0, 0, 0})
	huge := bytes.Clone(good)
	copy(huge[8:], []byte{0xff, 0xff, 0xff, 0xff})
	modulus := bytes.Clone(good)
	ecc.BN254.ScalarField().FillBytes(modulus[12:44])

	for name, in := range map[string][]byte{
		"empty":                 nil,
		"header only":           good[:12],
		"cut off":               good[:len(good)-1],
		"one byte more":         append(bytes.Clone(good), 0),
		"public part only":      publicOnly,
		"secret as public":      swapped,
		"huge vector":           huge,
		"value of the modulus":  modulus,
		"of another curve's":    mustWitness(t, ecc.BLS12_381),
		"nothing but its count": {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Estimate(ctx, backend.Task{Program: id, Input: in})
			require.ErrorIs(t, err, backend.ErrInput)
			_, err = b.Prove(ctx, backend.Task{Program: id, Input: in})
			require.ErrorIs(t, err, backend.ErrInput)
		})
	}
}

// mustWitness is a witness whose values do not fit BN254's field.
func mustWitness(t *testing.T, curve ecc.ID) []byte {
	t.Helper()
	w, err := witness.New(curve.ScalarField())
	require.NoError(t, err)
	values := make(chan any, 2)
	values <- -1
	values <- -2
	close(values)
	require.NoError(t, w.Fill(1, 1, values))
	b, err := w.MarshalBinary()
	require.NoError(t, err)
	return b
}

func TestLimits(t *testing.T) {
	ctx := context.Background()
	image := cubeFixture().image
	in := input(t, &cube{X: 3, Y: 35})
	constraints := uint64(cubeFixture().system.GetNbConstraints())

	exact := gnark.New(gnark.Config{MaxImageBytes: len(image), MaxInputBytes: len(in), MaxConstraints: constraints})
	id, err := exact.Register(ctx, image, backend.Statement{})
	require.NoError(t, err)
	_, err = exact.Estimate(ctx, backend.Task{Program: id, Input: in})
	require.NoError(t, err)

	_, err = gnark.New(gnark.Config{MaxImageBytes: len(image) - 1}).Register(ctx, image, backend.Statement{})
	require.ErrorIs(t, err, backend.ErrTooLarge)
	_, err = gnark.New(gnark.Config{MaxConstraints: constraints - 1}).Register(ctx, image, backend.Statement{})
	require.ErrorIs(t, err, backend.ErrTooLarge)
	small := gnark.New(gnark.Config{MaxInputBytes: len(in) - 1})
	_, err = small.Register(ctx, image, backend.Statement{})
	require.NoError(t, err)
	_, err = small.Estimate(ctx, backend.Task{Program: id, Input: in})
	require.ErrorIs(t, err, backend.ErrTooLarge)
}

func TestForgetsTheLeastRecentlyUsedProgram(t *testing.T) {
	ctx := context.Background()
	b := gnark.New(gnark.Config{MaxPrograms: 1})
	first, err := b.Register(ctx, cubeFixture().image, backend.Statement{})
	require.NoError(t, err)
	second, err := b.Register(ctx, committedFixture().image, backend.Statement{})
	require.NoError(t, err)
	_, err = b.Estimate(ctx, backend.Task{Program: first, Input: input(t, &cube{X: 3, Y: 35})})
	require.ErrorIs(t, err, backend.ErrUnknownProgram)
	require.False(t, backend.Permanent(err))
	_, err = b.Estimate(ctx, backend.Task{Program: second, Input: input(t, &committed{X: 3, Y: 35})})
	require.NoError(t, err)
}

func TestStopsWaitingWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := gnark.New(gnark.Config{})
	id, err := b.Register(ctx, cubeFixture().image, backend.Statement{})
	require.NoError(t, err)
	cancel()
	_, err = b.Prove(ctx, backend.Task{Program: id, Input: input(t, &cube{X: 3, Y: 35})})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, b.Health(ctx), context.Canceled)
}

// FuzzRegister looks for bytes that gnark takes without complaint but panics on.
func FuzzRegister(f *testing.F) {
	f.Add(cubeFixture().image)
	f.Add(committedFixture().image)
	f.Fuzz(func(t *testing.T, image []byte) {
		b := gnark.New(gnark.Config{MaxConstraints: 1 << 10})
		if _, err := b.Register(context.Background(), image, backend.Statement{}); err != nil {
			require.True(t, backend.Permanent(err), err)
		}
	})
}
