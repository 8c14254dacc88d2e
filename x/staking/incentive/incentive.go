// Package incentive is the arithmetic of incentives and of epoch statistics (law
// S10): what an epoch's budget gives to whom, stake summed over time, and yearly
// rates. It is pure: values in, values out, no store, no clock, no coins.
//
// Every function is total: it returns an error or stops at a bound and never
// panics, whatever 256-bit amounts it is given, nil ones included. Every rounding
// is downwards, so that what cannot be divided stays in the pool.
//
// Amounts are in uproof, stake over time in uproof nanoseconds, rates in 1/10000.
//
// # Why paying oneself never pays
//
// The part of a prover by fees is min(F / P, κ) × p, rounded down, where F is
// what the budget gives for fees, P the protocol fees of all provers, p those of
// this one, and κ < 1. Who adds q ≥ 1 uproof of protocol fees on its own vaults,
// however many, raises P by q and its parts together by at most κ × q, rounded up
// where fees were added, which is at most q: it pays more than it gets, or, by
// rounding, as much. What it pays goes to the treasury. The part by stake-time
// does not look at fees.
package incentive

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"cosmossdk.io/math"
)

// ErrInvalid says that an argument is not well formed. The keeper gives it the module's
// code.
var ErrInvalid = errors.New("invalid incentive figures")

const (
	// BpsBase is the number of basis points in one.
	BpsBase = 10_000
	// figureBits bounds the figures of one prover. A sum over 2^40 provers fits
	// 256 bits, and ten billion PROOF staked for a century stay far below.
	figureBits = 200
	// Year is what yearly rates are about: 365 days.
	Year = 365 * 24 * time.Hour
)

// maxFigure is 2^200. It is never handed out: callers could change it.
var maxFigure = new(big.Int).Lsh(big.NewInt(1), figureBits)

// MaxFigure is the largest figure of one prover, 2^200. Figures stop there: no
// statistics may keep a message from working.
func MaxFigure() math.Int { return math.NewIntFromBigInt(maxFigure) }

// Valid reports whether a figure is given and between 0 and MaxFigure.
func Valid(figure math.Int) bool {
	return !figure.IsNil() && !figure.IsNegative() && figure.BigIntMut().Cmp(maxFigure) <= 0
}

// Add returns a + b, at most MaxFigure. A missing or negative part counts as 0.
func Add(a, b math.Int) math.Int {
	return capped(new(big.Int).Add(notNegative(a), notNegative(b)))
}

// AssetTime returns what assets sum to over time, at most MaxFigure: assets were
// there at the start, and vested arrived linearly within ramp from then on and
// stayed, up to the end of elapsed:
//
//	assets × elapsed + vested × (elapsed − ramp) + ⌊vested × ramp / 2⌋
//
// So it does not matter how often somebody looks. A ramp counts up to elapsed. A
// missing or negative amount, and a negative time, count as 0.
func AssetTime(assets, vested math.Int, ramp, elapsed time.Duration) math.Int {
	elapsed = max(elapsed, 0)
	ramp = min(max(ramp, 0), elapsed)
	gain := notNegative(vested)
	sum := new(big.Int).Mul(notNegative(assets), big.NewInt(int64(elapsed)))
	sum.Add(sum, new(big.Int).Mul(gain, big.NewInt(int64(elapsed-ramp))))
	half := new(big.Int).Mul(gain, big.NewInt(int64(ramp)))
	return capped(sum.Add(sum, half.Rsh(half, 1)))
}

// Budget returns what an epoch may pay, min(limit, pool), and how much of that is
// shared by protocol fees: ⌊budget × feeBps / 10000⌋; the rest is shared by
// stake-time. It fails with ErrInvalid.
func Budget(limit, pool math.Int, feeBps uint32) (budget, byFees math.Int, err error) {
	if missing(limit) || missing(pool) || feeBps > BpsBase {
		return math.Int{}, math.Int{}, fmt.Errorf("%w: limit %s, pool %s, fee part %d", ErrInvalid, limit, pool, feeBps)
	}
	budget = math.MinInt(limit, pool)
	byFees, err = mulDiv(budget, big.NewInt(int64(feeBps)), big.NewInt(BpsBase))
	return budget, byFees, err
}

// Pot is what an epoch gives, and the sums that it is shared by.
type Pot struct {
	// Budget of the epoch.
	Budget math.Int
	// FeeBudget is the part of it that is shared by protocol fees.
	FeeBudget math.Int
	// KappaBps bounds a part by fees by the fees themselves; below 10000.
	KappaBps uint32
	// ProtocolFees of all provers.
	ProtocolFees math.Int
	// StakeTime of all provers.
	StakeTime math.Int
}

// Score is what one prover did in the epoch.
type Score struct {
	// ProtocolFees that its jobs paid.
	ProtocolFees math.Int
	// StakeTime of its vault while it was ACTIVE.
	StakeTime math.Int
}

// Part is what a prover gets.
type Part struct {
	// ByFees is min(⌊FeeBudget × fees / all fees⌋, ⌊KappaBps × fees / 10000⌋).
	ByFees math.Int
	// ByStake is ⌊(Budget − FeeBudget) × stake-time / all stake-time⌋.
	ByStake math.Int
}

// Total of the part.
func (p Part) Total() math.Int { return p.ByFees.Add(p.ByStake) }

// Check returns ErrInvalid for a pot that no epoch has.
func (p Pot) Check() error {
	if missing(p.Budget) || missing(p.FeeBudget) || missing(p.ProtocolFees) || missing(p.StakeTime) ||
		p.FeeBudget.GT(p.Budget) || p.KappaBps >= BpsBase {
		return fmt.Errorf("%w: %s of a budget of %s, κ %d, sums %s and %s", ErrInvalid,
			p.FeeBudget, p.Budget, p.KappaBps, p.ProtocolFees, p.StakeTime)
	}
	return nil
}

// Share returns a prover's part. Parts of provers whose scores sum to no more
// than the pot's sums stay within the budget together. It fails with ErrInvalid.
func (p Pot) Share(s Score) (Part, error) {
	if err := p.Check(); err != nil {
		return Part{}, err
	}
	if missing(s.ProtocolFees) || missing(s.StakeTime) || s.ProtocolFees.GT(p.ProtocolFees) || s.StakeTime.GT(p.StakeTime) {
		return Part{}, fmt.Errorf("%w: score of %s and %s, all provers %s and %s", ErrInvalid,
			s.ProtocolFees, s.StakeTime, p.ProtocolFees, p.StakeTime)
	}
	byFees, err := fraction(p.FeeBudget, s.ProtocolFees, p.ProtocolFees)
	if err != nil {
		return Part{}, err
	}
	limit, err := mulDiv(s.ProtocolFees, big.NewInt(int64(p.KappaBps)), big.NewInt(BpsBase))
	if err != nil {
		return Part{}, err
	}
	byStake, err := fraction(p.Budget.Sub(p.FeeBudget), s.StakeTime, p.StakeTime)
	if err != nil {
		return Part{}, err
	}
	return Part{ByFees: math.MinInt(byFees, limit), ByStake: byStake}, nil
}

// APR returns vested × Year / assetTime in 1/10000, rounded down, without
// compounding: what one uproof in the vault yielded, as a yearly rate. It is 0
// where there were no assets and stops at the largest uint64.
func APR(vested, assetTime math.Int) uint64 {
	over := notNegative(assetTime)
	if over.Sign() == 0 {
		return 0
	}
	rate := new(big.Int).Mul(notNegative(vested), big.NewInt(int64(Year)))
	rate.Mul(rate, big.NewInt(BpsBase))
	rate.Quo(rate, over)
	if !rate.IsUint64() {
		return ^uint64(0)
	}
	return rate.Uint64()
}

// missing reports whether an amount was not given or is negative.
func missing(amount math.Int) bool { return amount.IsNil() || amount.IsNegative() }

// notNegative returns the amount for reading only, 0 for a missing one.
func notNegative(amount math.Int) *big.Int {
	if missing(amount) {
		return new(big.Int)
	}
	return amount.BigIntMut()
}

func capped(sum *big.Int) math.Int {
	if sum.Cmp(maxFigure) > 0 {
		return MaxFigure()
	}
	return math.NewIntFromBigInt(sum)
}

// fraction returns ⌊amount × part / whole⌋, or 0 when the whole is. part is at
// most whole.
func fraction(amount, part, whole math.Int) (math.Int, error) {
	if whole.IsZero() {
		return math.ZeroInt(), nil
	}
	return mulDiv(amount, part.BigIntMut(), whole.BigIntMut())
}

// mulDiv returns ⌊a × b / c⌋ for b ≤ c, so that the result is no larger than a.
// The product has no size limit.
func mulDiv(a math.Int, b, c *big.Int) (math.Int, error) {
	if b.Cmp(c) > 0 {
		return math.Int{}, fmt.Errorf("%w: %s is more than %s", ErrInvalid, b, c)
	}
	product := new(big.Int).Mul(a.BigIntMut(), b)
	return math.NewIntFromBigInt(product.Quo(product, c)), nil
}
