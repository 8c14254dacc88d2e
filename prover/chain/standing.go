package chain

import (
	"context"
	"fmt"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"

	"cosmossdk.io/math"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// Standing is how the chain sees a prover: the figures of laws M4 and S8.
type Standing struct {
	auction.Figures
	State provertypes.ProverState
	// OvercommitBps is the part of the assigned stake that must be free besides a
	// request's.
	OvercommitBps uint32
}

// Standing returns how the chain sees a prover, or ErrNotFound for an address that
// is none. Its parts may be of blocks that follow one another.
func (c *Client) Standing(ctx context.Context, prover string) (s Standing, err error) {
	p, err := c.Prover(ctx, prover)
	if err != nil {
		return Standing{}, fmt.Errorf("prover %s: %w", prover, err)
	}
	s.State = p.State
	s.Active = p.State == provertypes.PROVER_STATE_ACTIVE
	s.SelfStake, s.Assets = p.SelfStake, p.Assets
	s.AssignedStake, s.Exposure = p.Prover.Load.AssignedStake, p.Prover.Load.Exposure
	s.MaxExposure = p.Prover.Breaker.MaxExposure
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := provertypes.NewQueryClient(cc).Params(ctx, &provertypes.QueryParamsRequest{}, at)
		if err != nil {
			return err
		}
		s.MinSelfStake = res.Params.MinSelfStake
		return nil
	})
	if err != nil {
		return Standing{}, fmt.Errorf("params of provers: %w", err)
	}
	market, _, err := c.Market(ctx)
	if err != nil {
		return Standing{}, fmt.Errorf("params of the market: %w", err)
	}
	s.OvercommitBps = market.OvercommitBps
	return s, nil
}

// Balance returns how many uproof an account can spend; zero for one that the chain
// does not know.
func (c *Client) Balance(ctx context.Context, address string) (balance math.Int, err error) {
	err = c.query(ctx, func(cc gogogrpc.ClientConn, at grpc.CallOption) error {
		res, err := banktypes.NewQueryClient(cc).SpendableBalanceByDenom(ctx,
			&banktypes.QuerySpendableBalanceByDenomRequest{Address: address, Denom: chainconst.Denom}, at)
		if err != nil {
			return err
		}
		balance = res.Balance.Amount
		return nil
	})
	if err != nil {
		return math.Int{}, fmt.Errorf("balance of %s: %w", address, err)
	}
	return balance, nil
}
