package pico_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// A proof for pico/v1.2.2 (known answer), of Automata's DCAP attestation:
// evm/forge-test/zk/AutomataDcapPicoZkTest.t.sol of
// automata-network/automata-dcap-attestation at
// 5fccc8f658ebc886afe4cabf839d1e711cab1fdb.
const (
	knownProgram = "00a2d3636751871b1b97c0ada94d69daa8e0a31867b6f2c0e157e4cd198712d0"
	knownDigest  = "087351bd6542ac375e4d59ca9f2943ce699caa3cdca845aede845ddd60f2f5ed"
	knownProof   = "07f0e6c5a27d75f71d55b2c01d221f90187fb2c9de210caa349b8c34080e7850" +
		"03043a219734b1fded87e6ca446b906282f912cd970fb2173f6ee09d4bd40d4a" +
		"26e46a5a5c74fe0f420c494cc267804db9bc1fc1ec41085a64df2c9aa51aea5f" +
		"2fce06522248c699cac7a2b25ea4c2c58ce125a5460b6f20c60acc479ff13704" +
		"11d051de551e3fbb31b079c48d03028ba9547a36f2c68c32fb67d33f7c95e3b1" +
		"2a432ad9f5eeb3a01695d993783f6f41a133c0c08424097fca12a32fda883a37" +
		"0a4567419338159acf4497cded7c5ee475b73dd62f0513be2e384aa287fc0588" +
		"1dfe3a8d8cdad455c05585dbb52e510fe6c61fe297c08cc85a74d2a5accc547e"
)

// embedded returns the canonical key of pico/v1.2.2.
func embedded(t testing.TB) []byte {
	t.Helper()
	list, err := pico.Published()
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "pico/v1.2.2", list[0].ID)
	require.False(t, list[0].Deprecated)
	return list[0].Key
}

func parse(t testing.TB, published []byte) proof.Key {
	t.Helper()
	canonical, err := pico.Family{}.Canonicalize(proof.CurveBN254, published)
	require.NoError(t, err)
	k, err := pico.Family{}.Parse(proof.CurveBN254, canonical, nil)
	require.NoError(t, err)
	return k
}

// known returns the known answer and the key that it is for.
func known(t testing.TB) (k proof.Key, program, digest [32]byte, bz []byte) {
	t.Helper()
	return parse(t, embedded(t)), vectors.Word(t, knownProgram), vectors.Word(t, knownDigest), vectors.Bytes(t, knownProof)
}

// elements returns the public inputs of a statement.
func elements(program, digest [32]byte) []fr.Element {
	return []fr.Element{*new(fr.Element).SetBytes(program[:]), *new(fr.Element).SetBytes(digest[:])}
}

func TestKnownAnswer(t *testing.T) {
	k, program, digest, bz := known(t)
	require.NoError(t, k.Verify(program, digest, nil, bz))
	require.NoError(t, vectors.Gnark(t, embedded(t), bz, elements(program, digest))())
	require.Error(t, vectors.Gnark(t, embedded(t), bz, elements(digest, program))())
	require.False(t, k.NeedsPublicValues())
	require.False(t, pico.Family{}.Permissionless())
}

// The embedded key is the published contract's, constant by constant.
func TestEmbeddedKey(t *testing.T) {
	vk := vectors.PicoContractOf(t, vectors.PicoV122)
	negated := func(p vectors.Point) []byte {
		var q bn254.G2Affine
		_, err := q.SetBytes(p.Raw(t))
		require.NoError(t, err)
		q.Neg(&q)
		raw := q.RawBytes()
		return raw[:]
	}
	infinity := make([]byte, 64)
	want := slices.Concat(vectors.Bytes(t, vk.AlphaG1...), infinity, negated(vk.BetaNegG2), negated(vk.GammaNegG2),
		infinity, negated(vk.DeltaNegG2), []byte{0, 0, 0, 3}, vectors.Bytes(t, vk.ConstantG1...),
		vectors.Bytes(t, vk.PubG1[0]...), vectors.Bytes(t, vk.PubG1[1]...), make([]byte, 8))
	require.Equal(t, want, embedded(t))
}

// Each published proof verifies under exactly the keys that it should.
func TestKeyOfAnotherVersion(t *testing.T) {
	set := vectors.Pico(t)
	require.Len(t, set.Keys, 8)
	valid := 0
	for _, row := range set.Rows {
		for _, published := range set.Keys {
			err := parse(t, published.Published).Verify(row.Program, row.Digest, row.PublicValues, row.Proof)
			if slices.Contains(row.VerifiesUnder, published.ID) {
				require.NoError(t, err, "%s under %s", row.Name, published.ID)
				valid++
			} else {
				require.ErrorIs(t, err, proof.ErrInvalidProof, "%s under %s", row.Name, published.ID)
			}
		}
	}
	require.Equal(t, 2, valid)
}

func TestSwappedPublicInputs(t *testing.T) {
	k, program, digest, bz := known(t)
	require.ErrorIs(t, k.Verify(digest, program, nil, bz), proof.ErrProgram, "digests seldom are program keys")
	// Both in range, so that only the pairing is left to tell them apart.
	digest[0] = 0
	require.NoError(t, k.CheckStatement(digest, program))
	require.ErrorIs(t, k.Verify(digest, program, nil, bz), proof.ErrInvalidProof)
}

// law V4: each number has one encoding.
func TestNonCanonicalScalar(t *testing.T) {
	k, program, digest, bz := known(t)
	require.ErrorIs(t, k.Verify(plus(program, fr.Modulus().Bytes()), digest, nil, bz), proof.ErrProgram)
	require.ErrorIs(t, k.Verify(program, plus(digest, fr.Modulus().Bytes()), nil, bz), proof.ErrDigest)
	for i := range 8 {
		bad := bytes.Clone(bz)
		w := plus([32]byte(bz[32*i:]), fp.Modulus().Bytes())
		copy(bad[32*i:], w[:])
		require.ErrorIs(t, k.Verify(program, digest, nil, bad), proof.ErrEncoding, "word %d", i)
	}
}

// plus adds numbers of 32 bytes, whose sum has 32 bytes too.
func plus(a [32]byte, b []byte) (sum [32]byte) {
	carry := 0
	for i := 31; i >= 0; i-- {
		carry += int(a[i]) + int(b[i])
		sum[i] = byte(carry)
		carry >>= 8
	}
	return sum
}

// law V8: anyone can turn a valid proof into another one of the same statement.
func TestMalleatedProofIsAcceptedAndHarmless(t *testing.T) {
	k, program, digest, bz := known(t)
	for _, other := range vectors.Malleate(t, bz) {
		require.NotEqual(t, bz, other)
		require.NoError(t, k.Verify(program, digest, nil, other))
		wrong := digest
		wrong[31] ^= 1
		require.ErrorIs(t, k.Verify(program, wrong, nil, other), proof.ErrInvalidProof)
	}
}

func TestFlippedBitAtEveryByteFails(t *testing.T) {
	k, program, digest, bz := known(t)
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
	k, program, digest, bz := known(t)
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
	k, program, digest, bz := known(t)
	require.ErrorIs(t, k.Verify(program, digest, []byte{}, bz), proof.ErrPublicValues)
	require.ErrorIs(t, k.Verify(program, digest, make([]byte, proof.MaxPublicValuesSize+1), bz), proof.ErrPublicValues)

	set := vectors.Pico(t)
	row := set.Rows[0]
	k = parse(t, set.Key(t, row.VerifiesUnder[0]).Published)
	require.NotEmpty(t, row.PublicValues)
	require.Equal(t, row.Digest, k.Digest(row.PublicValues))
	require.NoError(t, k.Verify(row.Program, row.Digest, row.PublicValues, row.Proof))
	row.PublicValues[0] ^= 1
	require.ErrorIs(t, k.Verify(row.Program, row.Digest, row.PublicValues, row.Proof), proof.ErrPublicValues)
}
