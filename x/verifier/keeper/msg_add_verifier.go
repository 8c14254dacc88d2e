package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// AddVerifier implements types.MsgServer.
func (s msgServer) AddVerifier(ctx context.Context, msg *types.MsgAddVerifier) (*types.MsgAddVerifierResponse, error) {
	if err := s.authorise(ctx, msg.Authority); err != nil {
		return nil, err
	}
	err := s.k.AddVerifier(ctx, types.Verifier{
		Id: msg.Id, Family: msg.Family, Curve: msg.Curve, Key: msg.Key, Constants: msg.Constants,
	})
	if err != nil {
		return nil, err
	}
	return &types.MsgAddVerifierResponse{}, nil
}
