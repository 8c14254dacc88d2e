package vault

import (
	"fmt"
	"math/big"
	"time"

	"cosmossdk.io/math"
)

// MaxPeriod bounds the period of a stream: about a century, far beyond what
// parameters allow, and far within what a time.Duration holds.
const MaxPeriod = 100 * 365 * 24 * time.Hour

// Stream is rewards that reach the assets linearly between Start and End. What
// has vested at a time depends on that time alone, not on how often somebody
// looked.
type Stream struct {
	// Amount that vests in all.
	Amount math.Int
	// Vested is the part of Amount that the assets already hold.
	Vested math.Int
	// Start and End of vesting.
	Start, End time.Time
}

// NoStream returns the stream that holds nothing.
func NoStream() Stream {
	epoch := time.Unix(0, 0).UTC()
	return Stream{Amount: math.ZeroInt(), Vested: math.ZeroInt(), Start: epoch, End: epoch}
}

// Unvested returns what has not reached the assets.
func (s Stream) Unvested() math.Int { return s.Amount.Sub(s.Vested) }

func (s Stream) empty() bool { return s.Amount.Equal(s.Vested) }

func (s Stream) check() error {
	if err := valid("stream", s.Amount); err != nil {
		return err
	}
	if err := valid("vested", s.Vested); err != nil {
		return err
	}
	if s.Amount.GT(MaxAssets()) || s.Vested.GT(s.Amount) {
		return fmt.Errorf("%w: stream vested %s of %s", ErrInvalid, s.Vested, s.Amount)
	}
	if s.End.Before(s.Start) || s.End.Sub(s.Start) > MaxPeriod {
		return fmt.Errorf("%w: stream from %s to %s", ErrInvalid, s.Start, s.End)
	}
	return nil
}

// at returns the stream at now and what vested since it was last asked:
// floor(amount × time passed / whole time), all of it from End on.
func (s Stream) at(now time.Time) (Stream, math.Int) {
	if !now.Before(s.End) {
		return NoStream(), s.Unvested()
	}
	if !now.After(s.Start) {
		return s, math.ZeroInt()
	}
	// Now lies strictly between Start and End, so the division is defined and
	// its result below Amount.
	vested := new(big.Int).Mul(s.Amount.BigIntMut(), big.NewInt(int64(now.Sub(s.Start))))
	vested.Quo(vested, big.NewInt(int64(s.End.Sub(s.Start))))
	total := math.NewIntFromBigInt(vested)
	if total.LTE(s.Vested) {
		return s, math.ZeroInt()
	}
	fresh := total.Sub(s.Vested)
	s.Vested = total
	return s, fresh
}

// with returns the stream after a reward at now. The time left becomes the mean
// of what was left and period, weighted by amounts and rounded up to a
// nanosecond (law S6).
func (s Stream) with(reward math.Int, period time.Duration, now time.Time) (Stream, error) {
	unvested := s.Unvested()
	total, err := add(unvested, reward)
	if err != nil {
		return Stream{}, err
	}
	var left time.Duration
	if unvested.IsPositive() {
		left = min(max(s.End.Sub(now), 0), MaxPeriod)
	}
	weighted := new(big.Int).Mul(unvested.BigInt(), big.NewInt(int64(left)))
	weighted.Add(weighted, new(big.Int).Mul(reward.BigInt(), big.NewInt(int64(period))))
	mean, rest := weighted.QuoRem(weighted, total.BigInt(), new(big.Int))
	if rest.Sign() > 0 {
		mean.Add(mean, big.NewInt(1))
	}
	// A mean of two durations is a duration.
	end := now.Add(time.Duration(mean.Int64()))
	return Stream{Amount: total, Vested: math.ZeroInt(), Start: now.UTC(), End: end.UTC()}, nil
}

// SplitReward returns the commission, floor(amount × bps / 10000), and the rest.
// It fails with ErrInvalid.
func SplitReward(amount math.Int, bps uint32) (commission, rest math.Int, err error) {
	if err := valid("amount", amount); err != nil {
		return math.Int{}, math.Int{}, err
	}
	if bps > BpsBase {
		return math.Int{}, math.Int{}, fmt.Errorf("%w: rate of %d basis points", ErrInvalid, bps)
	}
	commission, err = mulDiv(amount, math.NewIntFromUint64(uint64(bps)), math.NewInt(BpsBase), false)
	if err != nil {
		return math.Int{}, math.Int{}, err
	}
	return commission, amount.Sub(commission), nil
}

// RewardTerms are what decides where a reward goes.
type RewardTerms struct {
	// CommissionBps is the prover's rate, in 1/10000.
	CommissionBps uint32
	// MinAssets: a vault that holds less leaves all to commission.
	MinAssets math.Int
	// Period over which the rest vests; 0 for at once.
	Period time.Duration
}

// RewardPlan is what a reward does.
type RewardPlan struct {
	// Vault afterwards.
	Vault Vault
	// Commission is the prover's part; the rest goes to the vault.
	Commission math.Int
	// Shared is the rest.
	Shared math.Int
}

// Reward quotes a reward at a block time (law S6). The commission is rounded
// down; the rest vests. A vault with fewer assets than the terms ask for, or
// without shares, leaves all of it to commission, so that nobody gets rich on a
// forgotten share. It fails with ErrInvalid or ErrOverflow.
func (v Vault) Reward(amount math.Int, terms RewardTerms, now time.Time) (RewardPlan, error) {
	v, err := v.At(now)
	if err != nil {
		return RewardPlan{}, err
	}
	if terms.Period < 0 || terms.Period > MaxPeriod {
		return RewardPlan{}, fmt.Errorf("%w: reward period of %s", ErrInvalid, terms.Period)
	}
	if err := valid("minimum assets", terms.MinAssets); err != nil {
		return RewardPlan{}, err
	}
	commission, shared, err := SplitReward(amount, terms.CommissionBps)
	if err != nil {
		return RewardPlan{}, err
	}
	if v.Assets.IsZero() || v.Assets.LT(terms.MinAssets) {
		return RewardPlan{Vault: v, Commission: amount, Shared: math.ZeroInt()}, nil
	}
	switch {
	case shared.IsZero():
	case terms.Period == 0:
		v.Assets, err = add(v.Assets, shared)
	default:
		v.Stream, err = v.Stream.with(shared, terms.Period, now)
	}
	if err != nil {
		return RewardPlan{}, err
	}
	if err := v.fits(); err != nil {
		return RewardPlan{}, err
	}
	return RewardPlan{Vault: v, Commission: commission, Shared: shared}, nil
}
