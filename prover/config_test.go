package prover

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

func TestConfigRoundTrip(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	cfg.Chain.ID = "test-1"
	cfg.Price.FixedCost = Amount{math.NewInt(77)}
	cfg.Filter.Programs = []string{strings.Repeat("aa", 32)}
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
	require.Equal(t, DefaultConfig("").Backends, cfg.Backends, "what the file leaves out has its default")

	for text, want := range map[string]string{
		"[chain]\nidd = \"x\"":                "unknown key",
		"[price]\nmin_fee = \"5.5\"":          "min_fee =",
		"[price]\nmin_fee = 5.5":              "min_fee =",
		"[chain]\ntimeout = \"soon\"":         "timeout =",
		"[chain":                              "1| [chain",
		"[[backends]]\nworkers = \"several\"": "workers =",
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
		"chain.id":            func(c *Config) { c.Chain.ID = "" },
		"chain.nodes":         func(c *Config) { c.Chain.Nodes = nil },
		"chain.tx_ttl":        func(c *Config) { c.Chain.TxTTL = Duration(10 * time.Minute) },
		"log.format":          func(c *Config) { c.Log.Format = "xml" },
		"key.prover":          func(c *Config) { c.Key.Prover = "proof1x" },
		"key.backend":         func(c *Config) { c.Key.Backend = "paper" },
		"chain.gas_price":     func(c *Config) { c.Chain.GasPrice = "1uother" },
		"chain.gas_margin":    func(c *Config) { c.Chain.GasMarginPercent = 4_000 },
		`chain.nodes: "10.0`:  func(c *Config) { c.Chain.Nodes = []string{"10.0.0.1:26657"} },
		"chain.poll_interval": func(c *Config) { c.Chain.PollInterval = -1 },
		"filter.programs":     func(c *Config) { c.Filter.Programs = []string{"0xaa"} },
		"filter.denied_req":   func(c *Config) { c.Filter.DeniedRequesters = []string{"cosmos1"} },
		"fetch.file_dirs":     func(c *Config) { c.Fetch.FileDirs = []string{"/srv/images", "images"} },
		"fetch.max_cache":     func(c *Config) { c.Fetch.MaxCacheBytes = -1 },
		"serve.metrics":       func(c *Config) { c.Serve.Metrics = "9464" },
		"log.level":           func(c *Config) { c.Log.Level = "loud" },
		"max_jobs":            func(c *Config) { c.Filter.MaxJobs = -1 },
		"margin_bps":          func(c *Config) { c.Price.MinMarginBps = c.Price.MarginBps + 1 },
	} {
		cfg := DefaultConfig("x")
		cfg.Chain.ID = "test-1"
		require.NoError(t, cfg.Validate())
		change(&cfg)
		require.ErrorContains(t, cfg.Validate(), key)
	}
}
