package app_test

import (
	"testing"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/stretchr/testify/require"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/lanes"
)

// closed is a configuration that exposes nothing.
func closed() (*serverconfig.Config, *cmtcfg.Config) {
	server, comet := serverconfig.DefaultConfig(), cmtcfg.DefaultConfig()
	server.MinGasPrices = "0.0025uproof"
	server.API.Enable, server.API.RPCWriteTimeout = true, 30
	server.QueryGasLimit = 1
	comet.Instrumentation.PrometheusListenAddr = "127.0.0.1:26660"
	comet.Mempool.Size, comet.Mempool.MaxTxsBytes = lanes.DefaultCapacity().Behind()
	return server, comet
}

func TestServerConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*serverconfig.Config, *cmtcfg.Config)
		want   string // empty if it is taken
	}{
		"sound":               {func(*serverconfig.Config, *cmtcfg.Config) {}, ""},
		"free on purpose":     {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "0uproof" }, ""},
		"no price":            {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "" }, "name one price"},
		"a price in no coin":  {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "0.1" }, "no price"},
		"nonsense":            {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "a,,b" }, "no price"},
		"another coin":        {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "0.1stake" }, "name one price"},
		"two coins":           {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "0.1stake,0.1uproof" }, "name one price"},
		"the pool of the app": {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.Mempool.Type = "app" }, `type = "flood"`},
		"a small pool":        {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.Mempool.Size-- }, "set size and max_txs_bytes"},
		"a light pool":        {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.Mempool.MaxTxsBytes-- }, "set size and max_txs_bytes"},
		"no second look":      {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.Mempool.Recheck = false }, "recheck = true"},
		"no pool":             {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.Mempool.Type = "nop" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, comet := closed()
			tc.change(server, comet)
			err := app.CheckServerConfig(server, comet)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, app.ErrNodeConfig)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestExposures(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*serverconfig.Config, *cmtcfg.Config)
		want   []string // what each warning names, in order
	}{
		"none": {func(*serverconfig.Config, *cmtcfg.Config) {}, nil},
		"sockets": {func(_ *serverconfig.Config, c *cmtcfg.Config) {
			c.RPC.ListenAddress, c.RPC.Unsafe = "unix:///run/rpc.sock", true
		}, nil},
		"IPv6": {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.RPC.ListenAddress = "tcp://[::1]:26657" }, nil},
		"RPC":  {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.RPC.ListenAddress = "tcp://0.0.0.0:26657" }, []string{"laddr"}},
		"unsafe RPC": {func(_ *serverconfig.Config, c *cmtcfg.Config) {
			c.RPC.ListenAddress, c.RPC.Unsafe, c.RPC.MaxOpenConnections = "tcp://:26657", true, 0
		}, []string{"rpc.unsafe", "laddr", "max_open_connections"}},
		"gRPC": {func(s *serverconfig.Config, _ *cmtcfg.Config) {
			s.GRPC.Address, s.QueryGasLimit = "node.example:9090", 0
		}, []string{"grpc.address", "query-gas-limit"}},
		"gRPC is off": {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.GRPC.Address, s.GRPC.Enable = "0.0.0.0:9090", false }, nil},
		"REST":        {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.API.Address = "tcp://0.0.0.0:1317" }, nil},
		"careless REST": {func(s *serverconfig.Config, _ *cmtcfg.Config) {
			s.API.Address, s.API.EnableUnsafeCORS, s.API.RPCWriteTimeout, s.API.MaxOpenConnections = "tcp://[::]:1317", true, 0, 0
		}, []string{"api.enabled-unsafe-cors", "api.rpc-write-timeout", "api.max-open-connections"}},
		"REST is off": {func(s *serverconfig.Config, _ *cmtcfg.Config) {
			s.API.Address, s.API.Enable, s.API.EnableUnsafeCORS = "tcp://0.0.0.0:1317", false, true
		}, nil},
		"pprof":      {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.RPC.PprofListenAddress = ":6060" }, []string{"pprof_laddr"}},
		"pprof here": {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.RPC.PprofListenAddress = "localhost:6060" }, nil},
		"metrics": {func(_ *serverconfig.Config, c *cmtcfg.Config) {
			c.Instrumentation.Prometheus, c.Instrumentation.PrometheusListenAddr = true, ":26660"
		}, []string{"prometheus_listen_addr"}},
		"free":       {func(s *serverconfig.Config, _ *cmtcfg.Config) { s.MinGasPrices = "0uproof" }, []string{"minimum-gas-prices"}},
		"unreadable": {func(_ *serverconfig.Config, c *cmtcfg.Config) { c.RPC.ListenAddress = "tcp://nowhere" }, []string{"laddr"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, comet := closed()
			tc.change(server, comet)
			found := app.Exposures(server, comet)
			require.Len(t, found, len(tc.want), "%q", found)
			for i, want := range tc.want {
				require.Contains(t, found[i], want)
			}
		})
	}
}
