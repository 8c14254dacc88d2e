package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

// txDefaults are the values of transaction flags that make a command work as
// typed: gas is simulated, with room for what changes until the block, and paid
// at the price that nodes ask by default.
var txDefaults = map[string]string{
	flags.FlagGas:           flags.GasFlagAuto,
	flags.FlagGasAdjustment: "1.5",
	flags.FlagGasPrices:     MinGasPrices,
}

// setTxDefaults changes the defaults of the modules' transaction commands.
// Commands directly below `tx`, such as sign, work on transactions that have
// their gas and fee already.
func setTxDefaults(root *cobra.Command) error {
	tx, _, err := root.Find([]string{"tx"})
	if err != nil {
		return err
	}
	for _, module := range tx.Commands() {
		if err := setDefaultsBelow(module); err != nil {
			return err
		}
	}
	return nil
}

func setDefaultsBelow(c *cobra.Command) error {
	for _, sub := range c.Commands() {
		for name, value := range txDefaults {
			f := sub.Flags().Lookup(name)
			if f == nil {
				continue
			}
			if err := f.Value.Set(value); err != nil {
				return err
			}
			f.DefValue = value
		}
		if err := setDefaultsBelow(sub); err != nil {
			return err
		}
	}
	return nil
}

// yieldTxDefaults takes back a default that contradicts what the user gave: a
// fixed fee rules out a gas price, and nobody can simulate offline.
func yieldTxDefaults(f *pflag.FlagSet) error {
	yield := func(given bool, name, value string) error {
		if target := f.Lookup(name); given && target != nil && !target.Changed {
			return target.Value.Set(value)
		}
		return nil
	}
	if err := yield(f.Changed(flags.FlagFees), flags.FlagGasPrices, ""); err != nil {
		return err
	}
	return yield(f.Changed(flags.FlagOffline), flags.FlagGas, "200000")
}
