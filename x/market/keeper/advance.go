package keeper

import (
	"context"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// advance applies whatever is due on a request (law M9): the queue calls it at
// the end of a block, and every message on the request before it does anything
// else, so that nothing depends on when the queue comes. It tells whether
// anything was applied, and has saved the request then.
func (k *Keeper) advance(ctx context.Context, e *entry, m moment) (bool, error) {
	if e.auction.Status != types.REQUEST_STATUS_PENDING {
		return false, nil
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return false, err
	}
	if verifier.status == verifiertypes.VERIFIER_STATUS_REVOKED {
		return true, k.refund(ctx, e, types.END_REASON_REVOKED, auction.NobodyAtFault)
	}
	if m.past(e.auction.BiddingEnd) {
		e.auction.OpenReveals()
	}
	applied := false
	for e.auction.Status == types.REQUEST_STATUS_PENDING {
		due, err := k.step(ctx, e, m, verifier)
		if err != nil {
			return false, err
		}
		applied = applied || due
		// A search that is not finished goes on in the next block.
		if !due || e.auction.Search != nil {
			break
		}
	}
	if !applied || e.auction.Status != types.REQUEST_STATUS_PENDING {
		return applied, nil
	}
	return true, k.save(ctx, e)
}

// step applies the next thing that is due; false if nothing is.
func (k *Keeper) step(ctx context.Context, e *entry, m moment, verifier *verifierState) (bool, error) {
	a := &e.auction
	switch {
	case a.Stage == types.STAGE_BIDDING && m.past(a.BiddingEnd):
		return true, k.refund(ctx, e, types.END_REASON_NO_BIDS, auction.NobodyAtFault)
	case a.Stage == types.STAGE_REVEALING && m.past(a.RevealEnd):
		return true, k.closeAuction(ctx, e, m)
	case a.Assignment != nil && verifier.overdue(e, m):
		return true, k.miss(ctx, e, m)
	case a.Search != nil:
		return true, k.searchStandby(ctx, e, m)
	default:
		return false, nil
	}
}

// closeAuction ends the reveal window: bonds of bids not revealed are lost in one
// transfer (law M6), and the leader is assigned from here on (laws M7, M8).
func (k *Keeper) closeAuction(ctx context.Context, e *entry, m moment) error {
	a := &e.auction
	event := types.EventClosed{RequestId: e.request.Id, Bids: a.Bids, Reveals: a.Reveals, Ranked: a.Ranked, BondsLost: a.UnrevealedBonds}
	if err := events.Emit(ctx, &event); err != nil {
		return err
	}
	if a.Ranked == 0 {
		return k.refund(ctx, e, types.END_REASON_NONE_RANKED, auction.BiddersAtFault)
	}
	if err := k.collectFrom(ctx, e, a.UnrevealedBonds); err != nil {
		return err
	}
	a.UnrevealedBonds = math.ZeroInt()
	price, err := a.Ranking().Price()
	if err != nil {
		return err
	}
	a.Stage = types.STAGE_ASSIGNED
	a.Assignment = &types.Assignment{
		Prover: a.Leader.Prover, Generation: a.Leader.Generation, Price: price, Bond: a.Leader.Bond,
		Payer: a.Leader.Payer, Number: a.Leader.Number, Deadline: m.clock.MarketTime.Add(e.request.TimeLimit),
	}
	winner, err := k.address("prover", a.Leader.Prover)
	if err != nil {
		return err
	}
	if err := k.countFor(ctx, e.id, winner, types.ProverStats{Won: 1}); err != nil {
		return err
	}
	return k.emitAssigned(ctx, e)
}

// emitAssigned tells who must deliver.
func (k *Keeper) emitAssigned(ctx context.Context, e *entry) error {
	d := e.auction.Assignment
	return events.Emit(ctx, &types.EventAssigned{
		RequestId: e.request.Id, Prover: d.Prover, Price: d.Price, Deadline: d.Deadline, Standby: d.Standby,
		Generation: d.Generation, Number: d.Number, Penalty: e.request.Terms.Penalty, Bond: d.Bond, BondPayer: d.Payer,
	})
}

// miss applies a missed deadline (law M9): the prover is slashed and loses its
// bond; then a standby prover is looked for, once.
func (k *Keeper) miss(ctx context.Context, e *entry, m moment) error {
	a := &e.auction
	failed := *a.Assignment
	plan, err := auction.PlanMiss(failed.Price, failed.Bond, e.request.Terms.Penalty)
	if err != nil {
		return err
	}
	prover, err := k.address("prover", failed.Prover)
	if err != nil {
		return err
	}
	slashed, err := k.provers.Slash(ctx, prover, types.SlashReason, plan.Penalty)
	if err != nil {
		return err
	}
	if err := k.collectFrom(ctx, e, plan.LostBond); err != nil {
		return err
	}
	if err := k.provers.CloseAssignment(ctx, prover, failed.Number); err != nil {
		return err
	}
	if err := k.countFor(ctx, e.id, prover, types.ProverStats{Missed: 1, Slashed: slashed, BondsLost: plan.LostBond}); err != nil {
		return err
	}
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return err
	}
	searching := !failed.Standby && e.request.StandbyWindow > 0
	err = events.Emit(ctx, &types.EventMissed{
		RequestId: e.request.Id, Prover: failed.Prover, Penalty: plan.Penalty, Slashed: slashed,
		BondLost: plan.LostBond, Standby: failed.Standby, Deadline: verifier.reading(e).Deadline, Searching: searching,
	})
	if err != nil {
		return err
	}
	a.Assignment = nil
	a.Search = &types.StandbySearch{Limit: plan.FeeLimit, Since: failed.Deadline, NextFee: math.ZeroInt()}
	if !searching {
		return k.refund(ctx, e, types.END_REASON_MISSED, auction.BiddersAtFault)
	}
	a.Stage = types.STAGE_STANDBY
	return k.searchStandby(ctx, e, m)
}
