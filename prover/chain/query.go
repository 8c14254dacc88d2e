package chain

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/cosmos/cosmos-sdk/types/query"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// CircuitVerifier is the verifier id under which requests name circuits.
const CircuitVerifier = "circuit"

// pageSize is the number of requests asked for in one query.
const pageSize = 100

// Head is the newest block that a node has.
type Head struct {
	Height int64
	Time   time.Time
}

// Head returns the newest block. It passes over nodes that are catching up or
// lag behind what this client has seen, as long as another one answers.
func (c *Client) Head(ctx context.Context) (Head, error) {
	c.mu.Lock()
	seen := c.height
	c.mu.Unlock()

	var head Head
	err := c.each(ctx, func(n *node) error {
		cc, err := n.ctx.GetNode()
		if err != nil {
			return err
		}
		st, err := cc.Status(ctx)
		if err != nil {
			return err
		}
		switch {
		case st.NodeInfo.Network != c.cfg.ChainID:
			return fmt.Errorf("it serves chain %q, not %q", st.NodeInfo.Network, c.cfg.ChainID)
		case st.SyncInfo.CatchingUp:
			return fmt.Errorf("it is catching up, at height %d", st.SyncInfo.LatestBlockHeight)
		case st.SyncInfo.LatestBlockHeight < seen:
			return fmt.Errorf("it lags: height %d after %d", st.SyncInfo.LatestBlockHeight, seen)
		}
		head = Head{Height: st.SyncInfo.LatestBlockHeight, Time: st.SyncInfo.LatestBlockTime}
		return nil
	})
	if err != nil {
		return Head{}, err
	}
	c.mu.Lock()
	c.height = max(c.height, head.Height)
	c.mu.Unlock()
	return head, nil
}

// Pending returns all requests that have not ended.
func (c *Client) Pending(ctx context.Context) ([]markettypes.RequestView, error) {
	var views []markettypes.RequestView
	var key []byte
	for {
		var res *markettypes.QueryRequestsResponse
		err := c.each(ctx, func(n *node) (err error) {
			res, err = markettypes.NewQueryClient(n.ctx).Requests(ctx, &markettypes.QueryRequestsRequest{
				Status:     markettypes.REQUEST_STATUS_PENDING,
				Pagination: &query.PageRequest{Key: key, Limit: pageSize},
			})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list open requests: %w", err)
		}
		views = append(views, res.Views...)
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return views, nil
		}
		key = res.Pagination.NextKey
	}
}

// Request returns one request, with its inline input while it is open, or
// ErrNotFound.
func (c *Client) Request(ctx context.Context, id string) (view markettypes.RequestView, input []byte, err error) {
	err = c.each(ctx, func(n *node) error {
		res, err := markettypes.NewQueryClient(n.ctx).Request(ctx, &markettypes.QueryRequestRequest{Id: id})
		if err != nil {
			return notFound(err)
		}
		view, input = res.View, res.Input
		return nil
	})
	return view, input, err
}

// Bid returns a prover's bid for a request, or ErrNotFound.
func (c *Client) Bid(ctx context.Context, requestID, prover string) (bid markettypes.Bid, err error) {
	err = c.each(ctx, func(n *node) error {
		res, err := markettypes.NewQueryClient(n.ctx).Bid(ctx, &markettypes.QueryBidRequest{RequestId: requestID, Prover: prover})
		if err != nil {
			return notFound(err)
		}
		bid = res.Bid
		return nil
	})
	return bid, err
}

// MayBid asks whether a prover may bid for a request now.
func (c *Client) MayBid(ctx context.Context, requestID, prover string) (res *markettypes.QueryMayBidResponse, err error) {
	err = c.each(ctx, func(n *node) error {
		var err error
		res, err = markettypes.NewQueryClient(n.ctx).MayBid(ctx, &markettypes.QueryMayBidRequest{RequestId: requestID, Prover: prover})
		return notFound(err)
	})
	return res, err
}

// ActsFor returns the prover that an address acts for; empty for none.
func (c *Client) ActsFor(ctx context.Context, address string) (prover string, err error) {
	err = c.each(ctx, func(n *node) error {
		res, err := markettypes.NewQueryClient(n.ctx).Submitter(ctx, &markettypes.QuerySubmitterRequest{Address: address})
		if err != nil {
			return notFound(err)
		}
		prover = res.ActsFor
		return nil
	})
	return prover, err
}

// Key returns the verifying key that the chain will hold a statement's proof
// against, parsed by the chain's own code (law P3).
func (c *Client) Key(ctx context.Context, st verifiertypes.Statement) (key proof.Key, err error) {
	var family, curve string
	var raw []byte
	var constants []proof.Constant
	err = c.each(ctx, func(n *node) error {
		q := verifiertypes.NewQueryClient(n.ctx)
		if st.Verifier == CircuitVerifier {
			res, err := q.Circuit(ctx, &verifiertypes.QueryCircuitRequest{Id: st.Program})
			if err != nil {
				return notFound(err)
			}
			family, curve, raw = res.Circuit.Family, res.Circuit.Curve, res.Circuit.Key
			return nil
		}
		res, err := q.Verifier(ctx, &verifiertypes.QueryVerifierRequest{Id: st.Verifier})
		if err != nil {
			return notFound(err)
		}
		family, curve, raw = res.Verifier.Family, res.Verifier.Curve, res.Verifier.Key
		constants = constants[:0]
		for _, k := range res.Verifier.Constants {
			constants = append(constants, proof.Constant{Name: k.Name, Value: k.Value})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verifier %s: %w", st.Verifier, err)
	}
	if st.Verifier == CircuitVerifier {
		// A circuit is its content: a node that lies about it is found out.
		if id := proof.CircuitID(family, curve, raw); hex.EncodeToString(id[:]) != st.Program {
			return nil, fmt.Errorf("%w: the node's key for circuit %s has another id", ErrUnavailable, st.Program)
		}
	}
	f, ok := families.Get(family)
	if !ok {
		return nil, fmt.Errorf("verifier %s is of family %q, this proverd knows %s: update it", st.Verifier, family, families.Names())
	}
	if key, err = f.Parse(curve, raw, constants); err != nil {
		return nil, fmt.Errorf("verifier %s: %w", st.Verifier, err)
	}
	return key, nil
}
