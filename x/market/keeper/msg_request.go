package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Request asks for a proof (law M1).
func (s msgServer) Request(ctx context.Context, msg *types.MsgRequest) (*types.MsgRequestResponse, error) {
	requester, err := s.k.canonical("requester", &msg.Requester)
	if err != nil {
		return nil, err
	}
	id, err := s.k.makeRequest(ctx, requester, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgRequestResponse{Id: id}, nil
}

// makeRequest checks a request, pins its terms (law M2), takes max_fee into
// escrow and the request fee for the treasury, and opens the bidding.
func (k *Keeper) makeRequest(ctx context.Context, requester sdk.AccAddress, msg *types.MsgRequest) (string, error) {
	if err := k.takesRequests(ctx); err != nil {
		return "", err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return "", err
	}
	provers, err := k.provers.Params(ctx)
	if err != nil {
		return "", err
	}
	if err := msg.Validate(params, provers.MinSelfStake); err != nil {
		return "", err
	}
	id, err := k.newID(ctx, requester, msg)
	if err != nil {
		return "", err
	}
	if err := k.verifier.CheckStatement(ctx, msg.Statement); err != nil {
		return "", err
	}
	e, err := newEntry(ctx, id, params, msg)
	if err != nil {
		return "", err
	}
	if err := k.escrow(ctx, e, requester, "max_fee", msg.MaxFee); err != nil {
		return "", err
	}
	if err := fundsError("request fee", params.RequestFee, k.collect(ctx, requester, params.RequestFee)); err != nil {
		return "", err
	}
	if err := k.verifier.Hold(ctx, msg.Statement, id); err != nil {
		return "", err
	}
	if err := k.create(ctx, e, msg.Input.Inline); err != nil {
		return "", err
	}
	if err := k.count(ctx, e.id, types.MarketStats{Requests: 1, RequestFees: params.RequestFee}); err != nil {
		return "", err
	}
	return e.request.Id, k.emitRequested(ctx, e, params.RequestFee)
}

// newID names the request. It returns ErrRequestExists.
func (k *Keeper) newID(ctx context.Context, requester sdk.AccAddress, msg *types.MsgRequest) ([]byte, error) {
	program, digest, err := msg.Statement.Decode()
	if err != nil {
		return nil, err
	}
	chainID := sdk.UnwrapSDKContext(ctx).ChainID()
	id, err := auction.RequestID(chainID, requester, msg.Nonce, msg.Statement.Verifier, program[:], digest[:])
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidRequest, err.Error())
	}
	for _, has := range []func(context.Context, []byte) (bool, error){k.requests.Has, k.receipts.Has} {
		exists, err := has(ctx, id[:])
		if err != nil {
			return nil, err
		}
		if !exists {
			continue
		}
		return nil, errorsmod.Wrapf(types.ErrRequestExists, "id %s, nonce %d", types.FormatID(id[:]), msg.Nonce)
	}
	return id[:], nil
}

// newEntry makes the records of a new request with its terms pinned (law M2).
func newEntry(ctx context.Context, id []byte, params types.Params, msg *types.MsgRequest) (*entry, error) {
	penalty, err := auction.Penalty(msg.MinStake, params.SlashBps)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	input := types.Input{Url: msg.Input.Url, Sha256: msg.Input.Sha256}
	if input.Url == "" {
		sum := sha256.Sum256(msg.Input.Inline)
		input.Sha256 = hex.EncodeToString(sum[:])
	}
	height := blockHeight(ctx)
	e := &entry{id: id}
	e.request = types.Request{
		Id: types.FormatID(id), Requester: msg.Requester, Statement: msg.Statement, Image: msg.Image, Input: input,
		MaxFee: msg.MaxFee, MinStake: msg.MinStake, TimeLimit: msg.TimeLimit, StandbyWindow: msg.StandbyWindow,
		BiddingBlocks: msg.BiddingBlocks, RevealBlocks: msg.RevealBlocks, Nonce: msg.Nonce, Height: height,
		Time: sdk.UnwrapSDKContext(ctx).BlockTime().UTC(),
		Terms: types.Terms{
			ProtocolFeeBps: params.ProtocolFeeBps, SlashBps: params.SlashBps, BidBondBps: params.BidBondBps,
			MinBidBond: params.MinBidBond, Penalty: penalty,
		},
	}
	e.auction = types.Auction{
		Status: types.REQUEST_STATUS_PENDING, Stage: types.STAGE_BIDDING,
		BiddingEnd: height + msg.BiddingBlocks, RevealEnd: height + msg.BiddingBlocks + msg.RevealBlocks,
		UnrevealedBonds: math.ZeroInt(), SecondFee: math.ZeroInt(),
	}
	return e, nil
}
