package cmd

import (
	"fmt"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/nodedb"
)

// guardStart makes the start command refuse a configuration that would break a
// law of the chain, before the node touches its data, and warn of one that lets
// strangers do more than the defaults do. A sound one then counts for the process.
func guardStart(start *cobra.Command) {
	start.Example = `  marketd start
  marketd start --home ./node0 --minimum-gas-prices 0.01uproof
  marketd start --block-executor sequential`
	start.PreRunE = func(cmd *cobra.Command, _ []string) error {
		node := server.GetServerContextFromCmd(cmd)
		if err := app.CheckNodeConfig(node.Config.Consensus); err != nil {
			return err
		}
		cfg, err := serverconfig.GetConfig(node.Viper)
		if err != nil {
			return err
		}
		if err := app.CheckServerConfig(&cfg, node.Config); err != nil {
			return err
		}
		for _, exposure := range app.Exposures(&cfg, node.Config) {
			node.Logger.Warn("exposed to strangers: " + exposure)
		}
		return setCollector(node.Viper, node.Logger)
	}
}

// startOptions makes the start command open the database with the cache that its
// configuration says.
func startOptions() server.StartCmdOptions {
	var start *cobra.Command
	return server.StartCmdOptions{
		AddFlags: func(cmd *cobra.Command) {
			start = cmd
			cmd.Flags().Int(keyBlockCache, nodedb.DefaultBlockCache, "memory for blocks read from goleveldb, in MiB; 0 for its own 8")
		},
		DBOpener: func(home string, backend dbm.BackendType) (dbm.DB, error) {
			return openDB(server.GetServerContextFromCmd(start).Viper, home, backend)
		},
	}
}

// openDB opens the application's database with the cache that the configuration says. It
// fails with ErrNodeConfig for a cache that is none.
func openDB(v *viper.Viper, home string, backend dbm.BackendType) (dbm.DB, error) {
	cache, err := app.Bounds{Least: 0, Most: nodedb.MaxBlockCache, Default: nodedb.DefaultBlockCache}.Number(v, keyBlockCache)
	if err != nil {
		return nil, err
	}
	return nodedb.Open(home, backend, cache)
}

// newApp builds the application for a command that runs or inspects a node.
func newApp(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	a, err := app.New(logger, db, true, options, server.DefaultBaseappOptions(options)...)
	if err != nil {
		// The SDK's interface has no place for an error; it is fatal anyway.
		panic(fmt.Errorf("cannot build the application: %w", err))
	}
	return a
}

// exportApp writes the state at height, or of the last block when height is -1.
func exportApp(
	logger log.Logger, db dbm.DB, height int64, forZeroHeight bool, jailAllowed []string,
	options servertypes.AppOptions, modules []string,
) (servertypes.ExportedApp, error) {
	a, err := app.New(logger, db, height == -1, options)
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	if height != -1 {
		if err := a.LoadHeight(height); err != nil {
			return servertypes.ExportedApp{}, err
		}
	}
	return a.ExportAppStateAndValidators(forZeroHeight, jailAllowed, modules)
}
