package auction

import (
	"fmt"

	"cosmossdk.io/math"
)

// Bond is what a first bid escrows (law M5): the larger of minBond and
// floor(maxFee × bps / 10000). It returns ErrAmount or ErrBps.
func Bond(maxFee, minBond math.Int, bps uint32) (math.Int, error) {
	if err := checkAmounts([]string{"max fee", "min bond"}, maxFee, minBond); err != nil {
		return math.Int{}, err
	}
	if err := checkBps(bps); err != nil {
		return math.Int{}, err
	}
	return math.MaxInt(minBond, share(maxFee, bps)), nil
}

// Penalty is what a missed deadline costs (law M4): floor(minStake × bps / 10000).
// It returns ErrAmount or ErrBps.
func Penalty(minStake math.Int, bps uint32) (math.Int, error) {
	if err := checkAmounts([]string{"min stake"}, minStake); err != nil {
		return math.Int{}, err
	}
	if err := checkBps(bps); err != nil {
		return math.Int{}, err
	}
	return share(minStake, bps), nil
}

// Holdings is what a request's account holds of right.
type Holdings struct {
	// MaxFee is the escrow.
	MaxFee math.Int
	// HeldBond is the bond of the leader or of the assigned prover; 0 for none.
	HeldBond math.Int
	// SealedBonds is the sum of the bonds of bids not revealed.
	SealedBonds math.Int
}

// check returns ErrAmount for holdings out of range.
func (h Holdings) check() error {
	return checkAmounts([]string{"max fee", "held bond", "sealed bonds"}, h.MaxFee, h.HeldBond, h.SealedBonds)
}

// Total is the sum of the holdings.
func (h Holdings) Total() math.Int { return h.MaxFee.Add(h.HeldBond).Add(h.SealedBonds) }

// Settlement says who gets what for a verified proof (law M8).
type Settlement struct {
	// ProtocolFee goes to the treasury.
	ProtocolFee math.Int
	// Reward goes to the prover's vault.
	Reward math.Int
	// Refund goes back to the requester.
	Refund math.Int
	// Bond goes back to its payer.
	Bond math.Int
}

// Settle plans the payment for a verified proof (law M8). No sealed bond may be
// left, and 0 ≤ price ≤ MaxFee. It returns ErrAmount, ErrBps or ErrUnbalanced.
func Settle(h Holdings, price math.Int, protocolFeeBps uint32) (Settlement, error) {
	if err := h.check(); err != nil {
		return Settlement{}, err
	}
	if err := checkAmounts([]string{"price"}, price); err != nil {
		return Settlement{}, err
	}
	if err := checkBps(protocolFeeBps); err != nil {
		return Settlement{}, err
	}
	fee := share(price, protocolFeeBps)
	s := Settlement{ProtocolFee: fee, Reward: price.Sub(fee), Refund: h.MaxFee.Sub(price), Bond: h.HeldBond}
	out := s.ProtocolFee.Add(s.Reward).Add(s.Refund).Add(s.Bond)
	if s.Refund.IsNegative() || !out.Equal(h.Total()) {
		return Settlement{}, fmt.Errorf("price %s, max fee %s, sealed bonds %s: %w", price, h.MaxFee, h.SealedBonds, ErrUnbalanced)
	}
	return s, nil
}

// Miss says what a missed deadline costs (law M9).
type Miss struct {
	// Penalty is to be slashed from the prover.
	Penalty math.Int
	// LostBond goes to the treasury.
	LostBond math.Int
	// FeeLimit is the highest fee that a standby prover may ask.
	FeeLimit math.Int
}

// PlanMiss plans what a missed deadline costs (law M9). It returns ErrAmount.
func PlanMiss(price, heldBond, penalty math.Int) (Miss, error) {
	if err := checkAmounts([]string{"price", "held bond", "penalty"}, price, heldBond, penalty); err != nil {
		return Miss{}, err
	}
	return Miss{Penalty: penalty, LostBond: heldBond, FeeLimit: price.Add(heldBond)}, nil
}

// Allows tells whether a standby prover's fee is low enough.
func (m Miss) Allows(fee math.Int) bool { return fee.LTE(m.FeeLimit) }

// Refund says who gets what when a request ends without a proof.
type Refund struct {
	// Requester gets the escrow back.
	Requester math.Int
	// HeldBond goes back to its payer.
	HeldBond math.Int
	// SealedBonds go back to their payers, who may have to claim them.
	SealedBonds math.Int
	// Treasury gets the bonds that are lost.
	Treasury math.Int
}

// Cause is what a refund depends on.
type Cause uint8

const (
	// NobodyAtFault returns every bond: the requester cancelled before any bid,
	// or the verifier was revoked (law M11).
	NobodyAtFault Cause = iota
	// BiddersAtFault forfeits the sealed bonds: their bidders did not reveal (law M6).
	BiddersAtFault
)

// PlanRefund plans the end of a request without a proof. It returns ErrAmount or
// ErrUnbalanced.
func PlanRefund(h Holdings, cause Cause) (Refund, error) {
	if err := h.check(); err != nil {
		return Refund{}, err
	}
	r := Refund{Requester: h.MaxFee, HeldBond: h.HeldBond, SealedBonds: h.SealedBonds, Treasury: math.ZeroInt()}
	if cause == BiddersAtFault {
		r.SealedBonds, r.Treasury = math.ZeroInt(), h.SealedBonds
	}
	if !r.Requester.Add(r.HeldBond).Add(r.SealedBonds).Add(r.Treasury).Equal(h.Total()) {
		return Refund{}, ErrUnbalanced
	}
	return r, nil
}
