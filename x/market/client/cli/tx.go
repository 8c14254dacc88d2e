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
	"github.com/proofmarket/proofmarket/x/verifier/offline"
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
	cmd.AddCommand(NewRequestCmd(), NewBidCmd(), NewRevealCmd(), NewBidBatchCmd(), NewRevealBatchCmd(), NewSubmitProofCmd(), NewClaimCmd())
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
are a submitter of. PROOF_FILE holds the proof's raw bytes ("-" for standard input), or
is snarkjs's proof.json; --public-values may then be public.json. Check a proof before
you pay to submit it: marketd verify --request REQUEST_ID --proof PROOF_FILE`,
		Example: `  marketd tx market submit-proof 5f1c... proof.bin --public-values values.bin --from gpu-machine --gas auto
  marketd tx market submit-proof 5f1c... proof.json --public-values public.json --from gpu-machine --gas auto`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			msg := &types.MsgSubmitProof{Signer: clientCtx.GetFromAddress().String()}
			if msg.RequestId, err = cleanHash("REQUEST_ID", args[0]); err != nil {
				return err
			}
			values, _ := cmd.Flags().GetString(flagPublicValues)
			if msg.Proof, msg.PublicValues, err = readProof(cmd, args[1], values); err != nil {
				return err
			}
			if err := msg.Validate(); err != nil {
				return err
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
		},
	}
	cmd.Flags().String(flagPublicValues, "", "file with the public values' raw bytes, or snarkjs's public.json, where the verifier wants them")
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// readProof reads the files of a proof and its public values; no path is none.
func readProof(cmd *cobra.Command, proofPath, valuesPath string) (proofBytes, publicValues []byte, err error) {
	if proofBytes, err = readFile(cmd, proofPath, offline.MaxFileSize); err != nil {
		return nil, nil, err
	}
	if valuesPath != "" {
		if publicValues, err = readFile(cmd, valuesPath, offline.MaxFileSize); err != nil {
			return nil, nil, err
		}
	}
	if proofBytes, publicValues, err = offline.ReadProof(proofBytes, publicValues); err != nil {
		return nil, nil, fmt.Errorf("%s and its public values are not what snarkjs writes: %w", proofPath, err)
	}
	return proofBytes, publicValues, nil
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
