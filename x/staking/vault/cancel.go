package vault

import (
	"fmt"
	"math/big"
	"strings"

	"cosmossdk.io/math"
)

// CancelPlan is what staking a part of the unstaking pool again does.
type CancelPlan struct {
	// Vault afterwards.
	Vault Vault
	// Shares to mint; positive.
	Shares math.Int
	// Value moved from the pool to the assets: positive, at most what the pool
	// shares are worth.
	Value math.Int
	// Kept of the pool shares is what made no whole share; its owner keeps it in
	// the pool. Zero if it is worth less than one uproof.
	Kept math.Int
}

// Cancel quotes staking the present value of so many pool shares again, at
// today's price (law S4). It mints what Stake mints for that value, and moves
// exactly the price of those shares, which costs ceil(price × all pool shares /
// pool assets) pool shares. The others stay with their owner, so that neither an
// inflated share price nor rounding costs it more than one uproof, as with Stake;
// if they are worth less than one uproof, they go and the pool keeps the
// fraction. Roundings are against the canceller: the price of a share and of a
// pool share stays or rises for everybody else.
//
// It fails with ErrInvalid, also for zero pool shares, ErrTooMuch for more than
// there are, ErrClosed, ErrTooSmall for a value of less than one share, ErrMinOut
// for fewer than minShares (0 for any), and ErrOverflow beyond MaxShares or
// MaxAssets.
func (v Vault) Cancel(poolShares, minShares math.Int) (CancelPlan, error) {
	if err := v.Check(); err != nil {
		return CancelPlan{}, err
	}
	value, err := v.PoolValue(poolShares)
	if err != nil {
		return CancelPlan{}, err
	}
	if !poolShares.IsPositive() {
		return CancelPlan{}, fmt.Errorf("%w: an entry without pool shares", ErrInvalid)
	}
	stake, err := v.Stake(value, minShares)
	if err != nil {
		return CancelPlan{}, err
	}
	// At most poolShares, because the price is at most their value.
	gone, err := mulDiv(stake.Takes, v.PoolShares, v.PoolAssets, true)
	if err != nil {
		return CancelPlan{}, err
	}
	if gone.Equal(v.PoolShares) && stake.Takes.LT(v.PoolAssets) {
		// The rest of the whole pool needs a share to belong to. Only a pool with
		// more assets than shares gets here, which no sequence of operations
		// reaches.
		gone = gone.Sub(math.OneInt())
	}
	plan := CancelPlan{Vault: stake.Vault, Shares: stake.Shares, Value: stake.Takes, Kept: poolShares.Sub(gone)}
	plan.Vault.PoolShares = v.PoolShares.Sub(gone)
	plan.Vault.PoolAssets = v.PoolAssets.Sub(stake.Takes)
	rest, err := plan.Vault.PoolValue(plan.Kept)
	if err != nil {
		return CancelPlan{}, err
	}
	if rest.IsZero() {
		plan.Vault.PoolShares = plan.Vault.PoolShares.Sub(plan.Kept)
		plan.Kept = math.ZeroInt()
	}
	return plan, nil
}

// PriceDigits is the number of digits after the point of a Price.
const PriceDigits = 18

// Price returns what one share is worth in uproof, floor(assets × 10^18 / shares)
// with the point put in, such as "1.250000000000000000": a figure for people, not
// for arithmetic. A vault without shares gives 1, at which the next stake starts.
// It fails with ErrInvalid.
func (v Vault) Price() (string, error) {
	if err := v.Check(); err != nil {
		return "", err
	}
	assets, shares := v.Assets.BigInt(), v.Shares.BigInt()
	if shares.Sign() == 0 {
		assets, shares = big.NewInt(1), big.NewInt(1)
	}
	scaled := assets.Mul(assets, new(big.Int).Exp(big.NewInt(10), big.NewInt(PriceDigits), nil))
	digits := scaled.Quo(scaled, shares).String()
	if missing := PriceDigits + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - PriceDigits
	return digits[:point] + "." + digits[point:], nil
}
