package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// msgServer answers the market's messages: each decodes and authorises, and
// leaves the rest to one keeper method.
type msgServer struct{ k *Keeper }

// NewMsgServer makes the message server.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k: k} }

var _ types.MsgServer = msgServer{}

// UpdateParams replaces the parameters; for the authority only.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAuthority, err.Error())
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	if err := s.k.params.Set(ctx, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, events.Emit(ctx, &types.EventParamsUpdated{Params: msg.Params})
}

// open loads a request, applies what is due on it, and returns ErrRequestEnded or
// ErrVerifierRevoked unless it is open still.
func (k *Keeper) open(ctx context.Context, name string) (*entry, moment, error) {
	e, err := k.loadByName(ctx, name)
	if err != nil {
		return nil, moment{}, err
	}
	m, err := k.now(ctx)
	if err != nil {
		return nil, m, err
	}
	if _, err := k.advance(ctx, e, m); err != nil {
		return nil, m, err
	}
	return e, m, checkOpen(e)
}

// checkOpen returns ErrRequestEnded or ErrVerifierRevoked unless the request is open.
func checkOpen(e *entry) error {
	switch {
	case e.auction.Status == types.REQUEST_STATUS_PENDING:
		return nil
	case e.auction.EndReason == types.END_REASON_REVOKED:
		return errorsmod.Wrapf(types.ErrVerifierRevoked, "request %s", e.request.Id)
	default:
		return errorsmod.Wrapf(types.ErrRequestEnded, "request %s is %s", e.request.Id, e.auction.Status)
	}
}
