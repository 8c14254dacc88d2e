package pico_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
)

// g2 is a point as the Solidity contracts publish it.
type g2 struct{ X0, X1, Y0, Y1 string }

type publishedKey struct {
	ID string `json:"id"`
	VK struct {
		AlphaG1                           []string
		BetaNegG2, GammaNegG2, DeltaNegG2 g2
		ConstantG1                        []string
		PubG1                             [][]string
	} `json:"vk"`
	Gnark string `json:"gnarkVKHex"`
}

type vector struct {
	Name               string
	RiscvVKey          string
	PublicValues       *string
	PublicValuesDigest string
	Proof              []string
	VerifiesUnder      []string
}

func unhex(t testing.TB, words ...string) []byte {
	t.Helper()
	var out []byte
	for _, w := range words {
		b, err := hex.DecodeString(strings.TrimPrefix(w, "0x"))
		require.NoError(t, err)
		out = append(out, b...)
	}
	return out
}

func word(t testing.TB, s string) (w [32]byte) {
	t.Helper()
	require.Equal(t, 32, copy(w[:], unhex(t, s)))
	return w
}

func load(t testing.TB) ([]publishedKey, []vector) {
	t.Helper()
	var keys struct{ VerifyingKeys []publishedKey }
	var vectors struct{ Vectors []vector }
	for file, into := range map[string]any{"testdata/vks.json": &keys, "testdata/vectors.json": &vectors} {
		bz, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(bz, into))
	}
	return keys.VerifyingKeys, vectors.Vectors
}

func parse(t testing.TB, key []byte) proof.Key {
	t.Helper()
	canonical, err := pico.Family{}.Canonicalize("bn254", key)
	require.NoError(t, err)
	k, err := pico.Family{}.Parse("bn254", canonical, nil)
	require.NoError(t, err)
	return k
}

// Each published proof verifies under exactly the keys that it should.
func TestPublishedProofs(t *testing.T) {
	keys, vectors := load(t)
	require.Len(t, keys, 8)
	valid := 0
	for _, v := range vectors {
		program, digest, bz := word(t, v.RiscvVKey), word(t, v.PublicValuesDigest), unhex(t, v.Proof...)
		for _, published := range keys {
			k := parse(t, unhex(t, published.Gnark))
			err := k.Verify(program, digest, nil, bz)
			if slices.Contains(v.VerifiesUnder, published.ID) {
				require.NoError(t, err, "%s under %s", v.Name, published.ID)
				valid++
			} else {
				require.ErrorIs(t, err, proof.ErrInvalidProof, "%s under %s", v.Name, published.ID)
			}
			if v.PublicValues != nil {
				pv := unhex(t, *v.PublicValues)
				require.Equal(t, digest, k.Digest(pv))
				require.Equal(t, err == nil, k.Verify(program, digest, pv, bz) == nil)
			}
		}
	}
	require.Equal(t, 2, valid)
}

// The embedded key is the published contract's, constant by constant.
func TestEmbeddedKey(t *testing.T) {
	key, err := pico.KeyV122()
	require.NoError(t, err)
	sum := sha256.Sum256(key)
	require.Equal(t, pico.KeyV122Hash, hex.EncodeToString(sum[:]))

	keys, _ := load(t)
	i := slices.IndexFunc(keys, func(k publishedKey) bool { return k.ID == "pico-v1.2.2-2026-01-04" })
	vk := keys[i].VK
	point := func(p g2) []byte { // negated: the contract holds −Q
		var q bn254.G2Affine
		_, err := q.SetBytes(unhex(t, p.X1, p.X0, p.Y1, p.Y0))
		require.NoError(t, err)
		q.Neg(&q)
		raw := q.RawBytes()
		return raw[:]
	}
	infinity := make([]byte, 64)
	want := slices.Concat(unhex(t, vk.AlphaG1...), infinity, point(vk.BetaNegG2), point(vk.GammaNegG2),
		infinity, point(vk.DeltaNegG2), []byte{0, 0, 0, 3}, unhex(t, vk.ConstantG1...),
		unhex(t, vk.PubG1[0]...), unhex(t, vk.PubG1[1]...), make([]byte, 8))
	require.Equal(t, want, key)
	require.False(t, pico.Family{}.Permissionless())
}

// valid returns the proof of the current network's key.
func valid(t testing.TB) (k proof.Key, program, digest [32]byte, bz []byte) {
	t.Helper()
	_, vectors := load(t)
	key, err := pico.KeyV122()
	require.NoError(t, err)
	v := vectors[1]
	return parse(t, key), word(t, v.RiscvVKey), word(t, v.PublicValuesDigest), unhex(t, v.Proof...)
}

func TestFlippedBitAtEveryByteFails(t *testing.T) {
	k, program, digest, bz := valid(t)
	require.NoError(t, k.Verify(program, digest, nil, bz))
	for i := range bz {
		bad := bytes.Clone(bz)
		bad[i] ^= 1 << (i % 8)
		require.Error(t, k.Verify(program, digest, nil, bad), "byte %d", i)
	}
	for i := range program {
		bad := program
		bad[i] ^= 1 << (i % 8)
		require.Error(t, k.Verify(bad, digest, nil, bz), "program byte %d", i)
		bad = digest
		bad[i] ^= 1 << (i % 8)
		require.Error(t, k.Verify(program, bad, nil, bz), "digest byte %d", i)
	}
}

func TestStatementRanges(t *testing.T) {
	k, program, digest, bz := valid(t)
	require.False(t, k.NeedsPublicValues())
	require.NoError(t, k.CheckStatement(program, digest))

	program[0] = 1
	require.ErrorIs(t, k.CheckStatement(program, digest), proof.ErrProgram)
	require.ErrorIs(t, k.Verify(program, digest, nil, bz), proof.ErrProgram)
	program[0] = 0
	digest[0] = 0x20
	require.ErrorIs(t, k.CheckStatement(program, digest), proof.ErrDigest)
	require.ErrorIs(t, k.Verify(program, digest, nil, bz), proof.ErrDigest)
	digest[0] = 0x1f
	require.NoError(t, k.CheckStatement(program, digest))
}

func TestPublicValuesMustHashToDigest(t *testing.T) {
	k, program, digest, bz := valid(t)
	require.ErrorIs(t, k.Verify(program, digest, []byte{}, bz), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(program, digest, make([]byte, proof.MaxPublicValuesSize+1), bz), proof.ErrPublicValues)
}

func TestBadProofs(t *testing.T) {
	k, program, digest, bz := valid(t)
	swapped := slices.Concat(bz[:64], bz[96:128], bz[64:96], bz[128:]) // B.x0 before B.x1
	for name, tc := range map[string]struct {
		proof []byte
		err   error
	}{
		"empty":                {nil, proof.ErrSize},
		"one byte short":       {bz[1:], proof.ErrSize},
		"trailing byte":        {append(bytes.Clone(bz), 0), proof.ErrSize},
		"with public inputs":   {slices.Concat(bz, program[:], digest[:]), proof.ErrSize},
		"all zero":             {make([]byte, pico.ProofSize), proof.ErrPoint},
		"all ones":             {bytes.Repeat([]byte{0xff}, pico.ProofSize), proof.ErrEncoding},
		"parts of B exchanged": {swapped, proof.ErrPoint},
	} {
		require.ErrorIs(t, k.Verify(program, digest, nil, tc.proof), tc.err, name)
	}
}

func TestBadKeys(t *testing.T) {
	key, err := pico.KeyV122()
	require.NoError(t, err)
	oneInput := slices.Concat(key[:576], []byte{0, 0, 0, 2}, key[580:708], make([]byte, 8))
	_, err = groth16.ParseKey(oneInput)
	require.NoError(t, err, "a sound key, but not Pico's")
	for name, tc := range map[string]struct {
		curve     string
		key       []byte
		constants []proof.Constant
		err       error
	}{
		"curve":      {"bls12_381", key, nil, proof.ErrCurve},
		"empty":      {"bn254", nil, nil, proof.ErrSize},
		"one input":  {"bn254", oneInput, nil, proof.ErrEncoding},
		"constants":  {"bn254", key, []proof.Constant{{Name: "x"}}, proof.ErrConstant},
		"α infinity": {"bn254", slices.Concat(make([]byte, 64), key[64:]), nil, proof.ErrPoint},
	} {
		k, err := pico.Family{}.Parse(tc.curve, tc.key, tc.constants)
		require.ErrorIs(t, err, tc.err, name)
		require.Nil(t, k, name)
	}
	_, err = pico.Family{}.Canonicalize("bn254", oneInput)
	require.ErrorIs(t, err, proof.ErrEncoding)
}

// FuzzVerify: no bytes make the verifier panic, and only the published
// statement is proved.
func FuzzVerify(f *testing.F) {
	k, program, digest, bz := valid(f)
	f.Add(program[:], digest[:], bz)
	f.Fuzz(func(t *testing.T, p, d, bz []byte) {
		var gotProgram, gotDigest [32]byte
		copy(gotProgram[:], p)
		copy(gotDigest[:], d)
		if k.Verify(gotProgram, gotDigest, nil, bz) == nil {
			require.Equal(t, program, gotProgram)
			require.Equal(t, digest, gotDigest)
		}
	})
}
