package types

import (
	"math/bits"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"
)

// MaxStatBits bounds sums of amounts in lifetimes: 2^70 amounts of the largest size
// fit even after a genesis that is as full as may be, and two sums add up within math.Int.
const MaxStatBits = 200

// MaxStatCount bounds the counts of a record, and sums have a bit less than MaxStatBits
// there: two records always add up to a lifetime. A genesis has half of both, so that
// there is room for as much again: what can't be added waits for ever.
const MaxStatCount = 1<<63 - 1

// StatsGas is what counting once costs a transaction, since the end of the block folds
// what it counted. Of a thousand, each took 6 µs where ten provers share them, 24 µs
// where each is another's; messages take a µs for about 190 gas, so this pays for 16.
// The object store that holds them until then charges next to nothing.
const StatsGas = 3_000

// NoProverStats are those of a prover that did nothing.
func NoProverStats() ProverStats {
	zero := math.ZeroInt()
	return ProverStats{Fees: zero, ProtocolFees: zero, Slashed: zero, BondsLost: zero}
}

// NoMarketStats are those of a market on which nothing happened.
func NoMarketStats() MarketStats {
	return MarketStats{RequestFees: math.ZeroInt(), Refunds: math.ZeroInt(), Provers: NoProverStats()}
}

// Plus gives the sums of both, figure by figure, and the later last_active. Amounts
// left out count as 0. It returns ErrInvalidAmount for a count past 64 bits or an
// amount out of 0 … 2^200 − 1.
func (s ProverStats) Plus(o ProverStats) (ProverStats, error) {
	var a adder
	sum := ProverStats{
		Bids:         a.count("bids", s.Bids, o.Bids),
		Reveals:      a.count("reveals", s.Reveals, o.Reveals),
		Won:          a.count("won", s.Won, o.Won),
		Promoted:     a.count("promoted", s.Promoted, o.Promoted),
		Fulfilled:    a.count("fulfilled", s.Fulfilled, o.Fulfilled),
		Missed:       a.count("missed", s.Missed, o.Missed),
		Fees:         a.amount("fees", s.Fees, o.Fees),
		ProtocolFees: a.amount("protocol_fees", s.ProtocolFees, o.ProtocolFees),
		Slashed:      a.amount("slashed", s.Slashed, o.Slashed),
		BondsLost:    a.amount("bonds_lost", s.BondsLost, o.BondsLost),
		LastActive:   max(s.LastActive, o.LastActive),
	}
	return sum, a.err
}

// Plus gives the sums of both, figure by figure, as ProverStats.Plus does.
func (s MarketStats) Plus(o MarketStats) (MarketStats, error) {
	var a adder
	sum := MarketStats{
		Requests:    a.count("requests", s.Requests, o.Requests),
		Cancelled:   a.count("cancelled", s.Cancelled, o.Cancelled),
		NoBids:      a.count("no_bids", s.NoBids, o.NoBids),
		NoneRanked:  a.count("none_ranked", s.NoneRanked, o.NoneRanked),
		Failed:      a.count("failed", s.Failed, o.Failed),
		Revoked:     a.count("revoked", s.Revoked, o.Revoked),
		RequestFees: a.amount("request_fees", s.RequestFees, o.RequestFees),
		Refunds:     a.amount("refunds", s.Refunds, o.Refunds),
	}
	var err error
	if sum.Provers, err = s.Provers.Plus(o.Provers); err != nil {
		return sum, err
	}
	return sum, a.err
}

// Minus gives what s counts beyond o, figure by figure. last_active is that of s where it
// is later than that of o, and 0 where o has it. Amounts left out count as 0. It returns
// ErrInvalidAmount, which names the figure, where o counts more than s.
func (s ProverStats) Minus(o ProverStats) (ProverStats, error) {
	var t taker
	rest := ProverStats{
		Bids:         t.count("bids", s.Bids, o.Bids),
		Reveals:      t.count("reveals", s.Reveals, o.Reveals),
		Won:          t.count("won", s.Won, o.Won),
		Promoted:     t.count("promoted", s.Promoted, o.Promoted),
		Fulfilled:    t.count("fulfilled", s.Fulfilled, o.Fulfilled),
		Missed:       t.count("missed", s.Missed, o.Missed),
		Fees:         t.amount("fees", s.Fees, o.Fees),
		ProtocolFees: t.amount("protocol_fees", s.ProtocolFees, o.ProtocolFees),
		Slashed:      t.amount("slashed", s.Slashed, o.Slashed),
		BondsLost:    t.amount("bonds_lost", s.BondsLost, o.BondsLost),
	}
	if s.LastActive > o.LastActive {
		rest.LastActive = s.LastActive
	}
	return rest, t.err
}

// Minus gives what s counts beyond o, as ProverStats.Minus does.
func (s MarketStats) Minus(o MarketStats) (MarketStats, error) {
	var t taker
	rest := MarketStats{
		Requests:    t.count("requests", s.Requests, o.Requests),
		Cancelled:   t.count("cancelled", s.Cancelled, o.Cancelled),
		NoBids:      t.count("no_bids", s.NoBids, o.NoBids),
		NoneRanked:  t.count("none_ranked", s.NoneRanked, o.NoneRanked),
		Failed:      t.count("failed", s.Failed, o.Failed),
		Revoked:     t.count("revoked", s.Revoked, o.Revoked),
		RequestFees: t.amount("request_fees", s.RequestFees, o.RequestFees),
		Refunds:     t.amount("refunds", s.Refunds, o.Refunds),
	}
	var err error
	if rest.Provers, err = s.Provers.Minus(o.Provers); err != nil {
		return rest, err
	}
	return rest, t.err
}

// Check returns ErrInvalidAmount, unless counts are at most MaxStatCount and amounts are
// there and 0 … 2^199 − 1.
func (s ProverStats) Check() error { return s.within(recordBounds) }

// Check returns ErrInvalidAmount for figures out of the bounds that ProverStats.Check has.
func (s MarketStats) Check() error { return s.within(recordBounds) }

// statBounds bound counts, and sums of amounts by their bits.
type statBounds struct {
	count uint64
	bits  int
}

var (
	recordBounds  = statBounds{MaxStatCount, MaxStatBits - 1}
	genesisBounds = statBounds{MaxStatCount / 2, MaxStatBits - 2}
)

// within returns ErrInvalidAmount for figures that are missing or out of bounds.
func (s ProverStats) within(b statBounds) error {
	count := max(s.Bids, s.Reveals, s.Won, s.Promoted, s.Fulfilled, s.Missed)
	return b.check(count, s.Fees, s.ProtocolFees, s.Slashed, s.BondsLost)
}

// within returns ErrInvalidAmount for figures that are missing or out of bounds.
func (s MarketStats) within(b statBounds) error {
	count := max(s.Requests, s.Cancelled, s.NoBids, s.NoneRanked, s.Failed, s.Revoked)
	if err := b.check(count, s.RequestFees, s.Refunds); err != nil {
		return err
	}
	return s.Provers.within(b)
}

// check looks at the largest of several counts, and at sums of amounts.
func (b statBounds) check(count uint64, sums ...math.Int) error {
	if count > b.count {
		return errorsmod.Wrapf(ErrInvalidAmount, "statistics: a count must be at most %d", b.count)
	}
	for _, n := range sums {
		if n.IsNil() || n.IsNegative() || n.BigIntMut().BitLen() > b.bits {
			return errorsmod.Wrapf(ErrInvalidAmount, "statistics: an amount must be between 0 and 2^%d-1", b.bits)
		}
	}
	return nil
}

// Active is the block in which the prover was last active.
func (s ProverStats) Active() uint64 { return s.LastActive }

// Active is the last block with anything.
func (s MarketStats) Active() uint64 { return s.Provers.LastActive }

// Plus gives what both add; a price and its statement are taken from the one that has
// them.
func (d StatsDelta) Plus(o StatsDelta) (StatsDelta, error) {
	sum := d
	var err error
	if sum.Prover, err = d.Prover.Plus(o.Prover); err != nil {
		return sum, err
	}
	if o.Price != nil {
		sum.Price, sum.Statement = o.Price, o.Statement
	}
	sum.Market, err = d.Market.Plus(o.Market)
	return sum, err
}

// adder adds figures and keeps the first error.
type adder struct{ err error }

// count adds two counts.
func (a *adder) count(name string, x, y uint64) uint64 {
	sum, carry := bits.Add64(x, y, 0)
	if carry > 0 {
		a.fail(name, "64 bits")
	}
	return sum
}

// amount adds two amounts; one left out is 0. Most are 0 and add nothing: the other is
// the sum then, since an Int does not change.
func (a *adder) amount(name string, x, y math.Int) math.Int {
	switch {
	case !isStat(x) || !isStat(y):
		a.fail(name, "200 bits")
		return math.ZeroInt()
	case x.IsNil() && y.IsNil():
		return math.ZeroInt()
	case x.IsNil() || !y.IsNil() && x.IsZero():
		return y
	case y.IsNil() || y.IsZero():
		return x
	}
	sum := x.Add(y)
	if !isStat(sum) {
		a.fail(name, "200 bits")
	}
	return sum
}

// fail keeps the first error.
func (a *adder) fail(name, bound string) {
	if a.err == nil {
		a.err = errorsmod.Wrapf(ErrInvalidAmount, "statistics: %s must not be negative nor pass %s", name, bound)
	}
}

// taker takes figures from others and keeps the first error.
type taker struct{ err error }

// count takes y from x.
func (t *taker) count(name string, x, y uint64) uint64 {
	if y > x {
		t.fail(name, y, x)
		return 0
	}
	return x - y
}

// amount takes y from x; one left out is 0.
func (t *taker) amount(name string, x, y math.Int) math.Int {
	if x.IsNil() {
		x = math.ZeroInt()
	}
	switch {
	case y.IsNil() || y.IsZero():
		return x
	case y.IsNegative() || y.GT(x):
		t.fail(name, y, x)
		return math.ZeroInt()
	}
	return x.Sub(y)
}

// fail keeps the first error.
func (t *taker) fail(name string, part, whole any) {
	if t.err == nil {
		t.err = errorsmod.Wrapf(ErrInvalidAmount, "statistics: %s: cannot take %v from %v", name, part, whole)
	}
}

// isStat tells whether n is left out or 0 ≤ n < 2^MaxStatBits.
func isStat(n math.Int) bool {
	return n.IsNil() || !n.IsNegative() && n.BigIntMut().BitLen() <= MaxStatBits
}
