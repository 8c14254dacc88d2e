package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// msgServer serves the module's messages: each method decodes, authorises and
// calls one keeper method.
type msgServer struct{ k *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the server of the module's messages.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// signer decodes a signer's address.
func (s msgServer) signer(address string) (sdk.AccAddress, error) {
	bz, err := s.k.accounts.AddressCodec().StringToBytes(address)
	if err != nil {
		return nil, sdkerrors.ErrInvalidAddress.Wrapf("signer: %s", err)
	}
	return bz, nil
}

// authorise lets only the authority pass.
func (s msgServer) authorise(ctx context.Context, signer string) error {
	return sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, signer)
}

// authoriseGuardian lets the authority and the guardian pass (law V1) and returns
// the signer's address in its canonical form.
func (s msgServer) authoriseGuardian(ctx context.Context, signer string) (string, error) {
	if s.authorise(ctx, signer) == nil {
		return signer, nil
	}
	addr, err := s.signer(signer)
	if err != nil {
		return "", err
	}
	canonical, err := s.k.accounts.AddressCodec().BytesToString(addr)
	if err != nil {
		return "", err
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return "", err
	}
	if params.Guardian == "" {
		return "", sdkerrors.ErrUnauthorized.Wrapf("only the authority may suspend, since the parameters name no guardian, not %s", canonical)
	}
	if canonical != params.Guardian {
		return "", sdkerrors.ErrUnauthorized.Wrapf("only the guardian (%s) or the authority may suspend, not %s", params.Guardian, canonical)
	}
	return canonical, nil
}
