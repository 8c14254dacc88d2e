package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// maxBatchFile is the size of the largest file of bids.
const maxBatchFile = 1 << 20

// wantedBid is one bid of the file that bid-batch reads.
type wantedBid struct {
	RequestID string `json:"request_id"`
	Fee       string `json:"fee"`
	Standby   bool   `json:"standby"`
	MaxBond   string `json:"max_bond"`
}

// NewBidBatchCmd returns the command that places many sealed bids.
func NewBidBatchCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bid-batch FILE",
		Short: "Place many sealed bids in one transaction; a bad one fails alone",
		Long: fmt.Sprintf(`Place up to %d sealed bids in one transaction. FILE ("-" for standard input) is a JSON
list such as

  [{"request_id": "5f1c...", "fee": "1.5PROOF", "standby": true, "max_bond": "2PROOF"},
   {"request_id": "77ab...", "fee": "900000"}]

Fees and salts are written to the --secrets file, and are on the disk before the bids
leave; reveal and reveal-batch read them there. The transaction succeeds even if bids
in it fail: its response has one result for each.`, types.MaxBatch),
		Example: `  marketd tx market bid-batch bids.json --secrets secrets.json --from gpu-machine --gas auto`,
		Args:    cobra.ExactArgs(1),
		RunE:    runBidBatch,
	}
	addBidFlags(cmd)
	return cmd
}

// NewRevealBatchCmd returns the command that opens many bids.
func NewRevealBatchCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reveal-batch [REQUEST_ID...]",
		Short: "Reveal many bids in one transaction; a bad one fails alone",
		Long: fmt.Sprintf(`Reveal up to %d bids in one transaction, with fees and salts from their file. Without
REQUEST_ID it reveals all bids of the file that can be revealed now. The transaction
succeeds even if reveals in it fail: its response has one result for each.`, types.MaxBatch),
		Example: `  marketd tx market reveal-batch --secrets secrets.json --from gpu-machine --gas auto
  marketd tx market reveal-batch 5f1c... 77ab... --secrets secrets.json --from gpu-machine --gas auto`,
		Args: cobra.MaximumNArgs(types.MaxBatch),
		RunE: runRevealBatch,
	}
	addBidFlags(cmd)
	return cmd
}

// runBidBatch seals the bids of the file, keeps their secrets and sends them.
func runBidBatch(cmd *cobra.Command, args []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	file, err := readFile(cmd, args[0], maxBatchFile)
	if err != nil {
		return err
	}
	prover, err := actingFor(cmd, clientCtx)
	if err != nil {
		return err
	}
	msg := &types.MsgBidBatch{Signer: clientCtx.GetFromAddress().String()}
	secrets, err := sealAll(clientCtx.ChainID, prover, file, msg)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	path, _ := cmd.Flags().GetString(flagSecrets)
	if err := keepSecrets(path, secrets...); err != nil {
		return fmt.Errorf("bids not sent, their secrets could not be kept: %w", err)
	}
	return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
}

// sealAll reads a file of bids and seals them into the message.
func sealAll(chainID string, prover sdk.AccAddress, file []byte, msg *types.MsgBidBatch) ([]secret, error) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.DisallowUnknownFields()
	var bids []wantedBid
	if err := decoder.Decode(&bids); err != nil {
		return nil, fmt.Errorf("a JSON list of bids is wanted: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("a JSON list of bids is wanted, and nothing after it")
	}
	var secrets []secret
	for i, b := range bids {
		id, err := cleanHash("request_id", b.RequestID)
		if err != nil {
			return nil, fmt.Errorf("bid %d: %w", i+1, err)
		}
		fee, err := parseAmount("fee", b.Fee)
		if err != nil {
			return nil, fmt.Errorf("bid %d: %w", i+1, err)
		}
		maxBond, err := parseAmount("max_bond", cmp.Or(b.MaxBond, "0"))
		if err != nil {
			return nil, fmt.Errorf("bid %d: %w", i+1, err)
		}
		s, commitment, err := newSecret(chainID, id, prover, fee, b.Standby)
		if err != nil {
			return nil, fmt.Errorf("bid %d: %w", i+1, err)
		}
		secrets = append(secrets, s)
		msg.Items = append(msg.Items, types.BidItem{RequestId: id, Commitment: commitment, MaxBond: maxBond})
	}
	return secrets, msg.Validate()
}

// runRevealBatch finds the secrets of the bids that stand and reveals them.
func runRevealBatch(cmd *cobra.Command, args []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	if clientCtx.Offline {
		return errors.New("reveal-batch asks the chain which bids stand; leave out --offline")
	}
	path, _ := cmd.Flags().GetString(flagSecrets)
	secrets, err := loadSecrets(path)
	if err != nil {
		return err
	}
	var ids []string
	for _, arg := range args {
		id, err := cleanHash("REQUEST_ID", arg)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	prover, err := actingFor(cmd, clientCtx)
	if err != nil {
		return err
	}
	o := opener{cmd: cmd, query: types.NewQueryClient(clientCtx), prover: prover.String(), secrets: secrets}
	msg := &types.MsgRevealBatch{Signer: clientCtx.GetFromAddress().String()}
	if msg.Items, err = o.items(ids); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := msg.Validate(); err != nil {
		return err
	}
	return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
}

// opener finds what opens a prover's bids.
type opener struct {
	cmd     *cobra.Command
	query   types.QueryClient
	prover  string
	secrets []secret
}

// items gives what opens the bids for the named requests; for none named, for
// those of the file that can be revealed now, MaxBatch at most.
func (o opener) items(ids []string) ([]types.RevealItem, error) {
	named := len(ids) > 0
	if !named {
		for _, s := range o.secrets {
			if s.Prover == o.prover && !slices.Contains(ids, s.RequestID) {
				ids = append(ids, s.RequestID)
			}
		}
	}
	var items []types.RevealItem
	for _, id := range ids {
		if !named && len(items) == types.MaxBatch {
			break
		}
		item, open, err := o.item(id, named)
		if err != nil {
			return nil, err
		}
		if open {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		return nil, errors.New("it holds no bid that can be revealed now")
	}
	return items, nil
}

// item gives what opens the bid for one request. A bid that was not named is left
// out unless it is sealed still and its request takes reveals.
func (o opener) item(id string, named bool) (item types.RevealItem, open bool, err error) {
	bid, err := o.query.Bid(o.cmd.Context(), &types.QueryBidRequest{RequestId: id, Prover: o.prover})
	if !named && status.Code(err) == codes.NotFound {
		return item, false, nil
	}
	if err != nil {
		return item, false, fmt.Errorf("request %s: %w", id, err)
	}
	if !named {
		if bid.Bid.State != types.BID_STATE_SEALED {
			return item, false, nil
		}
		view, err := o.query.Request(o.cmd.Context(), &types.QueryRequestRequest{Id: id})
		if err != nil {
			return item, false, fmt.Errorf("request %s: %w", id, err)
		}
		if view.View.Stage != types.STAGE_REVEALING {
			return item, false, nil
		}
	}
	s, found := pickSecret(o.secrets, bid.Bid.Commitment)
	if !found {
		return item, false, fmt.Errorf("request %s: no secret of the bid that stands", id)
	}
	return types.RevealItem{RequestId: id, Fee: s.Fee, Standby: s.Standby, Salt: s.Salt}, true, nil
}
