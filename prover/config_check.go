package prover

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	coreaddress "cosmossdk.io/core/address"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	sdk "github.com/cosmos/cosmos-sdk/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/chain"
)

// keyringBackends are those of the SDK that work without a desktop's help, and
// the desktops'.
var keyringBackends = []string{"test", "file", "os", "kwallet", "pass", "keychain", "memory"}

// Validate says what is wrong with a configuration, naming each key at fault.
func (c Config) Validate() error {
	var bad []error
	say := func(key string, ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
		}
	}
	c.checkChain(say)
	c.checkKey(say)
	c.checkStrategy(say)
	c.checkBackends(say)
	for _, d := range c.Fetch.FileDirs {
		say("fetch.file_dirs", filepath.IsAbs(d), "%q: write an absolute path, such as /srv/images", d)
	}
	say("fetch.timeout", c.Fetch.Timeout > 0, "must be above 0s")
	say("fetch.max_image_bytes", c.Fetch.MaxImageBytes > 0, "must be at least 1")
	say("fetch.max_input_bytes", c.Fetch.MaxInputBytes > 0, "must be at least 1")
	say("fetch.max_cache_bytes", c.Fetch.MaxCacheBytes >= 0, "must be 0 or more")
	if c.Serve.Metrics != "" {
		_, _, err := net.SplitHostPort(c.Serve.Metrics)
		say("serve.metrics", err == nil, "%q: write host:port, such as 127.0.0.1:9464", c.Serve.Metrics)
	}
	say("log.format", c.Log.Format == "text" || c.Log.Format == "json", "log format %q: use text or json", c.Log.Format)
	var level slog.Level
	say("log.level", level.UnmarshalText([]byte(c.Log.Level)) == nil, "log level %q: use debug, info, warn or error", c.Log.Level)
	if len(bad) > 0 {
		return fmt.Errorf("%s: %w", ConfigFile, errors.Join(bad...))
	}
	return nil
}

// check reports a key at fault unless ok.
type check func(key string, ok bool, format string, args ...any)

func (c Config) checkChain(say check) {
	say("chain.id", c.Chain.ID != "", "name the chain")
	say("chain.nodes", len(c.Chain.Nodes) > 0, "name the RPC address of at least one node")
	for _, n := range c.Chain.Nodes {
		u, err := url.Parse(n)
		say("chain.nodes", err == nil && u.Host != "" && slices.Contains([]string{"http", "https", "tcp"}, u.Scheme),
			"%q: write an address such as http://127.0.0.1:26657", n)
	}
	price, err := sdk.ParseDecCoins(c.Chain.GasPrice)
	say("chain.gas_price", err == nil && len(price) == 1 && price[0].Denom == chainconst.Denom,
		"%q: write an amount of %[2]s, such as 0.025%[2]s", c.Chain.GasPrice, chainconst.Denom)
	say("chain.gas_margin_percent", c.Chain.GasMarginPercent <= maxGasMarginPercent, "must be at most %d", maxGasMarginPercent)
	say("chain.poll_interval", c.Chain.PollInterval > 0, "must be above 0s")
	say("chain.tx_ttl", c.Chain.TxTTL > 0 && time.Duration(c.Chain.TxTTL) <= chain.MaxTxTTL, "must be above 0s and at most %s", chain.MaxTxTTL)
	say("chain.timeout", c.Chain.Timeout > 0, "must be above 0s")
}

// maxGasMarginPercent keeps a slip of the pen from spending ten times the gas.
const maxGasMarginPercent = 1_000

func (c Config) checkKey(say check) {
	say("key.name", c.Key.Name != "", "name the submitter's key")
	say("key.backend", slices.Contains(keyringBackends, c.Key.Backend), "%q: use one of %s", c.Key.Backend, strings.Join(keyringBackends, ", "))
	if c.Key.Prover != "" {
		_, err := addressCodec().StringToBytes(c.Key.Prover)
		say("key.prover", err == nil, "%q: %v", c.Key.Prover, err)
	}
}

func addressCodec() coreaddress.Codec { return addresscodec.NewBech32Codec(chainconst.Bech32Prefix) }
