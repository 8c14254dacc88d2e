package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// initCommand is the SDK's init, whose genesis then gets the chain's consensus
// parameters: the SDK writes CometBFT's, which put no cap on a block's gas.
func initCommand(modules module.BasicManager, home string) *cobra.Command {
	c := genutilcli.InitCmd(modules, home)
	c.Short = "Write the keys, genesis and configuration files of a new node"
	c.Long = `Write the keys, genesis and configuration files of a new node into its home
folder. To join a running chain, replace config/genesis.json by that chain's.`
	c.Example = `  marketd init my-node --chain-id proofmarket-devnet-1
  marketd init my-node --chain-id proofmarket-devnet-1 --home ./node0 --overwrite`
	writeFiles := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if denom, _ := cmd.Flags().GetString(genutilcli.FlagDefaultBondDenom); denom != "" && denom != chain.Denom {
			return fmt.Errorf("--%s %s: the chain has one coin, %s; leave the flag out",
				genutilcli.FlagDefaultBondDenom, denom, chain.Denom)
		}
		if err := writeFiles(cmd, args); err != nil {
			return err
		}
		return setConsensusParams(server.GetServerContextFromCmd(cmd).Config.GenesisFile())
	}
	if flag := c.Flags().Lookup(genutilcli.FlagDefaultBondDenom); flag != nil {
		flag.Hidden = true
	}
	return c
}

// setConsensusParams puts the chain's consensus parameters into a genesis file,
// with the key type that the file already names.
func setConsensusParams(path string) error {
	genesis, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		return err
	}
	params := app.DefaultConsensusParams()
	if genesis.Consensus.Params != nil {
		params.Validator = genesis.Consensus.Params.Validator
	}
	genesis.Consensus.Params = params
	return genutil.ExportGenesisFile(genesis, path)
}
