package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/offline"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// NewProofCmd returns the command that prints the proof of a fulfilled request in
// the form that `marketd verify` reads.
func NewProofCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "proof REQUEST_ID",
		Short: "Print the proof of a fulfilled request, ready to verify offline",
		Long: `Print the proof of a fulfilled request. With --output json it is exactly the object
that "marketd verify" accepts offline; a circuit's key is looked up and put in.`,
		Example: `  marketd query market proof 5f1c... --output json | marketd verify -`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			id, err := cleanHash("REQUEST_ID", args[0])
			if err != nil {
				return err
			}
			response, err := types.NewQueryClient(clientCtx).Proof(cmd.Context(), &types.QueryProofRequest{RequestId: id})
			if err != nil {
				return err
			}
			find := func(circuit string) (verifiertypes.Circuit, error) {
				found, err := verifiertypes.NewQueryClient(clientCtx).Circuit(cmd.Context(), &verifiertypes.QueryCircuitRequest{Id: circuit})
				if err != nil {
					return verifiertypes.Circuit{}, fmt.Errorf("look up circuit %s: %w", circuit, err)
				}
				return found.Circuit, nil
			}
			envelope, err := makeEnvelope(response.Statement, response.Proof, find)
			if err != nil {
				return err
			}
			bz, err := json.Marshal(envelope)
			if err != nil {
				return err
			}
			if clientCtx.OutputFormat == flags.OutputFormatJSON {
				return clientCtx.PrintRaw(bz)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "request:   %s\nprover:    %s\nsubmitter: %s\nheight:    %d\nobject:    %s\n",
				id, response.Proof.Prover, response.Proof.Submitter, response.Proof.Height, bz)
			return nil
		},
	}
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

// makeEnvelope makes the object that the offline verifier accepts. find looks a
// circuit up.
func makeEnvelope(st verifiertypes.Statement, p types.Proof, find func(string) (verifiertypes.Circuit, error)) (offline.Envelope, error) {
	program, digest, err := st.Decode()
	if err != nil {
		return offline.Envelope{}, err
	}
	// Protobuf does not tell empty from absent; no family takes empty public values
	// but a circuit, which always gets them.
	values := p.PublicValues
	if len(values) == 0 {
		values = nil
	}
	if !st.IsCircuit() {
		return offline.ForVerifier(st.Verifier, program, digest, values, p.Proof), nil
	}
	circuit, err := find(st.Program)
	if err != nil {
		return offline.Envelope{}, err
	}
	return offline.ForKey(circuit.Family, circuit.Curve, circuit.Key, nil, program, digest, values, p.Proof), nil
}
