// Package strategy decides which requests to bid for, and at what price. It is
// pure: figures in, a decision with its reason out.
package strategy

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"cosmossdk.io/math"
)

const (
	// Million is what PerMillionUnits counts in.
	Million = 1_000_000
	// bps is one, in basis points.
	bps = 10_000
	// maxAmountBits bounds configured amounts, so that no product overflows.
	maxAmountBits = 128
	// MaxMarginBps is the largest margin that a policy may ask: a hundredfold.
	MaxMarginBps = 100 * bps
)

// Policy is what an operator wants. Amounts are in uproof.
type Policy struct {
	// Verifiers to work for: ids such as "circuit"; empty for all.
	Verifiers []string
	// Programs to work for, and never to work for: 64 lower-case hex digits.
	// Empty lists allow and deny nothing in particular.
	Programs       []string
	DeniedPrograms []string
	// DeniedRequesters are never worked for: bech32 addresses.
	DeniedRequesters []string

	// FixedCost and PerMillionUnits say what a proof costs us: the first for
	// each proof, the second for each million units of the backend's work
	// (constraints or cycles).
	FixedCost       math.Int
	PerMillionUnits math.Int
	// MarginBps is added to the cost, in basis points. MinMarginBps is the least
	// margin that is still worth it when max_fee asks us to give way.
	MarginBps    uint32
	MinMarginBps uint32
	// MinFee is the least fee ever asked.
	MinFee math.Int
	// MaxPenalty is the largest penalty risked for one request; 0 for no limit.
	MaxPenalty math.Int

	// MaxUnits is the largest proof taken on; 0 for no limit.
	MaxUnits uint64
	// UnitsPerSecond is how fast the backend proves.
	UnitsPerSecond uint64
	// MaxJobs is the number of requests that may be under way at a time, bids
	// that still stand included (law P4).
	MaxJobs int
	// Standby offers to replace a winner that fails.
	Standby bool
}

// DefaultPolicy returns a policy that takes everything that pays.
func DefaultPolicy() Policy {
	return Policy{
		FixedCost:       math.NewInt(10_000),
		PerMillionUnits: math.NewInt(1_000_000),
		MarginBps:       2_000,
		MinMarginBps:    0,
		MinFee:          math.OneInt(),
		MaxPenalty:      math.ZeroInt(),
		UnitsPerSecond:  10_000,
		MaxJobs:         4,
	}
}

// Validate says what is wrong with a policy.
func (p Policy) Validate() error {
	for _, a := range []struct {
		name string
		v    math.Int
	}{
		{"fixed_cost", p.FixedCost},
		{"per_million_units", p.PerMillionUnits},
		{"min_fee", p.MinFee},
		{"max_penalty", p.MaxPenalty},
	} {
		if a.v.IsNil() || a.v.IsNegative() || a.v.BigInt().BitLen() > maxAmountBits {
			return fmt.Errorf("%s must be zero or more, and below 2^%d", a.name, maxAmountBits)
		}
	}
	switch {
	case p.MarginBps > MaxMarginBps:
		return fmt.Errorf("margin_bps must be at most %d", MaxMarginBps)
	case p.MinMarginBps > p.MarginBps:
		return errors.New("min_margin_bps must not be above margin_bps")
	case p.UnitsPerSecond == 0:
		return errors.New("units_per_second must be at least 1: measure the backend")
	case p.MaxJobs < 1:
		return errors.New("max_jobs must be at least 1")
	}
	return nil
}

// Offer is what a request offers and asks. Amounts are in uproof.
type Offer struct {
	Verifier  string
	Program   string
	Requester string
	MaxFee    math.Int
	Penalty   math.Int
	TimeLimit time.Duration
}

// Load is the work that we took on already.
type Load struct {
	// Jobs counts requests under way, standing bids included.
	Jobs int
	// Units is the work that they would cost together.
	Units uint64
}

// Decision is what to do about a request.
type Decision struct {
	Bid bool
	// Later tells that the answer may change while the request is open, with
	// our load.
	Later bool
	// Reason is for people: why not, or how the fee came about.
	Reason string

	Fee     math.Int // uproof, set when Bid
	Standby bool
}

func no(format string, args ...any) Decision {
	return Decision{Reason: fmt.Sprintf(format, args...)}
}

func notNow(format string, args ...any) Decision {
	return Decision{Reason: fmt.Sprintf(format, args...), Later: true}
}

// Screen looks at a request before anything is downloaded for it. A decision
// with Bid set means that it is worth a closer look; it has no fee yet.
func (p Policy) Screen(o Offer, load Load) Decision {
	switch {
	case len(p.Verifiers) > 0 && !slices.Contains(p.Verifiers, o.Verifier):
		return no("verifier %s is not on our list", o.Verifier)
	case slices.Contains(p.DeniedPrograms, o.Program):
		return no("program %s is on our deny list", o.Program)
	case len(p.Programs) > 0 && !slices.Contains(p.Programs, o.Program):
		return no("program %s is not on our list", o.Program)
	case slices.Contains(p.DeniedRequesters, o.Requester):
		return no("requester %s is on our deny list", o.Requester)
	case p.MaxPenalty.IsPositive() && o.Penalty.GT(p.MaxPenalty):
		return no("a missed deadline would cost %s, our limit is %s", o.Penalty, p.MaxPenalty)
	case o.MaxFee.LT(p.least(0)):
		return no("max_fee %s is below our least price %s", o.MaxFee, p.least(0))
	case load.Jobs >= p.MaxJobs:
		return notNow("all %d places are taken", p.MaxJobs)
	}
	return Decision{Bid: true}
}

// Price decides once the work is known: units of the backend's work.
//
// The fee is cost plus margin, and at least MinFee. Where that is above max_fee
// the fee gives way down to cost plus the minimum margin, and takes max_fee
// exactly: in a second-price auction a lower bid of the same bidder would earn
// no more.
func (p Policy) Price(o Offer, units uint64, load Load) Decision {
	if d := p.Screen(o, load); !d.Bid {
		return d
	}
	if p.MaxUnits > 0 && units > p.MaxUnits {
		return no("it takes %d units, our limit is %d", units, p.MaxUnits)
	}
	if d := p.fits(o, units, load); !d.Bid {
		return d
	}

	wanted, least := p.withMargin(units, p.MarginBps), p.least(units)
	fee := wanted
	if fee.GT(o.MaxFee) {
		if least.GT(o.MaxFee) {
			return no("max_fee %s is below our least price %s for %d units", o.MaxFee, least, units)
		}
		fee = o.MaxFee
	}
	return Decision{
		Bid:     true,
		Fee:     fee,
		Standby: p.Standby,
		Reason:  fmt.Sprintf("%d units cost us %s, max_fee is %s", units, p.cost(units), o.MaxFee),
	}
}

// fits reports whether the proof would be ready in half of its time limit even
// if everything that we bid for is won: proofs are sent early (law P4).
func (p Policy) fits(o Offer, units uint64, load Load) Decision {
	total := new(big.Int).Add(new(big.Int).SetUint64(load.Units), new(big.Int).SetUint64(units))
	// total / speed ≤ limit / 2, without division.
	need := total.Mul(total, big.NewInt(2*int64(time.Second)))
	have := new(big.Int).Mul(new(big.Int).SetUint64(p.UnitsPerSecond), big.NewInt(int64(o.TimeLimit)))
	if need.Cmp(have) <= 0 {
		return Decision{Bid: true}
	}
	if load.Units > 0 {
		return notNow("%d units beside the %d already taken would not be ready in half of %s", units, load.Units, o.TimeLimit)
	}
	return no("%d units would not be ready in half of %s", units, o.TimeLimit)
}

// cost is FixedCost + PerMillionUnits × units, rounded up.
func (p Policy) cost(units uint64) math.Int {
	work := p.PerMillionUnits.Mul(math.NewIntFromUint64(units))
	return p.FixedCost.Add(ceilDiv(work, Million))
}

func (p Policy) withMargin(units uint64, margin uint32) math.Int {
	fee := ceilDiv(p.cost(units).MulRaw(bps+int64(margin)), bps)
	return math.MaxInt(fee, p.MinFee)
}

// least is the lowest fee that we would ever ask for that work.
func (p Policy) least(units uint64) math.Int { return p.withMargin(units, p.MinMarginBps) }

func ceilDiv(n math.Int, d int64) math.Int {
	return n.AddRaw(d - 1).QuoRaw(d)
}
