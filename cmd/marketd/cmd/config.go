package cmd

import (
	_ "embed" // for the template of app.toml
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/internal/nodedb"
)

const (
	// MinGasPrices is the default price that a node asks for gas.
	MinGasPrices = "0.0025" + chain.Denom
	// queryGasLimit bounds the work of one query, so that a node which serves
	// strangers can't be kept busy by iterating over a whole store.
	queryGasLimit = 50_000_000
	// timeoutCommit is the pause after each block.
	timeoutCommit = time.Second
	// metricsRetention is how many seconds a Prometheus metric outlives its last update.
	metricsRetention = 600
	// mempoolTxs and mempoolBytes bound CometBFT's pool of waiting transactions. The
	// application's lanes decide who waits; this one must hold all that they hold and let
	// go until the next block, lanes.Capacity.Behind, or it refuses proofs that they have
	// room for. It remembers as many, mempoolSeen.
	mempoolTxs   = 10_000
	mempoolBytes = 256 << 20
	mempoolSeen  = 2 * mempoolTxs
	// openConnections bounds the connections to RPC, and those to REST. CometBFT's
	// and the SDK's 900 and 1,000 are together more than the 1,024 open files that
	// many systems allow a process, whose databases then fail.
	openConnections = 256
	// maxHeaderBytes bounds the headers of one RPC request.
	maxHeaderBytes = 64 << 10
	// restWriteTimeout is how many seconds a client of REST may take to read an
	// answer. The SDK has no such limit.
	restWriteTimeout = 30
	// maxAnswerBytes bounds one answer over gRPC, and so over REST; a block of the
	// largest size fits, in both forms in which the SDK answers it. The SDK's is 2 GiB.
	maxAnswerBytes = 10 << 20
)

// nodeConfig is app.toml: what the SDK has there, and ours.
type nodeConfig struct {
	serverconfig.Config `mapstructure:",squash"`
	DB                  dbConfig           `mapstructure:"db"`
	Verification        verificationConfig `mapstructure:"verification"`
	Memory              memoryConfig       `mapstructure:"memory"`
}

// verificationConfig is about how proofs are verified ahead of their transactions.
type verificationConfig struct {
	Verdicts int `mapstructure:"verdicts"`
	Ahead    int `mapstructure:"ahead"`
}

// dbConfig is about the database of the application's state.
type dbConfig struct {
	BlockCacheMiB int `mapstructure:"block-cache-mib"`
}

// memoryConfig is about the memory of the process.
type memoryConfig struct {
	GCPercent int `mapstructure:"gc-percent"`
}

// keyBlockCache names the setting, in app.toml and as a flag.
const keyBlockCache = "db.block-cache-mib"

// appTemplate makes app.toml of a nodeConfig. It has every setting, the SDK's and ours,
// with the reason for its value: operators read them there.
//
//go:embed app.toml.tmpl
var appTemplate string

// appConfig returns the defaults of app.toml. REST and gRPC are on, because
// wallets and provers need them, and listen on the loopback interface only.
func appConfig() *nodeConfig {
	cfg := serverconfig.DefaultConfig()
	cfg.MinGasPrices = MinGasPrices
	cfg.BlockExecutor = serverconfig.BlockExecutorBlockSTM
	cfg.QueryGasLimit = queryGasLimit
	cfg.API.Enable = true
	cfg.API.MaxOpenConnections = openConnections
	cfg.API.RPCWriteTimeout = restWriteTimeout
	cfg.GRPC.Enable = true
	cfg.GRPC.MaxSendMsgSize = maxAnswerBytes
	// Without foreign origins, which are off, no web page could use it.
	cfg.GRPCWeb.Enable = false
	telemetry := &cfg.Telemetry //nolint:staticcheck // the only source of the application's Prometheus metrics; OpenTelemetry is set up in otel.yaml
	telemetry.ServiceName = app.Name
	telemetry.Enabled = true
	telemetry.PrometheusRetentionTime = metricsRetention
	// The application brings a pool of its own, of which this says nothing: package lanes.
	cfg.Mempool.MaxTxs = -1
	return &nodeConfig{
		Config: *cfg, DB: dbConfig{BlockCacheMiB: nodedb.DefaultBlockCache},
		Verification: verificationConfig{Verdicts: app.DefaultVerdicts, Ahead: app.DefaultAhead},
		Memory:       memoryConfig{GCPercent: gcPercent},
	}
}

// cometConfig returns the defaults of config.toml.
func cometConfig() *cmtcfg.Config {
	cfg := cmtcfg.DefaultConfig()
	cfg.Consensus.TimeoutCommit = timeoutCommit
	// The market's clock counts a pause between blocks as a halt, so a block must
	// come even when nobody sends anything; start refuses other settings.
	cfg.Consensus.CreateEmptyBlocks = true
	cfg.Consensus.CreateEmptyBlocksInterval = 0
	cfg.Mempool.Size = mempoolTxs
	cfg.Mempool.MaxTxsBytes = mempoolBytes
	cfg.Mempool.CacheSize = mempoolSeen
	cfg.Mempool.MaxTxBytes = app.MaxTxBytes
	cfg.RPC.MaxOpenConnections = openConnections
	cfg.RPC.MaxHeaderBytes = maxHeaderBytes
	// A subscriber that does not read is cut off, and so sees that it missed events.
	cfg.RPC.CloseOnSlowClient = true
	cfg.Instrumentation.Prometheus = true
	cfg.Instrumentation.PrometheusListenAddr = "127.0.0.1:26660"
	return cfg
}

// writeCometConfig writes config.toml with our defaults if home has none. The
// SDK would do it, but takes a timeout_commit of one second, which is CometBFT's
// default, for one that nobody chose, and writes five.
func writeCometConfig(home string) error {
	path := filepath.Join(home, "config", "config.toml")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	cmtcfg.EnsureRoot(home)
	cmtcfg.WriteConfigFile(path, cometConfig())
	return nil
}
