package cmd

import (
	"github.com/spf13/cobra"

	confixcmd "cosmossdk.io/tools/confix/cmd"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/debug"
	"github.com/cosmos/cosmos-sdk/client/keys"
	"github.com/cosmos/cosmos-sdk/client/pruning"
	"github.com/cosmos/cosmos-sdk/client/snapshot"
	"github.com/cosmos/cosmos-sdk/server"
	authcmd "github.com/cosmos/cosmos-sdk/x/auth/client/cli"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/proofmarket/proofmarket/app"
	marketcli "github.com/proofmarket/proofmarket/x/market/client/cli"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
)

// addCommands adds the commands that are written by hand; AutoCLI adds those of
// the modules' messages and queries below `tx` and `query`.
func addCommands(root *cobra.Command, sample *app.App) {
	home := app.DefaultNodeHome
	root.AddCommand(
		initCommand(sample.BasicManager, home),
		genutilcli.Commands(sample.TxConfig(), sample.BasicManager, home),
		keys.Commands(),
		queryCommand(),
		txCommand(),
		server.StatusCommand(),
		snapshot.Cmd(newApp),
		pruning.Cmd(newApp, home),
		confixcmd.ConfigCommand(),
		debug.Cmd(),
		verifyCommand(),
		devnetCommand(),
		localnetCommand(sample.AppCodec()),
		loadCommand(),
	)
	// start, comet, export, version, rollback.
	server.AddCommandsWithStartCmdOptions(root, home, newApp, exportApp, startOptions())
	for _, c := range root.Commands() {
		switch c.Name() {
		case "start":
			guardStart(c)
		case "export":
			dateExport(c)
		case "version":
			withoutHome(c)
		}
	}
}

// withoutHome lets a command that needs no node run without creating the home
// folder and its files.
func withoutHome(c *cobra.Command) *cobra.Command {
	c.PersistentPreRunE = func(*cobra.Command, []string) error { return nil }
	return c
}

// verifyCommand needs the home folder's configuration only to ask a node. Whatever
// goes wrong on the way there is no verdict, and has the exit code for that.
func verifyCommand() *cobra.Command {
	c := verifiercli.NewVerifyCmd(marketcli.FetchRequest)
	c.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed(verifiercli.FlagRequest) {
			return nil
		}
		if err := cmd.Root().PersistentPreRunE(cmd, args); err != nil {
			return verifiercli.Fail(cmd, err.Error())
		}
		return nil
	}
	return c
}

func queryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "query",
		Aliases: []string{"q"},
		Short:   "Ask a node about the chain's state",
		Example: `  marketd query bank balances proof1...
  marketd query tx 5D0C... --output json
  marketd query block --type=height 100`,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	c.AddCommand(
		waitTxCommand(),
		server.QueryBlockCmd(),
		server.QueryBlocksCmd(),
		server.QueryBlockResultsCmd(),
		authcmd.QueryTxCmd(),
		authcmd.QueryTxsByEventsCmd(),
	)
	return c
}

func txCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "tx",
		Short: "Make, sign and send transactions",
		Example: `  marketd tx bank send alice proof1... 1000000uproof
  marketd tx sign unsigned.json --from alice`,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	c.AddCommand(
		authcmd.GetSignCommand(),
		authcmd.GetSignBatchCommand(),
		authcmd.GetMultiSignCommand(),
		authcmd.GetMultiSignBatchCmd(),
		authcmd.GetValidateSignaturesCommand(),
		authcmd.GetBroadcastCommand(),
		authcmd.GetEncodeCommand(),
		authcmd.GetDecodeCommand(),
		authcmd.GetSimulateCmd(),
	)
	return c
}
