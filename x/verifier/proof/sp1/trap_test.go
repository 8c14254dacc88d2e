package sp1_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	gnarkplonk "github.com/consensys/gnark/backend/plonk/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	groth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	plonk "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// Offsets in a v6 proof, in bytes.
const (
	exitCodeAt = 4
	vkRootAt   = 36
	nonceAt    = 68
	bodyAt     = 100
)

var v6Keys = []string{"sp1-v6.0.0-groth16", "sp1-v6.1.0-groth16", "sp1-v6.0.0-plonk"}

// plus returns a word plus n.
func plus(w []byte, n *big.Int) []byte {
	sum := new(big.Int).SetBytes(w)
	return sum.Add(sum, n).FillBytes(make([]byte, 32))
}

// With the lines of the published file, which are zeros, gnark accepts a proof
// whose opening is anything. The lines are no part of a key here (law V6).
func TestZeroKZGLines(t *testing.T) {
	for _, id := range []string{"sp1-v5.0.0-plonk", "sp1-v6.0.0-plonk"} {
		f, s := valid(t, id)
		_, _, generator, _ := bn254.Generators()
		raw := generator.RawBytes()
		opening := len(s.proof) - len(s.body(f)) + 640
		forged := s.with(splice(s.proof, opening, raw[:]))

		inputs := forged.inputs(t, f)
		trusting, computing := gnarkPlonkKey(t, f.file, false), gnarkPlonkKey(t, f.file, true)
		require.NoError(t, gnarkplonk.Verify(gnarkPlonkProof(t, trusting, forged.body(f), inputs), trusting, inputs))
		require.Error(t, gnarkplonk.Verify(gnarkPlonkProof(t, computing, forged.body(f), inputs), computing, inputs))
		require.ErrorIs(t, forged.under(f.key), proof.ErrInvalidProof)

		for _, at := range []int{linesOffset, linesOffset + linesSize/2, linesOffset + linesSize - 1} {
			_, err := f.family.Canonicalize(proof.CurveBN254, splice(f.file, at, []byte{1}))
			require.ErrorIs(t, err, proof.ErrEncoding)
			require.ErrorContains(t, err, "plonk_vk.bin")
		}
		var right bytes.Buffer
		_, err := computing.WriteTo(&right)
		require.NoError(t, err)
		_, err = f.family.Canonicalize(proof.CurveBN254, right.Bytes())
		require.Error(t, err, "right lines, but not the published file")
	}
}

func TestExitCodeNotZero(t *testing.T) {
	for _, id := range v6Keys {
		f, s := valid(t, id)
		for _, code := range [][]byte{plus(nil, big.NewInt(1)), plus(nil, big.NewInt(256)), plus(nil, fr.Modulus())} {
			err := s.with(splice(s.proof, exitCodeAt, code)).under(f.key)
			require.ErrorIs(t, err, proof.ErrInvalidProof)
			require.ErrorContains(t, err, "exit code")
		}
	}
}

func TestWrongVkRoot(t *testing.T) {
	for _, id := range v6Keys {
		f, s := valid(t, id)
		root := f.constants[0].Value
		for _, other := range [][]byte{make([]byte, 32), flip(root, 31), plus(root, fr.Modulus())} {
			err := s.with(splice(s.proof, vkRootAt, other)).under(f.key)
			require.ErrorIs(t, err, proof.ErrInvalidProof)
			require.ErrorContains(t, err, "vk root")
		}
		// A sound proof under a verifier with another constant; and one that
		// names that constant, which the proof does not prove.
		constants := []proof.Constant{{Name: sp1.ConstantVKRoot, Value: flip(root, 31)}}
		k, err := f.family.Parse(proof.CurveBN254, f.canonical, constants)
		require.NoError(t, err)
		require.ErrorContains(t, s.under(k), "vk root")
		require.ErrorIs(t, s.with(splice(s.proof, vkRootAt, constants[0].Value)).under(k), proof.ErrInvalidProof)
	}
}

func TestSelectorOfAnotherVersion(t *testing.T) {
	fixtures, rows := load(t)
	names := map[string]string{}
	for id := range fixtures {
		parts := strings.Split(strings.TrimPrefix(id, "sp1-"), "-")
		system := parts[len(parts)-1]
		names[id] = "sp1-" + system + "/" + strings.TrimSuffix(strings.TrimPrefix(id, "sp1-"), "-"+system)
	}
	for _, row := range rows {
		s := statementOf(row)
		for id, f := range fixtures {
			if len(row.VerifiesUnder) > 0 && row.VerifiesUnder[0] == id {
				continue
			}
			err := s.under(f.key)
			require.ErrorIs(t, err, proof.ErrInvalidProof)
			require.ErrorContains(t, err, hex.EncodeToString(s.proof[:4]))
			require.ErrorContains(t, err, names[id])
			if len(row.VerifiesUnder) > 0 {
				require.ErrorContains(t, err, "that of "+names[row.VerifiesUnder[0]])
			} else {
				require.ErrorContains(t, err, "of no version known here")
			}
			// The right selector does not make it a proof of this version.
			hash, err := f.family.VerifierHash(f.canonical)
			require.NoError(t, err)
			require.Error(t, s.with(splice(s.proof, 0, hash[:4])).under(f.key))
		}
	}
}

// Of all orders of a proof's public inputs, exactly the one here is proved.
func TestSwappedPublicInputs(t *testing.T) {
	for _, id := range append([]string{"sp1-v5.0.0-groth16", "sp1-v5.0.0-plonk"}, v6Keys...) {
		f, s := valid(t, id)
		right := s.inputs(t, f)
		permute(right, func(inputs fr.Vector) {
			same := equal(inputs, right)
			err := verifyInputs(t, f, s.body(f), inputs)
			if same {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, proof.ErrInvalidProof)
			}
		})
		swapped := s
		swapped.program, swapped.digest = s.digest, s.program
		require.Error(t, swapped.under(f.key))
	}
}

func equal(a, b fr.Vector) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// permute calls f with every order of v, each once, though some values are equal.
func permute(v fr.Vector, f func(fr.Vector)) {
	seen := map[string]bool{}
	var walk func(chosen, rest fr.Vector)
	walk = func(chosen, rest fr.Vector) {
		if len(rest) == 0 {
			var key string
			for i := range chosen {
				key += chosen[i].String() + " "
			}
			if !seen[key] {
				seen[key] = true
				f(chosen)
			}
			return
		}
		for i := range rest {
			others := append(append(fr.Vector{}, rest[:i]...), rest[i+1:]...)
			walk(append(append(fr.Vector{}, chosen...), rest[i]), others)
		}
	}
	walk(nil, v)
}

// verifyInputs verifies a body with public inputs in any order.
func verifyInputs(t testing.TB, f fixture, body []byte, inputs fr.Vector) error {
	t.Helper()
	if f.family.Name() == sp1.NameGroth16 {
		vk, err := groth16.ParseKey(f.canonical)
		require.NoError(t, err)
		p, err := groth16.ParsePoints(body)
		require.NoError(t, err)
		return vk.Verify(p, inputs)
	}
	vk, err := plonk.ParsePublishedKey(f.canonical)
	require.NoError(t, err)
	p, err := plonk.ParseSolidityProof(body, 1)
	require.NoError(t, err)
	return vk.Verify(p, inputs)
}

// A value plus its field's modulus is the same value to arithmetic, but a second
// encoding: every one is refused (law V4).
func TestNonCanonicalScalar(t *testing.T) {
	for _, id := range append([]string{"sp1-v5.0.0-groth16", "sp1-v5.0.0-plonk"}, v6Keys...) {
		f, s := valid(t, id)
		bad := s
		bad.program = [32]byte(plus(s.program[:], fr.Modulus()))
		require.ErrorIs(t, bad.under(f.key), proof.ErrProgram)
		bad = s
		bad.digest = [32]byte(plus(s.digest[:], fr.Modulus()))
		require.ErrorIs(t, bad.under(f.key), proof.ErrDigest)
		if f.constants != nil {
			nonce := plus(s.proof[nonceAt:bodyAt], fr.Modulus())
			require.ErrorIs(t, s.with(splice(s.proof, nonceAt, nonce)).under(f.key), proof.ErrEncoding)
			constants := []proof.Constant{{Name: sp1.ConstantVKRoot, Value: plus(f.constants[0].Value, fr.Modulus())}}
			_, err := f.family.Parse(proof.CurveBN254, f.canonical, constants)
			require.ErrorIs(t, err, proof.ErrConstant)
		}
		body := s.body(f)
		for at := 0; at < len(body); at += 32 {
			modulus := fp.Modulus()
			if scalarAt(f, at) {
				modulus = fr.Modulus()
			}
			second := new(big.Int).Add(new(big.Int).SetBytes(body[at:at+32]), modulus)
			if second.BitLen() > 256 {
				continue
			}
			forged := splice(s.proof, len(s.proof)-len(body)+at, second.FillBytes(make([]byte, 32)))
			require.ErrorIs(t, s.with(forged).under(f.key), proof.ErrEncoding, "%s: word %d", id, at/32)
		}
	}
}

// scalarAt reports whether a body's word is a scalar, and not a coordinate.
func scalarAt(f fixture, at int) bool {
	word := at / 32
	return f.family.Name() == sp1.NamePlonk && (word >= 12 && word < 17 || word == 19 || word == 24)
}

// Anyone can turn a Groth16 proof into another of the same statement (law V8):
// it says nothing new.
func TestMalleatedProofIsAcceptedAndHarmless(t *testing.T) {
	for _, id := range []string{"sp1-v5.0.0-groth16", "sp1-v6.1.0-groth16"} {
		f, s := valid(t, id)
		body := len(s.proof) - len(s.body(f))
		var a bn254.G1Affine
		var b bn254.G2Affine
		_, err := a.SetBytes(s.proof[body : body+64])
		require.NoError(t, err)
		_, err = b.SetBytes(s.proof[body+64 : body+192])
		require.NoError(t, err)
		for _, factor := range []int64{-1, 7} {
			var r, inverse fr.Element
			r.SetInt64(factor)
			inverse.Inverse(&r)
			var a2 bn254.G1Affine
			var b2 bn254.G2Affine
			a2.ScalarMultiplication(&a, r.BigInt(new(big.Int)))
			b2.ScalarMultiplication(&b, inverse.BigInt(new(big.Int)))
			rawA, rawB := a2.RawBytes(), b2.RawBytes()
			malleated := s.with(splice(splice(s.proof, body, rawA[:]), body+64, rawB[:]))
			require.NotEqual(t, s.proof, malleated.proof)
			require.NoError(t, malleated.under(f.key))

			bad := malleated
			bad.digest[31] ^= 1
			require.ErrorIs(t, bad.under(f.key), proof.ErrInvalidProof)
			bad = malleated
			bad.program[31] ^= 1
			require.ErrorIs(t, bad.under(f.key), proof.ErrInvalidProof)
			require.ErrorIs(t, s.with(splice(s.proof, body, rawA[:])).under(f.key), proof.ErrInvalidProof)
		}
	}
}

// Whoever knows the secret of an SRS can prove anything: only that of the
// published keys is taken, and all of them have it (law V6).
func TestForeignSRSIsRefused(t *testing.T) {
	const g1At, g2At, tauAt = 404, 436, 500
	fixtures, _ := load(t)
	_, _, g1, g2 := bn254.Generators()
	var tau bn254.G2Affine
	tau.ScalarMultiplication(&g2, big.NewInt(5))
	smallG1, smallTau := g1.Bytes(), tau.Bytes()
	keys := 0
	for _, f := range fixtures {
		if f.family.Name() != sp1.NamePlonk {
			continue
		}
		keys++
		for _, key := range [][]byte{
			splice(f.canonical, g1At, smallG1[:]),
			splice(f.canonical, g2At, smallTau[:]),
			splice(f.canonical, tauAt, smallTau[:]),
			splice(f.canonical, tauAt, f.canonical[g2At:tauAt]),
		} {
			_, err := f.family.Parse(proof.CurveBN254, key, f.constants)
			require.ErrorIs(t, err, proof.ErrPoint)
			require.ErrorContains(t, err, "SRS")
			_, err = f.family.Canonicalize(proof.CurveBN254, key)
			require.ErrorIs(t, err, proof.ErrPoint)
		}
	}
	require.Equal(t, 5, keys)

	// The verifier contracts name the same points.
	var published struct {
		VerifyingKeys []struct{ SolidityConstants map[string]string }
	}
	require.NoError(t, json.Unmarshal(vectors.Read(t, "sp1/vks.json"), &published))
	contracts := 0
	for _, k := range published.VerifyingKeys {
		if k.SolidityConstants == nil {
			continue
		}
		contracts++
		var points []byte
		for _, name := range []string{
			"G1_SRS_X", "G1_SRS_Y", "G2_SRS_0_X_0", "G2_SRS_0_X_1", "G2_SRS_0_Y_0", "G2_SRS_0_Y_1",
			"G2_SRS_1_X_0", "G2_SRS_1_X_1", "G2_SRS_1_Y_0", "G2_SRS_1_Y_1",
		} {
			points = append(points, vectors.Bytes(t, k.SolidityConstants[name])...)
		}
		vk, err := plonk.ParsePublishedKey(fixtures["sp1-v6.1.0-plonk"].canonical)
		require.NoError(t, err)
		require.Equal(t, vk.SRS().Bytes(), points)
	}
	require.Equal(t, 5, contracts)
}

// A length that a key claims costs nothing until the key's size bears it out.
func TestInflatedLengthsDoNotAllocate(t *testing.T) {
	fixtures, _ := load(t)
	g, p := fixtures["sp1-v6.1.0-groth16"], fixtures["sp1-v6.1.0-plonk"]
	n := len(g.canonical)
	for name, tc := range map[string]struct {
		fixture
		at, size int
	}{
		"points K":          {g, 288, 4},
		"commitments":       {g, n - 8, 4},
		"commitment keys":   {g, n - 4, 4},
		"PLONK inputs":      {p, 72, 8},
		"PLONK commitments": {p, 368, 4},
		"PLONK rows":        {p, linesOffset, 4},
	} {
		for _, claim := range []uint64{3 << 8, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			length := binary.BigEndian.AppendUint64(nil, claim)[8-tc.size:]
			key := splice(tc.canonical, tc.at, length)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, shapeErr := tc.family.Shape(proof.CurveBN254, key)
			_, parseErr := tc.family.Parse(proof.CurveBN254, key, tc.constants)
			_, canonErr := tc.family.Canonicalize(proof.CurveBN254, key)
			runtime.ReadMemStats(&after)
			for _, err := range []error{shapeErr, parseErr, canonErr} {
				require.ErrorIs(t, err, proof.ErrSize, name)
			}
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10), name)
		}
	}
}

// Verification leaves a shared key as it is, also from many goroutines.
func TestSharedKeysAreNotMutated(t *testing.T) {
	for _, id := range []string{"sp1-v6.1.0-groth16", "sp1-v6.0.0-plonk"} {
		f, s := valid(t, id)
		bad := s
		bad.digest[31] ^= 1
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				if errs[i] = s.under(f.key); bad.under(f.key) == nil {
					errs[i] = proof.ErrInternal
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
}
