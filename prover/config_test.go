package prover

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cosmossdk.io/math"
	"github.com/stretchr/testify/require"
)

func TestConfigRoundTrip(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	cfg.Chain.ID = "test-1"
	cfg.Price.FixedCost = Amount{math.NewInt(77)}
	cfg.Filter.Programs = []string{"aa"}
	require.NoError(t, cfg.Validate())
	path, err := WriteConfig(cfg)
	require.NoError(t, err)
	got, err := LoadConfig(cfg.Home)
	require.NoError(t, err)
	require.Equal(t, cfg, got)
	require.NoError(t, got.Policy().Validate())

	_, err = WriteConfig(cfg)
	require.ErrorIs(t, err, fs.ErrExist, "a configuration is never overwritten")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestConfigFile(t *testing.T) {
	load := func(text string) (Config, error) {
		home := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(home, ConfigFile), []byte(text), 0o600))
		return LoadConfig(home)
	}
	cfg, err := load("[chain]\nid = \"x\"\npoll_interval = \"1s\"\n[price]\nmin_fee = \"5uproof\"\n[key]\ndir = \"keys\"\n")
	require.NoError(t, err)
	require.Equal(t, Duration(time.Second), cfg.Chain.PollInterval)
	require.True(t, cfg.Price.MinFee.Equal(math.NewInt(5)))
	require.Equal(t, filepath.Join(cfg.Home, "keys"), cfg.Key.Dir)
	require.Equal(t, DefaultConfig("").Backend, cfg.Backend, "what the file leaves out has its default")

	for text, want := range map[string]string{
		"[chain]\nidd = \"x\"":             "unknown key",
		"[price]\nmin_fee = \"5.5\"":       "not an amount",
		"[chain]\ntimeout = \"soon\"":      "invalid duration",
		"[chain":                           "",
		"[backend]\nworkers = \"several\"": "",
	} {
		_, err := load(text)
		require.Error(t, err, text)
		require.ErrorContains(t, err, want)
	}
	_, err = LoadConfig(t.TempDir())
	require.ErrorContains(t, err, "proverd init")
}

func TestConfigValidateNamesTheKey(t *testing.T) {
	for key, change := range map[string]func(*Config){
		"chain.id":             func(c *Config) { c.Chain.ID = "" },
		"chain.nodes":          func(c *Config) { c.Chain.Nodes = nil },
		"chain.tx_ttl":         func(c *Config) { c.Chain.TxTTL = Duration(10 * time.Minute) },
		"backend.workers":      func(c *Config) { c.Backend.Workers = 0 },
		"backend.trial_proofs": func(c *Config) { c.Backend.TrialProofs = "perhaps" },
		"log.format":           func(c *Config) { c.Log.Format = "xml" },
		"margin_bps":           func(c *Config) { c.Price.MinMarginBps = c.Price.MarginBps + 1 },
	} {
		cfg := DefaultConfig("x")
		cfg.Chain.ID = "test-1"
		require.NoError(t, cfg.Validate())
		change(&cfg)
		require.ErrorContains(t, cfg.Validate(), key)
	}
}

func TestStatus(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	writeStatus(r.home, r.store, r.engine.log)
	running, err := ReadStatus(r.home)
	require.NoError(t, err)
	require.Len(t, running.Open, 1)
	require.Equal(t, id, running.Open[0].RequestID)
	raw, err := os.ReadFile(filepath.Join(r.home, stateFile))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "salt")
	require.NotContains(t, string(raw), r.job(id).Fee.String(), "a sealed fee stays sealed")

	require.NoError(t, r.store.Close())
	stopped, err := ReadStatus(r.home)
	require.NoError(t, err)
	require.Equal(t, running, stopped)
	r.open()
}
