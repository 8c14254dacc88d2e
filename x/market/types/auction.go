package types

import (
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// Ranking gives the ranking in the form that the pure core works on.
func (a Auction) Ranking() auction.Ranking {
	r := auction.Ranking{Count: a.Ranked, Second: a.SecondFee}
	if a.Leader != nil {
		r.Leader = auction.Entry{Fee: a.Leader.Fee, Order: a.Leader.Order}
	}
	return r
}

// HeldBond is the bond of the leader or of the assigned prover that stands in
// the request's account; 0 for none. A missed deadline ends it.
func (a Auction) HeldBond() math.Int {
	switch {
	case a.Status != REQUEST_STATUS_PENDING:
		return math.ZeroInt()
	case a.Assignment != nil:
		return a.Assignment.Bond
	case a.Leader != nil && a.Search == nil:
		return a.Leader.Bond
	default:
		return math.ZeroInt()
	}
}

// Holdings is what the request's account holds of right while the request is open.
func (a Auction) Holdings(maxFee math.Int) auction.Holdings {
	return auction.Holdings{MaxFee: maxFee, HeldBond: a.HeldBond(), SealedBonds: a.UnrevealedBonds}
}

// Duty is an open assignment: whose it is and its number (law S5).
type Duty struct {
	Prover string
	Number uint64
}

// OpenDuty gives the assignment that is open for the request; false for none. A
// prover that leads has one already.
func (a Auction) OpenDuty() (Duty, bool) {
	switch {
	case a.Status != REQUEST_STATUS_PENDING:
		return Duty{}, false
	case a.Assignment != nil:
		return Duty{Prover: a.Assignment.Prover, Number: a.Assignment.Number}, true
	case a.Leader != nil && a.Search == nil:
		return Duty{Prover: a.Leader.Prover, Number: a.Leader.Number}, true
	default:
		return Duty{}, false
	}
}

// Prover gives the prover whose request it is: who leads or is assigned, or who has
// delivered; false for none.
func (a Auction) Prover() (string, bool) {
	if a.Status == REQUEST_STATUS_FULFILLED {
		return a.Assignment.GetProver(), a.Assignment != nil
	}
	duty, open := a.OpenDuty()
	return duty.Prover, open
}

// QueueHeight is the block at whose end the request falls due; false when it is
// not waiting for a block. The end of the bidding window makes due only what has no bids.
func (a Auction) QueueHeight() (uint64, bool) {
	switch {
	case a.Status != REQUEST_STATUS_PENDING:
		return 0, false
	case a.Stage == STAGE_BIDDING && a.Bids == 0:
		return a.BiddingEnd, true
	case a.Stage == STAGE_BIDDING || a.Stage == STAGE_REVEALING:
		return a.RevealEnd, true
	default:
		return 0, false
	}
}

// OpenReveals moves an auction with bids, whose bidding window is over, to the next
// stage. It follows from the height: nothing is written for it until a bid is revealed or
// the reveal window ends, and whoever reads an auction applies it.
func (a *Auction) OpenReveals() {
	if a.Stage == STAGE_BIDDING && a.Bids > 0 {
		a.Stage = STAGE_REVEALING
	}
}

// QueueTime is the market time after which the queue looks at the request: when it
// falls due, unless suspensions of its verifier put that off (law M11). It is
// false when the request is not waiting for a time.
func (a Auction) QueueTime() (time.Time, bool) {
	switch {
	case a.Status != REQUEST_STATUS_PENDING:
		return time.Time{}, false
	case a.Assignment != nil && a.Assignment.Review != nil:
		return *a.Assignment.Review, true
	case a.Assignment != nil:
		return a.Assignment.Deadline, true
	case a.Search != nil:
		return a.Search.Since, true
	default:
		return time.Time{}, false
	}
}

// Graced tells whether nothing is overdue for messages of the block (Clock of
// docs/design.md section 5).
func (c Clock) Graced(height uint64) bool { return height <= c.GraceUntilHeight }

// Passed tells whether a deadline has passed for messages of the block.
func (c Clock) Passed(deadline time.Time, height uint64) bool {
	return c.MarketTime.After(deadline) && !c.Graced(height)
}

// PassedAtEnd tells whether a deadline has passed at the end of the block: what
// falls due in the grace after a halt expires with the last block of it.
func (c Clock) PassedAtEnd(deadline time.Time, height uint64) bool {
	return c.MarketTime.After(deadline) && height >= c.GraceUntilHeight
}

// Graced tells whether nothing was overdue for messages of the block of that
// time, which came after the halt and before any later one.
func (h Halt) Graced(block time.Time) bool {
	return h.GraceEnded == nil || !block.After(*h.GraceEnded)
}

// Status is how a request stands that ended for the reason; unspecified for one that
// has not ended.
func (r EndReason) Status() RequestStatus {
	switch r {
	case END_REASON_PROVED:
		return REQUEST_STATUS_FULFILLED
	case END_REASON_CANCELLED:
		return REQUEST_STATUS_CANCELLED
	case END_REASON_NO_BIDS, END_REASON_NONE_RANKED, END_REASON_MISSED, END_REASON_REVOKED:
		return REQUEST_STATUS_REFUNDED
	default:
		return REQUEST_STATUS_UNSPECIFIED
	}
}

// BondPayer is who gets the held bond back; empty for none.
func (a Auction) BondPayer() string {
	switch {
	case a.Assignment != nil:
		return a.Assignment.Payer
	case a.Leader != nil && a.Search == nil:
		return a.Leader.Payer
	default:
		return ""
	}
}
