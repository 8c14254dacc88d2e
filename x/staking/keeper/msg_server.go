package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// msgServer decodes and authorises messages and leaves the rest to the keeper.
type msgServer struct{ k *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the module's message service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// both decodes the addresses of a staker, or another signer, and a prover.
func (s msgServer) both(signer, prover string) (sdk.AccAddress, sdk.AccAddress, error) {
	a, err := s.k.address(signer)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.k.address(prover)
	return a, b, err
}

// judged checks that authority is the authority and decodes the prover.
func (s msgServer) judged(ctx context.Context, authority, prover string) (sdk.AccAddress, error) {
	if err := s.authorise(ctx, authority); err != nil {
		return nil, err
	}
	return s.k.address(prover)
}

func (s msgServer) authorise(ctx context.Context, authority string) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, authority); err != nil {
		return types.ErrUnauthorized.Wrap(err.Error())
	}
	return nil
}
