package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// programCommands are the commands whose argument, counted from 0, or else flag is
// a program, of which a circuit is one. The request command reads its own.
var programCommands = []struct {
	path string
	arg  int
	flag string
}{
	{path: "query verifier program", arg: 1},
	{path: "query verifier programs", flag: "program"},
	{path: "query verifier circuit"},
	{path: "tx verifier update-program"},
	{path: "tx verifier withdraw-program"},
	{path: "tx verifier withdraw-circuit"},
}

// acceptProgramNames makes those commands take a program as hex, with or without
// 0x, or as publisher/name. Most of them are AutoCLI's, which knows fields only.
func acceptProgramNames(root *cobra.Command) error {
	for _, p := range programCommands {
		c, rest, err := root.Find(strings.Fields(p.path))
		if err != nil || len(rest) > 0 || c.RunE == nil {
			return fmt.Errorf("no command %q to take names of programs", p.path)
		}
		what := "--" + p.flag
		if p.flag == "" {
			what = strings.Fields(c.Use)[1+p.arg]
		}
		if c.Long == "" {
			c.Long = c.Short + "."
		}
		c.Long += fmt.Sprintf("\n\n%s is 64 hex digits, with or without 0x, or publisher/name, where publisher is\nan address or the name of a local key.", what)
		run := c.RunE
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if p.flag != "" {
				if err := resolveFlag(cmd, p.flag); err != nil {
					return err
				}
			} else if p.arg < len(args) {
				id, err := resolveProgram(cmd, args[p.arg])
				if err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				args[p.arg] = id
			}
			return run(cmd, args)
		}
	}
	return nil
}

// resolveFlag replaces a program in a flag that was given.
func resolveFlag(cmd *cobra.Command, name string) error {
	f := cmd.Flags().Lookup(name)
	if f == nil || !f.Changed {
		return nil
	}
	id, err := resolveProgram(cmd, f.Value.String())
	if err != nil {
		return fmt.Errorf("--%s: %w", name, err)
	}
	return cmd.Flags().Set(name, id)
}

// resolveProgram returns a program as 64 hex digits. It asks a node for names only.
func resolveProgram(cmd *cobra.Command, s string) (string, error) {
	clientCtx, err := client.GetClientQueryContext(cmd)
	if err != nil {
		return "", err
	}
	var query verifiertypes.QueryClient
	if offline, _ := cmd.Flags().GetBool(flags.FlagOffline); !offline {
		query = verifiertypes.NewQueryClient(clientCtx)
	}
	p, err := verifiercli.ResolveProgram(cmd.Context(), query, clientCtx.Keyring, s)
	return p.ID, err
}
