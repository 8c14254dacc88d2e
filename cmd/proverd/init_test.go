package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/chain"
)

const (
	testWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	someAddr  = "proof1zg69v7yszg69v7yszg69v7yszg69v7yshgvkcz"
)

// runWith runs a command line on an input, and returns both outputs.
func runWith(t *testing.T, input string, args ...string) (out, errOut string, err error) {
	t.Helper()
	root := newRootCmd()
	var o, e bytes.Buffer
	root.SetIn(strings.NewReader(input))
	root.SetOut(&o)
	root.SetErr(&e)
	root.SetArgs(args)
	err = root.ExecuteContext(context.Background())
	return o.String(), e.String(), err
}

func TestInitMakesAKey(t *testing.T) {
	chainconst.ConfigureBech32()
	home := filepath.Join(t.TempDir(), "home")
	out, errOut, err := runWith(t, "", "init", "--home", home, "--chain-id", "test-1", "--output", "json")
	require.NoError(t, err)
	var got initReport
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, filepath.Join(home, prover.ConfigFile), got.Config)
	require.True(t, got.Key.Created)
	require.True(t, strings.HasPrefix(got.Key.Address, "proof1"))
	require.Len(t, got.Commands, 3)
	require.Contains(t, got.Commands[0].Command, got.Key.Address)
	require.Contains(t, got.Commands[1].Command, "--keyring-dir "+home)

	// The words are on standard error only, and are those of the key.
	var words string
	for line := range strings.Lines(errOut) {
		if len(strings.Fields(line)) == 24 {
			words = strings.TrimSpace(line)
		}
	}
	require.NotEmpty(t, words)
	require.NotContains(t, out, words)
	kr, err := chain.OpenKeyring("test", t.TempDir(), strings.NewReader(""))
	require.NoError(t, err)
	same, err := prover.SetUpKey(kr, prover.KeyConfig{Name: "x"}, words)
	require.NoError(t, err)
	require.Equal(t, got.Key.Address, same.Address)

	// Nothing of it is overwritten.
	_, _, err = runWith(t, "", "init", "--home", home, "--chain-id", "test-1")
	require.ErrorIs(t, err, os.ErrExist)
	require.NoError(t, os.Remove(got.Config))
	_, _, err = runWith(t, testWords+"\n", "init", "--home", home, "--chain-id", "test-1", "--recover")
	require.ErrorIs(t, err, prover.ErrKeyExists)
	require.NoFileExists(t, got.Config)

	// The key that is there is used, which is said.
	out, errOut, err = runWith(t, "", "init", "--home", home, "--chain-id", "test-1")
	require.NoError(t, err)
	require.Contains(t, out, got.Key.Address+", was in the keyring and is used")
	require.Empty(t, errOut, "no words again")
	info, err := os.Stat(home)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestInitRecovers(t *testing.T) {
	chainconst.ConfigureBech32()
	home := filepath.Join(t.TempDir(), "home")
	out, errOut, err := runWith(t, " "+testWords+"  ", "init", "--home", home, "--chain-id", "test-1", "--recover", "--prover", someAddr)
	require.NoError(t, err)
	require.Contains(t, out, "proof19rl4cm2hmr8afy4kldpxz3fka4jguq0a7nqp8r, is new")
	require.Contains(t, out, "consent-submitter "+someAddr)
	require.NotContains(t, out+errOut, "abandon")

	for input, want := range map[string]string{"": "write the words", "abandon about\n": "derive key"} {
		home := filepath.Join(t.TempDir(), "home")
		_, _, err = runWith(t, input, "init", "--home", home, "--chain-id", "test-1", "--recover")
		require.ErrorContains(t, err, want)
		require.NoFileExists(t, filepath.Join(home, prover.ConfigFile))
	}
	_, _, err = runWith(t, testWords, "init", "--home", t.TempDir(), "--chain-id", "test-1", "--recover",
		"--prover", "proof19rl4cm2hmr8afy4kldpxz3fka4jguq0a7nqp8r")
	require.ErrorIs(t, err, prover.ErrStakeKey)
}

func TestInitWithAFileKeyring(t *testing.T) {
	t.Setenv(passphraseEnv, "correct horse")
	home := filepath.Join(t.TempDir(), "home")
	args := []string{"init", "--home", home, "--chain-id", "test-1", "--keyring-backend", "file"}
	out, _, err := runWith(t, "", args...)
	require.NoError(t, err)
	require.Contains(t, out, "file keyring")
	require.NoError(t, os.Remove(filepath.Join(home, prover.ConfigFile)))
	t.Setenv(passphraseEnv, "another horse")
	_, _, err = runWith(t, "", args...)
	require.Error(t, err, "a wrong passphrase")
	require.NoFileExists(t, filepath.Join(home, prover.ConfigFile))
}

func TestInitWithoutAKey(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	out, _, err := runWith(t, "", "init", "--home", home, "--no-key")
	require.NoError(t, err)
	require.Contains(t, out, "SUBMITTER_ADDRESS")
	entries, err := os.ReadDir(home)
	require.NoError(t, err)
	require.Len(t, entries, 1, "only the configuration")
	_, _, err = runWith(t, "", "init", "--home", home, "--no-key", "--recover")
	require.Error(t, err)
}

func TestInitRefusesBadFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"chain.nodes":       {"--node", "10.0.0.1:26657"},
		"key.prover":        {"--prover", "nobody"},
		"key.backend":       {"--keyring-backend", "paper"},
		"forgets":           {"--keyring-backend", "memory"},
		"chain.gas_price":   {"--gas-price", "1other"},
		"--output is text":  {"--output", "yaml", "--no-key"},
		"more than there":   {"--gas-price", "1" + strings.Repeat("0", 50) + "uproof", "--no-key"},
		"min_margin_bps":    {"--min-margin-bps", "9000"},
		"--poll-interval: ": {"--poll-interval", "soon"},
	} {
		home := filepath.Join(t.TempDir(), "home")
		_, _, err := runWith(t, "", append([]string{"init", "--home", home, "--chain-id", "test-1"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func TestAsk(t *testing.T) {
	ask := func(cfg *prover.Config, answers string, given ...string) (string, error) {
		var out bytes.Buffer
		err := ask(func(f string) bool { return len(given) > 0 && given[0] == f }, cfg, bufio.NewReader(strings.NewReader(answers)), &out)
		return out.String(), err
	}
	cfg := prover.DefaultConfig("x")
	out, err := ask(&cfg, "\ntest-1\nnonsense\nhttp://a:1, http://b:2\nnobody\n\nfile\n")
	require.NoError(t, err)
	require.Equal(t, "test-1", cfg.Chain.ID, "an empty answer is asked again")
	require.Equal(t, []string{"http://a:1", "http://b:2"}, cfg.Chain.Nodes)
	require.Empty(t, cfg.Key.Prover)
	require.Equal(t, "file", cfg.Key.Backend)
	require.Contains(t, out, "[http://127.0.0.1:26657]")
	require.Contains(t, out, `chain.nodes: "nonsense"`)
	require.Contains(t, out, "key.prover")

	cfg = prover.DefaultConfig("x")
	out, err = ask(&cfg, "\n"+someAddr+"\n\n", "chain-id")
	require.NoError(t, err)
	require.NotContains(t, out, "Id of the chain")
	require.Equal(t, prover.DefaultConfig("x").Chain, cfg.Chain)
	require.Equal(t, someAddr, cfg.Key.Prover)
	require.Equal(t, "test", cfg.Key.Backend)

	cfg = prover.DefaultConfig("x")
	_, err = ask(&cfg, "test-1\n")
	require.ErrorIs(t, err, io.EOF)
	require.ErrorContains(t, err, "--node")
	require.False(t, onTerminal(strings.NewReader("")))
}
