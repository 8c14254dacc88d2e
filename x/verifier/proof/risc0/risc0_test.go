package risc0

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// A receipt of release 2.2 (known answer): contracts/test/TestReceiptV2_2.sol of
// risc0/risc0-ethereum at 8bfa4239a7e9bf8f50c0f7ebcf2babd4818cb4de.
const (
	knownImageID = "39b8aec425bb4e7eb994a0e4b6e9dbeceba907cf70f463cba7dc9786fe2dfb86"
	knownJournal = "just a simple receipt"
	knownSeal    = "bb001d44" +
		"1cb19c0439e5cb54ab7dd4d4e0cd8c4809abe8e19ba602b4ce8728dc9e2eafbe" +
		"27eac14be5e561f6cd697429d0567a4f46f62291b58f541c46fbf653dff67254" +
		"24ade3fdf1cc1014e062fa9e6c2e8e3a785fb2f84af10a44adfe761483b1036a" +
		"00bea38909a90b4f557b520cc77f01a33000444dd2c5c572d590e03c55c64639" +
		"2b8f7d3f65ab4b05ce2a339f86210a1762d8cae53bafdeaa105949019e5fb72a" +
		"17506d1c6db5cfbfee339cd9e20abc9871d2d72e6c0e66b9e8f6f5ddce731810" +
		"22cc8347b8ac33a5ee18bb0cecf4d47225112e90e1c4d0b896b7ab77701a8f4c" +
		"1391b544bc1d7ba20e6287ff63fded2de08e02db62b0093be54044819071cd65"
)

// statement is a proof with what it proves.
type statement struct {
	program, digest [32]byte
	journal, proof  []byte
}

// known returns the known answer.
func known(t testing.TB) statement {
	t.Helper()
	journal := []byte(knownJournal)
	return statement{vectors.Word(t, knownImageID), Family{}.Digest(journal), journal, vectors.Bytes(t, knownSeal)}
}

// release returns a built-in verifier.
func release(t testing.TB, id string) proof.Published {
	t.Helper()
	list, err := Published()
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(p proof.Published) bool { return p.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return list[i]
}

func parse(t testing.TB, bz []byte, constants []proof.Constant) *key {
	t.Helper()
	k, err := Family{}.Parse(proof.CurveBN254, bz, constants)
	require.NoError(t, err)
	return k.(*key)
}

func parseRelease(t testing.TB, id string) *key {
	t.Helper()
	p := release(t, id)
	return parse(t, p.Key, p.Constants)
}

// inputs returns all public inputs of a statement.
func inputs(t testing.TB, id string, program, digest [32]byte) []fr.Element {
	t.Helper()
	c, err := parseConstants(release(t, id).Constants)
	require.NoError(t, err)
	in, err := constantInputs(c)
	require.NoError(t, err)
	copy(in[inputClaimLo:], claimInputs(program, digest))
	return in[:]
}

// sealFor replaces the proof's selector by the key's, so that only the pairing is
// left to refuse it.
func sealFor(k *key, bz []byte) []byte { return slices.Concat(k.selector[:], bz[SelectorSize:]) }

func replaced(constants []proof.Constant, name string, value []byte) []proof.Constant {
	out := slices.Clone(constants)
	i := slices.IndexFunc(out, func(c proof.Constant) bool { return c.Name == name })
	out[i].Value = value
	return out
}

func TestKnownAnswer(t *testing.T) {
	k, s := parseRelease(t, Name+"/v2.2"), known(t)
	require.False(t, k.NeedsPublicValues())
	require.False(t, Family{}.Permissionless())
	require.NoError(t, k.CheckStatement(s.program, s.digest))
	require.NoError(t, k.Verify(s.program, s.digest, nil, s.proof))
	require.NoError(t, k.Verify(s.program, s.digest, s.journal, s.proof))
	require.Equal(t, s.digest, k.Digest(s.journal))

	check := vectors.Gnark(t, release(t, Name+"/v2.2").Key, s.proof[SelectorSize:], inputs(t, Name+"/v2.2", s.program, s.digest))
	require.NoError(t, check())
	check = vectors.Gnark(t, release(t, Name+"/v2.2").Key, s.proof[SelectorSize:], inputs(t, Name+"/v2.2", s.digest, s.program))
	require.Error(t, check())
}

// Every published receipt verifies under the constants of its release alone.
func TestPublishedReceipts(t *testing.T) {
	set := vectors.Risc0(t)
	require.Len(t, set.Rows, 4)
	for _, row := range set.Rows {
		for _, published := range set.Keys {
			k := parse(t, published.Published, published.Constants)
			require.Equal(t, published.ID, "0x"+hex.EncodeToString(k.selector[:]))
			err := k.Verify(row.Program, row.Digest, row.PublicValues, row.Proof)
			resealed := k.Verify(row.Program, row.Digest, row.PublicValues, sealFor(k, row.Proof))
			if slices.Contains(row.VerifiesUnder, published.ID) {
				require.NoError(t, err, "%s under %s", row.Name, published.ID)
				continue
			}
			require.ErrorIs(t, err, proof.ErrInvalidProof, "%s under %s", row.Name, published.ID)
			require.ErrorIs(t, resealed, proof.ErrInvalidProof, "%s under %s", row.Name, published.ID)
		}
	}
}

// law V4: the control root is an input of the proof, not only of its selector.
func TestWrongControlRoot(t *testing.T) {
	s, p := known(t), release(t, Name+"/v2.2")
	other := replaced(p.Constants, ControlRoot, release(t, Name+"/v3.0").Constants[1].Value)
	flipped := bytes.Clone(p.Constants[1].Value)
	flipped[0] ^= 1
	last := bytes.Clone(p.Constants[1].Value)
	last[31] ^= 1
	for _, constants := range [][]proof.Constant{
		other, replaced(p.Constants, ControlRoot, flipped), replaced(p.Constants, ControlRoot, last),
		replaced(p.Constants, ControlRoot, make([]byte, 32)),
	} {
		k := parse(t, p.Key, constants)
		require.ErrorIs(t, k.Verify(s.program, s.digest, nil, s.proof), proof.ErrInvalidProof)
		err := k.Verify(s.program, s.digest, nil, sealFor(k, s.proof))
		require.ErrorIs(t, err, proof.ErrInvalidProof)
		require.NotContains(t, err.Error(), "selector")
	}
}

// The control id is an input too, and it has one form.
func TestWrongControlID(t *testing.T) {
	s, p := known(t), release(t, Name+"/v2.2")
	of10 := vectors.Bytes(t, "0eb6febcf06c5df079111be116f79bd8c7e85dc9448776ef9a59aaf2624ab551")
	for _, id := range [][]byte{of10, make([]byte, 32)} {
		k := parse(t, p.Key, replaced(p.Constants, ControlID, id))
		require.ErrorIs(t, k.Verify(s.program, s.digest, nil, s.proof), proof.ErrInvalidProof)
		require.ErrorIs(t, k.Verify(s.program, s.digest, nil, sealFor(k, s.proof)), proof.ErrInvalidProof)
	}
	backwards := bytes.Clone(p.Constants[0].Value) // as the Rust code has it
	slices.Reverse(backwards)
	_, err := Family{}.Parse(proof.CurveBN254, p.Key, replaced(p.Constants, ControlID, backwards))
	require.ErrorIs(t, err, proof.ErrConstant)
	require.ErrorContains(t, err, "order")
}

// A proof of another release is refused with both releases' names.
func TestSelectorOfAnotherVersion(t *testing.T) {
	s := known(t)
	err := parseRelease(t, Name+"/v3.0").Verify(s.program, s.digest, nil, s.proof)
	require.ErrorIs(t, err, proof.ErrInvalidProof)
	require.ErrorContains(t, err, "bb001d44 (risc0-groth16/v2.2)")
	require.ErrorContains(t, err, "73c457ba (risc0-groth16/v3.0)")

	s.proof[0] ^= 1
	err = parseRelease(t, Name+"/v2.2").Verify(s.program, s.digest, nil, s.proof)
	require.ErrorIs(t, err, proof.ErrInvalidProof)
	require.ErrorContains(t, err, "its selector is ba001d44, this")
}

// Image id and digest of the journal are both 32 bytes: exchanging them, or the
// halves of an input, proves nothing.
func TestSwappedPublicInputs(t *testing.T) {
	k, s := parseRelease(t, Name+"/v2.2"), known(t)
	require.ErrorIs(t, k.Verify(s.digest, s.program, nil, s.proof), proof.ErrInvalidProof)
	p, err := Family{}.Shape(proof.CurveBN254, release(t, Name+"/v2.2").Key)
	require.NoError(t, err)
	for i := range p.PublicInputs {
		for j := range i {
			in := inputs(t, Name+"/v2.2", s.program, s.digest)
			in[i], in[j] = in[j], in[i]
			require.Error(t, vectors.Gnark(t, release(t, Name+"/v2.2").Key, s.proof[SelectorSize:], in)(), "%d and %d", i, j)
		}
	}
}

// law V4: each number has one encoding.
func TestNonCanonicalScalar(t *testing.T) {
	p, s := release(t, Name+"/v2.2"), known(t)
	id := new(fr.Element).SetBytes(p.Constants[0].Value)
	for _, tc := range []struct {
		id []byte
		ok bool
	}{
		{addTo(p.Constants[0].Value, fr.Modulus().Bytes()), false}, // the same number
		{fr.Modulus().Bytes(), false},
		{bytes.Repeat([]byte{0xff}, 32), false},
		{subOne(fr.Modulus().Bytes()), true},
		{id.Marshal(), true},
	} {
		_, err := Family{}.Parse(proof.CurveBN254, p.Key, replaced(p.Constants, ControlID, tc.id))
		if tc.ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, proof.ErrConstant)
		}
	}
	k := parse(t, p.Key, p.Constants)
	for i := range 8 {
		bad := bytes.Clone(s.proof)
		w := bad[SelectorSize+32*i:][:32]
		copy(w, addTo(w, fp.Modulus().Bytes()))
		require.ErrorIs(t, k.Verify(s.program, s.digest, nil, bad), proof.ErrEncoding, "word %d", i)
	}
}

// law V8: anyone can turn a valid proof into another one of the same statement.
func TestMalleatedProofIsAcceptedAndHarmless(t *testing.T) {
	k, s := parseRelease(t, Name+"/v2.2"), known(t)
	for _, points := range vectors.Malleate(t, s.proof[SelectorSize:]) {
		other := slices.Concat(k.selector[:], points)
		require.NotEqual(t, s.proof, other)
		require.NoError(t, k.Verify(s.program, s.digest, nil, other))
		program := s.program
		program[31] ^= 1
		require.ErrorIs(t, k.Verify(program, s.digest, nil, other), proof.ErrInvalidProof)
	}
}
