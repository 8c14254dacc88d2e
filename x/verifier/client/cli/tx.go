// Package cli holds the module's hand-written commands: those that read files.
// AutoCLI makes the others.
package cli

import (
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"

	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// NewTxCmd returns the parent of the module's transaction commands. AutoCLI adds
// the rest to it.
func NewTxCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:                        types.ModuleName,
		Short:                      "Register circuits, publish programs, and govern verifiers",
		DisableFlagParsing:         true,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	cmd.AddCommand(NewRegisterCircuitCmd(), NewPublishProgramCmd(), NewUpdateProgramCmd())
	return cmd
}

// Flags that say what a key is.
const (
	flagFamily = "family"
	flagCurve  = "curve"
)

// addKeyFlags adds what says what a key is.
func addKeyFlags(cmd *cobra.Command) {
	cmd.Flags().String(flagFamily, "", "family of the key, groth16 or plonk (default: found out)")
	cmd.Flags().String(flagCurve, "", "curve of the key, bn254 or bls12-381 (default: found out)")
}

// NewRegisterCircuitCmd returns the command that registers a circuit from a key
// file.
func NewRegisterCircuitCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "register-circuit KEY_FILE",
		Short: "Register a gnark or snarkjs verifying key as a circuit, against a deposit",
		Long: `Register a verifying key as a circuit, against a deposit that returns on
withdrawal. KEY_FILE ("-" reads standard input) is what gnark's WriteTo or WriteRawTo
wrote, Groth16 or PLONK, on BN254 or BLS12-381, or snarkjs's verification_key.json,
Groth16. It is checked and converted here. Family and curve are found out; say them
with --family and --curve to be sure. The circuit id, which requests name as their
program, is printed to standard error.`,
		Example: `  marketd tx verifier register-circuit circuit.vk --from alice --gas auto
  marketd tx verifier register-circuit verification_key.json --from alice --gas auto
  marketd tx verifier register-circuit circuit.vk --family plonk --curve bls12-381 --from alice --gas auto`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			circuit, err := readCircuit(cmd, args[0])
			if err != nil {
				return err
			}
			cmd.PrintErrln("circuit", hex.EncodeToString(circuit.ID[:]))
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), &types.MsgRegisterCircuit{
				Owner: clientCtx.GetFromAddress().String(), Family: circuit.Family, Curve: circuit.Curve, Key: circuit.Key,
			})
		},
	}
	addKeyFlags(cmd)
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// readCircuit reads the key in a file, as the flags say or as it turns out.
func readCircuit(cmd *cobra.Command, path string) (offline.Circuit, error) {
	family, _ := cmd.Flags().GetString(flagFamily)
	curve, _ := cmd.Flags().GetString(flagCurve)
	bz, err := readFile(cmd.InOrStdin(), path)
	if err != nil {
		return offline.Circuit{}, err
	}
	circuit, err := offline.ReadCircuit(family, curve, bz)
	if err != nil {
		return circuit, fmt.Errorf("%s: %w", path, err)
	}
	return circuit, nil
}
