package types

import (
	"slices"
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// DefaultGenesis is the state of a fresh chain.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate checks the form of every record and that lists are sorted without
// repetition. What ties records to coins is checked by the keeper's invariants.
// It returns ErrInvalidGenesis or ErrInvalidParams.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.Clock.validate(); err != nil {
		return invalid("clock", err)
	}
	if err := g.Clock.CheckHalts(g.Halts); err != nil {
		return err
	}
	if err := g.validateRequests(); err != nil {
		return err
	}
	if err := g.validateBids(); err != nil {
		return err
	}
	if err := g.validateReceipts(); err != nil {
		return err
	}
	if err := g.validateStats(); err != nil {
		return err
	}
	return g.validateRest()
}

// invalid names the record that is at fault.
func invalid(what string, err error) error {
	return errorsmod.Wrapf(ErrInvalidGenesis, "%s: %s", what, err)
}

// validate checks that the clock adds up, and that its times fit into the keys of the
// queues. Before the first block it says nothing.
func (c Clock) validate() error {
	if c.LastBlockTime.IsZero() {
		if !c.MarketTime.IsZero() || c.Lost != 0 || c.GraceUntilHeight != 0 {
			return errorsmod.Wrap(ErrInvalidGenesis, "without a last_block_time there is no market_time, nothing lost and no grace")
		}
		return nil
	}
	for _, t := range []time.Time{c.LastBlockTime, c.MarketTime} {
		if err := checkTime(t); err != nil {
			return err
		}
	}
	if !c.MarketTime.Add(c.Lost).Equal(c.LastBlockTime) {
		return errorsmod.Wrap(ErrInvalidGenesis, "market_time and lost must add up to last_block_time")
	}
	return nil
}

// CheckHalts checks that halts are in order and add up to what the clock has
// lost. It returns ErrInvalidGenesis.
func (c Clock) CheckHalts(halts []Halt) error {
	if len(halts) > MaxHalts {
		return errorsmod.Wrapf(ErrInvalidGenesis, "%d halts, at most %d are kept", len(halts), MaxHalts)
	}
	for i, h := range halts {
		if err := checkTime(h.Time); err != nil {
			return err
		}
		last := i == len(halts)-1
		switch {
		case i > 0 && !h.Time.After(halts[i-1].Time):
			return errorsmod.Wrapf(ErrInvalidGenesis, "halt of %s: halts must be sorted by time and unique", h.Time)
		case i > 0 && h.Lost-h.Gap != halts[i-1].Lost:
			return errorsmod.Wrapf(ErrInvalidGenesis, "halt of %s: lost must be its gap and what was lost before", h.Time)
		case h.GraceEnded == nil && !last:
			return errorsmod.Wrapf(ErrInvalidGenesis, "halt of %s: only the last grace may still last", h.Time)
		case last && (h.Lost != c.Lost || h.Time.After(c.LastBlockTime)):
			return errorsmod.Wrapf(ErrInvalidGenesis, "halt of %s: it must have lost what the clock has, and not be after its last block", h.Time)
		}
	}
	return nil
}

// validateRequests checks the requests and their order.
func (g GenesisState) validateRequests() error {
	var ids []string
	for _, r := range g.Requests {
		if err := r.validate(); err != nil {
			return invalid("request "+quote(r.Request.Id), err)
		}
		ids = append(ids, r.Request.Id)
	}
	return ascending("requests", ids)
}

// validate checks one request.
func (r GenesisRequest) validate() error {
	if _, err := ParseID(r.Request.Id); err != nil {
		return err
	}
	if _, _, err := r.Request.Statement.Decode(); err != nil {
		return err
	}
	if _, err := sdk.AccAddressFromBech32(r.Request.Requester); err != nil {
		return errorsmod.Wrap(ErrInvalidAddress, err.Error())
	}
	if len(r.Request.Input.Inline) > 0 {
		return errorsmod.Wrap(ErrInvalidRequest, "inline input stands beside the request, not in it")
	}
	t := r.Request.Terms
	amounts := []math.Int{r.Request.MaxFee, r.Request.MinStake, t.MinBidBond, t.Penalty, r.Auction.UnrevealedBonds, r.Auction.SecondFee}
	if err := checkAmounts(amounts...); err != nil {
		return err
	}
	for _, bps := range []uint32{t.ProtocolFeeBps, t.SlashBps, t.BidBondBps} {
		if bps > auction.BpsDenominator {
			return errorsmod.Wrapf(ErrInvalidAmount, "rate of %d basis points", bps)
		}
	}
	if len(r.Input) > MaxInlineInputBytes {
		return errorsmod.Wrapf(ErrInvalidSize, "inline input has %d bytes", len(r.Input))
	}
	pending := r.Auction.Status == REQUEST_STATUS_PENDING
	if !pending && (len(r.Input) > 0 || r.DeadLetter) {
		return errorsmod.Wrap(ErrInvalidGenesis, "an ended request has no input and is no dead letter")
	}
	if (r.Proof != nil) != (r.Auction.Status == REQUEST_STATUS_FULFILLED) {
		return errorsmod.Wrap(ErrInvalidGenesis, "a fulfilled request, and no other, has a proof")
	}
	return r.Auction.validate()
}

// validate checks that stage, leader, assignment and search fit together.
func (a Auction) validate() error {
	shape := func(leader, assignment, search bool) bool {
		return (a.Leader != nil) == leader && (a.Assignment != nil) == assignment && (a.Search != nil) == search
	}
	ranked, ok := a.Ranked > 0, false
	switch a.Stage {
	case STAGE_BIDDING:
		ok = shape(false, false, false) && a.Reveals == 0
	case STAGE_REVEALING:
		ok = shape(ranked, false, false)
	case STAGE_ASSIGNED:
		ok = shape(true, true, false) && !a.Assignment.Standby
	case STAGE_STANDBY:
		ok = shape(true, false, true) || shape(true, true, false) && a.Assignment.Standby
	case STAGE_DONE:
		ok = a.Search == nil
	}
	pending, done := a.Status == REQUEST_STATUS_PENDING, a.Stage == STAGE_DONE
	if done && a.EndReason.Status() != a.Status || done != (a.RetainedUntil != nil) ||
		a.Status == REQUEST_STATUS_FULFILLED && a.Assignment == nil {
		return errorsmod.Wrapf(ErrInvalidGenesis, "status %s, end_reason %s and retained_until do not fit together", a.Status, a.EndReason)
	}
	if done {
		if err := checkTime(*a.RetainedUntil); err != nil {
			return err
		}
	}
	if !ok || pending == done || a.Status < REQUEST_STATUS_PENDING || a.Status > REQUEST_STATUS_CANCELLED || a.Ranked > a.Reveals || a.Reveals > a.Bids {
		return errorsmod.Wrapf(ErrInvalidGenesis, "status %s, stage %s and the records do not fit together", a.Status, a.Stage)
	}
	if l := a.Leader; l != nil {
		if err := checkParty(l.Prover, l.Payer, l.Fee, l.Bond); err != nil {
			return err
		}
	}
	if d := a.Assignment; d != nil {
		payer := d.Payer
		if d.Standby {
			payer = d.Prover
		}
		if err := checkParty(d.Prover, payer, d.Price, d.Bond); err != nil {
			return err
		}
		if err := checkTime(d.Deadline); err != nil {
			return err
		}
		if d.Review != nil {
			if d.Review.Before(d.Deadline) {
				return errorsmod.Wrap(ErrInvalidGenesis, "review of an assignment lies before its deadline")
			}
			if err := checkTime(*d.Review); err != nil {
				return err
			}
		}
	}
	if s := a.Search; s != nil {
		if err := checkAmounts(s.NextFee); err != nil {
			return err
		}
		if s.Limit.IsNil() || s.Limit.IsNegative() {
			return errorsmod.Wrap(ErrInvalidAmount, "search.limit")
		}
		return checkTime(s.Since)
	}
	return nil
}

// checkTime refuses times that do not fit into a queue key: nanoseconds since 1970.
func checkTime(t time.Time) error {
	if t.Before(time.Unix(0, 0)) || t.Year() > 2261 {
		return errorsmod.Wrapf(ErrInvalidGenesis, "time %s is out of range", t)
	}
	return nil
}

// checkParty checks the addresses and amounts of a leader or an assignment.
func checkParty(prover, payer string, amounts ...math.Int) error {
	for _, a := range []string{prover, payer} {
		if _, err := sdk.AccAddressFromBech32(a); err != nil {
			return errorsmod.Wrap(ErrInvalidAddress, err.Error())
		}
	}
	return checkAmounts(amounts...)
}

// checkAmounts checks several amounts.
func checkAmounts(amounts ...math.Int) error {
	for _, n := range amounts {
		if err := CheckAmount("amount", n); err != nil {
			return err
		}
	}
	return nil
}

// validateBids checks the bids, their order, and that their requests exist.
func (g GenesisState) validateBids() error {
	var keys []string
	next := 0
	for _, b := range g.Bids {
		what := "bid for " + quote(b.RequestId)
		if _, err := ParseID(b.RequestId); err != nil {
			return invalid(what, err)
		}
		prover, err := sdk.AccAddressFromBech32(b.Prover)
		if err != nil {
			return invalid(what, err)
		}
		if err := checkParty(b.Prover, b.Bid.Payer, b.Bid.Bond, b.Bid.Fee); err != nil {
			return invalid(what, err)
		}
		if err := check32("commitment", b.Bid.Commitment); err != nil {
			return invalid(what, err)
		}
		if b.Bid.State < BID_STATE_SEALED || b.Bid.State > BID_STATE_UNRANKED {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: state %d", what, b.Bid.State)
		}
		for next < len(g.Requests) && g.Requests[next].Request.Id < b.RequestId {
			next++
		}
		if next == len(g.Requests) || g.Requests[next].Request.Id != b.RequestId {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: no such request", what)
		}
		keys = append(keys, b.RequestId+sortKey(prover))
	}
	return ascending("bids", keys)
}

// sortKey orders addresses as the store does in a pair's last place.
func sortKey(addr sdk.AccAddress) string { return string(addr) }

// validateRest checks submitters, consents and claims.
func (g GenesisState) validateRest() error {
	var submitters, consents, claims []string
	for _, s := range g.Submitters {
		submitter, err := sdk.AccAddressFromBech32(s.Submitter)
		if err == nil {
			_, err = sdk.AccAddressFromBech32(s.Link.Prover)
		}
		if err != nil {
			return invalid("submitter "+quote(s.Submitter), err)
		}
		submitters = append(submitters, sortKey(submitter))
	}
	for _, c := range g.Consents {
		submitter, err := sdk.AccAddressFromBech32(c.Submitter)
		if err == nil {
			_, err = sdk.AccAddressFromBech32(c.Prover)
		}
		if err != nil {
			return invalid("consent of "+quote(c.Submitter), err)
		}
		consents = append(consents, sortKey(submitter))
	}
	for _, c := range g.Claims {
		owner, err := sdk.AccAddressFromBech32(c.Owner)
		if err == nil {
			err = CheckPositive("amount", c.Amount)
		}
		if err != nil {
			return invalid("claim of "+quote(c.Owner), err)
		}
		claims = append(claims, sortKey(owner))
	}
	if err := ascending("submitters", submitters); err != nil {
		return err
	}
	if err := ascending("consents", consents); err != nil {
		return err
	}
	return ascending("claims", claims)
}

// ascending checks that keys are sorted and unique.
func ascending(what string, keys []string) error {
	if slices.IsSorted(keys) && len(slices.Compact(slices.Clone(keys))) == len(keys) {
		return nil
	}
	return errorsmod.Wrapf(ErrInvalidGenesis, "%s must be sorted and unique", what)
}
