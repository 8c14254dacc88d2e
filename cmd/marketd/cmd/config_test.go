package cmd

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"text/template"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/proofmarket/proofmarket/app"
)

// readConfig reads the files that init wrote into home, as start does.
func readConfig(t *testing.T, home string) (*serverconfig.Config, *cmtcfg.Config) {
	t.Helper()
	v := viper.New()
	for _, name := range []string{"config.toml", "app.toml"} {
		v.SetConfigFile(filepath.Join(home, "config", name))
		require.NoError(t, v.MergeInConfig())
	}
	comet := cmtcfg.DefaultConfig()
	require.NoError(t, v.Unmarshal(comet))
	cfg, err := serverconfig.GetConfig(v)
	require.NoError(t, err)
	return &cfg, comet
}

// The files of a new node keep strangers out and bound what the others can do:
// docs/decisions/0028-limits.md.
func TestDefaultsAreSafe(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	cfg, comet := readConfig(t, home)
	require.NoError(t, app.CheckNodeConfig(comet.Consensus))
	require.NoError(t, app.CheckServerConfig(cfg, comet))
	require.Empty(t, app.Exposures(cfg, comet))

	require.Equal(t, "tcp://127.0.0.1:26657", comet.RPC.ListenAddress)
	require.Empty(t, comet.RPC.GRPCListenAddress)
	require.Empty(t, comet.RPC.PprofListenAddress)
	require.Empty(t, comet.RPC.CORSAllowedOrigins)
	require.False(t, comet.RPC.Unsafe)
	require.True(t, comet.RPC.CloseOnSlowClient)
	require.False(t, cfg.API.EnableUnsafeCORS)
	require.False(t, cfg.API.Swagger)
	require.False(t, cfg.GRPCWeb.Enable)
	require.False(t, comet.P2P.AllowDuplicateIP)
	require.True(t, comet.P2P.AddrBookStrict)

	for name, tc := range map[string]struct{ have, want any }{
		"connections to RPC":         {comet.RPC.MaxOpenConnections, openConnections},
		"connections to REST":        {cfg.API.MaxOpenConnections, uint(openConnections)},
		"body of an RPC request":     {comet.RPC.MaxBodyBytes, int64(1_000_000)},
		"headers of an RPC request":  {comet.RPC.MaxHeaderBytes, maxHeaderBytes},
		"requests in one RPC batch":  {comet.RPC.MaxRequestBatchSize, 10},
		"subscribers":                {comet.RPC.MaxSubscriptionClients, 100},
		"subscriptions of each":      {comet.RPC.MaxSubscriptionsPerClient, 5},
		"body of a REST request":     {cfg.API.RPCMaxBodyBytes, uint(1_000_000)},
		"seconds to send to REST":    {cfg.API.RPCReadTimeout, uint(10)},
		"seconds to read from REST":  {cfg.API.RPCWriteTimeout, uint(restWriteTimeout)},
		"request over gRPC":          {cfg.GRPC.MaxRecvMsgSize, 10 << 20},
		"answer over gRPC":           {cfg.GRPC.MaxSendMsgSize, maxAnswerBytes},
		"gas of a query":             {cfg.QueryGasLimit, uint64(queryGasLimit)},
		"transaction":                {comet.Mempool.MaxTxBytes, app.MaxTxBytes},
		"waiting transactions":       {comet.Mempool.Size, mempoolTxs},
		"bytes of those":             {comet.Mempool.MaxTxsBytes, int64(mempoolBytes)},
		"transactions remembered":    {comet.Mempool.CacheSize, mempoolSeen},
		"peers that come":            {comet.P2P.MaxNumInboundPeers, 40},
		"peers that are called":      {comet.P2P.MaxNumOutboundPeers, 10},
		"bytes a second from a peer": {comet.P2P.RecvRate, int64(5_120_000)},
		"connections to the metrics": {comet.Instrumentation.MaxOpenConnections, 3},
		"answers kept for a reader":  {comet.RPC.WebSocketWriteBufferSize, 200},
		"gas price":                  {cfg.MinGasPrices, MinGasPrices},
	} {
		require.Equal(t, tc.want, tc.have, name)
	}
	// Base64 makes three bytes four: the largest transaction fits into a request.
	require.Less(t, int64(app.MaxTxBytes)*4/3+1024, comet.RPC.MaxBodyBytes)
	require.Less(t, uint(app.MaxTxBytes)*4/3+1024, cfg.API.RPCMaxBodyBytes)
	require.Greater(t, maxAnswerBytes, 2*app.MaxBlockBytes)
}

// guarded runs the start command's check over home, with further settings, and
// returns what it logs.
func guarded(t *testing.T, home string, settings map[string]any) (string, error) {
	t.Helper()
	_, comet := readConfig(t, home)
	node := server.NewDefaultContext()
	for _, name := range []string{"config.toml", "app.toml"} {
		node.Viper.SetConfigFile(filepath.Join(home, "config", name))
		require.NoError(t, node.Viper.MergeInConfig())
	}
	for key, value := range settings {
		node.Viper.Set(key, value)
	}
	require.NoError(t, node.Viper.Unmarshal(comet))
	node.Config = comet
	restoreCollector(t)
	var logs bytes.Buffer
	node.Logger = log.NewLogger(&logs, log.ColorOption(false))
	root, err := NewRootCmd()
	require.NoError(t, err)
	start, _, err := root.Find([]string{"start"})
	require.NoError(t, err)
	start.SetContext(context.WithValue(t.Context(), server.ServerContextKey, node))
	err = start.PreRunE(start, nil)
	return logs.String(), err
}

func TestStartRefusesAndWarns(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		settings map[string]any
		refused  bool
		says     string
	}{
		"defaults":       {nil, false, ""},
		"no garbage":     {map[string]any{keyGCPercent: 0}, true, keyGCPercent},
		"no gas price":   {map[string]any{"minimum-gas-prices": ""}, true, "minimum-gas-prices"},
		"another coin":   {map[string]any{"minimum-gas-prices": "1stake"}, true, "minimum-gas-prices"},
		"free":           {map[string]any{"minimum-gas-prices": "0uproof"}, false, "anyone can fill its mempool"},
		"the app's pool": {map[string]any{"mempool.type": "app"}, true, "flood"},
		"public RPC":     {map[string]any{"rpc.laddr": "tcp://0.0.0.0:26657", "rpc.unsafe": true}, false, "empty the mempool"},
		"public gRPC":    {map[string]any{"grpc.address": "0.0.0.0:9090"}, false, "grpc.address"},
	} {
		t.Run(name, func(t *testing.T) {
			logs, err := guarded(t, home, tc.settings)
			if tc.refused {
				require.ErrorIs(t, err, app.ErrNodeConfig)
				require.ErrorContains(t, err, tc.says)
				return
			}
			require.NoError(t, err)
			if tc.says == "" {
				require.NotContains(t, logs, "exposed to strangers")
			}
			require.Contains(t, logs, tc.says)
		})
	}
}

// Our template of app.toml has every setting that the SDK's has, so that a later SDK's new
// one is not forgotten, and writes every value as the SDK does, lists and maps too.
func TestTemplateHasEverySetting(t *testing.T) {
	cfg := appConfig()
	cfg.IndexEvents = []string{"tx.height", "message.sender"}
	cfg.AppDBBackend, cfg.Pruning, cfg.PruningKeepRecent, cfg.PruningInterval = "goleveldb", "custom", "7", "11"
	cfg.BlockSTMWorkers, cfg.BlockSTMPreEstimate, cfg.IAVLDisableFastNode = 3, true, true
	cfg.HaltHeight, cfg.HaltTime, cfg.MinRetainBlocks = 1, 2, 3
	telemetry := &cfg.Telemetry //nolint:staticcheck // as in appConfig
	telemetry.GlobalLabels = [][]string{{"chain", "test-1"}, {"zone", "a"}}
	telemetry.EnableHostname, telemetry.EnableHostnameLabel, telemetry.EnableServiceLabel = true, true, true
	telemetry.MetricsSink, telemetry.StatsdAddr, telemetry.DatadogHostname = "statsd", "localhost:8125", "host"
	cfg.GRPC.HistoricalGRPCAddressBlockRange = map[serverconfig.BlockRange]string{{1, 10}: "a:9090", {11, 20}: "b:9090"}
	cfg.StateSync.SnapshotInterval = 1000
	cfg.Streaming.ABCI.Keys, cfg.Streaming.ABCI.Plugin = []string{"bank", "market"}, "abci"
	render := func(text string) map[string]any {
		parsed, err := template.New("app.toml").Parse(text)
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, parsed.Execute(&out, cfg))
		var settings map[string]any
		require.NoError(t, toml.Unmarshal(out.Bytes(), &settings), out.String())
		return settings
	}
	want := render(serverconfig.DefaultConfigTemplate)
	want["db"] = map[string]any{"block-cache-mib": int64(cfg.DB.BlockCacheMiB)}
	want["verification"] = map[string]any{"verdicts": int64(cfg.Verification.Verdicts), "ahead": int64(cfg.Verification.Ahead)}
	want["memory"] = map[string]any{"gc-percent": int64(cfg.Memory.GCPercent)}
	require.Equal(t, want, render(appTemplate))
}

// The SDK gives a flag that is not set the value that app.toml has under its name, so no
// table and no key on top may be called as a flag is.
func TestSettingsAreNotTakenForFlags(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	v := viper.New()
	v.SetConfigFile(filepath.Join(home, "config", "app.toml"))
	require.NoError(t, v.ReadInConfig())
	tables := map[string]bool{}
	for name, value := range v.AllSettings() {
		if _, table := value.(map[string]any); table {
			tables[name] = true
		}
	}
	require.Contains(t, tables, "verification")
	require.Contains(t, tables, "memory")
	root, err := NewRootCmd()
	require.NoError(t, err)
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			require.False(t, tables[f.Name], "%s --%s", c.CommandPath(), f.Name)
		})
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(root)
}
