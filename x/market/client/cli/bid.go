package cli

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Flags of the bid and reveal commands.
const (
	flagOfferStandby = "standby"
	flagSecrets      = "secrets"
	flagProver       = "prover"
	flagMaxBond      = "max-bond"
)

// NewBidCmd returns the command that places a sealed bid.
func NewBidCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bid REQUEST_ID FEE",
		Short: "Place a sealed bid; fee and salt are kept in a file until you reveal",
		Long: `Place a sealed bid, or replace yours while bidding is open. Fee and salt are written
to the --secrets file, and are on the disk before the bid leaves: without them the
bid cannot be revealed and its bond is lost. A file may hold several bids; reveal
finds the one that stands on the chain. The bond follows the request's max_fee, which
may be raised before the bid lands; --max-bond is how far you go along.`,
		Example: `  marketd tx market bid 5f1c... 1.5PROOF --secrets bid.json --standby --from gpu-machine`,
		Args:    cobra.ExactArgs(2),
		RunE:    runBid,
	}
	cmd.Flags().Bool(flagOfferStandby, false, "offer to replace a winner that fails, at this fee")
	cmd.Flags().String(flagMaxBond, "0", "highest bond that you stand for, such as 2PROOF; 0 for any")
	addBidFlags(cmd)
	return cmd
}

// NewRevealCmd returns the command that opens a bid.
func NewRevealCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "reveal REQUEST_ID",
		Short:   "Reveal your bid, with fee and salt from its file",
		Example: `  marketd tx market reveal 5f1c... --secrets bid.json --from gpu-machine`,
		Args:    cobra.ExactArgs(1),
		RunE:    runReveal,
	}
	addBidFlags(cmd)
	return cmd
}

// addBidFlags adds what both commands take.
func addBidFlags(cmd *cobra.Command) {
	cmd.Flags().String(flagSecrets, "", "file that keeps fee and salt")
	cmd.Flags().String(flagProver, "", "prover that the signer acts for (default: ask the chain)")
	if err := cmd.MarkFlagRequired(flagSecrets); err != nil { // fails only for a flag that does not exist
		panic(err)
	}
	flags.AddTxFlagsToCmd(cmd)
}

// runBid seals a bid, keeps its secret and sends it.
func runBid(cmd *cobra.Command, args []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	id, err := cleanHash("REQUEST_ID", args[0])
	if err != nil {
		return err
	}
	fee, err := parseAmount("FEE", args[1])
	if err != nil {
		return err
	}
	limit, _ := cmd.Flags().GetString(flagMaxBond)
	maxBond, err := parseAmount("--"+flagMaxBond, limit)
	if err != nil {
		return err
	}
	prover, err := actingFor(cmd, clientCtx)
	if err != nil {
		return err
	}
	standby, _ := cmd.Flags().GetBool(flagOfferStandby)
	s, commitment, err := newSecret(clientCtx.ChainID, id, prover, fee, standby)
	if err != nil {
		return err
	}
	path, _ := cmd.Flags().GetString(flagSecrets)
	if err := keepSecrets(path, s); err != nil {
		return fmt.Errorf("bid not sent, its secret could not be kept: %w", err)
	}
	msg := &types.MsgBid{Signer: clientCtx.GetFromAddress().String(), RequestId: id, Commitment: commitment, MaxBond: maxBond}
	return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
}

// newSecret draws a salt and seals the bid.
func newSecret(chainID, id string, prover sdk.AccAddress, fee math.Int, standby bool) (secret, []byte, error) {
	s := secret{ChainID: chainID, RequestID: id, Prover: prover.String(), Fee: fee, Standby: standby, Salt: make([]byte, auction.SaltSize)}
	if _, err := rand.Read(s.Salt); err != nil {
		return s, nil, err
	}
	commitment, err := s.commitment()
	return s, commitment, err
}

// runReveal finds the secret of the bid that stands and reveals it.
func runReveal(cmd *cobra.Command, args []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	id, err := cleanHash("REQUEST_ID", args[0])
	if err != nil {
		return err
	}
	prover, err := actingFor(cmd, clientCtx)
	if err != nil {
		return err
	}
	if clientCtx.Offline {
		return errors.New("reveal asks the chain which bid stands; leave out --offline")
	}
	response, err := types.NewQueryClient(clientCtx).Bid(cmd.Context(), &types.QueryBidRequest{RequestId: id, Prover: prover.String()})
	if err != nil {
		return err
	}
	path, _ := cmd.Flags().GetString(flagSecrets)
	s, err := findSecret(path, response.Bid.Commitment)
	if err != nil {
		return err
	}
	msg := &types.MsgReveal{Signer: clientCtx.GetFromAddress().String(), RequestId: id, Fee: s.Fee, Standby: s.Standby, Salt: s.Salt}
	return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
}

// actingFor says which prover the signer bids for.
func actingFor(cmd *cobra.Command, clientCtx client.Context) (sdk.AccAddress, error) {
	if name, _ := cmd.Flags().GetString(flagProver); name != "" {
		return sdk.AccAddressFromBech32(name)
	}
	if clientCtx.Offline {
		return nil, fmt.Errorf("offline, give --%s", flagProver)
	}
	signer := clientCtx.GetFromAddress().String()
	response, err := types.NewQueryClient(clientCtx).Submitter(cmd.Context(), &types.QuerySubmitterRequest{Address: signer})
	if err != nil {
		return nil, err
	}
	if response.ActsFor == "" {
		return nil, fmt.Errorf("%s: %w", signer, types.ErrNotAProver)
	}
	return sdk.AccAddressFromBech32(response.ActsFor)
}
