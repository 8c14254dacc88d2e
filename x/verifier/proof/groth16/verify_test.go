package groth16_test

import (
	"bytes"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	bn254groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// key returns the fixture's key through the family interface, and its id.
func key(t testing.TB, f *fixture) (proof.Key, [32]byte) {
	t.Helper()
	k, err := ours.Family{}.Parse("bn254", f.Raw, nil)
	require.NoError(t, err)
	return k, proof.CircuitID(ours.Name, "bn254", f.Raw)
}

// verify runs the family's whole path on the fixture's statement.
func verify(t testing.TB, f *fixture, proofBytes []byte) error {
	t.Helper()
	k, id := key(t, f)
	pv := ours.Encode(f.Inputs)
	return k.Verify(id, k.Digest(pv), pv, proofBytes)
}

func TestValidProofs(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.Name, func(t *testing.T) {
			require.NoError(t, verify(t, f, f.RawProof))
			require.NoError(t, verify(t, f, f.SmallProof))
			require.Len(t, f.RawProof, ours.RawSize(f.Commitments))
			require.Len(t, f.SmallProof, ours.CompressedSize(f.Commitments))
			p, err := ours.ParseProof(f.SmallProof, f.Commitments)
			require.NoError(t, err)
			require.Equal(t, f.RawProof, p.Raw())
			k, _ := key(t, f)
			require.Equal(t, f.Commitments, k.Shape().Commitments)
			require.Equal(t, len(f.Inputs), k.Shape().PublicInputs)
		})
	}
}

// A proof with one bit changed, at any byte, proves nothing. gnark agrees
// wherever it can decode the bytes.
func TestFlippedBitAtEveryByteFails(t *testing.T) {
	for _, f := range fixtures(t)[:3] { // none, one and two commitments
		k, id := key(t, f)
		pv := ours.Encode(f.Inputs)
		for _, valid := range [][]byte{f.RawProof, f.SmallProof} {
			for i := range valid {
				bad := bytes.Clone(valid)
				bad[i] ^= 1 << (i % 8)
				require.Error(t, k.Verify(id, k.Digest(pv), pv, bad), "%s: bit %d of byte %d", f.Name, i%8, i)
				if i%16 == 0 {
					require.Error(t, gnarkVerdict(f, bad, f.Inputs), "%s: byte %d", f.Name, i)
				}
			}
		}
	}
}

// Well-formed proofs that prove nothing get gnark's verdict, point by point.
func TestVerdictEqualsGnark(t *testing.T) {
	_, _, g1, g2 := bn254.Generators()
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		for name, change := range map[string]func(p *bn254groth16.Proof, in []fr.Element){
			"unchanged":       func(*bn254groth16.Proof, []fr.Element) {},
			"another A":       func(p *bn254groth16.Proof, _ []fr.Element) { p.Ar = g1 },
			"another B":       func(p *bn254groth16.Proof, _ []fr.Element) { p.Bs = g2 },
			"another C":       func(p *bn254groth16.Proof, _ []fr.Element) { p.Krs = g1 },
			"A and C swapped": func(p *bn254groth16.Proof, _ []fr.Element) { p.Ar, p.Krs = p.Krs, p.Ar },
			"A negated":       func(p *bn254groth16.Proof, _ []fr.Element) { p.Ar.Neg(&p.Ar) },
			"A and B negated": func(p *bn254groth16.Proof, _ []fr.Element) { p.Ar.Neg(&p.Ar); p.Bs.Neg(&p.Bs) },
			"another commitment": func(p *bn254groth16.Proof, _ []fr.Element) {
				if len(p.Commitments) > 0 {
					p.Commitments[len(p.Commitments)-1] = g1
				}
			},
			"another proof of knowledge": func(p *bn254groth16.Proof, _ []fr.Element) {
				if len(p.Commitments) > 0 {
					p.CommitmentPok = g1
				}
			},
			"another input": func(_ *bn254groth16.Proof, in []fr.Element) {
				if len(in) > 0 {
					in[0].SetUint64(9)
				}
			},
			"inputs swapped": func(_ *bn254groth16.Proof, in []fr.Element) {
				if n := len(in); n > 1 {
					in[0], in[n-1] = in[n-1], in[0]
				}
			},
		} {
			p := *f.Proof
			p.Commitments = append([]bn254.G1Affine{}, f.Proof.Commitments...)
			in := append([]fr.Element{}, f.Inputs...)
			change(&p, in)
			raw, _ := encode(t, &p)
			want := gnarkVerdict(f, raw, in)
			parsed, err := ours.ParseProof(raw, f.Commitments)
			require.NoError(t, err)
			got := vk.Verify(parsed, in)
			require.Equal(t, want == nil, got == nil, "%s, %s: gnark says %v, we say %v", f.Name, name, want, got)
			if want != nil {
				require.ErrorIs(t, got, proof.ErrInvalidProof, "%s, %s", f.Name, name)
			}
		}
	}
}

// law V8: anyone can turn a valid proof into another valid one. It is accepted,
// and proves the same statement.
func TestMalleatedProofIsAcceptedAndHarmless(t *testing.T) {
	f := fixtures(t)[2]
	p, err := ours.ParseProof(f.RawProof, f.Commitments)
	require.NoError(t, err)
	s := fr.NewElement(12345)
	var inv fr.Element
	inv.Inverse(&s)
	p.A.ScalarMultiplication(&p.A, s.BigInt(new(big.Int)))
	p.B.ScalarMultiplication(&p.B, inv.BigInt(new(big.Int)))
	require.NotEqual(t, f.RawProof, p.Raw())
	require.NoError(t, verify(t, f, p.Raw()))
	require.NoError(t, gnarkVerdict(f, p.Raw(), f.Inputs))

	k, id := key(t, f)
	other := append([]fr.Element{}, f.Inputs...)
	other[0], other[1] = other[1], other[0]
	pv := ours.Encode(other)
	require.ErrorIs(t, k.Verify(id, k.Digest(pv), pv, p.Raw()), proof.ErrInvalidProof)
}

// law V3: the circuit id is the program, and the digest has its range.
func TestStatement(t *testing.T) {
	f := fixtures(t)[1]
	k, id := key(t, f)
	pv := ours.Encode(f.Inputs)
	digest := k.Digest(pv)
	require.Zero(t, digest[0]>>5)
	require.True(t, k.NeedsPublicValues())
	require.NoError(t, k.CheckStatement(id, digest))

	wrongID, high := id, digest
	wrongID[31] ^= 1
	high[0] |= 0x20
	require.ErrorIs(t, k.CheckStatement(wrongID, digest), proof.ErrProgram)
	require.ErrorIs(t, k.CheckStatement(id, high), proof.ErrDigest)
	require.ErrorIs(t, k.Verify(wrongID, digest, pv, f.RawProof), proof.ErrProgram)
	require.ErrorIs(t, k.Verify(id, high, pv, f.RawProof), proof.ErrDigest)

	other := digest
	other[31] ^= 1
	require.ErrorIs(t, k.Verify(id, other, pv, f.RawProof), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(id, digest, nil, f.RawProof), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(id, digest, pv[:len(pv)-1], f.RawProof), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(id, digest, append(bytes.Clone(pv), 0), f.RawProof), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(id, digest, make([]byte, proof.MaxPublicValuesSize+1), f.RawProof), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(id, digest, pv, make([]byte, proof.MaxProofSize+1)), proof.ErrSize)
}

// A public input plus the modulus is the same number to the circuit; accepting
// it would give one statement two digests.
func TestNonCanonicalPublicInputIsRejected(t *testing.T) {
	f := fixtures(t)[0]
	k, id := key(t, f)
	pv := ours.Encode(f.Inputs)
	shifted := new(big.Int).Add(new(big.Int).SetBytes(pv[:32]), fr.Modulus())
	shifted.FillBytes(pv[:32])
	err := k.Verify(id, k.Digest(pv), pv, f.RawProof)
	require.ErrorIs(t, err, proof.ErrPublicValues)
	require.ErrorContains(t, err, "modulus")
}

func TestWrongNumberOfInputs(t *testing.T) {
	f := fixtures(t)[0]
	vk := parse(t, f)
	p, err := ours.ParseProof(f.RawProof, 0)
	require.NoError(t, err)
	require.ErrorIs(t, vk.Verify(p, f.Inputs[:1]), proof.ErrPublicValues)
	p.Commitments = make([]bn254.G1Affine, 1)
	require.ErrorIs(t, vk.Verify(p, f.Inputs), proof.ErrInvalidProof)
}

// law V6. Regression: gnark-crypto's fixed-argument Miller loop writes into the lines
// that it is given. A key that shared them would reject its second proof.
func TestVerifyLeavesKeyUnchanged(t *testing.T) {
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		p, err := ours.ParseProof(f.RawProof, f.Commitments)
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, vk.Verify(p, f.Inputs), f.Name)
		}
		require.Equal(t, parse(t, f), vk, "%s: verification changed the key", f.Name)
	}
}

func TestVerifyInParallel(t *testing.T) {
	f := fixtures(t)[2]
	vk := parse(t, f)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			p, err := ours.ParseProof(f.RawProof, f.Commitments)
			if err == nil {
				err = vk.Verify(p, f.Inputs)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
