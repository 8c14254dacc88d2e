package groth16_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// snark is a key, proof and public inputs as snarkjs writes them.
type snark struct {
	name, curve                string
	key, proof                 map[string]any
	keyJSON, proofJSON, values []byte
}

// snarks returns what snarkjs 0.7.5 made from its own test circuit
// (on BN254, see package vectors), and fixtures of either curve in its form.
func snarks(t testing.TB) []snark {
	t.Helper()
	file := func(name string) []byte {
		return vectors.Read(t, "snarkjs/groth16_"+name)
	}
	out := []snark{{
		name: "snarkjs", curve: proof.CurveBN254,
		keyJSON: file("verification_key.json"), proofJSON: file("proof.json"), values: file("public.json"),
	}}
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve) {
			if f.Commitments == 0 {
				out = append(out, toSnarkJS(t, f))
			}
		}
	}
	for i := range out {
		require.NoError(t, json.Unmarshal(out[i].keyJSON, &out[i].key))
		require.NoError(t, json.Unmarshal(out[i].proofJSON, &out[i].proof))
	}
	return out
}

// toSnarkJS writes a fixture without commitments as snarkjs would.
func toSnarkJS(t testing.TB, f *groth16test.Fixture) snark {
	t.Helper()
	size, curve := 32, "bn128"
	if f.Curve == proof.CurveBLS12381 {
		size, curve = 48, "bls12381"
	}
	var rest []byte
	number := func() string {
		n := new(big.Int).SetBytes(rest[:size]).String()
		rest = rest[size:]
		return n
	}
	g1 := func() []string { return []string{number(), number(), "1"} }
	g2 := func() [][]string {
		x1, x0, y1, y0 := number(), number(), number(), number()
		return [][]string{{x0, x1}, {y0, y1}, {"1", "0"}}
	}
	encode := func(v any) []byte {
		bz, err := json.MarshalIndent(v, "", " ")
		require.NoError(t, err)
		return bz
	}
	rest = f.Raw
	key := map[string]any{"protocol": "groth16", "curve": curve, "nPublic": len(f.PublicValues()) / 32}
	key["vk_alpha_1"] = g1()
	g1() // β₁
	key["vk_beta_2"], key["vk_gamma_2"] = g2(), g2()
	g1() // δ₁
	key["vk_delta_2"] = g2()
	rest = rest[4:]
	var k [][]string
	for range len(f.PublicValues())/32 + 1 {
		k = append(k, g1())
	}
	key["IC"] = k
	rest = f.RawProof
	p := map[string]any{"protocol": "groth16", "curve": curve, "pi_a": g1(), "pi_b": g2(), "pi_c": g1()}
	values := []string{}
	for pv := f.PublicValues(); len(pv) > 0; pv = pv[32:] {
		values = append(values, new(big.Int).SetBytes(pv[:32]).String())
	}
	return snark{name: f.Name, curve: f.Curve, keyJSON: encode(key), proofJSON: encode(p), values: encode(values)}
}

func TestSnarkJSProofsVerify(t *testing.T) {
	for _, s := range snarks(t) {
		curve, key, err := groth16.KeyFromSnarkJS(s.keyJSON)
		require.NoError(t, err, s.name)
		require.Equal(t, s.curve, curve)
		canonical, err := groth16.Family.Canonicalize(curve, s.keyJSON)
		require.NoError(t, err)
		require.Equal(t, key, canonical)
		canonical, err = groth16.Family.Canonicalize(curve, key)
		require.NoError(t, err)
		require.Equal(t, key, canonical)

		curve, raw, err := groth16.ProofFromSnarkJS(s.proofJSON)
		require.NoError(t, err, s.name)
		require.Equal(t, s.curve, curve)
		values, err := groth16.InputsFromSnarkJS(curve, s.values)
		require.NoError(t, err, s.name)

		k, err := groth16.Family.Parse(curve, key, nil)
		require.NoError(t, err)
		id := proof.CircuitID(groth16.Name, curve, key)
		require.NoError(t, k.Verify(id, k.Digest(values), values, raw), s.name)
		require.NoError(t, groth16test.GnarkVerdict(curve, groth16test.GnarkKey(t, curve, key), values, raw), s.name)
		if len(values) > 0 {
			values[len(values)-1] ^= 1
			require.ErrorIs(t, k.Verify(id, k.Digest(values), values, raw), proof.ErrInvalidProof, s.name)
		}
	}
}

// The family takes a key of its own curve only, and the chain no JSON at all.
func TestSnarkJSKeyOfAnotherCurve(t *testing.T) {
	for _, s := range snarks(t) {
		for _, other := range groth16.Family.Curves() {
			if other != s.curve {
				_, err := groth16.Family.Canonicalize(other, s.keyJSON)
				require.ErrorIs(t, err, proof.ErrCurve)
			}
			_, err := groth16.Family.Parse(other, s.keyJSON, nil)
			require.Error(t, err)
		}
	}
}

func TestIsJSON(t *testing.T) {
	for _, s := range snarks(t) {
		for _, bz := range [][]byte{s.keyJSON, s.proofJSON, s.values} {
			require.True(t, groth16.IsJSON(bz))
		}
	}
	require.False(t, groth16.IsJSON(nil))
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve) {
			for _, bz := range [][]byte{f.Raw, f.Compressed, f.RawProof, f.SmallProof} {
				require.False(t, groth16.IsJSON(bz))
				// No key or proof in binary form can start with a bracket.
				for _, bracket := range []byte("{[") {
					bad := append([]byte{bracket}, bz[1:]...)
					k, _, _ := key(t, f)
					require.Error(t, k.Verify(f.ID(), f.Digest(), f.PublicValues(), bad))
					_, err := groth16.Family.Canonicalize(curve, bad)
					require.Error(t, err)
				}
			}
		}
	}
}

// edit returns the object with one field changed, or removed if v is nil.
func edit(t *testing.T, object map[string]any, field string, v any) []byte {
	t.Helper()
	out := map[string]any{}
	for name, old := range object {
		out[name] = old
	}
	if out[field] = v; v == nil {
		delete(out, field)
	}
	bz, err := json.Marshal(out)
	require.NoError(t, err)
	return bz
}

// badPoint is JSON that is not read as a point; err is nil if it depends on the
// curve why.
type badPoint struct {
	point any
	err   error
}

// badPoints are what no point of G1 and G2 may be written as, and why.
func badPoints(s snark) (g1, g2 map[string]badPoint) {
	a := s.proof["pi_a"].([]any)
	b := s.proof["pi_b"].([]any)
	x, y, bx, by := a[0].(string), a[1].(string), b[0].([]any), b[1].([]any)
	modulus := "21888242871839275222246405745257275088696311157297823662689037894645226208583"
	if s.curve == proof.CurveBLS12381 {
		modulus = "4002409555221667393417789825735904156556882819939007885332058136124031650490837864442687629129015664037894272559787"
	}
	p, _ := new(big.Int).SetString(modulus, 10)
	n, _ := new(big.Int).SetString(x, 10)
	shifted := n.Add(n, p).String()
	zero, one := []any{"0", "0"}, []any{"1", "0"}
	return map[string]badPoint{
			"two coordinates":        {[]any{x, y}, proof.ErrEncoding},
			"four coordinates":       {[]any{x, y, "1", "1"}, proof.ErrEncoding},
			"no coordinates":         {[]any{}, proof.ErrEncoding},
			"z is two":               {[]any{x, y, "2"}, proof.ErrEncoding},
			"z is zero":              {[]any{x, y, "0"}, proof.ErrEncoding},
			"all zero":               {[]any{"0", "0", "0"}, proof.ErrEncoding},
			"another infinity":       {[]any{"0", "2", "0"}, proof.ErrEncoding},
			"a number":               {[]any{x, 7, "1"}, proof.ErrEncoding},
			"null":                   {[]any{nil, y, "1"}, proof.ErrEncoding},
			"a pair":                 {[]any{x, []any{y}, "1"}, proof.ErrEncoding},
			"a string":               {"x", proof.ErrEncoding},
			"empty":                  {[]any{"", y, "1"}, proof.ErrEncoding},
			"negative":               {[]any{"-" + x, y, "1"}, proof.ErrEncoding},
			"leading zero":           {[]any{"0" + x, y, "1"}, proof.ErrEncoding},
			"plus":                   {[]any{"+" + x, y, "1"}, proof.ErrEncoding},
			"hexadecimal":            {[]any{"0x1", y, "1"}, proof.ErrEncoding},
			"digits of another kind": {[]any{"١", y, "1"}, proof.ErrEncoding},
			"underscore":             {[]any{"1_0", y, "1"}, proof.ErrEncoding},
			"space":                  {[]any{x + " ", y, "1"}, proof.ErrEncoding},
			"x plus the modulus":     {[]any{shifted, y, "1"}, proof.ErrEncoding},
			"x is the modulus":       {[]any{modulus, y, "1"}, proof.ErrEncoding},
			"too large":              {[]any{strings.Repeat("9", 115), y, "1"}, proof.ErrEncoding},
			"too long":               {[]any{strings.Repeat("9", 5000), y, "1"}, proof.ErrEncoding},
			"off the curve":          {[]any{y, x, "1"}, proof.ErrPoint},
			"zeros with z one":       {[]any{"0", "0", "1"}, nil},
		}, map[string]badPoint{
			"two coordinates":     {[]any{bx, by}, proof.ErrEncoding},
			"no pair":             {[]any{bx, by, []any{"1"}}, proof.ErrEncoding},
			"z is two":            {[]any{bx, by, []any{"2", "0"}}, proof.ErrEncoding},
			"z is i":              {[]any{bx, by, []any{"0", "1"}}, proof.ErrEncoding},
			"strings":             {[]any{"1", "2", "1"}, proof.ErrEncoding},
			"infinity":            {[]any{zero, one, zero}, proof.ErrPoint},
			"real and imaginary":  {[]any{[]any{bx[1], bx[0]}, []any{by[1], by[0]}, one}, proof.ErrPoint},
			"x is not a number":   {[]any{[]any{"x", "0"}, by, one}, proof.ErrEncoding},
			"y0 is the modulus":   {[]any{bx, []any{modulus, by[1]}, one}, proof.ErrEncoding},
			"x and y are swapped": {[]any{by, bx, one}, proof.ErrPoint},
		}
}

func TestBadSnarkJSPoints(t *testing.T) {
	for _, s := range snarks(t) {
		g1, g2 := badPoints(s)
		for name, tc := range g1 {
			// As coordinates, zeros are infinity on BN254 and nothing on BLS12-381.
			if tc.err == nil {
				tc.err = proof.ErrPoint
				if s.curve == proof.CurveBLS12381 {
					tc.err = proof.ErrEncoding
				}
			}
			for _, field := range []string{"pi_a", "pi_c"} {
				_, _, err := groth16.ProofFromSnarkJS(edit(t, s.proof, field, tc.point))
				require.ErrorIs(t, err, tc.err, "%s: %s is %s", s.name, field, name)
			}
			_, _, err := groth16.KeyFromSnarkJS(edit(t, s.key, "vk_alpha_1", tc.point))
			require.ErrorIs(t, err, tc.err, "%s: %s", s.name, name)
		}
		infinity := []any{"0", "1", "0"}
		_, _, err := groth16.ProofFromSnarkJS(edit(t, s.proof, "pi_a", infinity))
		require.ErrorIs(t, err, proof.ErrPoint)
		_, _, err = groth16.KeyFromSnarkJS(edit(t, s.key, "vk_alpha_1", infinity))
		require.ErrorIs(t, err, proof.ErrPoint)
		for name, tc := range g2 {
			_, _, err := groth16.ProofFromSnarkJS(edit(t, s.proof, "pi_b", tc.point))
			require.ErrorIs(t, err, tc.err, "%s: %s", s.name, name)
			for _, field := range []string{"vk_beta_2", "vk_gamma_2", "vk_delta_2"} {
				_, _, err := groth16.KeyFromSnarkJS(edit(t, s.key, field, tc.point))
				require.ErrorIs(t, err, tc.err, "%s: %s is %s", s.name, field, name)
			}
		}
	}
}

// law V4: a point of IC may be infinity.
func TestSnarkJSInfinityInKey(t *testing.T) {
	for _, s := range snarks(t) {
		k := append([]any{}, s.key["IC"].([]any)...)
		k[0] = []any{"0", "1", "0"}
		curve, key, err := groth16.KeyFromSnarkJS(edit(t, s.key, "IC", k))
		require.NoError(t, err, s.name)
		_, err = groth16.Family.Parse(curve, key, nil)
		require.NoError(t, err, s.name)
	}
}

func TestBadSnarkJSObjects(t *testing.T) {
	huge := bytes.Repeat([]byte(" "), groth16.MaxSnarkJSSize+1)
	for _, s := range snarks(t) {
		k := s.key["IC"].([]any)
		many := make([]any, 2+proof.MaxPublicInputs)
		for i := range many {
			many[i] = k[0]
		}
		for name, tc := range map[string]struct {
			bz  []byte
			err error
		}{
			"nothing":              {nil, proof.ErrEncoding},
			"null":                 {[]byte("null"), proof.ErrEncoding},
			"a list":               {[]byte("[]"), proof.ErrEncoding},
			"an empty object":      {[]byte("{}"), proof.ErrEncoding},
			"cut short":            {s.keyJSON[:len(s.keyJSON)-2], proof.ErrEncoding},
			"trailing bytes":       {append(bytes.Clone(s.keyJSON), '}'), proof.ErrEncoding},
			"two objects":          {append(bytes.Clone(s.keyJSON), s.keyJSON...), proof.ErrEncoding},
			"too large":            {append(huge, s.keyJSON...), proof.ErrSize},
			"deep":                 {bytes.Repeat([]byte(`{"a":`), 20000), proof.ErrEncoding},
			"no protocol":          {edit(t, s.key, "protocol", nil), proof.ErrEncoding},
			"another protocol":     {edit(t, s.key, "protocol", "plonk"), proof.ErrEncoding},
			"protocol is a number": {edit(t, s.key, "protocol", 1), proof.ErrEncoding},
			"no curve":             {edit(t, s.key, "curve", nil), proof.ErrEncoding},
			"another curve":        {edit(t, s.key, "curve", "secq256r1"), proof.ErrCurve},
			"our name":             {edit(t, s.key, "curve", "bn254"), proof.ErrCurve},
			"curve is a list":      {edit(t, s.key, "curve", []int{1}), proof.ErrEncoding},
			"unknown field":        {edit(t, s.key, "x", 1), proof.ErrEncoding},
			"case of a field":      {edit(t, s.key, "ic", s.key["IC"]), proof.ErrEncoding},
			"no IC":                {edit(t, s.key, "IC", nil), proof.ErrEncoding},
			"IC is empty":          {edit(t, s.key, "IC", []any{}), proof.ErrEncoding},
			"IC is no list":        {edit(t, s.key, "IC", "x"), proof.ErrEncoding},
			"IC is one short":      {edit(t, s.key, "IC", k[1:]), proof.ErrEncoding},
			"IC has one more":      {edit(t, s.key, "IC", append(k[:len(k):len(k)], k[0])), proof.ErrEncoding},
			"IC is too long":       {edit(t, s.key, "IC", many), proof.ErrSize},
			"nPublic is negative":  {edit(t, s.key, "nPublic", -1), proof.ErrEncoding},
			"nPublic is a string":  {edit(t, s.key, "nPublic", "2"), proof.ErrEncoding},
			"nPublic is broken":    {edit(t, s.key, "nPublic", 2.5), proof.ErrEncoding},
			"nPublic is another":   {edit(t, s.key, "nPublic", 100), proof.ErrEncoding},
			"a proof":              {s.proofJSON, proof.ErrEncoding},
		} {
			_, _, err := groth16.KeyFromSnarkJS(tc.bz)
			require.ErrorIs(t, err, tc.err, "%s: %s", s.name, name)
		}
		_, _, err := groth16.KeyFromSnarkJS(edit(t, s.key, "vk_alphabeta_12", "anything: it is computed"))
		require.NoError(t, err)

		for name, tc := range map[string]struct {
			bz  []byte
			err error
		}{
			"nothing":          {nil, proof.ErrEncoding},
			"a key":            {s.keyJSON, proof.ErrEncoding},
			"too large":        {append(huge, s.proofJSON...), proof.ErrSize},
			"trailing bytes":   {append(bytes.Clone(s.proofJSON), ' ', '1'), proof.ErrEncoding},
			"another protocol": {edit(t, s.proof, "protocol", "fflonk"), proof.ErrEncoding},
			"another curve":    {edit(t, s.proof, "curve", ""), proof.ErrCurve},
			"no pi_b":          {edit(t, s.proof, "pi_b", nil), proof.ErrEncoding},
			"unknown field":    {edit(t, s.proof, "publicSignals", []string{}), proof.ErrEncoding},
		} {
			_, _, err := groth16.ProofFromSnarkJS(tc.bz)
			require.ErrorIs(t, err, tc.err, "%s: %s", s.name, name)
		}
	}
}

func TestSnarkJSInputs(t *testing.T) {
	orders := map[string]string{
		proof.CurveBN254:    "21888242871839275222246405745257275088548364400416034343698204186575808495617",
		proof.CurveBLS12381: "52435875175126190479447740508185965837690552500527637822603658699938581184513",
	}
	list := func(n int) []byte { return []byte("[" + strings.TrimSuffix(strings.Repeat(`"7",`, n), ",") + "]") }
	for curve, order := range orders {
		n, _ := new(big.Int).SetString(order, 10)
		last := n.Sub(n, big.NewInt(1))
		got, err := groth16.InputsFromSnarkJS(curve, []byte(`["0", "`+last.String()+`"]`))
		require.NoError(t, err)
		require.Equal(t, append(make([]byte, 32), last.Bytes()...), got)
		got, err = groth16.InputsFromSnarkJS(curve, []byte("[]"))
		require.NoError(t, err)
		require.Empty(t, got)
		got, err = groth16.InputsFromSnarkJS(curve, list(proof.MaxPublicInputs))
		require.NoError(t, err)
		require.Len(t, got, 32*proof.MaxPublicInputs)
		for name, bz := range map[string]string{
			"nothing": "", "null": "null", "an object": "{}", "a number": "[1]", "a null": "[null]", "not closed": `["1"`,
			"trailing": `["1"] 2`, "nested": `[["1"]]`, "empty": `[""]`, "negative": `["-1"]`, "leading zero": `["01"]`,
			"the order": `["` + order + `"]`, "too large": `["` + strings.Repeat("9", 80) + `"]`,
			"too long": `["` + strings.Repeat("9", 1000) + `"]`, "too many": string(list(proof.MaxPublicInputs + 1)),
			"too large a file": strings.Repeat(" ", groth16.MaxSnarkJSSize) + "[]",
		} {
			_, err := groth16.InputsFromSnarkJS(curve, []byte(bz))
			require.ErrorIs(t, err, proof.ErrPublicValues, name)
		}
	}
	_, err := groth16.InputsFromSnarkJS("bn128", []byte("[]"))
	require.ErrorIs(t, err, proof.ErrCurve)
}

// The largest key that the chain takes fits into a file that is read.
func TestLargestSnarkJSKey(t *testing.T) {
	for _, s := range snarks(t) {
		k := s.key["IC"].([]any)
		full := make([]any, 1+proof.MaxPublicInputs)
		for i := range full {
			full[i] = k[0]
		}
		var object map[string]any
		require.NoError(t, json.Unmarshal(edit(t, s.key, "IC", full), &object))
		object["nPublic"] = proof.MaxPublicInputs
		bz, err := json.MarshalIndent(object, "", " ")
		require.NoError(t, err)
		require.Less(t, len(bz), groth16.MaxSnarkJSSize*2/3)
		_, key, err := groth16.KeyFromSnarkJS(bz)
		require.NoError(t, err, s.name)
		require.LessOrEqual(t, len(key), proof.MaxKeySize)
	}
}

// FuzzSnarkJSKey: no bytes make the reader panic; what it accepts is a canonical
// key of the curve that it names.
func FuzzSnarkJSKey(f *testing.F) {
	for _, s := range snarks(f) {
		f.Add(s.keyJSON)
		f.Add(s.proofJSON)
	}
	f.Fuzz(func(t *testing.T, bz []byte) {
		curve, key, err := groth16.KeyFromSnarkJS(bz)
		if err != nil {
			return
		}
		k, err := groth16.Family.Parse(curve, key, nil)
		require.NoError(t, err)
		require.Zero(t, k.Shape().Commitments)
	})
}

// FuzzSnarkJSProof: no bytes make the reader panic; what it accepts is a proof
// that the family parses.
func FuzzSnarkJSProof(f *testing.F) {
	keys, ids := map[string]proof.Key{}, map[string][32]byte{}
	for _, s := range snarks(f) {
		f.Add(s.proofJSON)
		f.Add(s.keyJSON)
		_, canonical, err := groth16.KeyFromSnarkJS(s.keyJSON)
		require.NoError(f, err)
		keys[s.curve], err = groth16.Family.Parse(s.curve, canonical, nil)
		require.NoError(f, err)
		ids[s.curve] = proof.CircuitID(groth16.Name, s.curve, canonical)
	}
	f.Fuzz(func(t *testing.T, bz []byte) {
		curve, raw, err := groth16.ProofFromSnarkJS(bz)
		if err != nil {
			return
		}
		values := make([]byte, 32*keys[curve].Shape().PublicInputs)
		if err := keys[curve].Verify(ids[curve], keys[curve].Digest(values), values, raw); err != nil {
			require.ErrorIs(t, err, proof.ErrInvalidProof)
		}
	})
}

// FuzzSnarkJSInputs: no bytes make the reader panic; what it accepts are words.
func FuzzSnarkJSInputs(f *testing.F) {
	for _, s := range snarks(f) {
		f.Add(s.values, s.curve == proof.CurveBN254)
	}
	f.Fuzz(func(t *testing.T, bz []byte, bn254 bool) {
		curve := proof.CurveBLS12381
		if bn254 {
			curve = proof.CurveBN254
		}
		words, err := groth16.InputsFromSnarkJS(curve, bz)
		if err == nil {
			var list []string
			require.NoError(t, json.Unmarshal(bz, &list))
			require.Len(t, words, 32*len(list))
			for i, s := range list {
				require.Equal(t, s, new(big.Int).SetBytes(words[32*i:32*i+32]).String())
			}
		}
	})
}
