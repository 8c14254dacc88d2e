package types

import "cosmossdk.io/math"

// MaxBreakerAmount bounds the limits of a breaker, in uproof: 2^120.
var MaxBreakerAmount = math.NewIntFromUint64(1 << 60).Mul(math.NewIntFromUint64(1 << 60))

// NewBreaker returns a breaker without limits.
func NewBreaker() Breaker {
	return Breaker{MaxExposure: math.ZeroInt(), LossLimit: math.ZeroInt(), Losses: math.ZeroInt()}
}

// Allows reports whether penalties of open work may sum to exposure uproof (law
// S8).
func (b Breaker) Allows(exposure math.Int) bool {
	return b.MaxExposure.IsZero() || exposure.LTE(b.MaxExposure)
}

// Lose counts a loss of amount uproof in the epoch, where those of an earlier one
// are forgotten, and says whether the losses are beyond the limit now (law S8).
// Losses stop growing at 2^240: nothing comes near, and a slash never fails.
func (b Breaker) Lose(amount math.Int, epoch uint64) (breaker Breaker, tripped bool) {
	if b.Epoch != epoch {
		b.Epoch, b.Losses = epoch, math.ZeroInt()
	}
	if sum, err := b.Losses.SafeAdd(amount); err == nil && isAmount(sum) {
		b.Losses = sum
	}
	return b, b.LossLimit.IsPositive() && b.Losses.GT(b.LossLimit)
}

// Forget forgets all losses: the stake key reactivated its prover, or registered a
// new vault.
func (b Breaker) Forget() Breaker {
	b.Epoch, b.Losses = 0, math.ZeroInt()
	return b
}

// Validate returns ErrInvalidBreaker for a limit out of range, 0 to
// MaxBreakerAmount.
func (b Breaker) Validate() error {
	for _, limit := range []struct {
		name  string
		value math.Int
	}{{"max_exposure", b.MaxExposure}, {"loss_limit", b.LossLimit}} {
		if limit.value.IsNil() || limit.value.IsNegative() || limit.value.GT(MaxBreakerAmount) {
			return ErrInvalidBreaker.Wrapf("%s is %s uproof, allowed are 0 to %s", limit.name, limit.value, MaxBreakerAmount)
		}
	}
	return nil
}
