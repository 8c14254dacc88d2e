package bn254_test

import (
	"bytes"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	bn254gnark "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

func TestValidProofs(t *testing.T) {
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		require.NoError(t, vk.VerifyEncoded(f.PublicValues(), f.RawProof), f.Name)
		require.NoError(t, vk.VerifyEncoded(f.PublicValues(), f.SmallProof), f.Name)
		require.NoError(t, f.GnarkVerdict(f.PublicValues(), f.RawProof), f.Name)
		require.NoError(t, f.GnarkVerdict(f.PublicValues(), f.SmallProof), f.Name)
		require.Len(t, f.RawProof, ours.RawSize(f.Commitments))
		require.Len(t, f.SmallProof, ours.CompressedSize(f.Commitments))
		p, err := ours.ParseProof(f.SmallProof, f.Commitments)
		require.NoError(t, err)
		require.Equal(t, f.RawProof, p.Raw(), f.Name)
		for i, other := range fixtures(t) {
			if other != f {
				require.Error(t, vk.VerifyEncoded(other.PublicValues(), other.RawProof), "%s: proof %d", f.Name, i)
			}
		}
	}
}

// A proof with one bit changed, at any byte, proves nothing; gnark agrees.
func TestFlippedBitAtEveryByteFails(t *testing.T) {
	for _, f := range fixtures(t)[:3] { // none, one and two commitments
		vk := parse(t, f)
		for _, valid := range [][]byte{f.RawProof, f.SmallProof} {
			number := offNumber
			if len(valid) == len(f.SmallProof) {
				number = 2*wire.G1Compressed + wire.G2Compressed
			}
			for i := range valid {
				bad := bytes.Clone(valid)
				bad[i] ^= 1 << (i % 8)
				require.Error(t, vk.VerifyEncoded(f.PublicValues(), bad), "%s: bit %d of byte %d", f.Name, i%8, i)
				// gnark takes any proof of knowledge where there is nothing to know,
				// and allocates what a count claims.
				if i < number || f.Commitments > 0 && i >= number+4 {
					require.Error(t, f.GnarkVerdict(f.PublicValues(), bad), "%s: byte %d", f.Name, i)
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
		for name, change := range map[string]func(p *bn254gnark.Proof, in []fr.Element){
			"unchanged":       func(*bn254gnark.Proof, []fr.Element) {},
			"another A":       func(p *bn254gnark.Proof, _ []fr.Element) { p.Ar = g1 },
			"another B":       func(p *bn254gnark.Proof, _ []fr.Element) { p.Bs = g2 },
			"another C":       func(p *bn254gnark.Proof, _ []fr.Element) { p.Krs = g1 },
			"A and C swapped": func(p *bn254gnark.Proof, _ []fr.Element) { p.Ar, p.Krs = p.Krs, p.Ar },
			"A negated":       func(p *bn254gnark.Proof, _ []fr.Element) { p.Ar.Neg(&p.Ar) },
			"A and B negated": func(p *bn254gnark.Proof, _ []fr.Element) { p.Ar.Neg(&p.Ar); p.Bs.Neg(&p.Bs) },
			"another commitment": func(p *bn254gnark.Proof, _ []fr.Element) {
				if len(p.Commitments) > 0 {
					p.Commitments[len(p.Commitments)-1] = g1
				}
			},
			"another proof of knowledge": func(p *bn254gnark.Proof, _ []fr.Element) {
				if len(p.Commitments) > 0 {
					p.CommitmentPok = g1
				}
			},
			"commitments swapped": func(p *bn254gnark.Proof, _ []fr.Element) {
				if n := len(p.Commitments); n > 1 {
					p.Commitments[0], p.Commitments[n-1] = p.Commitments[n-1], p.Commitments[0]
				}
			},
			"another input": func(_ *bn254gnark.Proof, in []fr.Element) {
				if len(in) > 0 {
					in[0].SetUint64(9)
				}
			},
			"inputs swapped": func(_ *bn254gnark.Proof, in []fr.Element) {
				if n := len(in); n > 1 {
					in[0], in[n-1] = in[n-1], in[0]
				}
			},
		} {
			p, in := gnarkProof(t, f.RawProof), inputs(t, f)
			change(p, in)
			raw, small := groth16test.Encode(t, p)
			for _, bz := range [][]byte{raw, small} {
				want := f.GnarkVerdict(wire.Encode(in), bz)
				got := vk.VerifyEncoded(wire.Encode(in), bz)
				require.Equal(t, want == nil, got == nil, "%s, %s: gnark says %v, we say %v", f.Name, name, want, got)
				if want != nil {
					require.ErrorIs(t, got, proof.ErrInvalidProof, "%s, %s", f.Name, name)
				}
			}
		}
	}
}

// law V8: anyone can turn a valid proof into another valid one. It is accepted,
// and proves the same statement.
func TestMalleatedProofIsAcceptedAndHarmless(t *testing.T) {
	for _, f := range fixtures(t)[:3] {
		vk := parse(t, f)
		p, err := ours.ParseProof(f.RawProof, f.Commitments)
		require.NoError(t, err)
		s := fr.NewElement(12345)
		var inv fr.Element
		inv.Inverse(&s)
		p.A.ScalarMultiplication(&p.A, s.BigInt(new(big.Int)))
		p.B.ScalarMultiplication(&p.B, inv.BigInt(new(big.Int)))
		require.NotEqual(t, f.RawProof, p.Raw())
		require.NoError(t, vk.VerifyEncoded(f.PublicValues(), p.Raw()))
		require.NoError(t, f.GnarkVerdict(f.PublicValues(), p.Raw()))

		other := inputs(t, f)
		other[0], other[1] = other[1], other[0]
		require.ErrorIs(t, vk.VerifyEncoded(wire.Encode(other), p.Raw()), proof.ErrInvalidProof)
	}
}

func TestSwappedPublicInputs(t *testing.T) {
	for _, f := range fixtures(t)[:3] { // the wide circuits do not mind the order
		in := inputs(t, f)
		in[0], in[1] = in[1], in[0]
		require.ErrorIs(t, parse(t, f).VerifyEncoded(wire.Encode(in), f.RawProof), proof.ErrInvalidProof, f.Name)
		require.Error(t, f.GnarkVerdict(wire.Encode(in), f.RawProof), f.Name)
	}
}

// A public input plus the modulus is the same number to the circuit; accepting
// it would give one statement two digests.
func TestNonCanonicalScalar(t *testing.T) {
	for _, f := range fixtures(t) {
		vk, n := parse(t, f), len(f.PublicValues())/32
		for i := range n {
			pv := f.PublicValues()
			word := pv[32*i : 32*i+32]
			shifted := new(big.Int).Add(new(big.Int).SetBytes(word), fr.Modulus())
			if shifted.BitLen() > 256 {
				continue
			}
			shifted.FillBytes(word)
			err := vk.VerifyEncoded(pv, f.RawProof)
			require.ErrorIs(t, err, proof.ErrPublicValues, "%s: input %d", f.Name, i)
			require.ErrorContains(t, err, "modulus")
		}
	}
}

func TestWrongNumberOfInputs(t *testing.T) {
	f := fixtures(t)[0]
	vk, pv, in := parse(t, f), f.PublicValues(), inputs(t, f)
	for _, values := range [][]byte{nil, pv[:32], pv[:63], append(bytes.Clone(pv), 0), append(bytes.Clone(pv), make([]byte, 32)...)} {
		require.ErrorIs(t, vk.VerifyEncoded(values, f.RawProof), proof.ErrPublicValues)
	}
	p, err := ours.ParseProof(f.RawProof, 0)
	require.NoError(t, err)
	require.ErrorIs(t, vk.Verify(p, in[:1]), proof.ErrPublicValues)
	p.Commitments = make([]bn254.G1Affine, 1)
	require.ErrorIs(t, vk.Verify(p, in), proof.ErrInvalidProof)
}

// law V6. Regression: gnark-crypto's fixed-argument Miller loop writes into the
// lines that it is given. A key that shared them would reject its second proof,
// and race.
func TestVerificationDoesNotChangeSharedLines(t *testing.T) {
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		for range 3 {
			require.NoError(t, vk.VerifyEncoded(f.PublicValues(), f.RawProof), f.Name)
		}
		bad := put(f.RawProof, 0, f.RawProof[offC:offNumber])
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					errs[i] = vk.VerifyEncoded(f.PublicValues(), f.RawProof)
				} else {
					errs[i] = vk.VerifyEncoded(f.PublicValues(), bad)
				}
			})
		}
		wg.Wait()
		for i, err := range errs {
			if i%2 == 0 {
				require.NoError(t, err, f.Name)
			} else {
				require.ErrorIs(t, err, proof.ErrInvalidProof, f.Name)
			}
		}
		require.Equal(t, parse(t, f), vk, "%s: verification changed the key", f.Name)
	}
}
