package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// dateExport makes the export command write the time of the last block as
// genesis_time, where the SDK leaves the time of the chain's first genesis: a chain
// that starts from the export must not go through the same time once more.
func dateExport(c *cobra.Command) {
	c.Long = `Export the state to JSON: the genesis of a chain that goes on from here.
genesis_time is the time of the last block; set it to when that chain shall start.`
	c.Example = `  marketd export > genesis.json
  marketd export --height 1200000 --output-document genesis.json`
	run := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if path, _ := cmd.Flags().GetString(flags.FlagOutputDocument); path != "" {
			if err := run(cmd, args); err != nil {
				return err
			}
			genesis, err := genutiltypes.AppGenesisFromFile(path)
			if err != nil {
				return err
			}
			if err := date(cmd, genesis); err != nil {
				return err
			}
			return genesis.SaveAs(path)
		}
		var out bytes.Buffer
		stdout := cmd.OutOrStdout()
		cmd.SetOut(&out)
		err := run(cmd, args)
		cmd.SetOut(stdout)
		if err != nil {
			return err
		}
		var genesis genutiltypes.AppGenesis
		if err := json.Unmarshal(out.Bytes(), &genesis); err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if err := date(cmd, &genesis); err != nil {
			return err
		}
		bz, err := json.Marshal(&genesis)
		if err != nil {
			return err
		}
		_, err = stdout.Write(bz)
		return err
	}
}

// date sets genesis_time to the last block of the state. It changes nothing where
// the market's state was left out, or no block was made.
func date(cmd *cobra.Command, genesis *genutiltypes.AppGenesis) error {
	var modules map[string]json.RawMessage
	if err := json.Unmarshal(genesis.AppState, &modules); err != nil {
		return fmt.Errorf("read the exported state: %w", err)
	}
	state, ok := modules[markettypes.ModuleName]
	if !ok {
		return nil
	}
	var market markettypes.GenesisState
	if err := client.GetClientContextFromCmd(cmd).Codec.UnmarshalJSON(state, &market); err != nil {
		return fmt.Errorf("read the market's exported state: %w", err)
	}
	if last := market.Clock.LastBlockTime; last.After(genesis.GenesisTime) {
		genesis.GenesisTime = last
	}
	return nil
}
