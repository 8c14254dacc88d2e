package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// emitRequested tells everything that a bidder needs to know of a request.
func (k *Keeper) emitRequested(ctx context.Context, e *entry, fee math.Int) error {
	account, err := k.format(e.account())
	if err != nil {
		return err
	}
	r := e.request
	return events.Emit(ctx, &types.EventRequested{
		RequestId: r.Id, Requester: r.Requester, Statement: r.Statement, Image: r.Image, Input: r.Input,
		MaxFee: r.MaxFee, MinStake: r.MinStake, RequestFee: fee, Terms: r.Terms, Account: account, Nonce: r.Nonce,
		BiddingBlocks: r.BiddingBlocks, RevealBlocks: r.RevealBlocks, BiddingEnd: e.auction.BiddingEnd, RevealEnd: e.auction.RevealEnd,
		TimeLimit: r.TimeLimit, StandbyWindow: r.StandbyWindow,
	})
}

// emitBondReturned tells whose bond went back when the verifier was revoked.
func (k *Keeper) emitBondReturned(ctx context.Context, e *entry, prover sdk.AccAddress, bid types.Bid) error {
	name, err := k.format(prover)
	if err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventBondReturned{RequestId: e.request.Id, Prover: name, Payer: bid.Payer, Bond: bid.Bond})
}
