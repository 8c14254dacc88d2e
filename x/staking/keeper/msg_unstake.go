package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// RequestUnstake implements types.MsgServer.
func (s msgServer) RequestUnstake(
	ctx context.Context, msg *types.MsgRequestUnstake,
) (*types.MsgRequestUnstakeResponse, error) {
	staker, prover, err := s.both(msg.Staker, msg.Prover)
	if err != nil {
		return nil, err
	}
	u, value, err := s.k.RequestUnstake(ctx, staker, prover, quantity{msg.Shares, msg.All}, msg.MinOut, msg.Generation)
	if err != nil {
		return nil, err
	}
	return &types.MsgRequestUnstakeResponse{Id: u.Id, Generation: u.Generation, Value: value, ReadyAt: u.ReadyAt}, nil
}

// CompleteUnstake implements types.MsgServer. Anyone may send it: it can only
// pay the staker.
func (s msgServer) CompleteUnstake(
	ctx context.Context, msg *types.MsgCompleteUnstake,
) (*types.MsgCompleteUnstakeResponse, error) {
	_, prover, err := s.both(msg.Signer, msg.Prover)
	if err != nil {
		return nil, err
	}
	paid, err := s.k.CompleteUnstake(ctx, prover, msg.Generation, msg.Id)
	if err != nil {
		return nil, err
	}
	return &types.MsgCompleteUnstakeResponse{Paid: paid}, nil
}

// CompleteUnstakes implements types.MsgServer. Anyone may send it. An entry that
// cannot be paid fails alone.
func (s msgServer) CompleteUnstakes(
	ctx context.Context, msg *types.MsgCompleteUnstakes,
) (*types.MsgCompleteUnstakesResponse, error) {
	_, prover, err := s.both(msg.Signer, msg.Prover)
	if err != nil {
		return nil, err
	}
	results, err := s.k.CompleteUnstakes(ctx, prover, msg.Generation, msg.Ids)
	if err != nil {
		return nil, err
	}
	return &types.MsgCompleteUnstakesResponse{Results: results}, nil
}
