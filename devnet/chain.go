package devnet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// chainClient reads the chain through the node's gRPC server.
type chainClient struct {
	conn    *grpc.ClientConn
	node    node.ServiceClient
	txs     tx.ServiceClient
	bank    banktypes.QueryClient
	market  markettypes.QueryClient
	provers proverstypes.QueryClient
}

// redialEvery is how often a connection tries to find a node that is down.
const redialEvery = time.Second

// dial prepares a connection; the node need not be up yet.
func dial(addr string) (*chainClient, error) {
	// Amounts are custom types, which only the chain's own codec decodes.
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: pollEvery, Multiplier: 2, MaxDelay: redialEvery}, MinConnectTimeout: redialEvery,
		}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(cdc.GRPCCodec())))
	if err != nil {
		return nil, err
	}
	return &chainClient{
		conn:    conn,
		node:    node.NewServiceClient(conn),
		txs:     tx.NewServiceClient(conn),
		bank:    banktypes.NewQueryClient(conn),
		market:  markettypes.NewQueryClient(conn),
		provers: proverstypes.NewQueryClient(conn),
	}, nil
}

// height returns the height of the last block.
func (c *chainClient) height(ctx context.Context) (uint64, error) {
	res, err := c.node.Status(ctx, &node.StatusRequest{})
	if err != nil {
		return 0, err
	}
	return res.Height, nil
}

// request returns a request and where it stands.
func (c *chainClient) request(ctx context.Context, id string) (markettypes.RequestView, error) {
	res, err := c.market.Request(ctx, &markettypes.QueryRequestRequest{Id: id})
	if err != nil {
		return markettypes.RequestView{}, err
	}
	return res.View, nil
}

// balance returns what addr holds, in uproof.
func (c *chainClient) balance(ctx context.Context, addr string) (math.Int, error) {
	res, err := c.bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: addr, Denom: chain.Denom})
	if err != nil {
		return math.Int{}, err
	}
	return res.Balance.Amount, nil
}

// vaultTotal returns everything that a prover's vault account must hold, in
// uproof: assets, rewards not yet vested, unstaking pool and commission
// (invariant 2).
func (c *chainClient) vaultTotal(ctx context.Context, prover string) (math.Int, error) {
	res, err := c.provers.Vault(ctx, &proverstypes.QueryVaultRequest{Prover: prover})
	if err != nil {
		return math.Int{}, err
	}
	total := res.Vault.Assets.Add(res.Unvested).Add(res.Vault.PoolAssets).Add(res.Vault.Commission)
	held, err := c.balance(ctx, res.Account)
	if err != nil {
		return math.Int{}, err
	}
	if !held.Equal(total) {
		return math.Int{}, fmt.Errorf("the vault of %s records %s%s and its account holds %s", prover, total, chain.Denom, held)
	}
	return total, nil
}

// gasOf returns the gas that the transaction which emitted an event used. The
// node indexes a block's transactions a moment after the block, so it retries.
func (c *chainClient) gasOf(ctx context.Context, query string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, txTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		res, err := c.txs.GetTxsEvent(ctx, &tx.GetTxsEventRequest{Query: query, Limit: 1})
		if err != nil {
			return 0, err
		}
		if len(res.TxResponses) > 0 {
			return res.TxResponses[0].GasUsed, nil
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), fmt.Errorf("no transaction matches %s", query))
		case <-tick.C:
		}
	}
}
