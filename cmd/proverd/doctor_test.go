package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover"
)

func TestDoctor(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	out, err := run(t, "doctor", "--home", home)
	require.ErrorIs(t, err, errUnwell)
	require.Contains(t, out, "proverd init --home "+home)

	// In a test, this program is no worker: the backend is one that needs none.
	_, err = run(t, "init", "--home", home, "--chain-id", "test-1", "--node", "http://127.0.0.1:1")
	require.NoError(t, err)
	setInProcess(t, home)
	out, err = run(t, "doctor", "--home", home, "--output", "json")
	require.ErrorIs(t, err, errUnwell)
	var d prover.Diagnosis
	require.NoError(t, json.NewDecoder(strings.NewReader(out)).Decode(&d))
	require.False(t, d.OK)
	require.Equal(t, 1, d.Counts[prover.VerdictFail], out)
	for _, c := range d.Checks {
		require.Equal(t, c.Check == "node http://127.0.0.1:1", c.Verdict == prover.VerdictFail, "%+v", c)
		require.Equal(t, c.Verdict == prover.VerdictWarn || c.Verdict == prover.VerdictFail, c.Fix != "", "%+v", c)
	}
	out, err = run(t, "doctor", "--home", home)
	require.ErrorIs(t, err, errUnwell)
	require.Regexp(t, `(?m)^fail +node http://127\.0\.0\.1:1 .*\(fix: start the node`, out)
	require.Contains(t, out, "1 failed")

	_, err = run(t, "doctor", "--home", home, "--bids", "-1")
	require.ErrorContains(t, err, "--bids")
	_, err = run(t, "doctor", "--home", home, "--output", "yaml")
	require.ErrorContains(t, err, "text or json")
}

// setInProcess has the backend of a written configuration do without a worker.
func setInProcess(t *testing.T, home string) {
	t.Helper()
	path := filepath.Join(home, prover.ConfigFile)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	text := strings.Replace(string(raw), "in_process = false", "in_process = true", 1)
	require.NotEqual(t, string(raw), text)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}
