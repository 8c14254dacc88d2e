package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// addressFlagType is what AutoCLI calls a flag that holds an address. That of a
// list has more behind it.
const addressFlagType = "account address or key name"

// addressFlag stands before an address flag of AutoCLI, which looks for names of
// keys while it parses, before the home folder and with it the keyring are known.
// This one keeps what was given until they are.
type addressFlag struct {
	pflag.Value
	given []string
}

// Set implements pflag.Value.
func (f *addressFlag) Set(s string) error {
	f.given = append(f.given, s)
	return nil
}

// String implements pflag.Value.
func (f *addressFlag) String() string { return strings.Join(f.given, ",") }

// resolve hands on what was given, with names of keys replaced by addresses.
func (f *addressFlag) resolve(clientCtx client.Context) error {
	for _, s := range f.given {
		if err := f.hand(clientCtx, s); err != nil {
			return fmt.Errorf("%q: %w", s, err)
		}
	}
	return nil
}

// hand hands on one address or the address of one key: as an account's, or where
// the flag takes those, as a validator's.
func (f *addressFlag) hand(clientCtx client.Context, s string) error {
	if clientCtx.Keyring == nil {
		return f.Value.Set(s)
	}
	record, err := clientCtx.Keyring.Key(s)
	if err != nil { // no key: an address, or neither
		return f.Value.Set(s)
	}
	addr, err := record.GetAddress()
	if err != nil {
		return err
	}
	if err := f.Value.Set(addr.String()); err == nil {
		return nil
	}
	return f.Value.Set(sdk.ValAddress(addr).String())
}

// acceptKeyNames makes the address flags of AutoCLI's commands take names of keys,
// as their arguments do.
func acceptKeyNames(c *cobra.Command) {
	for _, sub := range c.Commands() {
		acceptKeyNames(sub)
	}
	waiting := map[string]*addressFlag{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Value.Type(), addressFlagType) {
			waiting[f.Name] = &addressFlag{Value: f.Value}
			f.Value = waiting[f.Name]
		}
	})
	run := c.RunE
	if len(waiting) == 0 || run == nil {
		return
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		clientCtx := client.GetClientContextFromCmd(cmd)
		var errs []error
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if flag, ok := waiting[f.Name]; ok {
				if err := flag.resolve(clientCtx); err != nil {
					errs = append(errs, fmt.Errorf("--%s %w", f.Name, err))
				}
			}
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return run(cmd, args)
	}
}
