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

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// run runs the verify command and returns its exit code and what it printed.
func run(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := NewVerifyCmd()
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
	for _, args := range [][]string{{}, {"a", "b"}, {"-", "--output", "yaml"}, {"-", "--nonsense"}} {
		code, out, errOut := run(t, "", args...)
		require.Equal(t, offline.ExitUnreadable, code, args)
		require.Empty(t, out)
		require.NotEmpty(t, errOut)
	}
}

func TestReadKey(t *testing.T) {
	f := groth16test.All(t)[2]
	want := f.ID()
	dir := t.TempDir()
	for name, bz := range map[string][]byte{"raw": f.Raw, "compressed": f.Compressed} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, bz, 0o600))
		key, id, err := readKey(path)
		require.NoError(t, err)
		require.Equal(t, f.Raw, key)
		require.Equal(t, hex.EncodeToString(want[:]), id)
	}
	path := filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(path, make([]byte, proof.MaxKeySize+1), 0o600))
	_, _, err := readKey(path)
	require.ErrorIs(t, err, proof.ErrSize)
	_, _, err = readKey(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTxCommands(t *testing.T) {
	cmd := NewTxCmd()
	require.Equal(t, types.ModuleName, cmd.Name())
	sub, _, err := cmd.Find([]string{"register-circuit"})
	require.NoError(t, err)
	require.NotNil(t, sub.Flags().Lookup("from"))
}
