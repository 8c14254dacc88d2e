package vault

import (
	"fmt"

	"cosmossdk.io/math"
)

// StakePlan is what a stake does.
type StakePlan struct {
	// Vault afterwards.
	Vault Vault
	// Shares to mint; positive.
	Shares math.Int
	// Takes is what the staker pays: positive, at most the amount offered.
	Takes math.Int
}

// Stake quotes putting amount into the vault (law S2). It mints
// floor(amount × shares / assets) shares, or amount shares when there are none,
// and takes exactly their price, ceil(shares minted × assets / shares): what
// does not make a whole share stays with the staker, so neither an inflated
// share price nor rounding costs it more than one uproof.
//
// It fails with ErrInvalid, ErrClosed, ErrTooSmall for less than one share,
// ErrMinOut for less than minShares (0 for any), and ErrOverflow beyond
// MaxShares or MaxAssets.
func (v Vault) Stake(amount, minShares math.Int) (StakePlan, error) {
	if err := v.Check(); err != nil {
		return StakePlan{}, err
	}
	if err := valid("amount", amount); err != nil {
		return StakePlan{}, err
	}
	if err := valid("minimum shares", minShares); err != nil {
		return StakePlan{}, err
	}
	if v.Closed() {
		return StakePlan{}, ErrClosed
	}
	shares, takes, err := v.quote(amount)
	if err != nil {
		return StakePlan{}, err
	}
	switch {
	case !shares.IsPositive():
		return StakePlan{}, fmt.Errorf("%w: %s uproof make less than one share", ErrTooSmall, amount)
	case shares.LT(minShares):
		return StakePlan{}, fmt.Errorf("%w: %s shares, asked for %s", ErrMinOut, shares, minShares)
	}
	total, err := v.Shares.SafeAdd(shares)
	if err != nil || total.GT(MaxShares()) {
		return StakePlan{}, fmt.Errorf("%w: %s + %s shares exceed %s", ErrOverflow, v.Shares, shares, MaxShares())
	}
	if v.Assets, err = add(v.Assets, takes); err != nil {
		return StakePlan{}, err
	}
	v.Shares = total
	if err := v.fits(); err != nil {
		return StakePlan{}, err
	}
	return StakePlan{Vault: v, Shares: shares, Takes: takes}, nil
}

func (v Vault) quote(amount math.Int) (shares, takes math.Int, err error) {
	if v.Shares.IsZero() {
		return amount, amount, nil
	}
	shares, err = mulDiv(amount, v.Shares, v.Assets, false)
	if err != nil {
		return math.Int{}, math.Int{}, err
	}
	takes, err = mulDiv(shares, v.Assets, v.Shares, true)
	return shares, takes, err
}
