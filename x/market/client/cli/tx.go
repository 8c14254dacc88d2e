// Package cli holds the market's hand-written commands: those that read or keep
// files, hash, or wait. AutoCLI makes the others.
package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// NewTxCmd returns the parent of the module's transaction commands. AutoCLI adds
// the rest to it.
func NewTxCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:                        types.ModuleName,
		Short:                      "Buy and sell proofs: request, bid, reveal, submit",
		DisableFlagParsing:         true,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	cmd.AddCommand(NewRequestCmd(), NewBidCmd(), NewRevealCmd(), NewSubmitProofCmd(), NewClaimCmd())
	return cmd
}

// NewQueryCmd returns the parent of the module's query commands. AutoCLI adds the
// rest to it.
func NewQueryCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:                        types.ModuleName,
		Short:                      "Look at requests, bids, proofs and the market's clock",
		DisableFlagParsing:         true,
		SuggestionsMinimumDistance: 2,
		RunE:                       client.ValidateCmd,
	}
	cmd.AddCommand(NewProofCmd())
	return cmd
}

// readFile reads a whole file, at most limit bytes of it ("-" is standard input).
func readFile(cmd *cobra.Command, path string, limit int) ([]byte, error) {
	r := cmd.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	bz, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(bz) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return bz, nil
}

// NewSubmitProofCmd returns the command that submits a proof from a file.
func NewSubmitProofCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit-proof REQUEST_ID PROOF_FILE",
		Short: "Submit the proof of a request that is assigned to you",
		Long: `Submit the proof of a request that is assigned to you, or to the prover that you
are a submitter of. PROOF_FILE holds the proof's raw bytes ("-" for standard input).`,
		Example: `  marketd tx market submit-proof 5f1c... proof.bin --public-values values.bin --from gpu-machine --gas auto`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			msg := &types.MsgSubmitProof{Signer: clientCtx.GetFromAddress().String()}
			if msg.RequestId, err = cleanHash("REQUEST_ID", args[0]); err != nil {
				return err
			}
			if msg.Proof, err = readFile(cmd, args[1], types.MaxProofBytes); err != nil {
				return err
			}
			if path, _ := cmd.Flags().GetString(flagPublicValues); path != "" {
				if msg.PublicValues, err = readFile(cmd, path, types.MaxPublicValuesBytes); err != nil {
					return err
				}
			}
			if err := msg.Validate(); err != nil {
				return err
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
		},
	}
	cmd.Flags().String(flagPublicValues, "", "file with the public values' raw bytes, where the verifier wants them")
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// NewClaimCmd returns the command that claims what waits for the signer.
func NewClaimCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "claim [REQUEST_ID:PROVER...]",
		Short: "Claim what could not be paid out, and bonds of bids under a revoked verifier",
		Example: `  marketd tx market claim --from alice
  marketd tx market claim 5f1c...:proof1... --from alice`,
		Args: cobra.MaximumNArgs(types.MaxBatch),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			msg := &types.MsgClaim{Owner: clientCtx.GetFromAddress().String()}
			for _, arg := range args {
				ref, err := parseBidRef(arg)
				if err != nil {
					return err
				}
				msg.Bids = append(msg.Bids, ref)
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
		},
	}
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}
