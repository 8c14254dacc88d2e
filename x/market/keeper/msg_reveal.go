package keeper

import (
	"bytes"
	"context"
	"errors"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// Reveal opens a bid (law M6).
func (s msgServer) Reveal(ctx context.Context, msg *types.MsgReveal) (*types.MsgRevealResponse, error) {
	signer, err := s.k.canonical("signer", &msg.Signer)
	if err != nil {
		return nil, err
	}
	return s.k.reveal(ctx, signer, msg)
}

// reveal opens a bid, ranks it if its prover is eligible still, and moves the
// lead with its assignment and bond.
func (k *Keeper) reveal(ctx context.Context, signer sdk.AccAddress, msg *types.MsgReveal) (*types.MsgRevealResponse, error) {
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	e, m, err := k.open(ctx, msg.RequestId)
	if err != nil {
		return nil, err
	}
	if err := checkRevealing(e, m); err != nil {
		return nil, err
	}
	own, err := k.revealer(ctx, e, signer)
	if err != nil {
		return nil, err
	}
	bid, err := openBid(ctx, e, own, msg)
	if err != nil {
		return nil, err
	}
	prover := own.prover
	name, err := k.format(prover)
	if err != nil {
		return nil, err
	}
	event := types.EventRevealed{
		RequestId: e.request.Id, Prover: name, Signer: msg.Signer, Fee: bid.Fee, Standby: bid.Standby, Order: bid.Order,
		BondReturned: math.ZeroInt(), BondLost: math.ZeroInt(), DisplacedBond: math.ZeroInt(),
	}
	standing, reason, err := k.eligible(ctx, own.actor, e.request)
	if err != nil {
		return nil, err
	}
	if reason == nil && standing.Generation != bid.Generation {
		reason = types.ErrGenerationChanged
	}
	if reason != nil {
		err = k.unranked(ctx, e, standing, &bid, reason, &event)
	} else {
		err = k.ranked(ctx, e, prover, name, &bid, &event)
	}
	if err != nil {
		return nil, err
	}
	if err := k.setBid(ctx, e.id, prover, bid); err != nil {
		return nil, err
	}
	if e.auction.Reveals == e.auction.Bids {
		// Every bid is open: the window closes at the end of this block (law M6).
		e.auction.RevealEnd = m.height
	}
	event.RevealEnd = e.auction.RevealEnd
	if err := k.save(ctx, e); err != nil {
		return nil, err
	}
	if err := k.countFor(ctx, e.id, prover, types.ProverStats{Reveals: 1, BondsLost: event.BondLost, LastActive: m.height}); err != nil {
		return nil, err
	}
	return &types.MsgRevealResponse{Ranked: event.Ranked, Leads: event.Leads}, events.Emit(ctx, &event)
}

// checkRevealing returns ErrRevealNotOpen or ErrRevealClosed outside the window.
func checkRevealing(e *entry, m moment) error {
	switch e.auction.Stage {
	case types.STAGE_REVEALING:
		return nil
	case types.STAGE_BIDDING:
		return errorsmod.Wrapf(types.ErrRevealNotOpen, "they open after block %d, this is block %d", e.auction.BiddingEnd, m.height)
	default:
		return errorsmod.Wrapf(types.ErrRevealClosed, "they closed after block %d, this is block %d", e.auction.RevealEnd, m.height)
	}
}

// ownBid is the bid that a signer opens, if there is one, and whose it is.
type ownBid struct {
	actor
	bid   types.Bid
	found bool
}

// bidOf reads the bid of a prover.
func (k *Keeper) bidOf(ctx context.Context, e *entry, a actor) (ownBid, error) {
	bid, found, err := k.getBid(ctx, e.id, a.prover)
	return ownBid{a, bid, found}, err
}

// sealed tells whether the bid waits to be opened.
func (o ownBid) sealed() bool { return o.found && o.bid.State == types.BID_STATE_SEALED }

// revealer says whose bid the signer opens: that of the prover that it acts for, else
// its own, else that of the prover that it acted for.
func (k *Keeper) revealer(ctx context.Context, e *entry, signer sdk.AccAddress) (ownBid, error) {
	acting, failure := k.actingFor(ctx, signer)
	if failure != nil && !errors.Is(failure, types.ErrNotAProver) {
		return ownBid{}, failure
	}
	if failure != nil {
		return k.pastRevealer(ctx, e, signer, failure)
	}
	acted, err := k.bidOf(ctx, e, acting)
	if err != nil || acting.prover.Equals(signer) || acted.sealed() {
		return acted, err
	}
	// A prover that retired with a sealed bid may act for another prover by now.
	if own, err := k.bidOf(ctx, e, actor{prover: signer}); err != nil || own.sealed() {
		return own, err
	}
	return acted, nil
}

// pastRevealer says whose bid a signer opens that acts for no prover any more, which
// is what failure tells. A bidder whose vault was slashed to nothing may still open its
// own bid. So may a submitter whose link lapsed with the vault generation of the bid:
// it paid the bond (laws M3, M6).
func (k *Keeper) pastRevealer(ctx context.Context, e *entry, signer sdk.AccAddress, failure error) (ownBid, error) {
	if own, err := k.bidOf(ctx, e, actor{prover: signer}); err != nil || own.found {
		return own, err
	}
	link, found, err := k.getLink(ctx, signer)
	if err != nil {
		return ownBid{}, err
	}
	if !found {
		return ownBid{}, failure
	}
	prover, err := k.address("prover", link.Prover)
	if err != nil {
		return ownBid{}, err
	}
	acted, err := k.bidOf(ctx, e, actor{prover: prover})
	if err != nil {
		return ownBid{}, err
	}
	if !acted.found || acted.bid.Generation != link.Generation {
		return ownBid{}, failure
	}
	return acted, nil
}

// openBid checks a reveal against the commitment and uses the bid up: no bid is
// revealed twice.
func openBid(ctx context.Context, e *entry, own ownBid, msg *types.MsgReveal) (types.Bid, error) {
	bid := own.bid
	if !own.found {
		return bid, errorsmod.Wrapf(types.ErrBidNotFound, "%s has no bid for request %s", own.prover, e.request.Id)
	}
	if bid.State != types.BID_STATE_SEALED {
		return bid, errorsmod.Wrapf(types.ErrAlreadyRevealed, "request %s", e.request.Id)
	}
	if msg.Fee.GT(e.request.MaxFee) {
		return bid, errorsmod.Wrapf(types.ErrFeeTooHigh, "fee %suproof, max_fee %suproof", msg.Fee, e.request.MaxFee)
	}
	chainID := sdk.UnwrapSDKContext(ctx).ChainID()
	commitment, err := auction.Commitment(chainID, e.id, own.prover, msg.Fee, msg.Standby, msg.Salt)
	if err != nil {
		return bid, errorsmod.Wrap(types.ErrWrongReveal, err.Error())
	}
	if !bytes.Equal(commitment[:], bid.Commitment) {
		return bid, errorsmod.Wrap(types.ErrWrongReveal, "fee, standby and salt must be those of the latest bid")
	}
	bid.Fee, bid.Standby, bid.Order = msg.Fee, msg.Standby, e.auction.Reveals
	e.auction.Reveals++
	e.auction.UnrevealedBonds = e.auction.UnrevealedBonds.Sub(bid.Bond)
	return bid, nil
}

// unranked uses up the bid of a prover that is not eligible any more. Its bond is
// lost, unless the authority jailed, slashed or deactivated the prover since (law M6).
func (k *Keeper) unranked(ctx context.Context, e *entry, standing stakingtypes.Standing, bid *types.Bid, reason error, event *types.EventRevealed) error {
	bid.State = types.BID_STATE_UNRANKED
	event.Reason = types.Truncate(reason.Error())
	if standing.Faults > bid.Faults {
		event.BondReturned = bid.Bond
		return k.payOut(ctx, e, bid.Payer, bid.Bond)
	}
	event.BondLost = bid.Bond
	return k.collectFrom(ctx, e, bid.Bond)
}

// ranked inserts the bid into the ranking. A bid that does not lead gets its bond
// back at once, and so does one that loses the lead (law M6).
func (k *Keeper) ranked(ctx context.Context, e *entry, prover sdk.AccAddress, name string, bid *types.Bid, event *types.EventRevealed) error {
	bid.State = types.BID_STATE_RANKED
	event.Ranked = true
	ranking, leads, err := e.auction.Ranking().Insert(auction.Entry{Fee: bid.Fee, Order: bid.Order})
	if err != nil {
		return errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	e.auction.Ranked = ranking.Count
	if ranking.Count > 1 {
		e.auction.SecondFee = ranking.Second
	}
	if bid.Standby && e.request.StandbyWindow > 0 {
		key, err := standbyKey(e.id, bid.Fee, bid.Order)
		if err != nil {
			return err
		}
		if err := k.standby.Set(ctx, key, prover); err != nil {
			return err
		}
	}
	if !leads {
		event.BondReturned = bid.Bond
		return k.payOut(ctx, e, bid.Payer, bid.Bond)
	}
	event.Leads = true
	return k.takeLead(ctx, e, prover, name, bid, event)
}

// takeLead moves the lead, with its assignment, to the prover (law M7).
func (k *Keeper) takeLead(ctx context.Context, e *entry, prover sdk.AccAddress, name string, bid *types.Bid, event *types.EventRevealed) error {
	number, err := k.provers.OpenAssignment(ctx, prover, e.request.MinStake, e.request.Terms.Penalty)
	if err != nil {
		return err
	}
	if old := e.auction.Leader; old != nil {
		if err := k.release(ctx, e); err != nil {
			return err
		}
		if err := k.payOut(ctx, e, old.Payer, old.Bond); err != nil {
			return err
		}
		event.Displaced, event.DisplacedBond = old.Prover, old.Bond
	}
	event.Number = number
	e.auction.Leader = &types.Leader{
		Prover: name, Generation: bid.Generation, Fee: bid.Fee, Order: bid.Order, Number: number, Bond: bid.Bond, Payer: bid.Payer,
	}
	return nil
}
