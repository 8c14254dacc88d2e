package offline_test

import (
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
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// object is an object under construction: any JSON values.
type object = map[string]any

func hex0x(bz []byte) string { return "0x" + hex.EncodeToString(bz) }

// picoObject is the published proof under the built-in key.
func picoObject(t testing.TB) object {
	t.Helper()
	set := vectors.Pico(t)
	for _, r := range set.Rows {
		if slices.Contains(r.VerifiesUnder, vectors.PicoV122) {
			return object{"verifier": families.PicoV122, "program": hex0x(r.Program[:]), "digest": hex0x(r.Digest[:]), "proof": hex0x(r.Proof)}
		}
	}
	require.Fail(t, "no proof under the built-in key")
	return nil
}

// circuitObject is a proof under a key that the object carries.
func circuitObject(t testing.TB, i int) (object, *groth16test.Fixture) {
	t.Helper()
	f := groth16test.All(t)[i]
	id := f.ID()
	return object{
		"family": "groth16", "curve": "bn254", "key": hex0x(f.Raw), "program": hex0x(id[:]),
		"public_values": hex0x(f.PublicValues()), "proof": hex0x(f.RawProof),
	}, f
}

func verify(t testing.TB, o any) (offline.Verdict, error) {
	t.Helper()
	bz, err := json.Marshal(o)
	require.NoError(t, err)
	return offline.Verify(bz)
}

func TestValid(t *testing.T) {
	o := picoObject(t)
	v, err := verify(t, o)
	require.NoError(t, err)
	require.Equal(t, offline.Verdict{
		Valid: true, Reason: "the proof is valid", Verifier: families.PicoV122, Family: "pico",
		Program: strings.TrimPrefix(o["program"].(string), "0x"), Digest: strings.TrimPrefix(o["digest"].(string), "0x"),
	}, v)
	require.Equal(t, offline.ExitValid, offline.ExitCode(v, err))

	for i, f := range groth16test.All(t) {
		o, _ := circuitObject(t, i)
		digest, id := f.Digest(), f.ID()
		for name, change := range map[string]func(){
			"as it is":         func() {},
			"compressed key":   func() { o["key"] = hex0x(f.Compressed) },
			"compressed proof": func() { o["proof"] = hex0x(f.SmallProof) },
			"digest too":       func() { o["digest"] = hex0x(digest[:]) },
			"upper case":       func() { o["digest"] = "0x" + strings.ToUpper(hex.EncodeToString(digest[:])) },
			"constants empty":  func() { o["constants"] = object{} },
			"null is absent":   func() { o["verifier"] = nil },
			"no program":       func() { delete(o, "program") },
		} {
			change()
			v, err := verify(t, o)
			require.NoError(t, err)
			require.True(t, v.Valid, "%s, %s: %s", f.Name, name, v.Reason)
			require.Equal(t, hex.EncodeToString(id[:]), v.CircuitID)
			require.Equal(t, "circuit", v.Verifier)
			require.Equal(t, hex.EncodeToString(digest[:]), v.Digest)
		}
	}
}

// Any fault in proof, program, digest or public values: a verdict, exit code 1.
func TestInvalid(t *testing.T) {
	flip := func(o object, field string) {
		s := o[field].(string)
		last := s[len(s)-1]
		o[field] = s[:len(s)-1] + string("0123456789abcdef"[strings.IndexByte("0123456789abcdef", last)^1])
	}
	for name, malleate := range map[string]func(o object){
		"proof, flipped bit":           func(o object) { flip(o, "proof") },
		"proof, empty":                 func(o object) { o["proof"] = "0x" },
		"proof, empty string":          func(o object) { o["proof"] = "" },
		"proof, without 0x":            func(o object) { o["proof"] = o["proof"].(string)[2:] },
		"proof, odd digits":            func(o object) { o["proof"] = o["proof"].(string) + "0" },
		"proof, not hex":               func(o object) { o["proof"] = "0xzz" },
		"proof, a number":              func(o object) { o["proof"] = 5 },
		"proof, huge":                  func(o object) { o["proof"] = "0x" + strings.Repeat("00", proof.MaxProofSize+1) },
		"program, flipped bit":         func(o object) { flip(o, "program") },
		"program, short":               func(o object) { o["program"] = "0x00" },
		"program, out of range":        func(o object) { o["program"] = "0x" + strings.Repeat("f", 64) },
		"program, not hex":             func(o object) { o["program"] = "pico" },
		"program, a list":              func(o object) { o["program"] = []int{1} },
		"digest, malformed":            func(o object) { o["digest"] = "0x1" },
		"digest, long":                 func(o object) { o["digest"] = "0x" + strings.Repeat("0", 66) },
		"digest, out of range":         func(o object) { o["digest"] = "0x" + strings.Repeat("f", 64) },
		"digest, of another statement": func(o object) { o["digest"] = "0x" + strings.Repeat("0", 64) },
		"public values, malformed":     func(o object) { o["public_values"] = "0x0" },
		"public values, others":        func(o object) { o["public_values"] = "0x" },
		"public values, huge":          func(o object) { o["public_values"] = "0x" + strings.Repeat("00", proof.MaxPublicValuesSize+1) },
	} {
		circuit, _ := circuitObject(t, 1)
		for kind, o := range map[string]object{"pico": picoObject(t), "circuit": circuit} {
			malleate(o)
			v, err := verify(t, o)
			require.NoError(t, err, "%s, %s", kind, name)
			require.False(t, v.Valid, "%s, %s", kind, name)
			require.NotEmpty(t, v.Reason)
			require.Equal(t, offline.ExitInvalid, offline.ExitCode(v, err))
		}
	}
}

// No verdict can be given: an error, exit code 2.
func TestUnreadable(t *testing.T) {
	for name, tc := range map[string]struct {
		malleate func(o object)
		err      error
	}{
		"unknown verifier":         {func(o object) { o["verifier"] = "pico/v0" }, offline.ErrUnknownVerifier},
		"verifier circuit":         {func(o object) { o["verifier"] = "circuit" }, offline.ErrUnknownVerifier},
		"verifier a number":        {func(o object) { o["verifier"] = 1 }, offline.ErrUnreadable},
		"verifier and family":      {func(o object) { o["family"] = "pico" }, offline.ErrUnreadable},
		"verifier and constants":   {func(o object) { o["constants"] = object{} }, offline.ErrUnreadable},
		"unknown field":            {func(o object) { o["prooof"] = "0x" }, offline.ErrUnreadable},
		"field in upper case":      {func(o object) { o["PROOF"] = "0x" }, offline.ErrUnreadable},
		"no verifier":              {func(o object) { delete(o, "verifier") }, offline.ErrMissingField},
		"no program":               {func(o object) { delete(o, "program") }, offline.ErrMissingField},
		"no proof":                 {func(o object) { delete(o, "proof") }, offline.ErrMissingField},
		"proof null":               {func(o object) { o["proof"] = nil }, offline.ErrMissingField},
		"no digest, public values": {func(o object) { delete(o, "digest") }, offline.ErrMissingField},
	} {
		o := picoObject(t)
		tc.malleate(o)
		v, err := verify(t, o)
		require.ErrorIs(t, err, tc.err, name)
		require.True(t, offline.IsUnreadable(err))
		require.Equal(t, offline.ExitUnreadable, offline.ExitCode(v, err), name)
	}
	for name, tc := range map[string]struct {
		malleate func(o object)
		err      error
	}{
		"no key":              {func(o object) { delete(o, "key") }, offline.ErrMissingField},
		"no family":           {func(o object) { delete(o, "family") }, offline.ErrMissingField},
		"no curve":            {func(o object) { delete(o, "curve") }, offline.ErrMissingField},
		"no public values":    {func(o object) { delete(o, "public_values"); o["digest"] = "0x00" }, offline.ErrMissingField},
		"unknown family":      {func(o object) { o["family"] = "stark" }, offline.ErrBadKey},
		"family a list":       {func(o object) { o["family"] = []int{} }, offline.ErrUnreadable},
		"unknown curve":       {func(o object) { o["curve"] = "bw6" }, offline.ErrBadKey},
		"curve a number":      {func(o object) { o["curve"] = 254 }, offline.ErrUnreadable},
		"key malformed":       {func(o object) { o["key"] = "0x0" }, offline.ErrBadKey},
		"key without 0x":      {func(o object) { o["key"] = o["key"].(string)[2:] }, offline.ErrBadKey},
		"key cut":             {func(o object) { o["key"] = o["key"].(string)[:100] }, offline.ErrBadKey},
		"key of a family":     {func(o object) { o["family"] = "pico" }, offline.ErrBadKey},
		"constant":            {func(o object) { o["constants"] = object{"a": "0x"} }, offline.ErrBadKey},
		"constant malformed":  {func(o object) { o["constants"] = object{"a": 1} }, offline.ErrBadKey},
		"constant nameless":   {func(o object) { o["constants"] = object{"": "0x"} }, offline.ErrBadKey},
		"constants no object": {func(o object) { o["constants"] = "0x" }, offline.ErrBadKey},
	} {
		o, _ := circuitObject(t, 1)
		tc.malleate(o)
		v, err := verify(t, o)
		require.ErrorIs(t, err, tc.err, name)
		require.Equal(t, offline.ExitUnreadable, offline.ExitCode(v, err), name)
	}
	for name, text := range map[string]string{
		"empty": "", "not JSON": "proof", "null": "null", "a list": "[]", "unfinished": `{"verifier"`, "unfinished value": `{"verifier":`,
		"no end": `{"verifier":"a"`, "two objects": "{} {}", "twice": `{"proof":"0x","proof":"0x"}`,
		"twice, once null": `{"proof":null,"proof":"0x"}`, "too long": "{" + strings.Repeat(" ", offline.MaxObjectSize) + "}",
	} {
		_, err := offline.VerifyReader(strings.NewReader(text))
		require.ErrorIs(t, err, offline.ErrUnreadable, name)
	}
}

// What the node prints is what the offline verifier accepts.
func TestEnvelopeIsAccepted(t *testing.T) {
	for _, f := range groth16test.All(t) {
		v, err := verify(t, offline.ForKey("groth16", "bn254", f.Raw, nil, f.ID(), f.Digest(), f.PublicValues(), f.RawProof))
		require.NoError(t, err)
		require.True(t, v.Valid, v.Reason)
	}
	o := picoObject(t)
	word := func(name string) (w [32]byte) {
		bz, err := hex.DecodeString(o[name].(string)[2:])
		require.NoError(t, err)
		copy(w[:], bz)
		return w
	}
	proofBytes, err := hex.DecodeString(o["proof"].(string)[2:])
	require.NoError(t, err)
	bz, err := json.Marshal(offline.ForVerifier(families.PicoV122, word("program"), word("digest"), nil, proofBytes))
	require.NoError(t, err)
	want, err := json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(bz))

	e := offline.ForKey("sp1-groth16", "bn254", []byte{1}, []proof.Constant{{Name: "b", Value: []byte{2}}, {Name: "a"}}, [32]byte{}, [32]byte{}, nil, nil)
	bz, err = json.Marshal(e)
	require.NoError(t, err)
	require.Contains(t, string(bz), `"constants":{"a":"0x","b":"0x02"}`)
	require.NotContains(t, string(bz), "public_values", "they did not come")
	e = offline.ForKey("groth16", "bn254", []byte{1}, nil, [32]byte{}, [32]byte{}, nil, []byte{5})
	bz, err = json.Marshal(e)
	require.NoError(t, err)
	require.Contains(t, string(bz), `"public_values":"0x","proof":"0x05"`)
}

// FuzzEnvelope: no file makes the verifier panic or answer outside its contract.
func FuzzEnvelope(f *testing.F) {
	// No circuit is set up here: each of the fuzzer's processes would do it again.
	key, proofBytes, values := snarkjsBytes(f)
	o := object{"family": "groth16", "curve": "bn254", "key": hex0x(key), "public_values": hex0x(values), "proof": hex0x(proofBytes)}
	seeds := []object{o, picoObject(f), snarkjsObject(f), {"constants": object{"a": "0x01"}}}
	for _, set := range []vectors.Set{vectors.Risc0(f), vectors.SP1(f)} {
		seeds = append(seeds, ownKeyObject(set.Keys[0], set.Rows[0]))
	}
	for _, seed := range seeds {
		bz, err := json.Marshal(seed)
		require.NoError(f, err)
		f.Add(bz)
	}
	f.Fuzz(func(t *testing.T, bz []byte) {
		v, err := offline.Verify(bz)
		if err != nil {
			require.True(t, offline.IsUnreadable(err), "%v", err)
			require.False(t, v.Valid)
			return
		}
		require.NotEmpty(t, v.Reason)
	})
}

// FuzzFiles: no bytes in the files of a circuit's proof do either.
func FuzzFiles(f *testing.F) {
	key, proofBytes, values := snarkjsBytes(f)
	f.Add(key, proofBytes, values)
	f.Add(vectors.Read(f, snarkjsKey), vectors.Read(f, snarkjsProof), vectors.Read(f, snarkjsPublic))
	f.Fuzz(func(t *testing.T, key, proofFile, valuesFile []byte) {
		c, err := offline.ReadCircuit("", "", key)
		if err != nil {
			require.True(t, offline.IsUnreadable(err), "%v", err)
			return
		}
		h := offline.Hex(c.Key)
		v, err := offline.VerifyFiles(offline.Envelope{Family: c.Family, Curve: c.Curve, Key: &h}, proofFile, valuesFile)
		if err != nil {
			require.True(t, offline.IsUnreadable(err), "%v", err)
			return
		}
		require.NotEmpty(t, v.Reason)
		require.NotEmpty(t, v.CircuitID)
	})
}
