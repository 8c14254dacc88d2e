package chain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
)

// SignedTx is a transaction that is ready to be sent, any number of times.
type SignedTx struct {
	Hash string // upper-case hex
	Raw  []byte
	// Expires is its timeout: no block with a later time can hold it.
	Expires time.Time
}

// TxResult is what became of a transaction.
type TxResult struct {
	Found   bool
	Height  int64
	Code    uint32 // 0 for success
	Log     string
	GasUsed int64
	// Items holds, by request, what became of the items of a batch that is in a
	// block, nil for success; nil for other transactions, and where the node does
	// not say.
	Items map[string]error
}

// Err is why a transaction that is in a block failed; nil for one that did not.
func (r TxResult) Err() error {
	if r.Code == 0 {
		return nil
	}
	return refusal(r.Log)
}

// Sign builds and signs a transaction with one message, with gas by simulation.
// A message that the chain would refuse now gives ErrRefused with the chain's
// reason, a batch of which single items would fail an ItemsError; both cost
// nothing.
//
// The transaction is unordered: it needs no sequence number, so several may be
// under way and a lost one blocks nothing. Its timeout counts from the last
// block's time and differs from every other of this client.
func (c *Client) Sign(ctx context.Context, msg sdk.Msg) (SignedTx, error) {
	if c.cfg.Keyring == nil {
		return SignedTx{}, ErrReadOnly
	}
	head, err := c.Head(ctx)
	if err != nil {
		return SignedTx{}, err
	}
	number, err := c.accountNumber(ctx)
	if err != nil {
		return SignedTx{}, err
	}
	expires := c.uniqueTimeout(head.Time.Add(c.cfg.TxTTL))

	var signed SignedTx
	err = c.each(ctx, func(n *node) error {
		f := tx.Factory{}.
			WithTxConfig(n.ctx.TxConfig).
			WithAccountRetriever(n.ctx.AccountRetriever).
			WithKeybase(c.cfg.Keyring).
			WithFromName(c.cfg.KeyName).
			WithChainID(c.cfg.ChainID).
			WithAccountNumber(number).
			WithSignMode(signing.SignMode_SIGN_MODE_DIRECT).
			WithGasPrices(c.cfg.GasPrice).
			WithSimulateAndExecute(true).
			WithUnordered(true).
			WithTimeoutTimestamp(expires)

		sim, _, err := tx.CalculateGas(n.ctx, f, msg)
		if err != nil {
			return simulationError(err)
		}
		if err := refusedItems(sim.Result); err != nil {
			return err
		}
		f = f.WithGas(sim.GasInfo.GasUsed + sim.GasInfo.GasUsed*c.cfg.GasMarginPercent/100 + GasReserve*itemCount(msg))
		builder, err := f.BuildUnsignedTx(msg)
		if err != nil {
			return fmt.Errorf("build the transaction: %w", err)
		}
		if err := tx.Sign(ctx, f, c.cfg.KeyName, builder, true); err != nil {
			return fmt.Errorf("sign the transaction: %w", err)
		}
		raw, err := n.ctx.TxConfig.TxEncoder()(builder.GetTx())
		if err != nil {
			return fmt.Errorf("encode the transaction: %w", err)
		}
		signed = SignedTx{Hash: txHash(raw), Raw: raw, Expires: expires}
		return nil
	})
	return signed, err
}

// simulationError tells the chain's refusal from a node's trouble.
func simulationError(err error) error {
	if isAnswer(err) {
		return refusal(status.Convert(err).Message())
	}
	return err
}

// Broadcast sends a transaction to one node. nil means that it is in that
// node's pool; ErrRefused that the node will not have it, with its reason; any
// other error that nobody knows (law P4).
func (c *Client) Broadcast(ctx context.Context, raw []byte) error {
	return c.each(ctx, func(n *node) error {
		cc, err := n.ctx.GetNode()
		if err != nil {
			return err
		}
		res, err := cc.BroadcastTxSync(ctx, raw)
		if err != nil {
			known := client.CheckCometError(err, cmttypes.Tx(raw))
			switch {
			case known == nil:
				return err
			case known.Code == sdkerrors.ErrTxInMempoolCache.ABCICode():
				return nil // it got there by itself
			case known.Code == sdkerrors.ErrTxTooLarge.ABCICode():
				return fmt.Errorf("%w: it is larger than a block takes", ErrRefused)
			default:
				return err // a full pool: another node may have room
			}
		}
		if res.Codespace == sdkerrors.RootCodespace {
			switch res.Code {
			case sdkerrors.ErrTxInMempoolCache.ABCICode():
				// Not this one: another for the same assignment or bid, or for one of a
				// batch, which may be in the next block or in none.
				return fmt.Errorf("another transaction for the same waits in the node's pool: %s", res.Log)
			case sdkerrors.ErrMempoolIsFull.ABCICode():
				return fmt.Errorf("the node's pool has no room: %s", res.Log) // another node may have
			}
		}
		if res.Code != 0 {
			return refusal(fmt.Sprintf("code %d of %s: %s", res.Code, res.Codespace, res.Log))
		}
		return nil
	})
}

// LookUp says whether a transaction is in a block, and how it went. Not found
// means not yet, or never: see SignedTx.Expires.
func (c *Client) LookUp(ctx context.Context, hash string) (TxResult, error) {
	raw, err := hex.DecodeString(hash)
	if err != nil {
		return TxResult{}, fmt.Errorf("transaction hash %q: %w", hash, err)
	}
	var out TxResult
	err = c.each(ctx, func(n *node) error {
		cc, err := n.ctx.GetNode()
		if err != nil {
			return err
		}
		res, err := cc.Tx(ctx, raw, false)
		if err != nil {
			// A node without an index cannot tell, but the chain's state and the
			// transaction's end can.
			if strings.Contains(err.Error(), "not found") || strings.Contains(err.Error(), "indexing is disabled") {
				out = TxResult{}
				return nil
			}
			return err
		}
		out = TxResult{Found: true, Height: res.Height, Code: res.TxResult.Code, Log: res.TxResult.Log, GasUsed: res.TxResult.GasUsed}
		if out.Code == 0 {
			out.Items = itemErrorsOf(res.TxResult.Data)
		}
		return nil
	})
	return out, err
}

// accountNumber returns the signer's account number. The account must exist.
func (c *Client) accountNumber(ctx context.Context) (uint64, error) {
	c.mu.Lock()
	known := c.account
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var number uint64
	err := c.each(ctx, func(n *node) error {
		got, _, err := n.ctx.AccountRetriever.GetAccountNumberSequence(n.ctx, c.signer)
		number = got
		return notFound(err)
	})
	if errors.Is(err, ErrNotFound) {
		return 0, fmt.Errorf("account %s: %w: send it some coins for fees and bonds first", c.signer, err)
	}
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.account = &number
	c.mu.Unlock()
	return number, nil
}

// uniqueTimeout makes a timeout differ from all that this client gave before:
// it is the nonce of an unordered transaction. Other processes with the same
// key are told apart by the clock's nanoseconds, with all but certainty.
func (c *Client) uniqueTimeout(at time.Time) time.Time {
	at = at.Truncate(time.Millisecond).Add(time.Duration(time.Now().Nanosecond()) % time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !at.After(c.lastTimeout) {
		at = c.lastTimeout.Add(time.Nanosecond)
	}
	c.lastTimeout = at
	return at
}

func txHash(raw []byte) string {
	sum := sha256.Sum256(raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
