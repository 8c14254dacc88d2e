package offline_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// ownKeyObject is a published proof with a key as it was published. The curve is
// left out.
func ownKeyObject(k vectors.Key, r vectors.Row) object {
	o := object{
		"family": k.Family, "key": hex0x(k.Published),
		"program": hex0x(r.Program[:]), "digest": hex0x(r.Digest[:]), "proof": hex0x(r.Proof),
	}
	constants := object{}
	for _, c := range k.Constants {
		constants[c.Name] = hex0x(c.Value)
	}
	if len(constants) > 0 {
		o["constants"] = constants
	}
	return o
}

// Every published proof has the published verdict under every published key, with
// the digest, with the public values, and with both.
func TestPublishedProofs(t *testing.T) {
	for _, set := range vectors.ZkVMs(t) {
		for _, r := range set.Rows {
			for _, k := range set.Keys {
				if !strings.Contains(k.Family, "plonk") && len(r.Proof) > 600 {
					continue // a PLONK proof under a Groth16 key: only its length is looked at
				}
				want := slices.Contains(r.VerifiesUnder, k.ID)
				name := set.Name + ", " + r.Name + ", " + k.ID
				o := ownKeyObject(k, r)
				v, err := verify(t, o)
				require.NoError(t, err, name)
				require.Equal(t, want, v.Valid, "%s: %s", name, v.Reason)
				require.Equal(t, k.Family, v.Family)
				require.Empty(t, v.Verifier, "a key of one's own has no id")
				if !want || r.PublicValues == nil {
					continue
				}
				o["public_values"], o["curve"] = hex0x(r.PublicValues), k.Curve
				v, err = verify(t, o)
				require.NoError(t, err, name)
				require.True(t, v.Valid, "%s: %s", name, v.Reason)
				delete(o, "digest")
				v, err = verify(t, o)
				require.NoError(t, err, name)
				require.True(t, v.Valid, "%s: %s", name, v.Reason)
				require.Equal(t, hex.EncodeToString(r.Digest[:]), v.Digest, "the family's own rule")
				o["public_values"] = hex0x(append(bytes.Clone(r.PublicValues), 0))
				v, err = verify(t, o)
				require.NoError(t, err, name)
				require.False(t, v.Valid, name)
			}
		}
	}
}

// Every built-in verifier verifies a published proof by its id alone.
func TestBuiltInVerifiers(t *testing.T) {
	proved := map[string]bool{}
	for _, set := range vectors.ZkVMs(t) {
		for _, r := range set.Rows {
			for _, id := range r.VerifiesUnder {
				b, ok := builtIn(t, set.Key(t, id))
				if !ok {
					continue
				}
				v, err := verify(t, offline.ForVerifier(b.ID, r.Program, r.Digest, r.PublicValues, r.Proof))
				require.NoError(t, err, b.ID)
				require.True(t, v.Valid, "%s: %s", b.ID, v.Reason)
				require.Equal(t, b.ID, v.Verifier)
				require.Equal(t, b.Family, v.Family)
				proved[b.ID] = true

				other := r.Program
				other[31] ^= 1
				v, err = verify(t, offline.ForVerifier(b.ID, other, r.Digest, r.PublicValues, r.Proof))
				require.NoError(t, err, b.ID)
				require.False(t, v.Valid, b.ID)
				proofBytes := bytes.Clone(r.Proof)
				proofBytes[len(proofBytes)-1] ^= 1
				v, err = verify(t, offline.ForVerifier(b.ID, r.Program, r.Digest, r.PublicValues, proofBytes))
				require.NoError(t, err, b.ID)
				require.False(t, v.Valid, b.ID)
			}
		}
	}
	for _, id := range []string{
		families.PicoV122, "sp1-groth16/v5.0.0", "sp1-groth16/v6.0.0", "sp1-groth16/v6.1.0",
		"sp1-plonk/v5.0.0", "sp1-plonk/v6.0.0", "risc0-groth16/v2.2", "risc0-groth16/v3.0",
	} {
		require.True(t, offline.IsBuiltIn(id), id)
		require.True(t, proved[id], id)
	}
	require.False(t, offline.IsBuiltIn("circuit"))
}

// builtIn finds a published key among the built-in ones.
func builtIn(t testing.TB, k vectors.Key) (proof.Published, bool) {
	t.Helper()
	f, ok := families.Get(k.Family)
	require.True(t, ok)
	canonical, err := f.Canonicalize(k.Curve, k.Published)
	require.NoError(t, err)
	list, err := families.BuiltIn()
	require.NoError(t, err)
	hash := proof.KeyHash(k.Family, k.Curve, canonical, k.Constants)
	for _, b := range list {
		if proof.KeyHash(b.Family, b.Curve, b.Key, b.Constants) == hash {
			return b, true
		}
	}
	return proof.Published{}, false
}

// Constants are part of the key: those that cannot be are unreadable, others make
// another verifier.
func TestConstants(t *testing.T) {
	risc0, sp1 := vectors.Risc0(t), vectors.SP1(t)
	row := func(constants int) int {
		return slices.IndexFunc(sp1.Rows, func(r vectors.Row) bool {
			if len(r.VerifiesUnder) == 0 {
				return false
			}
			k := sp1.Key(t, r.VerifiesUnder[0])
			return k.Family == "sp1-groth16" && len(k.Constants) == constants
		})
	}
	v5, v6 := row(0), row(1)
	other := "0x" + strings.Repeat("00", 31) + "01"
	for name, tc := range map[string]struct {
		set      vectors.Set
		row      int
		malleate func(o, constants object)
		err      error // nil: a verdict that is not valid
	}{
		"risc0, none":           {risc0, 0, func(o, _ object) { delete(o, "constants") }, offline.ErrBadKey},
		"risc0, one missing":    {risc0, 0, func(_, c object) { delete(c, "control_id") }, offline.ErrBadKey},
		"risc0, one more":       {risc0, 0, func(_, c object) { c["vk_root"] = other }, offline.ErrBadKey},
		"risc0, short":          {risc0, 0, func(_, c object) { c["control_root"] = "0x00" }, offline.ErrBadKey},
		"risc0, without 0x":     {risc0, 0, func(_, c object) { c["control_root"] = strings.Repeat("00", 32) }, offline.ErrBadKey},
		"risc0, another root":   {risc0, 0, func(_, c object) { c["control_root"] = other }, nil},
		"risc0, another id":     {risc0, 0, func(_, c object) { c["control_id"] = other }, nil},
		"sp1 v6, none":          {sp1, v6, func(o, _ object) { delete(o, "constants") }, offline.ErrBadKey},
		"sp1 v6, another name":  {sp1, v6, func(_, c object) { c["root"] = c["vk_root"]; delete(c, "vk_root") }, offline.ErrBadKey},
		"sp1 v6, another root":  {sp1, v6, func(_, c object) { c["vk_root"] = other }, nil},
		"sp1 before v6, a root": {sp1, v5, func(o, _ object) { o["constants"] = object{"vk_root": other} }, offline.ErrBadKey},
		"another family":        {sp1, v5, func(o, _ object) { o["family"] = "pico" }, nil},
		"a family of circuits":  {sp1, v5, func(o, _ object) { o["family"], o["curve"] = "groth16", "bn254" }, offline.ErrMissingField},
		"another curve":         {sp1, v5, func(o, _ object) { o["curve"] = "bls12-381" }, offline.ErrBadKey},
		"an empty curve":        {sp1, v5, func(o, _ object) { o["curve"] = "" }, offline.ErrMissingField},
		"a snarkjs proof":       {sp1, v5, func(o, _ object) { o["proof"] = snarkjs(t, snarkjsProof) }, nil},
		"snarkjs inputs":        {sp1, v5, func(o, _ object) { o["public_values"] = snarkjs(t, snarkjsPublic) }, nil},
	} {
		r := tc.set.Rows[tc.row]
		o := ownKeyObject(tc.set.Key(t, r.VerifiesUnder[0]), r)
		constants, _ := o["constants"].(object)
		tc.malleate(o, constants)
		v, err := verify(t, o)
		require.ErrorIs(t, err, tc.err, name)
		require.False(t, v.Valid, name)
	}
}

// Circuits of both proof systems on both curves, in every form that gnark writes.
func TestCircuits(t *testing.T) {
	type circuit struct {
		family, curve      string
		keys, proofs       [][]byte
		id                 [32]byte
		canonical, inputs  []byte
		commitments, index int
	}
	var list []circuit
	for _, curve := range []string{proof.CurveBN254, proof.CurveBLS12381} {
		for i, f := range groth16test.AllOn(t, curve) {
			list = append(list, circuit{proof.SystemGroth16, curve, [][]byte{f.Raw, f.Compressed}, [][]byte{f.RawProof, f.SmallProof}, f.ID(), f.Raw, f.PublicValues(), f.Commitments, i})
		}
		for i, f := range plonktest.On(t, curve) {
			list = append(list, circuit{proof.SystemPlonk, curve, [][]byte{f.Key, f.Raw, f.Compressed}, [][]byte{f.RawProof, f.SmallProof}, f.ID(), f.Key, f.PublicValues(), f.Commitments, i})
		}
	}
	for _, c := range list {
		for i, key := range c.keys {
			name := c.family + ", " + c.curve + ", circuit " + string(rune('0'+c.index))
			found, err := offline.ReadCircuit("", "", key)
			require.NoError(t, err, name)
			require.Equal(t, offline.Circuit{Family: c.family, Curve: c.curve, Key: c.canonical, ID: c.id}, found, name)
			said, err := offline.ReadCircuit(c.family, c.curve, key)
			require.NoError(t, err, name)
			require.Equal(t, found, said, name)

			h := offline.Hex(key)
			e := offline.Envelope{Family: c.family, Curve: c.curve, Key: &h}
			v, err := offline.VerifyFiles(e, c.proofs[i%2], c.inputs)
			require.NoError(t, err, name)
			require.True(t, v.Valid, "%s: %s", name, v.Reason)
			require.Equal(t, hex.EncodeToString(c.id[:]), v.CircuitID)
			require.Equal(t, v.CircuitID, v.Program)

			v, err = offline.VerifyFiles(e, c.proofs[i%2], nil)
			if len(c.inputs) > 0 {
				require.ErrorIs(t, err, offline.ErrMissingField, name)
			} else {
				require.NoError(t, err, name)
				require.True(t, v.Valid, "%s: %s", name, v.Reason)
			}
			v, err = offline.VerifyFiles(e, c.proofs[i%2], append(bytes.Clone(c.inputs), 0))
			require.NoError(t, err, name)
			require.False(t, v.Valid, name)
		}
	}
}

func TestReadCircuitRejects(t *testing.T) {
	f := groth16test.All(t)[1]
	key := snarkjs(t, snarkjsKey)
	for name, tc := range map[string]struct {
		family, curve string
		bz            []byte
		err           error
	}{
		"empty":                   {"", "", nil, offline.ErrBadKey},
		"cut":                     {"", "", f.Raw[:100], offline.ErrBadKey},
		"cut, said":               {"groth16", "bn254", f.Raw[:100], proof.ErrSize},
		"too long":                {"groth16", "bn254", make([]byte, proof.MaxKeySize+1), proof.ErrSize},
		"too long, to find out":   {"", "", make([]byte, proof.MaxKeySize+1), offline.ErrBadKey},
		"another family":          {"plonk", "", f.Raw, offline.ErrBadKey},
		"another curve":           {"", "bls12-381", f.Raw, offline.ErrBadKey},
		"no family of circuits":   {"pico", "", f.Raw, offline.ErrBadKey},
		"no such family":          {"stark", "", f.Raw, offline.ErrBadKey},
		"no such curve":           {"", "bw6", f.Raw, offline.ErrBadKey},
		"snarkjs, another family": {"plonk", "", key, offline.ErrBadKey},
		"snarkjs, another curve":  {"", "bls12-381", key, proof.ErrCurve},
		"snarkjs, cut":            {"", "", key[:200], offline.ErrBadKey},
		"snarkjs, a proof":        {"", "", snarkjs(t, snarkjsProof), offline.ErrBadKey},
	} {
		_, err := offline.ReadCircuit(tc.family, tc.curve, tc.bz)
		require.ErrorIs(t, err, tc.err, name)
		require.ErrorIs(t, err, offline.ErrBadKey, name)
	}
}

// Paths of what snarkjs wrote.
const (
	snarkjsKey    = "snarkjs/groth16_verification_key.json"
	snarkjsProof  = "snarkjs/groth16_proof.json"
	snarkjsPublic = "snarkjs/groth16_public.json"
)

func snarkjs(t testing.TB, name string) json.RawMessage {
	t.Helper()
	return vectors.Read(t, name)
}

// snarkjsObject is what snarkjs wrote, as it is.
func snarkjsObject(t testing.TB) object {
	t.Helper()
	return object{"key": snarkjs(t, snarkjsKey), "proof": snarkjs(t, snarkjsProof), "public_values": snarkjs(t, snarkjsPublic)}
}

// snarkjsBytes is what snarkjs wrote, in the chain's forms.
func snarkjsBytes(t testing.TB) (key, proofBytes, values []byte) {
	t.Helper()
	circuit, err := offline.ReadCircuit("", "", snarkjs(t, snarkjsKey))
	require.NoError(t, err)
	proofBytes, values, err = offline.ReadProof(snarkjs(t, snarkjsProof), snarkjs(t, snarkjsPublic))
	require.NoError(t, err)
	return circuit.Key, proofBytes, values
}

func TestSnarkJS(t *testing.T) {
	circuit, err := offline.ReadCircuit("", "", snarkjs(t, snarkjsKey))
	require.NoError(t, err)
	require.Equal(t, proof.SystemGroth16, circuit.Family)
	require.Equal(t, proof.CurveBN254, circuit.Curve)
	proofBytes, values, err := offline.ReadProof(snarkjs(t, snarkjsProof), snarkjs(t, snarkjsPublic))
	require.NoError(t, err)
	require.Len(t, values, 64)
	inputs, err := offline.ReadInputs(proof.CurveBN254, snarkjs(t, snarkjsPublic))
	require.NoError(t, err)
	require.Equal(t, values, inputs)

	text := func(s string) json.RawMessage { return json.RawMessage(s) }
	const ( // what the verdict is
		valid = iota
		invalid
		unreadable
	)
	for name, tc := range map[string]struct {
		malleate func(o object)
		want     int
	}{
		"as it is":              {func(object) {}, valid},
		"family and curve said": {func(o object) { o["family"], o["curve"] = "groth16", "bn254" }, valid},
		"program said":          {func(o object) { o["program"] = hex0x(circuit.ID[:]) }, valid},
		"proof as bytes":        {func(o object) { o["proof"] = hex0x(proofBytes) }, valid},
		"values as bytes":       {func(o object) { o["public_values"] = hex0x(values) }, valid},
		"key as bytes":          {func(o object) { o["key"], o["family"], o["curve"] = hex0x(circuit.Key), "groth16", "bn254" }, valid},
		"another program":       {func(o object) { o["program"] = hex0x(make([]byte, 32)) }, invalid},
		"values swapped": {func(o object) {
			o["public_values"] = text(`["11","19820469076730107577691234630797803937210158605698999776717232705083708883456"]`)
		}, invalid},
		"a value too few":             {func(o object) { o["public_values"] = text(`["11"]`) }, invalid},
		"values numbers":              {func(o object) { o["public_values"] = text(`[1, 2]`) }, invalid},
		"values negative":             {func(o object) { o["public_values"] = text(`["-1", "2"]`) }, invalid},
		"values an object":            {func(o object) { o["public_values"] = object{} }, invalid},
		"proof empty":                 {func(o object) { o["proof"] = object{} }, invalid},
		"proof a list":                {func(o object) { o["proof"] = []string{} }, invalid},
		"proof a key":                 {func(o object) { o["proof"] = o["key"] }, invalid},
		"another family":              {func(o object) { o["family"] = "plonk" }, unreadable},
		"another curve":               {func(o object) { o["curve"] = "bls12-381" }, unreadable},
		"constants":                   {func(o object) { o["constants"] = object{"a": "0x"} }, unreadable},
		"key empty":                   {func(o object) { o["key"] = object{} }, unreadable},
		"key a list":                  {func(o object) { o["key"] = []string{} }, unreadable},
		"key a proof":                 {func(o object) { o["key"] = o["proof"] }, unreadable},
		"key as bytes, family unsaid": {func(o object) { o["key"] = hex0x(circuit.Key) }, unreadable},
		"no values":                   {func(o object) { delete(o, "public_values") }, unreadable},
		"no proof":                    {func(o object) { delete(o, "proof") }, unreadable},
	} {
		o := snarkjsObject(t)
		tc.malleate(o)
		v, err := verify(t, o)
		require.Equal(t, tc.want, offline.ExitCode(v, err), "%s: %v %s", name, err, v.Reason)
		if tc.want != unreadable {
			require.NoError(t, err, name)
			require.Equal(t, hex.EncodeToString(circuit.ID[:]), v.CircuitID, name)
		}
	}
}

// Files that are not what snarkjs writes are taken as bytes; what looks like it
// and is malformed is an error, not a proof.
func TestReadProof(t *testing.T) {
	journal := []byte(`["1", "2"]`)
	p, values, err := offline.ReadProof([]byte{1, 2}, journal)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, p)
	require.Equal(t, journal, values, "beside bytes, a journal may be JSON")
	_, values, err = offline.ReadProof(snarkjs(t, snarkjsProof), nil)
	require.NoError(t, err)
	require.Nil(t, values)
	p, _, err = offline.ReadProof(append([]byte("{"), 0, 0xff), nil)
	require.NoError(t, err)
	require.Equal(t, []byte{'{', 0, 0xff}, p, "bytes may start like JSON")

	for name, files := range map[string][2]string{
		"proof cut":      {`{"pi_a": ["1"`, ""},
		"no proof":       {`{}`, ""},
		"values cut":     {string(snarkjs(t, snarkjsProof)), `["1"`},
		"values numbers": {string(snarkjs(t, snarkjsProof)), `[1]`},
	} {
		_, _, err := offline.ReadProof([]byte(files[0]), []byte(files[1]))
		require.Error(t, err, name)
	}
	_, err = offline.ReadInputs(proof.CurveBN254, []byte(`["1`))
	require.Error(t, err)
	bz, err := offline.ReadInputs(proof.CurveBN254, []byte{7})
	require.NoError(t, err)
	require.Equal(t, []byte{7}, bz)
}

// A file of snarkjs in the wrong place is named as what it is.
func TestSwappedSnarkJSFiles(t *testing.T) {
	read := func(name string) []byte { return vectors.Read(t, "snarkjs/groth16_"+name+".json") }
	c, err := offline.ReadCircuit("", "", read("verification_key"))
	require.NoError(t, err)
	key := offline.Hex(c.Key)
	e := offline.Envelope{Family: c.Family, Curve: c.Curve, Key: &key}
	v, err := offline.VerifyFiles(e, read("proof"), read("proof"))
	require.NoError(t, err)
	require.Contains(t, v.Reason, "give public.json")
	v, err = offline.VerifyFiles(e, read("public"), read("public"))
	require.NoError(t, err)
	require.Contains(t, v.Reason, "give proof.json")
	for _, name := range []string{"proof", "verification_key"} {
		_, err = offline.Verify(read(name))
		require.ErrorIs(t, err, offline.ErrUnreadable)
		require.ErrorContains(t, err, "--key")
	}
}
