package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/store"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRootCmd()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestInitWritesWhatStartReads(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	out, err := run(t, "init", "--home", home, "--chain-id", "test-1", "--node", "http://a:1,http://b:2",
		"--fixed-cost", "55uproof", "--standby", "--margin-bps", "100", "--poll-interval", "100ms", "--allow-private-urls")
	require.NoError(t, err, out)
	cfg, err := prover.LoadConfig(home)
	require.NoError(t, err)
	require.NoError(t, cfg.Validate())
	require.Equal(t, "test-1", cfg.Chain.ID)
	require.Equal(t, []string{"http://a:1", "http://b:2"}, cfg.Chain.Nodes)
	require.Equal(t, "55", cfg.Price.FixedCost.String())
	require.True(t, cfg.Price.Standby)
	require.True(t, cfg.Fetch.AllowPrivateURLs)

	_, err = run(t, "init", "--home", home)
	require.ErrorIs(t, err, os.ErrExist)
	_, err = run(t, "init", "--home", filepath.Join(home, "2"), "--fixed-cost", "much")
	require.ErrorContains(t, err, "--fixed-cost")
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, "start", "--home", home)
	require.ErrorContains(t, err, "proverd init")

	_, err = run(t, "init", "--home", home, "--no-key")
	require.NoError(t, err)
	_, err = run(t, "start", "--home", home)
	require.ErrorContains(t, err, "chain.id")
	_, err = run(t, "start", "--home", home, "--chain-id", "test-1")
	require.ErrorContains(t, err, "submitter", "the key does not exist")
	_, err = run(t, "start", "--home", home, "--chain-id", "test-1", "--log-level", "loud")
	require.ErrorContains(t, err, "log level")
	_, err = run(t, "start", "--home", home, "--chain-id", "test-1", "--log-format", "xml")
	require.ErrorContains(t, err, "log format")
}

func TestStatusAndVersion(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, "status", "--home", home)
	require.Error(t, err)
	s, err := store.Open(filepath.Join(home, "jobs.db"))
	require.NoError(t, err)
	require.NoError(t, s.SetSeen(store.Seen{Height: 7}))
	require.NoError(t, s.Close())
	out, err := run(t, "status", "--home", home, "--output", "json")
	require.NoError(t, err)
	var got prover.Status
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, int64(7), got.Height)
	out, err = run(t, "status", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, "last block 7")

	out, err = run(t, "version", "-o", "json")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(out)))
	_, err = run(t, "version", "-o", "yaml")
	require.ErrorContains(t, err, "text or json")
}

func TestDemoCircuitNeedsAFile(t *testing.T) {
	_, err := run(t, "demo-circuit", "--index", "1")
	require.ErrorContains(t, err, "file")
}
