package chain

import (
	"context"
	"fmt"
	"time"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// maxVerifiers bounds the list that Verifiers reads: a node may send anything.
const maxVerifiers = 10_000

// NodeStatus is what one node says of itself.
type NodeStatus struct {
	ChainID    string
	Height     int64
	Time       time.Time // of that block
	CatchingUp bool
}

// AskNode asks one node how it stands, until ctx ends.
func AskNode(ctx context.Context, url string) (NodeStatus, error) {
	rpc, err := dial(url, DefaultTimeout)
	if err != nil {
		return NodeStatus{}, err
	}
	st, err := rpc.Status(ctx)
	if err != nil {
		return NodeStatus{}, err
	}
	return NodeStatus{
		ChainID: st.NodeInfo.Network, CatchingUp: st.SyncInfo.CatchingUp,
		Height: st.SyncInfo.LatestBlockHeight, Time: st.SyncInfo.LatestBlockTime,
	}, nil
}

// Prover returns a prover's record with its state, or ErrNotFound.
func (c *Client) Prover(ctx context.Context, address string) (view provertypes.ProverView, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := provertypes.NewQueryClient(cc).Prover(ctx, &provertypes.QueryProverRequest{Prover: address}, at)
		if err == nil {
			view = res.Prover
		}
		return err
	})
	return view, err
}

// Market returns the market's parameters, and what is paused.
func (c *Client) Market(ctx context.Context) (params markettypes.Params, pause markettypes.Pause, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := markettypes.NewQueryClient(cc).Params(ctx, &markettypes.QueryParamsRequest{}, at)
		if err == nil {
			params, pause = res.Params, res.Pause
		}
		return err
	})
	return params, pause, err
}

// Link returns for whom an address acts, its recorded link and its consent.
func (c *Client) Link(ctx context.Context, address string) (link markettypes.QuerySubmitterResponse, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := markettypes.NewQueryClient(cc).Submitter(ctx, &markettypes.QuerySubmitterRequest{Address: address}, at)
		if err == nil {
			link = *res
		}
		return err
	})
	return link, err
}

// Verifiers returns the status of every registered verifier, by id; circuits have none.
func (c *Client) Verifiers(ctx context.Context) (map[string]verifiertypes.VerifierStatus, error) {
	found := make(map[string]verifiertypes.VerifierStatus)
	var key []byte
	for range maxVerifiers / pageSize {
		var res *verifiertypes.QueryVerifiersResponse
		err := c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) (err error) {
			res, err = verifiertypes.NewQueryClient(cc).Verifiers(ctx, &verifiertypes.QueryVerifiersRequest{
				Pagination: &query.PageRequest{Key: key, Limit: pageSize},
			}, at)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list verifiers: %w", err)
		}
		for _, v := range res.Verifiers {
			found[v.Id] = v.Status
		}
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return found, nil
		}
		key = res.Pagination.NextKey
	}
	return nil, fmt.Errorf("%w: a node lists more verifiers than %d", ErrUnavailable, maxVerifiers)
}

// TryTransaction has a node simulate a transaction of the signer's as the sidecar sends
// them, unordered, and sends nothing. ErrRefused is what the chain has against it.
func (c *Client) TryTransaction(ctx context.Context) error {
	if c.cfg.Keyring == nil {
		return ErrReadOnly
	}
	coin := sdk.NewCoins(sdk.NewCoin(chainconst.Denom, math.OneInt()))
	_, err := c.Sign(ctx, banktypes.NewMsgSend(c.signer, c.signer, coin))
	return err
}
