package cli

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestMain(m *testing.M) {
	chain.ConfigureBech32()
	os.Exit(m.Run())
}

// stored is the only request that fetch knows.
var stored = strings.Repeat("ab", 32)

// fetch is a chain with one request, fulfilled, under a key that is not built in.
func fetch(_ *cobra.Command, id string, withProof bool) (Fetched, error) {
	if id != stored {
		return Fetched{}, errors.New("no such request")
	}
	set := vectors.SP1(&testing.T{})
	r := set.Rows[0]
	k := set.Key(&testing.T{}, r.VerifiesUnder[0])
	e := offline.ForKey(k.Family, k.Curve, k.Published, k.Constants, r.Program, r.Digest, r.PublicValues, r.Proof)
	if !withProof {
		e.Proof, e.PublicValues = nil, nil
	}
	return Fetched{Verifier: "sp1/old", Envelope: e}, nil
}

// run runs the verify command and returns its exit code and what it printed.
func run(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := NewVerifyCmd(fetch)
	var out, errOut bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(args)
	err := cmd.Execute()
	var exit *ExitError
	if errors.As(err, &exit) {
		code = exit.Code
		require.NotZero(t, code)
		require.NotEmpty(t, exit.Error())
	} else {
		require.NoError(t, err)
	}
	return code, out.String(), errOut.String()
}

func envelope(t testing.TB, change func(e *offline.Envelope)) string {
	t.Helper()
	f := groth16test.All(t)[1]
	e := offline.ForKey("groth16", "bn254", f.Raw, nil, f.ID(), f.Digest(), f.PublicValues(), bytes.Clone(f.RawProof))
	change(&e)
	bz, err := json.Marshal(e)
	require.NoError(t, err)
	return string(bz)
}

func TestVerifyExitCodes(t *testing.T) {
	valid := envelope(t, func(*offline.Envelope) {})
	invalid := envelope(t, func(e *offline.Envelope) { e.Proof[10] ^= 1 })
	unreadable := envelope(t, func(e *offline.Envelope) { e.Curve = "" })
	file := filepath.Join(t.TempDir(), "proof.json")
	require.NoError(t, os.WriteFile(file, []byte(valid), 0o600))

	for name, tc := range map[string]struct {
		stdin  string
		args   []string
		code   int
		status string
	}{
		"valid file":   {"", []string{file}, 0, "valid"},
		"valid, stdin": {valid, []string{"-"}, 0, "valid"},
		"invalid":      {invalid, []string{"-"}, 1, "invalid"},
		"unreadable":   {unreadable, []string{"-"}, 2, "unreadable"},
		"empty":        {"", []string{"-"}, 2, "unreadable"},
		"no such file": {"", []string{file + "x"}, 2, "unreadable"},
		"a folder":     {"", []string{filepath.Dir(file)}, 2, "unreadable"},
	} {
		code, out, errOut := run(t, tc.stdin, tc.args...)
		require.Equal(t, tc.code, code, name)
		require.Contains(t, out, tc.status+": ", name)
		require.Empty(t, errOut, name)

		code, out, _ = run(t, tc.stdin, append(tc.args, "--output", "json")...)
		require.Equal(t, tc.code, code, name)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(out), &a), name)
		require.Equal(t, tc.status, a.Status, name)
		require.Equal(t, tc.code == 0, a.Valid, name)
		require.NotEmpty(t, a.Reason, name)
	}
}

func TestVerifyUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"a", "b"},
		{"-", "--output", "yaml"},
		{"-", "--nonsense"},
		{"-", "--request", stored},
		{"-", "--key", "k"},
		{"--key", "k", "--request", stored},
		{"--key", "k"},
		{"--key", "k", "--public-values", "v"},
		{"--proof", "p"},
		{"-", "--proof", "p"},
		{"-", "--public-values", "p"},
		{"-", "--family", "plonk"},
		{"--request", stored, "--curve", "bn254"},
	} {
		code, out, errOut := run(t, "", args...)
		require.Equal(t, offline.ExitUnreadable, code, args)
		require.Empty(t, out)
		require.NotEmpty(t, errOut)
	}
}

// files writes files into a new folder and returns their paths.
func files(t testing.TB, contents ...[]byte) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, bz := range contents {
		path := filepath.Join(dir, string(rune('a'+i)))
		require.NoError(t, os.WriteFile(path, bz, 0o600))
		paths = append(paths, path)
	}
	return paths
}

// A circuit's files, as gnark and as snarkjs wrote them.
func TestVerifyFiles(t *testing.T) {
	f, p := groth16test.AllOn(t, proof.CurveBLS12381)[1], plonktest.Get(t, proof.CurveBN254, plonktest.OneCommitment)
	g := files(t, f.Raw, f.RawProof, f.PublicValues(), f.PublicValues()[1:])
	l := files(t, p.Raw, p.RawProof, p.PublicValues())
	s := files(t, vectors.Read(t, "snarkjs/groth16_verification_key.json"), vectors.Read(t, "snarkjs/groth16_proof.json"), vectors.Read(t, "snarkjs/groth16_public.json"))
	key, proofFlag, values := "--key", "--proof", "--public-values"
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"groth16":                {[]string{key, g[0], proofFlag, g[1], values, g[2]}, 0, hex.EncodeToString(bytesOf(f.ID()))},
		"groth16, said":          {[]string{key, g[0], proofFlag, g[1], values, g[2], "--family", "groth16", "--curve", "bls12-381"}, 0, "groth16"},
		"groth16, other values":  {[]string{key, g[0], proofFlag, g[1], values, g[3]}, 1, "public values"},
		"groth16, no values":     {[]string{key, g[0], proofFlag, g[1]}, 2, "public_values"},
		"groth16, wrong curve":   {[]string{key, g[0], proofFlag, g[1], values, g[2], "--curve", "bn254"}, 2, "bn254"},
		"plonk":                  {[]string{key, l[0], proofFlag, l[1], values, l[2]}, 0, hex.EncodeToString(bytesOf(p.ID()))},
		"plonk, another proof":   {[]string{key, l[0], proofFlag, g[1], values, l[2]}, 1, "invalid"},
		"snarkjs":                {[]string{key, s[0], proofFlag, s[1], values, s[2]}, 0, "valid"},
		"snarkjs, files swapped": {[]string{key, s[1], proofFlag, s[0], values, s[2]}, 2, s[1]},
		"snarkjs, no proof":      {[]string{key, s[0], proofFlag, s[2], values, s[2]}, 1, "proof"},
		"no such key":            {[]string{key, s[0] + "x", proofFlag, s[1], values, s[2]}, 2, "--key"},
		"no such proof":          {[]string{key, s[0], proofFlag, s[1] + "x", values, s[2]}, 2, "--proof"},
		"no such values":         {[]string{key, s[0], proofFlag, s[1], values, s[2] + "x"}, 2, "--public-values"},
	} {
		code, out, errOut := run(t, "", tc.args...)
		require.Equal(t, tc.code, code, "%s: %s", name, out)
		require.Contains(t, out, tc.says, name)
		require.Empty(t, errOut, name)
	}
	code, out, _ := run(t, string(f.Raw), key, "-", proofFlag, g[1], values, g[2], "--output", "json")
	require.Zero(t, code, out)
	require.Contains(t, out, `"status":"valid"`)
}

func bytesOf(word [32]byte) []byte { return word[:] }

// A request on the chain, with its stored proof or with one from files, under a
// key that only the chain has.
func TestVerifyRequest(t *testing.T) {
	r := vectors.SP1(t).Rows[0]
	other := bytes.Clone(r.Proof)
	other[len(other)-1] ^= 1
	p := files(t, r.Proof, other, r.PublicValues, r.PublicValues[1:])
	for name, tc := range map[string]struct {
		args []string
		code int
	}{
		"stored proof":                  {nil, 0},
		"stored proof, values":          {[]string{"--public-values", p[2]}, 0},
		"stored proof, other values":    {[]string{"--public-values", p[3]}, 1},
		"proof given":                   {[]string{"--proof", p[0]}, 0},
		"proof given, values":           {[]string{"--proof", p[0], "--public-values", p[2]}, 0},
		"another proof given":           {[]string{"--proof", p[1]}, 1},
		"proof given is not there":      {[]string{"--proof", p[1] + "x"}, 2},
		"unknown request, in the place": {[]string{"--request", "00"}, 2},
	} {
		code, out, _ := run(t, "", append([]string{"--request", stored, "--output", "json"}, tc.args...)...)
		require.Equal(t, tc.code, code, "%s: %s", name, out)
		if tc.code < 2 {
			require.Contains(t, out, `"verifier":"sp1/old"`, name)
		}
	}
}

func TestReadCircuit(t *testing.T) {
	f := groth16test.All(t)[2]
	cmd := NewRegisterCircuitCmd()
	for _, path := range files(t, f.Raw, f.Compressed) {
		c, err := readCircuit(cmd, path)
		require.NoError(t, err)
		require.Equal(t, offline.Circuit{Family: "groth16", Curve: proof.CurveBN254, Key: f.Raw, ID: f.ID()}, c)
	}
	paths := files(t, make([]byte, proof.MaxKeySize+1), make([]byte, offline.MaxFileSize+1), vectors.Read(t, "snarkjs/groth16_verification_key.json"))
	c, err := readCircuit(cmd, paths[2])
	require.NoError(t, err)
	require.Equal(t, proof.CurveBN254, c.Curve)
	_, err = readCircuit(cmd, paths[0])
	require.ErrorIs(t, err, offline.ErrBadKey)
	_, err = readCircuit(cmd, paths[1])
	require.ErrorContains(t, err, "more than")
	_, err = readCircuit(cmd, paths[0]+"x")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, cmd.Flags().Set("curve", "bls12-381"))
	_, err = readCircuit(cmd, paths[2])
	require.ErrorIs(t, err, proof.ErrCurve)
}

func TestTxCommands(t *testing.T) {
	cmd := NewTxCmd()
	require.Equal(t, types.ModuleName, cmd.Name())
	sub, _, err := cmd.Find([]string{"register-circuit"})
	require.NoError(t, err)
	require.NotNil(t, sub.Flags().Lookup("from"))
}
