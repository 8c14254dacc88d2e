package sp1_test

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	fiatshamir "github.com/consensys/gnark-crypto/fiat-shamir"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	plonk "github.com/consensys/gnark/backend/plonk/bn254"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
)

func init() { logger.Disable() }

// inputs returns the public inputs of a statement as gnark takes them.
func (s statement) inputs(t testing.TB, f fixture) fr.Vector {
	t.Helper()
	words := slices.Concat(s.program[:], s.digest[:])
	if f.constants != nil {
		words = append(words, s.proof[4:100]...)
	}
	out := make(fr.Vector, len(words)/fr.Bytes)
	for i := range out {
		require.NoError(t, out[i].SetBytesCanonical(words[i*fr.Bytes:][:fr.Bytes]))
	}
	return out
}

// body returns a proof's body.
func (s statement) body(f fixture) []byte {
	if f.constants != nil {
		return s.proof[100:]
	}
	return s.proof[4:]
}

// gnarkVerify returns gnark's verification of a statement, ready to run.
func gnarkVerify(t testing.TB, f fixture, s statement) func() error {
	t.Helper()
	inputs, body := s.inputs(t, f), s.body(f)
	if f.family.Name() == sp1.NameGroth16 {
		vk, p := gnarkGroth16(t, f.file, body)
		return func() error { return groth16.Verify(p, vk, inputs) }
	}
	vk := gnarkPlonkKey(t, f.file, true)
	p := gnarkPlonkProof(t, vk, body, inputs)
	return func() error { return plonk.Verify(p, vk, inputs) }
}

func gnarkGroth16(t testing.TB, file, body []byte) (*groth16.VerifyingKey, *groth16.Proof) {
	t.Helper()
	var vk groth16.VerifyingKey
	_, err := vk.ReadFrom(bytes.NewReader(file))
	require.NoError(t, err)
	require.NoError(t, vk.Precompute())
	var p groth16.Proof
	dec := bn254.NewDecoder(bytes.NewReader(body))
	for _, point := range []any{&p.Ar, &p.Bs, &p.Krs} {
		require.NoError(t, dec.Decode(point))
	}
	return &vk, &p
}

// gnarkPlonkKey reads a published file, whose KZG lines it computes if asked to.
func gnarkPlonkKey(t testing.TB, file []byte, computeLines bool) *plonk.VerifyingKey {
	t.Helper()
	var vk plonk.VerifyingKey
	_, err := vk.ReadFrom(bytes.NewReader(file))
	require.NoError(t, err)
	if computeLines {
		for i := range vk.Kzg.Lines {
			vk.Kzg.Lines[i] = bn254.PrecomputeLines(vk.Kzg.G2[i])
		}
	}
	return &vk
}

// gnarkPlonkProof reads a body, and puts in the value of the linearised polynomial
// that it leaves out.
func gnarkPlonkProof(t testing.TB, vk *plonk.VerifyingKey, body []byte, inputs fr.Vector) *plonk.Proof {
	t.Helper()
	p := &plonk.Proof{Bsb22Commitments: make([]bn254.G1Affine, 1)}
	values := make([]fr.Element, 7)
	dec := bn254.NewDecoder(bytes.NewReader(body))
	for _, v := range []any{
		&p.LRO[0], &p.LRO[1], &p.LRO[2], &p.H[0], &p.H[1], &p.H[2],
		&values[1], &values[2], &values[3], &values[4], &values[5],
		&p.Z, &p.ZShiftedOpening.ClaimedValue, &p.BatchedProof.H, &p.ZShiftedOpening.H,
		&values[6], &p.Bsb22Commitments[0],
	} {
		require.NoError(t, dec.Decode(v))
	}
	p.BatchedProof.ClaimedValues = values
	values[0] = linearised(t, vk, p, inputs)
	return p
}

// challenge binds values to a challenge of gnark's transcript and computes it.
func challenge(t testing.TB, fs *fiatshamir.Transcript, name string, bound ...[]byte) (e fr.Element) {
	t.Helper()
	for _, b := range bound {
		require.NoError(t, fs.Bind(name, b))
	}
	c, err := fs.ComputeChallenge(name)
	require.NoError(t, err)
	e.SetBytes(c)
	return e
}

// linearised returns the value at ζ of the linearised polynomial, which a sound
// proof has: α²L₀ − PI − α(l + βs₁ + γ)(r + βs₂ + γ)(o + γ)z.
func linearised(t testing.TB, vk *plonk.VerifyingKey, p *plonk.Proof, inputs fr.Vector) (value fr.Element) {
	t.Helper()
	fs := fiatshamir.NewTranscript(sha256.New(), "gamma", "beta", "alpha", "zeta")
	var bound [][]byte
	for _, point := range []bn254.G1Affine{vk.S[0], vk.S[1], vk.S[2], vk.Ql, vk.Qr, vk.Qm, vk.Qo, vk.Qk, vk.Qcp[0]} {
		bound = append(bound, point.Marshal())
	}
	for i := range inputs {
		bound = append(bound, inputs[i].Marshal())
	}
	gamma := challenge(t, fs, "gamma", append(bound, p.LRO[0].Marshal(), p.LRO[1].Marshal(), p.LRO[2].Marshal())...)
	beta := challenge(t, fs, "beta")
	alpha := challenge(t, fs, "alpha", p.Bsb22Commitments[0].Marshal(), p.Z.Marshal())
	zeta := challenge(t, fs, "zeta", p.H[0].Marshal(), p.H[1].Marshal(), p.H[2].Marshal())

	one := fr.One()
	var vanishing fr.Element
	vanishing.Exp(zeta, new(big.Int).SetUint64(vk.Size)).Sub(&vanishing, &one).Mul(&vanishing, &vk.SizeInv)
	lagrange := func(row uint64) (l fr.Element) {
		var omega, den fr.Element
		omega.Exp(vk.Generator, new(big.Int).SetUint64(row))
		den.Sub(&zeta, &omega)
		l.Mul(&omega, &vanishing).Div(&l, &den)
		return l
	}
	hash, err := fr.Hash(p.Bsb22Commitments[0].Marshal(), []byte("BSB22-Plonk"), 1)
	require.NoError(t, err)
	public := lagrange(vk.NbPublicVariables + vk.CommitmentConstraintIndexes[0])
	public.Mul(&public, &hash[0])
	for i := range inputs {
		l := lagrange(uint64(i))
		public.Add(&public, l.Mul(&l, &inputs[i]))
	}
	v := p.BatchedProof.ClaimedValues
	var a, b, c fr.Element
	a.Mul(&beta, &v[4]).Add(&a, &v[1]).Add(&a, &gamma)
	b.Mul(&beta, &v[5]).Add(&b, &v[2]).Add(&b, &gamma)
	c.Add(&v[3], &gamma)
	a.Mul(&a, &b).Mul(&a, &c).Mul(&a, &alpha).Mul(&a, &p.ZShiftedOpening.ClaimedValue)
	value = lagrange(0)
	value.Mul(&value, &alpha).Mul(&value, &alpha)
	return *value.Sub(&value, &public).Sub(&value, &a)
}

// gnark gives the same verdict on published proofs, and on false statements.
func TestGnarkAgrees(t *testing.T) {
	fixtures, rows := load(t)
	for _, row := range rows {
		if len(row.VerifiesUnder) == 0 {
			continue
		}
		f, s := fixtures[row.VerifiesUnder[0]], statementOf(row)
		require.NoError(t, gnarkVerify(t, f, s)(), row.Name)
		s.digest[31] ^= 1
		require.Error(t, gnarkVerify(t, f, s)(), row.Name)
		require.ErrorIs(t, s.under(f.key), proof.ErrInvalidProof, row.Name)
	}
}
