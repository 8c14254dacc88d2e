package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SetProfile implements types.MsgServer.
func (s msgServer) SetProfile(ctx context.Context, msg *types.MsgSetProfile) (*types.MsgSetProfileResponse, error) {
	prover, err := s.k.address(msg.Prover)
	if err != nil {
		return nil, err
	}
	if err := s.k.SetProfile(ctx, prover, msg.Profile); err != nil {
		return nil, err
	}
	return &types.MsgSetProfileResponse{}, nil
}

// SetProfile replaces what the prover says about itself (law S9). It fails with
// ErrProverNotFound, ErrProverRetired, ErrInvalidProfile.
func (k *Keeper) SetProfile(ctx context.Context, addr sdk.AccAddress, profile types.Profile) error {
	if err := profile.Validate(); err != nil {
		return err
	}
	p, err := k.inBusiness(ctx, addr)
	if err != nil {
		return err
	}
	if err := k.profiles.Set(ctx, addr, profile); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventProfileSet{Prover: p.Address, Profile: profile})
}

// inBusiness loads a prover that has not retired. It fails with
// ErrProverNotFound, ErrProverRetired.
func (k *Keeper) inBusiness(ctx context.Context, addr sdk.AccAddress) (types.Prover, error) {
	p, err := k.prover(ctx, addr)
	if err == nil && p.Retired {
		err = types.ErrProverRetired.Wrap(p.Address)
	}
	return p, err
}
