// Package cmd holds the commands of marketd.
package cmd

import (
	"os"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	clientcfg "github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/app"
)

// EnvPrefix starts the environment variables that set flags and configuration:
// --home is MARKETD_HOME, api.enable is MARKETD_API_ENABLE.
const EnvPrefix = "MARKETD"

// NewRootCmd returns the root command with everything below it.
func NewRootCmd() (*cobra.Command, error) {
	// The command line asks the application for its modules, codecs and services.
	// This one never sees a block and keeps nothing on disk.
	sample, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), false, noOptions{})
	if err != nil {
		return nil, err
	}
	clientCtx := client.Context{}.
		WithCodec(sample.AppCodec()).
		WithInterfaceRegistry(sample.InterfaceRegistry()).
		WithTxConfig(sample.TxConfig()).
		WithLegacyAmino(sample.LegacyAmino()).
		WithInput(os.Stdin).
		WithAccountRetriever(authtypes.AccountRetriever{}).
		WithHomeDir(app.DefaultNodeHome).
		WithViper(EnvPrefix)

	root := &cobra.Command{
		Use:   app.Name,
		Short: "The Proofmarket node: buys and sells zero-knowledge proofs",
		Long: `The Proofmarket node and its command line.

Proofmarket is a chain on which requesters buy zero-knowledge proofs from
provers who compete in sealed-bid auctions and stake on their word.`,
		Example: `  # Prepare a node and start it
  marketd init my-node --chain-id proofmarket-devnet-1
  marketd start

  # Ask a running node
  marketd query bank balances proof1... --output json
  marketd status`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return prepare(cmd, clientCtx)
		},
	}
	// Results go to standard output, so that they can be piped; cobra's default
	// for them is standard error.
	root.SetOut(os.Stdout)
	root.SetErr(os.Stderr)
	addCommands(root, sample)

	autoCLI := sample.AutoCliOpts()
	autoCLI.ClientCtx = clientCtx
	if err := autoCLI.EnhanceRootCommand(root); err != nil {
		return nil, err
	}
	if err := acceptProgramNames(root); err != nil {
		return nil, err
	}
	if err := rewriteArguments(root); err != nil {
		return nil, err
	}
	acceptKeyNames(root)
	explain(root)
	return root, setTxDefaults(root)
}

// prepare reads flags, environment and configuration files before any command.
func prepare(cmd *cobra.Command, clientCtx client.Context) error {
	if err := yieldTxDefaults(cmd.Flags()); err != nil {
		return err
	}
	if err := homeFromEnvironment(cmd.Flags()); err != nil {
		return err
	}
	clientCtx = clientCtx.WithCmdContext(cmd.Context())
	clientCtx, err := client.ReadPersistentCommandFlags(clientCtx, cmd.Flags())
	if err != nil {
		return err
	}
	if clientCtx, err = clientcfg.ReadFromClientConfig(clientCtx); err != nil {
		return err
	}
	if err := client.SetCmdClientContextHandler(clientCtx, cmd); err != nil {
		return err
	}
	if err := writeCometConfig(clientCtx.HomeDir); err != nil {
		return err
	}
	serverCtx, err := server.InterceptConfigsAndCreateContext(cmd, appTemplate, appConfig(), cometConfig())
	if err != nil {
		return err
	}
	// Logs go to standard error: a line of them among a command's results would
	// break whoever reads those.
	logger, err := server.CreateSDKLogger(serverCtx, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	serverCtx.Logger = logger.With(log.ModuleKey, "server")
	return server.SetCmdServerContext(cmd, serverCtx)
}

// homeFromEnvironment makes MARKETD_HOME count like --home. The SDK looks at it
// for the server's files only, after keyring and client.toml are open.
func homeFromEnvironment(f *pflag.FlagSet) error {
	home := os.Getenv(EnvPrefix + "_HOME")
	if flag := f.Lookup(flags.FlagHome); home == "" || flag == nil || flag.Changed {
		return nil
	}
	return f.Set(flags.FlagHome, home)
}

// noOptions is an empty configuration.
type noOptions struct{}

// Get implements servertypes.AppOptions.
func (noOptions) Get(string) any { return nil }
