package keeper

import (
	"context"
	"unicode/utf8"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Jail implements types.MsgServer.
func (s msgServer) Jail(ctx context.Context, msg *types.MsgJail) (*types.MsgJailResponse, error) {
	prover, err := s.judged(ctx, msg.Authority, msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.Jail(ctx, prover); err != nil {
		return nil, err
	}
	return &types.MsgJailResponse{}, nil
}

// Unjail implements types.MsgServer.
func (s msgServer) Unjail(ctx context.Context, msg *types.MsgUnjail) (*types.MsgUnjailResponse, error) {
	prover, err := s.judged(ctx, msg.Authority, msg.Prover)
	if err != nil {
		return nil, err
	}
	state, err := s.k.Unjail(ctx, prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgUnjailResponse{State: state}, nil
}

// DeactivateProver implements types.MsgServer.
func (s msgServer) DeactivateProver(
	ctx context.Context, msg *types.MsgDeactivateProver,
) (*types.MsgDeactivateProverResponse, error) {
	prover, err := s.judged(ctx, msg.Authority, msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.DeactivateProver(ctx, prover); err != nil {
		return nil, err
	}
	return &types.MsgDeactivateProverResponse{}, nil
}

// LiftDeactivation implements types.MsgServer.
func (s msgServer) LiftDeactivation(
	ctx context.Context, msg *types.MsgLiftDeactivation,
) (*types.MsgLiftDeactivationResponse, error) {
	prover, err := s.judged(ctx, msg.Authority, msg.Prover)
	if err != nil {
		return nil, err
	}
	state, err := s.k.LiftDeactivation(ctx, prover)
	if err != nil {
		return nil, err
	}
	return &types.MsgLiftDeactivationResponse{State: state}, nil
}

// SlashProver implements types.MsgServer.
func (s msgServer) SlashProver(ctx context.Context, msg *types.MsgSlashProver) (*types.MsgSlashProverResponse, error) {
	prover, err := s.judged(ctx, msg.Authority, msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := positive("amount", msg.Amount); err != nil {
		return nil, err
	}
	if len(msg.Reason) == 0 || len(msg.Reason) > types.MaxSourceBytes || !utf8.ValidString(msg.Reason) {
		return nil, types.ErrInvalidReason.Wrapf("%d bytes, allowed are 1 to %d, in UTF-8", len(msg.Reason), types.MaxSourceBytes)
	}
	slashed, err := s.k.slash(ctx, prover, msg.Reason, msg.Amount, 1)
	if err != nil {
		return nil, err
	}
	return &types.MsgSlashProverResponse{Slashed: slashed}, nil
}

// UpdateParams implements types.MsgServer.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.k.SetParams(ctx, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
