package app

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"

	errorsmod "cosmossdk.io/errors"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// CheckNodeConfig refuses consensus settings under which the market's clock
// would stand still. Market time drops every gap between blocks longer than
// max_block_gap as a halt (section 5 of docs/design.md, "Clock"): a node that
// proposes only when transactions arrive turns quiet minutes into halts, and
// deadlines would never come.
func CheckNodeConfig(consensus *cmtcfg.ConsensusConfig) error {
	if !consensus.CreateEmptyBlocks {
		return errorsmod.Wrap(ErrNodeConfig,
			"create_empty_blocks is false; set create_empty_blocks = true in config.toml, section [consensus]")
	}
	if consensus.CreateEmptyBlocksInterval != 0 {
		return errorsmod.Wrapf(ErrNodeConfig,
			"create_empty_blocks_interval is %s; set create_empty_blocks_interval = \"0s\" in config.toml, section [consensus]",
			consensus.CreateEmptyBlocksInterval)
	}
	return nil
}

// CheckServerConfig refuses settings under which the node would not run, or would
// take transactions for nothing without its operator having said so: fees are what
// stops a flood, and a price in another coin is none, because no other coin can pay.
func CheckServerConfig(server *serverconfig.Config, comet *cmtcfg.Config) error {
	prices, err := sdk.ParseDecCoins(server.MinGasPrices)
	if err != nil {
		return errorsmod.Wrapf(ErrNodeConfig, "minimum-gas-prices is %q, which is no price (%v); set it in app.toml, for example \"0.0025%s\"",
			server.MinGasPrices, err, chain.Denom)
	}
	named := strings.Contains(server.MinGasPrices, chain.Denom)
	if !named || len(prices) > 1 || len(prices) == 1 && prices[0].Denom != chain.Denom {
		return errorsmod.Wrapf(ErrNodeConfig, "minimum-gas-prices is %q; fees are paid in %s alone, so name one price in it in app.toml, 0%s to take transactions for nothing",
			server.MinGasPrices, chain.Denom, chain.Denom)
	}
	switch comet.Mempool.Type {
	case "", cmtcfg.MempoolTypeFlood:
		return checkPool(comet.Mempool)
	case cmtcfg.MempoolTypeNop:
		return nil
	default:
		return errorsmod.Wrapf(ErrNodeConfig, "mempool type is %q, which the application does not serve; set type = %q in config.toml, section [mempool]",
			comet.Mempool.Type, cmtcfg.MempoolTypeFlood)
	}
}

// checkPool refuses a CometBFT pool that can't hold what the application's lanes hold and
// let go until the next block, because a full one refuses proofs before the application
// sees them; or that does not check transactions again after each block: proposals are
// made of what waits as it is (law M17).
func checkPool(pool *cmtcfg.MempoolConfig) error {
	txs, bytes := lanes.DefaultCapacity().Behind()
	if pool.Size < txs || pool.MaxTxsBytes < bytes {
		return errorsmod.Wrapf(ErrNodeConfig, "the mempool has room for %d transactions and %d bytes; behind the lanes wait %d and %d at most: set size and max_txs_bytes in config.toml, section [mempool], to that or more",
			pool.Size, pool.MaxTxsBytes, txs, bytes)
	}
	if !pool.Recheck {
		return errorsmod.Wrap(ErrNodeConfig, "recheck is false; set recheck = true in config.toml, section [mempool]: blocks are made of what has passed it")
	}
	return nil
}

// Exposures returns what a stranger can do to a node because of its settings that
// the defaults prevent, one sentence each with the setting to change. None of it
// endangers the chain, so the node starts; its operator should know.
func Exposures(server *serverconfig.Config, comet *cmtcfg.Config) []string {
	rpc, api, grpc := public(comet.RPC.ListenAddress), server.API.Enable && public(server.API.Address), server.GRPC.Enable && public(server.GRPC.Address)
	pprof := comet.RPC.PprofListenAddress
	metrics := comet.Instrumentation.PrometheusListenAddr
	var found []string
	for _, e := range []struct {
		exposed bool
		what    string
	}{
		{rpc && comet.RPC.Unsafe, "rpc.unsafe is on and the RPC server listens on " + comet.RPC.ListenAddress + ": anyone can empty the mempool and choose the node's peers; set unsafe = false in config.toml"},
		{rpc, "the RPC server listens on " + comet.RPC.ListenAddress + ": searches (tx_search, block_search) have no bound; put a proxy with rate limits before it, or set laddr to a loopback address in config.toml"},
		{grpc, "the gRPC server listens on " + server.GRPC.Address + ": it has no limit on connections and streams; put a proxy with limits before it, or set grpc.address to a loopback address in app.toml"},
		{api && server.API.EnableUnsafeCORS, "api.enabled-unsafe-cors is on and REST listens on " + server.API.Address + ": any web page can use it; set it to false in app.toml"},
		{api && server.API.RPCWriteTimeout == 0, "api.rpc-write-timeout is 0 and REST listens on " + server.API.Address + ": a client that does not read holds its connection for ever; set it to 30 in app.toml"},
		{rpc && comet.RPC.MaxOpenConnections == 0 || api && server.API.MaxOpenConnections == 0, "a public server takes any number of connections; set max_open_connections in config.toml and api.max-open-connections in app.toml"},
		{(rpc || api || grpc) && server.QueryGasLimit == 0, "query-gas-limit is 0 and a server is public: one query may read the whole state; set it in app.toml"},
		{pprof != "" && public(pprof), "pprof listens on " + pprof + ": it shows the node's memory and slows it down; set pprof_laddr = \"\" in config.toml"},
		{comet.Instrumentation.Prometheus && public(metrics), "CometBFT's metrics listen on " + metrics + "; set prometheus_listen_addr to a loopback or private address in config.toml"},
		{free(server.MinGasPrices), "minimum-gas-prices is 0: the node takes transactions for nothing, and anyone can fill its mempool; set it in app.toml"},
	} {
		if e.exposed {
			found = append(found, e.what)
		}
	}
	return found
}

// free tells whether prices, which CheckServerConfig took, are nothing.
func free(prices string) bool {
	parsed, err := sdk.ParseDecCoins(prices)
	return err == nil && parsed.IsZero()
}

// public tells whether others than this machine reach a listen address such as
// "tcp://0.0.0.0:26657", ":26660" or "unix:///run/node.sock". What it can't read
// counts as public.
func public(address string) bool {
	protocol, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	if found && protocol == "unix" {
		return false
	}
	host, _, err := net.SplitHostPort(rest)
	if err != nil {
		return true
	}
	if host == "localhost" {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// Bounds are what a setting of app.toml that is a whole number may be, and what it is if
// the file, one of an older release, does not have it.
type Bounds struct{ Least, Most, Default int }

// Number reads such a setting. Nonsense is ErrNodeConfig: taken for 0, it would switch off
// what it sets.
func (b Bounds) Number(options servertypes.AppOptions, key string) (int, error) {
	v := options.Get(key)
	if v == nil {
		return b.Default, nil
	}
	n, err := strconv.Atoi(fmt.Sprint(v))
	if err != nil || n < b.Least || n > b.Most {
		return 0, errorsmod.Wrapf(ErrNodeConfig, "%s is %q; set it in app.toml to a number from %d to %d, by default it is %d",
			key, fmt.Sprint(v), b.Least, b.Most, b.Default)
	}
	return n, nil
}
