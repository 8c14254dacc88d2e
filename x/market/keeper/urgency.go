package keeper

import (
	"context"
	"errors"
	"slices"
	"time"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// usualPace is how long a block takes when a height is compared with a time.
const usualPace = time.Second

// Kinds of keys of types.Urgency.
const (
	urgentProof  byte = 'p'
	urgentReveal byte = 'r'
	urgentBid    byte = 'b'
)

// UrgentProof says that the signer may deliver on the request in the next block: it
// checks all that MsgSubmitProof does before it verifies the proof. It changes nothing.
func (k *Keeper) UrgentProof(ctx context.Context, msg *types.MsgSubmitProof) (u types.Urgency, err error) {
	err = k.inNextBlock(ctx, func(ctx context.Context) error {
		signer, err := k.address("signer", msg.Signer)
		if err != nil {
			return err
		}
		if err := msg.Validate(); err != nil {
			return err
		}
		e, err := k.assignedTo(ctx, signer, msg.RequestId)
		if err != nil {
			return err
		}
		verifier, err := k.verifierOf(ctx, e)
		if err != nil {
			return err
		}
		clock, err := k.GetClock(ctx)
		if err != nil {
			return err
		}
		left := verifier.reading(e).Deadline.Sub(clock.MarketTime)
		prover := e.auction.Assignment.Prover
		u = types.Urgency{
			Key: slices.Concat([]byte{urgentProof}, e.id, []byte(prover)), Prover: prover,
			Deadline: blockTime(ctx).Add(left), Statement: e.request.Statement,
		}
		return nil
	})
	return u, err
}

// UrgentReveal says that the reveal opens a sealed bid in the next block: all that
// MsgReveal checks but whether the bidder is still eligible. It changes nothing.
func (k *Keeper) UrgentReveal(ctx context.Context, msg *types.MsgReveal) (u types.Urgency, err error) {
	err = k.inNextBlock(ctx, func(ctx context.Context) error {
		signer, err := k.address("signer", msg.Signer)
		if err != nil {
			return err
		}
		if err := msg.Validate(); err != nil {
			return err
		}
		e, m, err := k.open(ctx, msg.RequestId)
		if err != nil {
			return err
		}
		if err := checkRevealing(e, m); err != nil {
			return err
		}
		own, err := k.revealer(ctx, e, signer)
		if err != nil {
			return err
		}
		if _, err := openBid(ctx, e, own, msg); err != nil {
			return err
		}
		u, err = k.urgencyOf(urgentReveal, e, own.prover, atHeight(ctx, m, e.auction.RevealEnd))
		return err
	})
	return u, err
}

// UrgentBid says that the request takes the bid in the next block, and that the signer
// acts for a prover that may make it: all that MsgBid checks but whether the payer has
// the bond. It changes nothing.
func (k *Keeper) UrgentBid(ctx context.Context, msg *types.MsgBid) (u types.Urgency, err error) {
	err = k.inNextBlock(ctx, func(ctx context.Context) error {
		signer, err := k.address("signer", msg.Signer)
		if err != nil {
			return err
		}
		if err := msg.Validate(); err != nil {
			return err
		}
		e, m, err := k.open(ctx, msg.RequestId)
		if err != nil {
			return err
		}
		if err := checkBidding(e, m); err != nil {
			return err
		}
		bidder, err := k.actingFor(ctx, signer)
		if err != nil {
			return err
		}
		if err := k.mayBid(ctx, e, bidder, msg); err != nil {
			return err
		}
		u, err = k.urgencyOf(urgentBid, e, bidder.prover, atHeight(ctx, m, e.auction.BiddingEnd))
		return err
	})
	return u, err
}

// mayBid says whether an open request takes a prover's bid, its first or another.
func (k *Keeper) mayBid(ctx context.Context, e *entry, bidder actor, msg *types.MsgBid) error {
	_, reason, err := k.eligible(ctx, bidder, e.request)
	if err != nil {
		return err
	}
	if reason != nil {
		return reason
	}
	_, replaced, err := k.earlierBid(ctx, e, bidder.prover)
	if err != nil || replaced {
		return err
	}
	_, err = k.firstBond(ctx, e.request, msg)
	return err
}

// urgencyOf is the urgency of a prover's bid or reveal.
func (k *Keeper) urgencyOf(kind byte, e *entry, prover sdk.AccAddress, deadline time.Time) (types.Urgency, error) {
	name, err := k.format(prover)
	return types.Urgency{Key: slices.Concat([]byte{kind}, e.id, prover), Prover: name, Deadline: deadline}, err
}

// inNextBlock runs a check as of the next block, beside the state: what it changes is
// dropped, its gas is not the transaction's, and a panic becomes an error.
func (k *Keeper) inNextBlock(ctx context.Context, check func(context.Context) error) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	next := sdkCtx.WithBlockHeight(sdkCtx.BlockHeight() + 1).WithGasMeter(storetypes.NewInfiniteGasMeter())
	err := isolate.Run(next, types.ErrItemFailed, func(ctx context.Context) error {
		if err := check(ctx); err != nil {
			return err
		}
		return errAside
	})
	if errors.Is(err, errAside) {
		return nil
	}
	return err
}

// errAside has what a check changed dropped, as any error does.
var errAside = errors.New("checked")

// atHeight is when the block of that height is expected.
func atHeight(ctx context.Context, m moment, height uint64) time.Time {
	left := int64(min(height, m.height+types.MaxWindowBlocks)) - int64(m.height)
	return blockTime(ctx).Add(time.Duration(left) * usualPace)
}

// blockTime is the time of the last block.
func blockTime(ctx context.Context) time.Time { return sdk.UnwrapSDKContext(ctx).BlockTime() }
