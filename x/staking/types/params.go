package types

import (
	"time"

	"cosmossdk.io/math"
)

// Limits of the parameters. They keep a parameter change from stopping the
// module; governance moves freely within them.
const (
	// MaxUnstakeDelay bounds unstake_delay.
	MaxUnstakeDelay = 365 * 24 * time.Hour
	// MaxRewardPeriod bounds reward_period.
	MaxRewardPeriod = 30 * 24 * time.Hour
	// MaxMaxUnstakes bounds max_unstakes: requesting reads that many entries.
	MaxMaxUnstakes = 100
	// MaxEndBlockCap bounds end_block_cap.
	MaxEndBlockCap = 10_000
	// MinEpochLength and MaxEpochLength bound epoch_length.
	MinEpochLength = time.Minute
	MaxEpochLength = 365 * 24 * time.Hour
	// BpsBase is the number of basis points in one.
	BpsBase = 10_000
)

// MaxParamAmount bounds the amounts in Params, in uproof: 2^100.
var MaxParamAmount = math.NewIntFromUint64(1 << 50).MulRaw(1 << 50)

// DefaultParams returns the parameters of a new chain.
func DefaultParams() Params {
	return Params{
		MinSelfStake:     math.NewInt(1_000_000_000), // 1000 PROOF
		MinStake:         math.NewInt(1_000_000),     // 1 PROOF
		MinUnstake:       math.NewInt(1_000_000),     // 1 PROOF
		UnstakeDelay:     7 * 24 * time.Hour,
		MaxUnstakes:      10,
		RewardPeriod:     24 * time.Hour,
		MaxCommissionBps: BpsBase,
		EndBlockCap:      100,
		CommissionNotice: 7 * 24 * time.Hour,
		EpochLength:      24 * time.Hour,

		IncentiveBudget:   math.NewInt(1_000_000_000), // 1000 PROOF
		IncentiveFeeBps:   5000,
		IncentiveKappaBps: 5000,
	}
}

// Validate returns ErrInvalidParams for a value outside its range.
func (p Params) Validate() error {
	amounts := []struct {
		name  string
		value math.Int
	}{{"min_self_stake", p.MinSelfStake}, {"min_stake", p.MinStake}, {"min_unstake", p.MinUnstake}}
	for _, a := range amounts {
		if a.value.IsNil() || !a.value.IsPositive() || a.value.GT(MaxParamAmount) {
			return ErrInvalidParams.Wrapf("%s is %s uproof, allowed are 1 to %s", a.name, a.value, MaxParamAmount)
		}
	}
	if p.IncentiveBudget.IsNil() || p.IncentiveBudget.IsNegative() || p.IncentiveBudget.GT(MaxParamAmount) {
		return ErrInvalidParams.Wrapf("incentive_budget is %s uproof, allowed are 0 to %s", p.IncentiveBudget, MaxParamAmount)
	}
	switch {
	case p.UnstakeDelay <= 0 || p.UnstakeDelay > MaxUnstakeDelay:
		return ErrInvalidParams.Wrapf("unstake_delay is %s, allowed is more than 0 up to %s", p.UnstakeDelay, MaxUnstakeDelay)
	case p.MaxUnstakes == 0 || p.MaxUnstakes > MaxMaxUnstakes:
		return ErrInvalidParams.Wrapf("max_unstakes is %d, allowed are 1 to %d", p.MaxUnstakes, MaxMaxUnstakes)
	case p.RewardPeriod < 0 || p.RewardPeriod > MaxRewardPeriod:
		return ErrInvalidParams.Wrapf("reward_period is %s, allowed are 0 to %s", p.RewardPeriod, MaxRewardPeriod)
	case p.MaxCommissionBps > BpsBase:
		return ErrInvalidParams.Wrapf("max_commission_bps is %d, allowed are 0 to %d", p.MaxCommissionBps, BpsBase)
	case p.EndBlockCap == 0 || p.EndBlockCap > MaxEndBlockCap:
		return ErrInvalidParams.Wrapf("end_block_cap is %d, allowed are 1 to %d", p.EndBlockCap, MaxEndBlockCap)
	case p.CommissionNotice < 0 || p.CommissionNotice > MaxCommissionNotice:
		return ErrInvalidParams.Wrapf("commission_notice is %s, allowed are 0 to %s", p.CommissionNotice, MaxCommissionNotice)
	case p.EpochLength < MinEpochLength || p.EpochLength > MaxEpochLength:
		return ErrInvalidParams.Wrapf("epoch_length is %s, allowed are %s to %s", p.EpochLength, MinEpochLength, MaxEpochLength)
	case p.IncentiveFeeBps > BpsBase:
		return ErrInvalidParams.Wrapf("incentive_fee_bps is %d, allowed are 0 to %d", p.IncentiveFeeBps, BpsBase)
	case p.IncentiveKappaBps >= BpsBase:
		return ErrInvalidParams.Wrapf("incentive_kappa_bps is %d, allowed are 0 to %d", p.IncentiveKappaBps, BpsBase-1)
	}
	return nil
}
