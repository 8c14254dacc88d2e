package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// pollEvery is how often the chain is asked.
	pollEvery = 300 * time.Millisecond
	// inclusionTimeout is how long a transaction may take to get into a block.
	inclusionTimeout = 90 * time.Second
	// patience is the number of failed queries in a row before giving up.
	patience = 100
)

// errNotFulfilled is the outcome of a request that ended without a proof.
var errNotFulfilled = errors.New("request was not fulfilled")

// sendAndFollow sends a request and follows it to its end.
func sendAndFollow(cmd *cobra.Command, clientCtx client.Context, msg *types.MsgRequest) error {
	id, err := requestID(clientCtx, msg)
	if err != nil {
		return err
	}
	hash, err := broadcast(cmd, clientCtx, msg)
	if err != nil {
		return err
	}
	cmd.PrintErrln("request", id)
	w := watcher{cmd: cmd, query: types.NewQueryClient(clientCtx), id: id}
	w.lookup = func() (uint32, string, error) {
		res, err := authtx.QueryTx(clientCtx, hash)
		if err != nil {
			return 0, "", err
		}
		return res.Code, res.RawLog, nil
	}
	if err := w.included(cmd.Context()); err != nil {
		return err
	}
	view, err := w.ended(cmd.Context())
	if err != nil {
		return err
	}
	if err := printOutcome(cmd, clientCtx, view); err != nil {
		return err
	}
	if view.Auction.Status != types.REQUEST_STATUS_FULFILLED {
		return fmt.Errorf("%w: %s, %s", errNotFulfilled, view.Auction.Status, view.Auction.EndReason)
	}
	return nil
}

// requestID computes the id that the request will have.
func requestID(clientCtx client.Context, msg *types.MsgRequest) (string, error) {
	program, digest, err := msg.Statement.Decode()
	if err != nil {
		return "", err
	}
	id, err := auction.RequestID(clientCtx.ChainID, clientCtx.GetFromAddress(), msg.Nonce, msg.Statement.Verifier, program[:], digest[:])
	return types.FormatID(id[:]), err
}

// broadcast sends the message and returns the transaction's hash.
func broadcast(cmd *cobra.Command, clientCtx client.Context, msg *types.MsgRequest) (string, error) {
	var out bytes.Buffer
	quiet := clientCtx.WithOutput(&out).WithOutputFormat(flags.OutputFormatJSON)
	if err := tx.GenerateOrBroadcastTxCLI(quiet, cmd.Flags(), msg); err != nil {
		return "", err
	}
	var response struct {
		Code   uint32 `json:"code"`
		TxHash string `json:"txhash"`
		RawLog string `json:"raw_log"`
	}
	if err := json.Unmarshal(out.Bytes(), &response); err != nil {
		return "", fmt.Errorf("transaction was not sent: %s", bytes.TrimSpace(out.Bytes()))
	}
	if response.Code != 0 {
		return "", fmt.Errorf("transaction refused with code %d: %s", response.Code, response.RawLog)
	}
	return response.TxHash, nil
}

// watcher follows one request.
type watcher struct {
	cmd   *cobra.Command
	query types.QueryClient
	id    string
	// lookup finds the transaction once it is in a block: its code and log.
	lookup func() (code uint32, log string, err error)
}

// get asks for the request; false if it is not there.
func (w watcher) get(ctx context.Context) (types.RequestView, bool, error) {
	response, err := w.query.Request(ctx, &types.QueryRequestRequest{Id: w.id})
	if status.Code(err) == codes.NotFound {
		return types.RequestView{}, false, nil
	}
	if err != nil {
		return types.RequestView{}, false, err
	}
	return response.View, true, nil
}

// included waits until the request exists, or its transaction has failed.
func (w watcher) included(ctx context.Context) error {
	deadline := time.Now().Add(inclusionTimeout)
	for {
		if _, found, err := w.get(ctx); err == nil && found {
			return nil
		}
		if code, log, err := w.lookup(); err == nil && code != 0 {
			return fmt.Errorf("transaction failed with code %d: %s", code, log)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("request %s is not in a block after %s; look it up later with: marketd query market request %s", w.id, inclusionTimeout, w.id)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// ended waits until the request has ended, and shows each change on the way.
func (w watcher) ended(ctx context.Context) (types.RequestView, error) {
	shown, failures := "", 0
	for {
		view, found, err := w.get(ctx)
		switch {
		case err == nil && found:
			failures = 0
			if line := progress(view); line != shown {
				w.cmd.PrintErrln(line)
				shown = line
			}
			if view.Auction.Status != types.REQUEST_STATUS_PENDING {
				return view, nil
			}
		case err == nil:
			return view, fmt.Errorf("request %s is gone", w.id)
		default:
			if failures++; failures >= patience {
				return view, err
			}
		}
		if err := pause(ctx); err != nil {
			return view, err
		}
	}
}

// pause waits for the next poll, or for the end of the context.
func pause(ctx context.Context) error {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// progress says in one line where a request stands. It changes only when
// something happened.
func progress(v types.RequestView) string {
	a := v.Auction
	switch v.Stage {
	case types.STAGE_BIDDING:
		return fmt.Sprintf("bidding: %d bids, until block %d", a.Bids, a.BiddingEnd)
	case types.STAGE_REVEALING:
		return fmt.Sprintf("revealing: %d of %d bids, until block %d", a.Reveals, a.Bids, a.RevealEnd)
	case types.STAGE_ASSIGNED, types.STAGE_STANDBY:
		if d := a.Assignment; d != nil {
			name := "assigned"
			if d.Standby {
				name = "standby"
			}
			return fmt.Sprintf("%s: %s, price %s%s, %s", name, d.Prover, d.Price, chain.Denom, deadline(v))
		}
		return "standby: looking for a prover"
	default:
		return fmt.Sprintf("done: %s, %s", a.Status, a.EndReason)
	}
}

// deadline says when the proof is due. While the verifier is suspended that moves
// with the clock, so only the suspension is worth a word (law M11).
func deadline(v types.RequestView) string {
	if v.VerifierStatus == verifiertypes.VERIFIER_STATUS_SUSPENDED {
		return "verifier suspended, no deadline expires"
	}
	at := v.Auction.Assignment.Deadline
	if v.Deadline != nil {
		at = *v.Deadline
	}
	return fmt.Sprintf("deadline %s (market time)", at.Format(time.RFC3339))
}

// printOutcome prints how the request ended.
func printOutcome(cmd *cobra.Command, clientCtx client.Context, v types.RequestView) error {
	if clientCtx.OutputFormat == flags.OutputFormatJSON {
		return clientCtx.PrintProto(&types.QueryRequestResponse{View: v})
	}
	a := v.Auction
	if a.Status != types.REQUEST_STATUS_FULFILLED || a.Assignment == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%s request=%s reason=%s\n", a.Status, v.Request.Id, a.EndReason)
		return nil
	}
	price := a.Assignment.Price
	fmt.Fprintf(cmd.OutOrStdout(), "%s request=%s winner=%s price=%s%s refunded=%s%s\n", a.Status, v.Request.Id, a.Assignment.Prover,
		price, chain.Denom, v.Request.MaxFee.Sub(price), chain.Denom)
	cmd.PrintErrf("print the proof with: marketd query market proof %s --output json\n", v.Request.Id)
	return nil
}
