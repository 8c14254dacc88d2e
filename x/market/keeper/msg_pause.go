package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// SetPause says what is paused from now on; for the authority only (law M16).
func (s msgServer) SetPause(ctx context.Context, msg *types.MsgSetPause) (*types.MsgSetPauseResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAuthority, err.Error())
	}
	if err := s.k.pause.Set(ctx, msg.Pause); err != nil {
		return nil, err
	}
	return &types.MsgSetPauseResponse{}, events.Emit(ctx, &types.EventPauseSet{Pause: msg.Pause})
}

// GetPause tells what is paused; nothing until the authority says otherwise.
func (k *Keeper) GetPause(ctx context.Context) (types.Pause, error) {
	pause, err := k.pause.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Pause{}, nil
	}
	return pause, err
}

// takesRequests returns ErrPaused while new requests and raises are paused.
func (k *Keeper) takesRequests(ctx context.Context) error {
	pause, err := k.GetPause(ctx)
	if err == nil && pause.Requests {
		err = errorsmod.Wrap(types.ErrPaused, "new requests and raises of max_fee; those that are open go on, try again later")
	}
	return err
}

// takesBids returns ErrPaused while first bids are paused.
func (k *Keeper) takesBids(ctx context.Context) error {
	pause, err := k.GetPause(ctx)
	if err == nil && pause.Bids {
		err = errorsmod.Wrap(types.ErrPaused, "first bids; a bid that stands may be replaced, and revealed")
	}
	return err
}
