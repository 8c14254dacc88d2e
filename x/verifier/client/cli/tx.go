// Package cli holds the module's hand-written commands: those that read files.
// AutoCLI makes the others.
package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// NewTxCmd returns the parent of the module's transaction commands. AutoCLI adds
// the rest to it.
func NewTxCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:                        types.ModuleName,
		Short:                      "Register circuits, and govern verifiers",
		DisableFlagParsing:         true,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	cmd.AddCommand(NewRegisterCircuitCmd())
	return cmd
}

// NewRegisterCircuitCmd returns the command that registers a circuit from a key
// file.
func NewRegisterCircuitCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "register-circuit KEY_FILE",
		Short: "Register a gnark verifying key as a circuit, against a deposit",
		Long: `Register a gnark verifying key as a circuit, against a deposit that returns on
withdrawal. KEY_FILE is what gnark's WriteTo or WriteRawTo wrote; it is checked
and converted here. The circuit id, which requests name as their program, is
printed to standard error.`,
		Example: `  marketd tx verifier register-circuit circuit.vk --from alice --gas auto`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			key, id, err := readKey(args[0])
			if err != nil {
				return err
			}
			cmd.PrintErrln("circuit", id)
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), &types.MsgRegisterCircuit{
				Owner: clientCtx.GetFromAddress().String(), Family: groth16.Name, Curve: proof.CurveBN254, Key: key,
			})
		},
	}
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// readKey reads a key file and returns the key in canonical form and the id of
// the circuit that it makes.
func readKey(path string) (key []byte, id string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	bz, err := io.ReadAll(io.LimitReader(f, proof.MaxKeySize+1))
	if err != nil {
		return nil, "", err
	}
	key, err = groth16.Family.Canonicalize(proof.CurveBN254, bz)
	if err != nil {
		return nil, "", fmt.Errorf("%s is not a gnark verifying key on %s: %w", path, proof.CurveBN254, err)
	}
	return key, types.CircuitID(groth16.Name, proof.CurveBN254, key), nil
}
