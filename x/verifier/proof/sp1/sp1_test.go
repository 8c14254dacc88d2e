package sp1_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// builtIn returns a built-in key, parsed.
func builtIn(t testing.TB, id string) proof.Key {
	t.Helper()
	list, err := sp1.Published()
	require.NoError(t, err)
	for _, p := range list {
		if p.ID == id {
			k, err := familyOf(t, p.Family).Parse(p.Curve, p.Key, p.Constants)
			require.NoError(t, err)
			return k
		}
	}
	require.Fail(t, "no such key", id)
	return nil
}

func TestKnownAnswers(t *testing.T) {
	for id, tc := range map[string]struct{ program, publicValues, digest, proof string }{
		"sp1-groth16/v5.0.0": {groth16Program, groth16PublicValues, groth16Digest, groth16Proof},
		"sp1-groth16/v6.1.0": {groth16V6Program, groth16V6PublicValues, groth16V6Digest, groth16V6Proof},
		"sp1-plonk/v5.0.0":   {plonkProgram, plonkPublicValues, plonkDigest, plonkProof},
	} {
		k := builtIn(t, id)
		program, digest := vectors.Word(t, tc.program), vectors.Word(t, tc.digest)
		pv, bz := vectors.Bytes(t, tc.publicValues), vectors.Bytes(t, tc.proof)
		require.NoError(t, k.Verify(program, digest, nil, bz), id)
		require.NoError(t, k.Verify(program, digest, pv, bz), id)
		require.Equal(t, digest, k.Digest(pv), id)
		program[31] ^= 1
		require.ErrorIs(t, k.Verify(program, digest, nil, bz), proof.ErrInvalidProof, id)
	}
}

// Each published proof verifies under exactly its own key.
func TestPublishedProofs(t *testing.T) {
	fixtures, rows := load(t)
	require.Len(t, fixtures, 10)
	require.Len(t, rows, 9)
	accepted := 0
	for _, row := range rows {
		s := statementOf(row)
		for id, f := range fixtures {
			require.Equal(t, s.digest, f.key.Digest(s.publicValues))
			require.Equal(t, s.digest, f.family.Digest(s.publicValues))
			require.NoError(t, f.key.CheckStatement(s.program, s.digest), row.Name)
			err := s.under(f.key)
			if slices.Contains(row.VerifiesUnder, id) {
				require.NoError(t, err, "%s under %s", row.Name, id)
				require.NoError(t, f.key.Verify(s.program, s.digest, s.publicValues, s.proof))
				accepted++
			} else {
				require.ErrorIs(t, err, proof.ErrInvalidProof, "%s under %s", row.Name, id)
			}
		}
	}
	require.Equal(t, 8, accepted)
}

// Every change of one bit of a proof, program or digest is refused.
func TestMutationsFail(t *testing.T) {
	fixtures, rows := load(t)
	for _, row := range rows {
		if len(row.VerifiesUnder) == 0 {
			continue
		}
		s, k, mutations := statementOf(row), fixtures[row.VerifiesUnder[0]].key, 0
		refused := func(bad statement, what string, i int) {
			require.Error(t, bad.under(k), "%s: %s byte %d", row.Name, what, i)
			mutations++
		}
		for i := range s.proof {
			refused(s.with(flip(s.proof, i)), "proof", i)
		}
		for i := range s.program {
			bad := s
			bad.program = [32]byte(flip(s.program[:], i))
			refused(bad, "program", i)
			bad = s
			bad.digest = [32]byte(flip(s.digest[:], i))
			refused(bad, "digest", i)
		}
		require.GreaterOrEqual(t, mutations, 300)
	}
}

// Verifier hashes and selectors are recomputed from the canonical keys.
func TestVerifierHashes(t *testing.T) {
	fixtures, rows := load(t)
	for id, f := range fixtures {
		hash, err := f.family.VerifierHash(f.canonical)
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(f.file), hash, id)
		if f.family.Name() == sp1.NamePlonk {
			require.Equal(t, f.file, withLines(f.canonical))
		}
		for _, form := range [][]byte{f.file, f.canonical} {
			canonical, err := f.family.Canonicalize(proof.CurveBN254, form)
			require.NoError(t, err)
			require.Equal(t, f.canonical, canonical, id)
		}
		shape, err := f.family.Shape(proof.CurveBN254, f.canonical)
		require.NoError(t, err)
		require.Equal(t, shape, f.key.Shape())
		for _, row := range rows {
			if slices.Contains(row.VerifiesUnder, id) {
				require.Equal(t, hash[:4], row.Proof[:4], row.Name)
			}
		}
	}
	_, err := sp1.Groth16.VerifierHash(nil)
	require.ErrorIs(t, err, proof.ErrSize)
}

// The built-in keys are the published ones, byte by byte, and their hashes those
// that Succinct's contracts name.
func TestPublished(t *testing.T) {
	fixtures, _ := load(t)
	list, err := sp1.Published()
	require.NoError(t, err)
	hashes := map[string]string{}
	for _, p := range list {
		f := familyOf(t, p.Family)
		require.Equal(t, f.Name(), p.Family)
		version, system := p.ID[len(p.Family)+1:], strings.TrimPrefix(p.Family, "sp1-")
		want := fixtures["sp1-"+version+"-"+system]
		require.Equal(t, want.canonical, p.Key, p.ID)
		require.Equal(t, want.constants, p.Constants, p.ID)
		require.Equal(t, strings.HasSuffix(p.ID, "/v6.0.0"), p.Deprecated, p.ID)
		require.Len(t, p.Source.Commit, 40)
		require.NotEmpty(t, p.Source.Path)
		require.Equal(t, "succinctlabs/sp1", p.Source.Repository)

		hash, err := f.VerifierHash(p.Key)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(hash[:]), p.Source.SHA256, p.ID)
		hashes[p.ID] = p.Source.SHA256
	}
	require.Equal(t, map[string]string{
		"sp1-groth16/v5.0.0": "a4594c59bbc142f3b81c3ecb7f50a7c34bc9af7c4c444b5d48b795427e285913",
		"sp1-groth16/v6.0.0": "0e78f4db7a6771a3a6a7d9c3b0de6fe73d58781368967a7fe84d87aefffec896",
		"sp1-groth16/v6.1.0": "4388a21c687fdd5f218d7e3d13190cac4c5355818d3605fd5fb811df468ee696",
		"sp1-plonk/v5.0.0":   "d4e8ecd2357dd882209800acd6abb443d231cf287d77ba62b732ce937c8b56e7",
		"sp1-plonk/v6.0.0":   "bb1a6f2930e94bfe8b35e794faf43133214534a17d2ad8e51358cad437b3c317",
	}, hashes)
}

func TestStatementRanges(t *testing.T) {
	for _, id := range []string{"sp1-v5.0.0-groth16", "sp1-v5.0.0-plonk", "sp1-v6.1.0-groth16"} {
		f, s := valid(t, id)
		require.False(t, f.key.NeedsPublicValues())
		require.False(t, f.family.Permissionless())

		bad := s
		bad.program[0] = 1
		require.ErrorIs(t, f.key.CheckStatement(bad.program, bad.digest), proof.ErrProgram)
		require.ErrorIs(t, bad.under(f.key), proof.ErrProgram)
		bad = s
		bad.digest[0] = 0x20
		require.ErrorIs(t, f.key.CheckStatement(bad.program, bad.digest), proof.ErrDigest)
		require.ErrorIs(t, bad.under(f.key), proof.ErrDigest)
		bad.digest[0] = 0x1f
		bad.program[1] = 0xff
		require.NoError(t, f.key.CheckStatement(bad.program, bad.digest))
		require.ErrorIs(t, bad.under(f.key), proof.ErrInvalidProof)
	}
}

func TestPublicValuesMustHashToDigest(t *testing.T) {
	f, s := valid(t, "sp1-v6.1.0-groth16")
	for _, pv := range [][]byte{{}, flip(s.publicValues, 3), append(bytes.Clone(s.publicValues), 0), make([]byte, proof.MaxPublicValuesSize+1)} {
		require.ErrorIs(t, f.key.Verify(s.program, s.digest, pv, s.proof), proof.ErrPublicValues)
	}
}

func TestBadProofs(t *testing.T) {
	for id, head := range map[string]int{"sp1-v5.0.0-groth16": 4, "sp1-v6.1.0-groth16": 100, "sp1-v5.0.0-plonk": 4, "sp1-v6.0.0-plonk": 100} {
		f, s := valid(t, id)
		body := len(s.proof) - head
		for name, tc := range map[string]struct {
			proof []byte
			err   error
		}{
			"nothing":           {nil, proof.ErrSize},
			"part of selector":  {s.proof[:3], proof.ErrSize},
			"selector alone":    {s.proof[:4], proof.ErrSize},
			"no selector":       {s.proof[4:], proof.ErrInvalidProof},
			"one byte short":    {s.proof[:len(s.proof)-1], proof.ErrSize},
			"trailing byte":     {append(bytes.Clone(s.proof), 0), proof.ErrSize},
			"too large":         {make([]byte, proof.MaxProofSize+1), proof.ErrSize},
			"body of zeros":     {splice(s.proof, head, make([]byte, body)), nil},
			"body of ones":      {splice(s.proof, head, bytes.Repeat([]byte{0xff}, body)), proof.ErrEncoding},
			"body of generator": {splice(s.proof, head, append(make([]byte, 31), 1)), proof.ErrPoint},
		} {
			err := s.with(tc.proof).under(f.key)
			require.Error(t, err, "%s: %s", id, name)
			if tc.err != nil {
				require.ErrorIs(t, err, tc.err, "%s: %s", id, name)
			}
		}
	}
}

func TestBadKeys(t *testing.T) {
	fixtures, _ := load(t)
	v5, v6, p6 := fixtures["sp1-v5.0.0-groth16"], fixtures["sp1-v6.0.0-groth16"], fixtures["sp1-v6.0.0-plonk"]
	root := func(value []byte) []proof.Constant { return []proof.Constant{{Name: sp1.ConstantVKRoot, Value: value}} }
	oneInput := slices.Concat(v5.canonical[:291], []byte{2}, v5.canonical[292:356], make([]byte, 8))
	committing := slices.Concat(v5.canonical[:288], []byte{0, 0, 0, 4}, v6.canonical[292:420], // K
		[]byte{0, 0, 0, 1}, make([]byte, 4), []byte{0, 0, 0, 1}, v5.canonical[128:192], v5.canonical[128:192])
	gnarkKey, _ := gnarkGroth16(t, v5.file, groth16Body(t))
	var raw, rawPlonk bytes.Buffer
	_, err := gnarkKey.WriteRawTo(&raw)
	require.NoError(t, err)
	_, err = gnarkPlonkKey(t, p6.file, false).WriteRawTo(&rawPlonk)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		family    sp1.Family
		curve     string
		key       []byte
		constants []proof.Constant
		err       error
	}{
		"curve":                     {sp1.Groth16, proof.CurveBLS12381, v5.canonical, nil, proof.ErrCurve},
		"empty":                     {sp1.Groth16, proof.CurveBN254, nil, nil, proof.ErrSize},
		"empty PLONK":               {sp1.Plonk, proof.CurveBN254, nil, nil, proof.ErrSize},
		"one public input":          {sp1.Groth16, proof.CurveBN254, oneInput, nil, proof.ErrEncoding},
		"commitments":               {sp1.Groth16, proof.CurveBN254, committing, nil, proof.ErrEncoding},
		"uncompressed points":       {sp1.Groth16, proof.CurveBN254, raw.Bytes(), nil, proof.ErrEncoding},
		"uncompressed PLONK points": {sp1.Plonk, proof.CurveBN254, rawPlonk.Bytes(), p6.constants, proof.ErrSize},
		"trailing byte":             {sp1.Groth16, proof.CurveBN254, append(bytes.Clone(v5.canonical), 0), nil, proof.ErrSize},
		"key of the other family":   {sp1.Plonk, proof.CurveBN254, v5.canonical, nil, proof.ErrSize},
		"PLONK file with its lines": {sp1.Plonk, proof.CurveBN254, p6.file, p6.constants, proof.ErrSize},
		"constants before v6":       {sp1.Groth16, proof.CurveBN254, v5.canonical, v6.constants, proof.ErrConstant},
		"no constants in v6":        {sp1.Groth16, proof.CurveBN254, v6.canonical, nil, proof.ErrConstant},
		"a second constant":         {sp1.Groth16, proof.CurveBN254, v6.canonical, append(root(v6.constants[0].Value), proof.Constant{Name: "x"}), proof.ErrConstant},
		"constant of another name":  {sp1.Plonk, proof.CurveBN254, p6.canonical, []proof.Constant{{Name: "root", Value: p6.constants[0].Value}}, proof.ErrConstant},
		"short vk root":             {sp1.Groth16, proof.CurveBN254, v6.canonical, root(v6.constants[0].Value[1:]), proof.ErrConstant},
		"zero vk root":              {sp1.Groth16, proof.CurveBN254, v6.canonical, root(make([]byte, 32)), proof.ErrConstant},
		"vk root not canonical":     {sp1.Plonk, proof.CurveBN254, p6.canonical, root(bytes.Repeat([]byte{0xff}, 32)), proof.ErrConstant},
	} {
		k, err := tc.family.Parse(tc.curve, tc.key, tc.constants)
		require.ErrorIs(t, err, tc.err, name)
		require.Nil(t, k, name)
	}
	for _, f := range []fixture{v5, p6} {
		_, err := f.family.Canonicalize(proof.CurveBLS12381, f.canonical)
		require.ErrorIs(t, err, proof.ErrCurve)
		_, err = f.family.Canonicalize(proof.CurveBN254, f.canonical[1:])
		require.Error(t, err)
	}
	for _, key := range [][]byte{oneInput, committing, raw.Bytes()} {
		_, err := sp1.Groth16.Canonicalize(proof.CurveBN254, key)
		require.ErrorIs(t, err, proof.ErrEncoding)
	}
}

// groth16Body returns the body of a published proof.
func groth16Body(t testing.TB) []byte {
	t.Helper()
	return vectors.Bytes(t, groth16Proof)[4:]
}
