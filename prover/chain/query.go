package chain

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
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
	seen := c.Seen()
	var head Head
	others := 0
	err := c.each(ctx, func(n *node) error {
		cc, err := n.ctx.GetNode()
		if err != nil {
			return err
		}
		st, err := cc.Status(ctx)
		if err != nil {
			return err
		}
		now := Head{Height: st.SyncInfo.LatestBlockHeight, Time: st.SyncInfo.LatestBlockTime}
		switch {
		case st.NodeInfo.Network != c.cfg.ChainID:
			return fmt.Errorf("it serves chain %q, not %q", st.NodeInfo.Network, c.cfg.ChainID)
		case now.Height < seen.Height && now.Time.After(seen.Time):
			// Time grows with height: no block of the chain we know is like this.
			others++
			return fmt.Errorf("its block %d is of %s, but block %d was of %s: it is another chain, or was started anew",
				now.Height, now.Time.Format(time.RFC3339), seen.Height, seen.Time.Format(time.RFC3339))
		case st.SyncInfo.CatchingUp:
			return fmt.Errorf("it is catching up, at height %d", now.Height)
		case now.Height < seen.Height:
			return fmt.Errorf("it lags: height %d after %d", now.Height, seen.Height)
		}
		head = now
		return nil
	})
	if err != nil && others == len(c.nodes) {
		return Head{}, fmt.Errorf("%w: %w", ErrOtherChain, err)
	}
	if err != nil {
		return Head{}, err
	}
	c.mu.Lock()
	if head.Height > c.seen.Height {
		c.seen.Height, c.seen.Time = head.Height, head.Time
	}
	c.mu.Unlock()
	return head, nil
}

// query reads the chain's state with call, from a node whose state is not older
// than any that this client read before: a job that advanced on what one node
// said must not be given up on what a slower one has not heard of yet.
func (c *Client) query(ctx context.Context, call func(cc gogogrpc.ClientConn, at grpc.CallOption) error) error {
	_, err := c.queryFrom(ctx, 0, call)
	return err
}

// queryFrom is query for a state that is not older than least either. It returns
// the height of the answer; 0 where the node does not tell.
func (c *Client) queryFrom(ctx context.Context, least int64, call func(cc gogogrpc.ClientConn, at grpc.CallOption) error) (height int64, err error) {
	err = c.each(ctx, func(n *node) error {
		least := max(least, c.Seen().State)
		var header metadata.MD
		err := call(n.ctx, grpc.Header(&header))
		if status.Code(err) == codes.NotFound {
			return confirmAbsent(n, least, call, err)
		}
		if err != nil {
			return err
		}
		height, err = c.sawState(header, least)
		return err
	})
	return height, err
}

// confirmAbsent turns a node's "not found" into ErrNotFound if it holds at a
// height that we know of: errors do not tell at which height they arose.
func confirmAbsent(n *node, least int64, call func(gogogrpc.ClientConn, grpc.CallOption) error, absent error) error {
	if least > 0 {
		var header metadata.MD
		if err := call(n.ctx.WithHeight(least), grpc.Header(&header)); status.Code(err) != codes.NotFound {
			return fmt.Errorf("it lags, or the answer changed just now: it says %q, but at height %d: %v", absent, least, err)
		}
	}
	return notFound(absent)
}

// sawState remembers the height of an answer, and refuses one from before least.
func (c *Client) sawState(header metadata.MD, least int64) (int64, error) {
	values := header.Get(grpctypes.GRPCBlockHeightHeader)
	if len(values) == 0 {
		return 0, nil
	}
	height, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("it answers at height %q: %w", values[0], err)
	}
	if height < least {
		return 0, fmt.Errorf("it lags: it answers at height %d after %d", height, least)
	}
	c.mu.Lock()
	c.seen.State = max(c.seen.State, height)
	c.mu.Unlock()
	return height, nil
}

// Pending returns all requests that have not ended, as they were at the height at
// or later: a request may be missing, or be there as it was, if something happened
// to it in a block after that while the pages were read.
func (c *Client) Pending(ctx context.Context) (views []markettypes.RequestView, at int64, err error) {
	var key []byte
	for {
		var res *markettypes.QueryRequestsResponse
		height, err := c.queryFrom(ctx, 0, func(cc gogogrpc.ClientConn, at grpc.CallOption) (err error) {
			res, err = markettypes.NewQueryClient(cc).Requests(ctx, &markettypes.QueryRequestsRequest{
				Status:     markettypes.REQUEST_STATUS_PENDING,
				Pagination: &query.PageRequest{Key: key, Limit: pageSize},
			}, at)
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("list open requests: %w", err)
		}
		if len(key) == 0 || height < at {
			at = height
		}
		views = append(views, res.Views...)
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return views, at, nil
		}
		key = res.Pagination.NextKey
	}
}

// Request returns one request, with its inline input while it is open, or
// ErrNotFound.
func (c *Client) Request(ctx context.Context, id string) (view markettypes.RequestView, input []byte, err error) {
	return c.RequestFrom(ctx, id, 0)
}

// RequestFrom is Request as it was at a height, or later.
func (c *Client) RequestFrom(ctx context.Context, id string, least int64) (view markettypes.RequestView, input []byte, err error) {
	_, err = c.queryFrom(ctx, least, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := markettypes.NewQueryClient(cc).Request(ctx, &markettypes.QueryRequestRequest{Id: id}, at)
		if err != nil {
			return err
		}
		view, input = res.View, res.Input
		return nil
	})
	return view, input, err
}

// Bid returns a prover's bid for a request, or ErrNotFound.
func (c *Client) Bid(ctx context.Context, requestID, prover string) (bid markettypes.Bid, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := markettypes.NewQueryClient(cc).Bid(ctx, &markettypes.QueryBidRequest{RequestId: requestID, Prover: prover}, at)
		if err != nil {
			return err
		}
		bid = res.Bid
		return nil
	})
	return bid, err
}

// MayBid asks whether a prover may bid for a request now.
func (c *Client) MayBid(ctx context.Context, requestID, prover string) (res *markettypes.QueryMayBidResponse, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		var err error
		res, err = markettypes.NewQueryClient(cc).MayBid(ctx, &markettypes.QueryMayBidRequest{RequestId: requestID, Prover: prover}, at)
		return err
	})
	return res, err
}

// ActsFor returns the prover that an address acts for; empty for none.
func (c *Client) ActsFor(ctx context.Context, address string) (prover string, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := markettypes.NewQueryClient(cc).Submitter(ctx, &markettypes.QuerySubmitterRequest{Address: address}, at)
		if err != nil {
			return err
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
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		q := verifiertypes.NewQueryClient(cc)
		if st.Verifier == CircuitVerifier {
			res, err := q.Circuit(ctx, &verifiertypes.QueryCircuitRequest{Id: st.Program}, at)
			if err != nil {
				return err
			}
			family, curve, raw = res.Circuit.Family, res.Circuit.Curve, res.Circuit.Key
			return nil
		}
		res, err := q.Verifier(ctx, &verifiertypes.QueryVerifierRequest{Id: st.Verifier}, at)
		if err != nil {
			return err
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
