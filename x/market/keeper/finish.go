package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// settle pays for a verified proof and ends the request (law M8).
func (k *Keeper) settle(ctx context.Context, e *entry, proof types.Proof) (auction.Settlement, error) {
	duty := *e.auction.Assignment
	plan, err := auction.Settle(e.auction.Holdings(e.request.MaxFee), duty.Price, e.request.Terms.ProtocolFeeBps)
	if err != nil {
		return plan, errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	prover, err := k.address("prover", duty.Prover)
	if err != nil {
		return plan, err
	}
	if err := k.collectFrom(ctx, e, plan.ProtocolFee); err != nil {
		return plan, err
	}
	if err := k.reward(ctx, e, prover, plan); err != nil {
		return plan, err
	}
	if err := k.payOut(ctx, e, e.request.Requester, plan.Refund); err != nil {
		return plan, err
	}
	if err := k.payOut(ctx, e, duty.Payer, plan.Bond); err != nil {
		return plan, err
	}
	if err := k.provers.CloseAssignment(ctx, prover, duty.Number); err != nil {
		return plan, err
	}
	if err := k.finish(ctx, e, types.REQUEST_STATUS_FULFILLED, types.END_REASON_PROVED); err != nil {
		return plan, err
	}
	if err := k.countProof(ctx, e, prover, plan); err != nil {
		return plan, err
	}
	return plan, events.Emit(ctx, &types.EventFulfilled{
		RequestId: e.request.Id, Requester: e.request.Requester, Prover: duty.Prover, Submitter: proof.Submitter,
		Price: duty.Price, ProtocolFee: plan.ProtocolFee, Reward: plan.Reward, Refund: plan.Refund, Bond: plan.Bond,
		BondPayer: duty.Payer, Standby: duty.Standby, VerificationGas: proof.VerificationGas,
	})
}

// reward passes the prover's part on to its vault, whatever its state: a prover
// that delivered is paid (law S6). Should the vault not take it, the prover may
// claim it.
func (k *Keeper) reward(ctx context.Context, e *entry, prover sdk.AccAddress, plan auction.Settlement) error {
	if plan.Reward.IsZero() {
		return nil
	}
	own := e.account()
	ctx = ownaccount.Payer(ctx, own)
	branch, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if failure := k.provers.AddRewards(branch, prover, own, types.RewardSource, plan.Reward, plan.ProtocolFee); failure != nil {
		return k.makeClaimable(ctx, e, prover, plan.Reward, failure)
	}
	write()
	return nil
}

// refund ends a request without a proof: the requester gets everything back
// (law M9), the bonds go where cause says.
func (k *Keeper) refund(ctx context.Context, e *entry, reason types.EndReason, cause auction.Cause) error {
	plan, returned, err := k.unwind(ctx, e, cause)
	if err != nil {
		return err
	}
	if err := k.finish(ctx, e, types.REQUEST_STATUS_REFUNDED, reason); err != nil {
		return err
	}
	if err := k.countRefund(ctx, e, reason, plan); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventRefunded{
		RequestId: e.request.Id, Requester: e.request.Requester, Amount: plan.Requester, Reason: reason,
		BondsReturned: returned, BondsClaimable: e.auction.UnrevealedBonds,
	})
}

// unwind moves the coins of a request that ends without a proof and releases its
// prover. returned is the sum of the bonds that went back.
func (k *Keeper) unwind(ctx context.Context, e *entry, cause auction.Cause) (plan auction.Refund, returned math.Int, err error) {
	plan, err = auction.PlanRefund(e.auction.Holdings(e.request.MaxFee), cause)
	if err != nil {
		return plan, returned, errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	if err = k.payOut(ctx, e, e.request.Requester, plan.Requester); err != nil {
		return plan, returned, err
	}
	if err = k.payOut(ctx, e, e.auction.BondPayer(), plan.HeldBond); err != nil {
		return plan, returned, err
	}
	if err = k.collectFrom(ctx, e, plan.Treasury); err != nil {
		return plan, returned, err
	}
	e.auction.UnrevealedBonds = plan.SealedBonds
	sealed, err := k.returnSealed(ctx, e)
	if err != nil {
		return plan, returned, err
	}
	return plan, plan.HeldBond.Add(sealed), k.release(ctx, e)
}

// release ends the open assignment, if there is one.
func (k *Keeper) release(ctx context.Context, e *entry) error {
	duty, open := e.auction.OpenDuty()
	if !open {
		return nil
	}
	prover, err := k.address("prover", duty.Prover)
	if err != nil {
		return err
	}
	return k.provers.CloseAssignment(ctx, prover, duty.Number)
}

// returnSealed pays the bonds of the first sealed bids back. It looks at one page
// of bids, since there may be any number; the payers of the others claim theirs, or
// are paid before the request shrinks (laws M11, M15).
func (k *Keeper) returnSealed(ctx context.Context, e *entry) (math.Int, error) {
	if e.auction.UnrevealedBonds.IsZero() {
		return math.ZeroInt(), nil
	}
	page, err := k.bidPage(ctx, e.id, nil, types.BondPage)
	if err != nil {
		return math.ZeroInt(), err
	}
	return k.payBonds(ctx, e, page)
}

// finish ends a request for good (law M12) and saves it. Its account goes with
// the last coin of right, which bonds that wait for their payers may delay.
func (k *Keeper) finish(ctx context.Context, e *entry, status types.RequestStatus, reason types.EndReason) error {
	until, err := k.retainedUntil(ctx)
	if err != nil {
		return err
	}
	a := &e.auction
	a.Status, a.Stage, a.EndReason, a.EndHeight, a.Search = status, types.STAGE_DONE, reason, blockHeight(ctx), nil
	a.RetainedUntil = &until
	if e.request.Input.Url == "" {
		if err := k.inputs.Remove(ctx, e.id); err != nil {
			return err
		}
	}
	if err := k.verifier.Release(ctx, e.request.Statement, e.id); err != nil {
		return err
	}
	if a.UnrevealedBonds.IsZero() {
		if err := k.closeAccount(ctx, e); err != nil {
			return err
		}
	}
	return k.save(ctx, e)
}
