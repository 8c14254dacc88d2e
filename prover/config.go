package prover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	toml "github.com/pelletier/go-toml/v2"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/chain"
)

const (
	// ConfigFile is the name of the configuration in a home folder.
	ConfigFile = "config.toml"

	configMode = 0o600
	homeMode   = 0o700
)

// Config is everything that an operator sets. It is one file, config.toml in
// the home folder; what it leaves out has the value of DefaultConfig.
type Config struct {
	// Home is the folder of the configuration, the jobs and the files. It is not
	// part of the file.
	Home string `toml:"-"`
	// Worker is the command line of a process that calls ServeBackend, a backend's
	// name being put after it; empty to make proofs in this process. It is not part
	// of the file.
	Worker []string `toml:"-"`

	Chain   ChainConfig   `toml:"chain"`
	Key     KeyConfig     `toml:"key"`
	Price   PriceConfig   `toml:"price"`
	Filter  FilterConfig  `toml:"filter"`
	Breaker BreakerConfig `toml:"breaker"`
	Fetch   FetchConfig   `toml:"fetch"`
	Serve   ServeConfig   `toml:"serve"`
	Log     LogConfig     `toml:"log"`

	// Backends are the ways to make proofs, the first that serves a verifier first.
	Backends []BackendConfig `toml:"backends"`
}

// ChainConfig says where the chain is.
type ChainConfig struct {
	ID               string   `toml:"id"`
	Nodes            []string `toml:"nodes"`
	GasPrice         string   `toml:"gas_price"`
	GasMarginPercent uint64   `toml:"gas_margin_percent"`
	TxTTL            Duration `toml:"tx_ttl"`
	PollInterval     Duration `toml:"poll_interval"`
	Timeout          Duration `toml:"timeout"`
}

// KeyConfig says who signs, and for whom.
type KeyConfig struct {
	// Prover is whom the signer acts for; empty to ask the chain.
	Prover  string `toml:"prover"`
	Name    string `toml:"name"`
	Backend string `toml:"backend"`
	Dir     string `toml:"dir"`
}

// FetchConfig bounds what is downloaded for strangers.
type FetchConfig struct {
	AllowPrivateURLs bool `toml:"allow_private_urls"`
	// FileDirs are the folders below which file URLs are read, as absolute paths.
	FileDirs      []string `toml:"file_dirs"`
	Timeout       Duration `toml:"timeout"`
	MaxImageBytes int64    `toml:"max_image_bytes"`
	MaxInputBytes int64    `toml:"max_input_bytes"`
	MaxCacheBytes int64    `toml:"max_cache_bytes"`
}

// ServeConfig says where metrics are served; empty for nowhere.
type ServeConfig struct {
	Metrics string `toml:"metrics"`
}

// LogConfig says how the log looks: format text or json, level debug, info,
// warn or error.
type LogConfig struct {
	Format string `toml:"format"`
	Level  string `toml:"level"`
}

// DefaultConfig returns a configuration that lacks only a chain and a key.
func DefaultConfig(home string) Config {
	return Config{
		Home: home,
		Chain: ChainConfig{
			Nodes: []string{"http://127.0.0.1:26657"}, GasPrice: chain.DefaultGasPrice,
			GasMarginPercent: chain.DefaultGasMarginPercent, TxTTL: Duration(chain.DefaultTxTTL),
			PollInterval: Duration(500 * time.Millisecond), Timeout: Duration(chain.DefaultTimeout),
		},
		Key:   KeyConfig{Name: "submitter", Backend: "test", Dir: home},
		Price: defaultPrice(), Filter: defaultFilter(), Breaker: defaultBreaker(),
		Fetch: FetchConfig{
			FileDirs: []string{}, Timeout: Duration(time.Minute), MaxImageBytes: gnark.DefaultMaxImageBytes,
			MaxInputBytes: gnark.DefaultMaxInputBytes, MaxCacheBytes: 4 << 30,
		},
		Log:      LogConfig{Format: "text", Level: "info"},
		Backends: []BackendConfig{defaultBackend()},
	}
}

// LoadConfig reads the configuration in a home folder over the defaults. A key
// that it does not know is an error: it may be a slip of the pen.
func LoadConfig(home string) (Config, error) {
	cfg := DefaultConfig(home)
	path := filepath.Join(home, ConfigFile)
	f, err := os.Open(path)
	if err != nil {
		return cfg, fmt.Errorf("read the configuration (make one with `proverd init`): %w", err)
	}
	defer f.Close()
	cfg.Backends = nil // a list in the file replaces the default one
	if err := toml.NewDecoder(f).DisallowUnknownFields().Decode(&cfg); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return cfg, fmt.Errorf("%s: unknown key:\n%s", path, strict.String())
		}
		var wrong *toml.DecodeError
		if errors.As(err, &wrong) {
			return cfg, fmt.Errorf("%s:\n%s", path, wrong.String()) // with the line and its number
		}
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	if len(cfg.Backends) == 0 {
		cfg.Backends = []BackendConfig{defaultBackend()}
	}
	for i := range cfg.Backends {
		cfg.Backends[i].fillDefaults()
	}
	if cfg.Key.Dir == "" {
		cfg.Key.Dir = home
	}
	if !filepath.IsAbs(cfg.Key.Dir) {
		cfg.Key.Dir = filepath.Join(home, cfg.Key.Dir)
	}
	return cfg, nil
}

// Duration is a time.Duration that reads and writes as text, such as 2m0s.
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Amount is an amount of uproof that reads and writes as text, such as 10000.
type Amount struct{ math.Int }

// MarshalText implements encoding.TextMarshaler.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It takes a bare integer,
// with or without the name of the coin.
func (a *Amount) UnmarshalText(b []byte) error {
	v, ok := math.NewIntFromString(strings.TrimSuffix(string(b), "uproof"))
	if !ok {
		return fmt.Errorf("%q is not an amount: write a whole number of uproof", b)
	}
	a.Int = v
	return nil
}
