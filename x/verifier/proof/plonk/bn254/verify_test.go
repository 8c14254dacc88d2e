package bn254_test

import (
	"bytes"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnark "github.com/consensys/gnark/backend/plonk/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

func TestValidProofs(t *testing.T) {
	for _, f := range fixtures(t) {
		vk, inputs := parse(t, f), scalars(t, f)
		require.NoError(t, f.GnarkVerify(f.RawProof, f.Inputs), f.Name)
		require.NoError(t, vk.VerifyEncoded(f.Inputs, f.RawProof), f.Name)
		require.NoError(t, vk.VerifyEncoded(f.Inputs, f.SmallProof), f.Name)
		p, err := ours.ParseProof(f.SmallProof, f.Commitments)
		require.NoError(t, err)
		require.Equal(t, f.RawProof, p.Raw(), f.Name)

		p, err = ours.ParseSolidityProof(f.Solidity, f.Commitments)
		require.NoError(t, err)
		require.NoError(t, vk.Verify(p, inputs), f.Name)
		require.Equal(t, f.Solidity, p.Raw(), f.Name)
		require.Equal(t, f.RawProof, vk.WithClaim(p, inputs).Raw(), f.Name)
		require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, f.Solidity), proof.ErrSize, "circuits take gnark's forms only")
	}
}

// isLength reports whether byte i of a proof belongs to the length of a list.
func isLength(bz []byte, i, commitments int) bool {
	size := wire.G1Compressed
	if len(bz) == ours.RawSize(commitments) {
		size = wire.G1Raw
	}
	values, last := 8*size, len(bz)-4-commitments*size
	return values <= i && i < values+4 || last <= i && i < last+4
}

// A proof with one bit changed, at any byte, proves nothing, and gnark agrees. It
// is not asked about lengths, since it allocates whatever they claim.
func TestFlippedBitAtEveryByteFails(t *testing.T) {
	for name, form := range map[string]func(*fixture) []byte{
		plonktest.NoCommitment:   func(f *fixture) []byte { return f.SmallProof },
		plonktest.OneCommitment:  func(f *fixture) []byte { return f.RawProof },
		plonktest.TwoCommitments: func(f *fixture) []byte { return f.SmallProof },
	} {
		f := get(t, name)
		vk, inputs := parse(t, f), scalars(t, f)
		for i := range form(f) {
			bad := bytes.Clone(form(f))
			bad[i] ^= 1 << (i % 8)
			require.Error(t, vk.VerifyEncoded(f.Inputs, bad), "%s: bit %d of byte %d", name, i%8, i)
			if !isLength(bad, i, f.Commitments) {
				require.Error(t, f.GnarkVerify(bad, f.Inputs), "%s: bit %d of byte %d", name, i%8, i)
			}
		}
		for i := range f.Solidity {
			bad := bytes.Clone(f.Solidity)
			bad[i] ^= 1 << (i % 8)
			p, err := ours.ParseSolidityProof(bad, f.Commitments)
			if err == nil {
				err = vk.Verify(p, inputs)
			}
			require.Error(t, err, "%s, Solidity: bit %d of byte %d", name, i%8, i)
		}
	}
}

// points lists the points of a proof.
func points(p *gnark.Proof) []*bn254.G1Affine {
	list := []*bn254.G1Affine{
		&p.LRO[0], &p.LRO[1], &p.LRO[2], &p.Z, &p.H[0], &p.H[1], &p.H[2], &p.BatchedProof.H, &p.ZShiftedOpening.H,
	}
	for i := range p.Bsb22Commitments {
		list = append(list, &p.Bsb22Commitments[i])
	}
	return list
}

// values lists the claimed values of a proof; the first is the linearised
// polynomial's.
func values(p *gnark.Proof) []*fr.Element {
	list := []*fr.Element{}
	for i := range p.BatchedProof.ClaimedValues {
		list = append(list, &p.BatchedProof.ClaimedValues[i])
	}
	return append(list, &p.ZShiftedOpening.ClaimedValue)
}

// Well-formed proofs that prove nothing get gnark's verdict, part by part.
func TestVerdictEqualsGnark(t *testing.T) {
	_, _, g1, _ := bn254.Generators()
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		check := func(name string, change func(*gnark.Proof)) {
			var p gnark.Proof
			_, err := p.ReadFrom(bytes.NewReader(f.RawProof))
			require.NoError(t, err)
			change(&p)
			raw, small := plonktest.Encode(t, &p)
			require.NotEqual(t, f.RawProof, raw, name)
			require.Error(t, f.GnarkVerify(raw, f.Inputs), "%s, %s", f.Name, name)
			require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, raw), proof.ErrInvalidProof, "%s, %s", f.Name, name)
			require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, small), proof.ErrInvalidProof, "%s, %s", f.Name, name)
		}
		var template gnark.Proof
		_, err := template.ReadFrom(bytes.NewReader(f.RawProof))
		require.NoError(t, err)
		for i := range points(&template) {
			check("another point", func(p *gnark.Proof) { *points(p)[i] = g1 })
			check("negated point", func(p *gnark.Proof) { points(p)[i].Neg(points(p)[i]) })
			check("infinity", func(p *gnark.Proof) { *points(p)[i] = bn254.G1Affine{} })
		}
		for i := range values(&template) {
			check("another value", func(p *gnark.Proof) { values(p)[i].SetUint64(7) })
			check("value zero", func(p *gnark.Proof) { values(p)[i].SetZero() })
		}
		check("wires swapped", func(p *gnark.Proof) { p.LRO[0], p.LRO[1] = p.LRO[1], p.LRO[0] })
		check("openings swapped", func(p *gnark.Proof) {
			p.BatchedProof.H, p.ZShiftedOpening.H = p.ZShiftedOpening.H, p.BatchedProof.H
		})
	}
}

// With the secret of the SRS every commitment opens to everything, so that both
// verifiers must accept proofs of anything, of points that are infinity too: they
// compute the same, up to the last step.
func TestForgedWithTheSecretOfTheSRS(t *testing.T) {
	_, _, g1, _ := bn254.Generators()
	for _, f := range fixtures(t) {
		vk := parse(t, f)
		inputs := scalars(t, f)
		for i := range inputs {
			inputs[i].SetUint64(uint64(1000 + i))
		}
		words := wire.Encode(inputs)
		for name, change := range map[string]func(*ours.Proof){
			"false values": func(p *ours.Proof) { p.Values[0].SetUint64(9) },
			"other points": func(p *ours.Proof) {
				p.Wires[1], p.Quotient[2] = g1, g1
				p.Values[4].SetUint64(5)
				p.ShiftedProduct.SetUint64(6)
			},
			"all infinity": func(p *ours.Proof) {
				*p = ours.Proof{Selectors: p.Selectors, Commitments: make([]bn254.G1Affine, f.Commitments)}
			},
		} {
			p := parseProof(t, f)
			change(p)
			require.Error(t, vk.Verify(vk.WithClaim(p, inputs), inputs), "%s, %s", f.Name, name)
			forged := vk.Forge(p, inputs, plonktest.Tau)
			require.NoError(t, vk.Verify(forged, inputs), "%s, %s", f.Name, name)
			require.NoError(t, f.GnarkVerify(forged.Raw(), words), "%s, %s", f.Name, name)
			require.NoError(t, vk.VerifyEncoded(words, forged.Raw()), "%s, %s", f.Name, name)
		}
	}
}

// Regression: a key whose KZG lines are all zero makes every pairing one, so that
// gnark accepts any proof of any statement. Published keys of a zkVM have them.
func TestZeroKZGLinesDoNotAcceptAnyProof(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	_, rows := offsets(f)
	zeroed := put(f.Raw, rows, make([]byte, ours.LinesSize))
	trapped := gnarkKey(t, zeroed)
	vk, err := ours.ParseKey(zeroed)
	require.NoError(t, err)
	require.Equal(t, f.Key, vk.Canonical())
	require.NoError(t, vk.VerifyEncoded(f.Inputs, f.RawProof))

	inputs := scalars(t, f)
	inputs[0].SetUint64(1_000_000)
	_, _, g1, _ := bn254.Generators()
	garbage := &ours.Proof{Selectors: make([]fr.Element, 1), Commitments: []bn254.G1Affine{g1}, Opening: g1}
	bz, words := vk.WithClaim(garbage, inputs).Raw(), wire.Encode(inputs)
	require.NoError(t, gnarkVerify(trapped, bz, words), "gnark falls into the trap")
	require.Error(t, f.GnarkVerify(bz, words), "with the right lines it does not")
	require.ErrorIs(t, vk.VerifyEncoded(words, bz), proof.ErrInvalidProof)
}

// list starts a list, of a type that can be named only here.
func list[T any](first T) []T { return []T{first} }

// law V6. Regression: gnark-crypto's fixed-argument Miller loop writes into the
// lines that it is given. A key that shared them would change with every proof.
func TestMutatedSharedLines(t *testing.T) {
	f := get(t, plonktest.TwoCommitments)
	lines := bn254.PrecomputeLines(parse(t, f).SRS().G2[1])
	given, before := append(list(lines), lines), append(list(lines), lines)
	_, _, g1, _ := bn254.Generators()
	_, err := bn254.PairingCheckFixedQ([]bn254.G1Affine{g1, g1}, given)
	require.NoError(t, err)
	require.NotEqual(t, before, given, "the trap is there")

	vk, bad := parse(t, f), bytes.Clone(f.RawProof)
	copy(bad, g1.Marshal())
	var wg sync.WaitGroup
	good, refused := make([]error, 8), make([]error, 8)
	for i := range good {
		wg.Go(func() {
			for range 3 {
				refused[i] = vk.VerifyEncoded(f.Inputs, bad)
				if good[i] = vk.VerifyEncoded(f.Inputs, f.RawProof); good[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range good {
		require.NoError(t, good[i])
		require.ErrorIs(t, refused[i], proof.ErrInvalidProof)
	}
	require.Equal(t, parse(t, f), vk, "verification changed the key")
}

func TestSwappedPublicInputs(t *testing.T) {
	for _, name := range []string{plonktest.NoCommitment, plonktest.TwoCommitments, plonktest.NineInputs} {
		f := get(t, name)
		swapped := bytes.Clone(f.Inputs)
		copy(swapped, f.Inputs[32:64])
		copy(swapped[32:], f.Inputs[:32])
		require.NotEqual(t, f.Inputs, swapped)
		require.ErrorIs(t, parse(t, f).VerifyEncoded(swapped, f.RawProof), proof.ErrInvalidProof, name)
		require.Error(t, f.GnarkVerify(f.RawProof, swapped), name)
		// The claimed value that fits the swapped inputs does not help.
		vk := parse(t, f)
		inputs, err := wire.Scalars(swapped, f.PublicInputs())
		require.NoError(t, err)
		claimed := vk.WithClaim(parseProof(t, f), inputs)
		require.ErrorIs(t, vk.Verify(claimed, inputs), proof.ErrInvalidProof, name)
		require.Error(t, f.GnarkVerify(claimed.Raw(), swapped), name)
	}
}

// plusModulus adds the modulus to the word at an offset: the same number to the
// circuit, in another encoding.
func plusModulus(bz []byte, off int) []byte {
	out := bytes.Clone(bz)
	n := new(big.Int).SetBytes(bz[off : off+32])
	n.Add(n, fr.Modulus()).FillBytes(out[off : off+32])
	return out
}

func TestNonCanonicalScalar(t *testing.T) {
	f := get(t, plonktest.TwoCommitments)
	vk := parse(t, f)
	for i := range f.PublicInputs() {
		err := vk.VerifyEncoded(plusModulus(f.Inputs, 32*i), f.RawProof)
		require.ErrorIs(t, err, proof.ErrPublicValues)
		require.ErrorContains(t, err, "modulus")
	}
	value := 8*wire.G1Raw + 4
	shifted := value + 8*32 + wire.G1Raw
	for _, off := range []int{value, value + 32, value + 7*32, shifted} {
		require.ErrorIs(t, vk.VerifyEncoded(f.Inputs, plusModulus(f.RawProof, off)), proof.ErrEncoding)
	}
	solidity := 6 * wire.G1Raw
	for _, off := range []int{solidity, solidity + 4*32, solidity + 5*32 + wire.G1Raw} {
		_, err := ours.ParseSolidityProof(plusModulus(f.Solidity, off), f.Commitments)
		require.ErrorIs(t, err, proof.ErrEncoding)
	}
}

func TestWrongNumberOfInputsOrCommitments(t *testing.T) {
	f := get(t, plonktest.OneCommitment)
	vk, inputs, p := parse(t, f), scalars(t, f), parseProof(t, f)
	require.ErrorIs(t, vk.Verify(p, inputs[:1]), proof.ErrPublicValues)
	require.ErrorIs(t, vk.Verify(p, append(inputs, fr.One())), proof.ErrPublicValues)
	require.ErrorIs(t, vk.VerifyEncoded(f.Inputs[1:], f.RawProof), proof.ErrPublicValues)
	p.Commitments = nil
	require.ErrorIs(t, vk.Verify(p, inputs), proof.ErrInvalidProof)
	p = parseProof(t, f)
	p.Selectors = append(p.Selectors, fr.One())
	require.ErrorIs(t, vk.Verify(p, inputs), proof.ErrInvalidProof)
}
