package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// NewProofCmd returns the command that prints the proof of a fulfilled request in
// the form that `marketd verify` reads.
func NewProofCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "proof REQUEST_ID",
		Short: "Print the proof of a fulfilled request, ready to verify offline",
		Long: `Print the proof of a fulfilled request. With --output json it is exactly the object
that "marketd verify" accepts offline; a key that is not built in, such as a
circuit's, is looked up and put in.`,
		Example: `  marketd query market proof 5f1c... --output json | marketd verify -
  marketd verify --request 5f1c...`,
		Args: cobra.ExactArgs(1),
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
			keys := keySource{verifiertypes.NewQueryClient(clientCtx)}
			envelope, err := keys.envelope(cmd.Context(), response.Statement, response.Proof, offline.IsBuiltIn(response.Statement.Verifier))
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

// FetchRequest looks a request up for `marketd verify --request`: its statement, the
// key from the chain, and the stored proof if it is wanted.
func FetchRequest(cmd *cobra.Command, requestID string, stored bool) (verifiercli.Fetched, error) {
	clientCtx, err := client.GetClientQueryContext(cmd)
	if err != nil {
		return verifiercli.Fetched{}, err
	}
	fetched, note, err := fetchRequest(cmd.Context(), types.NewQueryClient(clientCtx), verifiertypes.NewQueryClient(clientCtx), requestID, stored)
	if note != "" {
		cmd.PrintErrln(note)
	}
	return fetched, err
}

// fetchRequest is FetchRequest without a command. note is what the user should know.
func fetchRequest(ctx context.Context, market types.QueryClient, verifier verifiertypes.QueryClient, requestID string, stored bool) (f verifiercli.Fetched, note string, err error) {
	id, err := cleanHash("request id", requestID)
	if err != nil {
		return f, "", err
	}
	var st verifiertypes.Statement
	var p types.Proof
	if stored {
		response, err := market.Proof(ctx, &types.QueryProofRequest{RequestId: id})
		if err != nil {
			if strings.Contains(err.Error(), types.ErrNoProof.Error()) {
				err = fmt.Errorf("%w; give one with --proof", err)
			}
			return f, "", fmt.Errorf("fetch the stored proof: %w", err)
		}
		st, p = response.Statement, response.Proof
	} else {
		response, err := market.Request(ctx, &types.QueryRequestRequest{Id: id})
		if err != nil {
			return f, "", fmt.Errorf("fetch the request: %w", err)
		}
		st = response.View.Request.Statement
	}
	f.Verifier = st.Verifier
	f.Envelope, err = keySource{verifier}.envelope(ctx, st, p, false)
	if err != nil || !offline.IsBuiltIn(st.Verifier) {
		return f, "", err
	}
	if b, err := offline.BuiltIn(st.Verifier); err == nil && !sameKey(b, f.Envelope) {
		note = fmt.Sprintf("warning: the node's key of %s is not the one that is built in here; the verdict is about the node's", st.Verifier)
	}
	return f, note, nil
}

// sameKey reports whether the envelope carries the built-in key.
func sameKey(b proof.Published, e offline.Envelope) bool {
	same := func(c proof.Constant) bool { return bytes.Equal(e.Constants[c.Name], c.Value) }
	return e.Family == b.Family && e.Curve == b.Curve && e.Key != nil && bytes.Equal(*e.Key, b.Key) &&
		len(e.Constants) == len(b.Constants) && !slices.ContainsFunc(b.Constants, func(c proof.Constant) bool { return !same(c) })
}

// keySource looks keys up on the chain.
type keySource struct{ query verifiertypes.QueryClient }

// envelope makes the object that the offline verifier accepts. It names the
// verifier if byID, else it carries the key from the chain.
func (s keySource) envelope(ctx context.Context, st verifiertypes.Statement, p types.Proof, byID bool) (offline.Envelope, error) {
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
	if st.IsCircuit() {
		c, err := s.circuit(ctx, st.Program)
		if err != nil {
			return offline.Envelope{}, err
		}
		return offline.ForKey(c.Family, c.Curve, c.Key, nil, program, digest, values, p.Proof), nil
	}
	if byID {
		return offline.ForVerifier(st.Verifier, program, digest, values, p.Proof), nil
	}
	v, err := s.verifier(ctx, st.Verifier)
	if err != nil {
		return offline.Envelope{}, err
	}
	return offline.ForKey(v.Family, v.Curve, v.Key, v.ProofConstants(), program, digest, values, p.Proof), nil
}

// circuit looks a circuit up.
func (s keySource) circuit(ctx context.Context, id string) (verifiertypes.Circuit, error) {
	response, err := s.query.Circuit(ctx, &verifiertypes.QueryCircuitRequest{Id: id})
	if err != nil {
		return verifiertypes.Circuit{}, fmt.Errorf("look up circuit %s: %w", id, err)
	}
	return response.Circuit, nil
}

// verifier looks a registered verifier up.
func (s keySource) verifier(ctx context.Context, id string) (verifiertypes.Verifier, error) {
	response, err := s.query.Verifier(ctx, &verifiertypes.QueryVerifierRequest{Id: id})
	if err != nil {
		return verifiertypes.Verifier{}, fmt.Errorf("look up verifier %q (marketd query verifier verifiers lists them): %w", id, err)
	}
	return response.Verifier, nil
}
