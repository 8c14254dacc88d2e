package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Flags of the request command.
const (
	flagVerifier      = "verifier"
	flagProgram       = "program"
	flagDigest        = "digest"
	flagPublicValues  = "public-values"
	flagImageURL      = "image-url"
	flagImageHash     = "image-sha256"
	flagInput         = "input"
	flagInputURL      = "input-url"
	flagInputHash     = "input-sha256"
	flagMaxFee        = "max-fee"
	flagMinStake      = "min-stake"
	flagTimeLimit     = "time-limit"
	flagStandby       = "standby-window"
	flagBiddingBlocks = "bidding-blocks"
	flagRevealBlocks  = "reveal-blocks"
	flagNonce         = "nonce"
	flagWait          = "wait"
)

// defaultBiddingBlocks is the bidding window if none is given and the parameters
// allow it.
const defaultBiddingBlocks = 10

// NewRequestCmd returns the command that asks for a proof.
func NewRequestCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Ask for a proof, and wait for it if you like",
		Long: `Ask for a proof. The most that you pay goes to escrow; what the winner does not
cost comes back. What you leave out is taken from the chain's parameters.

The program is given as hex, or as publisher/name if somebody has published it: the
publisher is an address or the name of one of your keys. Image and verifier may then
be left out and are taken from the publisher's record; a record with several
verifiers leaves the choice to you. What you give is never overridden.

The public values' digest is given with --digest, or computed from the file
--public-values under the rule of the verifier's family: sha256, with the top three
bits cleared but for RISC Zero. For a circuit the file holds the public inputs as
32-byte big-endian words, or is snarkjs's public.json.

With --wait the command shows each stage on standard error, prints the outcome on
standard output, and fails unless the request was fulfilled.`,
		Example: `  marketd tx market request --program 0x9a… --public-values values.bin --image-url https://… --image-sha256 9a… \
    --input-url https://… --input-sha256 77… --max-fee 5PROOF --from alice --wait -y
  marketd tx market request --verifier pico/v1.2.2 --program 00… --digest 1b… --image-url https://… --image-sha256 9a… \
    --input input.bin --max-fee 2000000 --time-limit 30m --from alice
  marketd tx market request --program proof1…/fibonacci --verifier sp1-groth16/v6.1.0 --public-values values.bin \
    --input input.bin --max-fee 2PROOF --from alice
  marketd tx market request --job job.json --max-fee 5PROOF --from alice --wait -y`,
		Args:    cobra.NoArgs,
		PreRunE: applyJob,
		RunE:    runRequest,
	}
	addRequestFlags(cmd.Flags())
	cmd.Flags().String(flagJob, "", "JSON file with texts for any of these flags, by name; flags given here win")
	for _, name := range []string{flagProgram, flagMaxFee} {
		// It fails only for a flag that does not exist.
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	cmd.MarkFlagsMutuallyExclusive(flagDigest, flagPublicValues)
	cmd.MarkFlagsOneRequired(flagDigest, flagPublicValues)
	cmd.MarkFlagsMutuallyExclusive(flagInput, flagInputURL)
	cmd.MarkFlagsRequiredTogether(flagInputURL, flagInputHash)
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// addRequestFlags adds what describes a request.
func addRequestFlags(f *pflag.FlagSet) {
	f.String(flagVerifier, verifiertypes.CircuitVerifier, "verifier id; \"circuit\" for a registered circuit (default also: the only one that the program's record names)")
	f.String(flagProgram, "", "program key, image id or circuit id, 32 bytes of hex, or publisher/name")
	f.String(flagDigest, "", "digest of the public values, 32 bytes of hex")
	f.String(flagPublicValues, "", "file with the public values, to compute the digest from; for a circuit also snarkjs's public.json")
	f.String(flagImageURL, "", "where provers fetch the program (default: as its record says)")
	f.String(flagImageHash, "", "sha256 of the program's file (default: as its record says)")
	f.String(flagInput, "", "file with the input, to be stored on the chain (\"-\" for standard input)")
	f.String(flagInputURL, "", "where provers fetch the input")
	f.String(flagInputHash, "", "sha256 of the input's file")
	f.String(flagMaxFee, "", "the most you pay, such as 2000000, 2000000uproof or 2PROOF")
	f.String(flagMinStake, "", "stake that a prover must have free (default: the least allowed)")
	f.Duration(flagTimeLimit, 10*time.Minute, "the winner's time to deliver")
	f.Duration(flagStandby, 0, "a standby prover's time to deliver if the winner fails; 0 for none")
	f.Uint64(flagBiddingBlocks, 0, "length of the bidding window in blocks (default 10, if allowed)")
	f.Uint64(flagRevealBlocks, 0, "length of the reveal window in blocks (default: the least allowed)")
	f.Uint64(flagNonce, 0, "tells your requests for one statement apart (default: random)")
	f.Bool(flagWait, false, "wait until the request ends")
}

// runRequest builds, sends and perhaps follows a request.
func runRequest(cmd *cobra.Command, _ []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	wait, _ := cmd.Flags().GetBool(flagWait)
	if wait && (clientCtx.GenerateOnly || clientCtx.Simulate || clientCtx.Offline) {
		return errors.New("--wait needs a transaction that is sent; leave out --generate-only, --dry-run and --offline")
	}
	msg, err := buildRequest(cmd, clientCtx)
	if err != nil {
		return err
	}
	if !wait {
		return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
	}
	return sendAndFollow(cmd, clientCtx, msg)
}

// buildRequest makes the message of the flags, and asks the chain for what they
// leave out.
func buildRequest(cmd *cobra.Command, clientCtx client.Context) (*types.MsgRequest, error) {
	f := cmd.Flags()
	text := func(name string) string { s, _ := f.GetString(name); return s }
	msg := &types.MsgRequest{Requester: clientCtx.GetFromAddress().String()}
	var err error
	if err := newSubject(cmd, clientCtx).fill(cmd.Context(), msg); err != nil {
		return nil, err
	}
	if url := text(flagInputURL); url != "" {
		msg.Input.Url = url
		if msg.Input.Sha256, err = cleanHash("--"+flagInputHash, text(flagInputHash)); err != nil {
			return nil, err
		}
	} else if path := text(flagInput); path != "" {
		if msg.Input.Inline, err = readFile(cmd, path, types.MaxInlineInputBytes); err != nil {
			return nil, err
		}
	}
	if msg.MaxFee, err = parseAmount("--"+flagMaxFee, text(flagMaxFee)); err != nil {
		return nil, err
	}
	msg.TimeLimit, _ = f.GetDuration(flagTimeLimit)
	msg.StandbyWindow, _ = f.GetDuration(flagStandby)
	msg.BiddingBlocks, _ = f.GetUint64(flagBiddingBlocks)
	msg.RevealBlocks, _ = f.GetUint64(flagRevealBlocks)
	if msg.Nonce, _ = f.GetUint64(flagNonce); !f.Changed(flagNonce) {
		if msg.Nonce, err = randomNonce(); err != nil {
			return nil, err
		}
	}
	return msg, fillDefaults(cmd, clientCtx, msg, text(flagMinStake))
}

// fillDefaults fills in what the flags leave to the chain's parameters.
func fillDefaults(cmd *cobra.Command, clientCtx client.Context, msg *types.MsgRequest, minStake string) (err error) {
	if minStake != "" {
		if msg.MinStake, err = parseAmount("--"+flagMinStake, minStake); err != nil {
			return err
		}
	}
	if minStake != "" && msg.BiddingBlocks != 0 && msg.RevealBlocks != 0 {
		return nil
	}
	if clientCtx.Offline {
		return fmt.Errorf("offline, give --%s, --%s and --%s", flagMinStake, flagBiddingBlocks, flagRevealBlocks)
	}
	if minStake == "" {
		response, err := stakingtypes.NewQueryClient(clientCtx).Params(cmd.Context(), &stakingtypes.QueryParamsRequest{})
		if err != nil {
			return fmt.Errorf("ask for the least stake: %w", err)
		}
		msg.MinStake = response.Params.MinSelfStake
	}
	response, err := types.NewQueryClient(clientCtx).Params(cmd.Context(), &types.QueryParamsRequest{})
	if err != nil {
		return fmt.Errorf("ask for the parameters: %w", err)
	}
	p := response.Params
	if msg.BiddingBlocks == 0 {
		msg.BiddingBlocks = min(max(defaultBiddingBlocks, p.MinBiddingBlocks), p.MaxBiddingBlocks)
	}
	if msg.RevealBlocks == 0 {
		msg.RevealBlocks = p.MinRevealBlocks
	}
	return nil
}
