package vault

import (
	"fmt"

	"cosmossdk.io/math"
)

// UnstakePlan is what leaving a vault does.
type UnstakePlan struct {
	// Vault afterwards.
	Vault Vault
	// Value moved from the assets to the pool; positive.
	Value math.Int
	// PoolShares of the new entry; positive.
	PoolShares math.Int
	// Released is the rewards that will not vest, because no shares are left:
	// they go to commission (law S7).
	Released math.Int
}

// Unstake quotes burning shares (laws S2, S4): floor(shares × assets / total)
// moves to the unstaking pool, against floor(value × pool shares / pool assets)
// pool shares, or value pool shares when the pool is empty. Both roundings are
// against the leaver: the first leaves the rest in the vault, the second leaves
// the price of a pool share where it is or above. The last shares take all
// assets.
//
// It fails with ErrInvalid, ErrClosed, ErrTooMuch for more shares than there
// are, ErrTooSmall for a value that makes no pool share, ErrMinOut for less
// value than minOut (0 for any), and ErrOverflow beyond MaxPoolShares.
func (v Vault) Unstake(shares, minOut math.Int) (UnstakePlan, error) {
	if err := v.Check(); err != nil {
		return UnstakePlan{}, err
	}
	if err := valid("minimum out", minOut); err != nil {
		return UnstakePlan{}, err
	}
	value, err := v.Value(shares)
	if err != nil {
		return UnstakePlan{}, err
	}
	switch {
	case v.Closed():
		return UnstakePlan{}, ErrClosed
	case !value.IsPositive():
		return UnstakePlan{}, fmt.Errorf("%w: %s shares are worth less than one uproof", ErrTooSmall, shares)
	case value.LT(minOut):
		return UnstakePlan{}, fmt.Errorf("%w: %s uproof, asked for %s", ErrMinOut, value, minOut)
	}
	poolShares := value
	if v.PoolShares.IsPositive() {
		if poolShares, err = mulDiv(value, v.PoolShares, v.PoolAssets, false); err != nil {
			return UnstakePlan{}, err
		}
	}
	if !poolShares.IsPositive() {
		return UnstakePlan{}, fmt.Errorf("%w: %s uproof make no pool share", ErrTooSmall, value)
	}
	total, err := v.PoolShares.SafeAdd(poolShares)
	if err != nil || total.GT(MaxPoolShares()) {
		return UnstakePlan{}, fmt.Errorf("%w: %s + %s pool shares exceed %s", ErrOverflow, v.PoolShares, poolShares, MaxPoolShares())
	}
	if v.PoolAssets, err = add(v.PoolAssets, value); err != nil {
		return UnstakePlan{}, err
	}
	v.PoolShares = total
	v.Assets = v.Assets.Sub(value)
	v.Shares = v.Shares.Sub(shares)
	released := math.ZeroInt()
	if v.Shares.IsZero() {
		released, v.Stream = v.Stream.Unvested(), NoStream()
	}
	return UnstakePlan{Vault: v, Value: value, PoolShares: poolShares, Released: released}, nil
}

// CompletePlan is what paying an unstaking entry does.
type CompletePlan struct {
	// Vault afterwards.
	Vault Vault
	// Pays is the entry's due; zero is possible after a slash.
	Pays math.Int
}

// Complete quotes paying an entry with so many pool shares (law S4):
// floor(pool shares × pool assets / all pool shares); the last entry takes the
// residue. It fails with ErrInvalid, also for zero pool shares, or ErrTooMuch.
// A closed vault pays too.
func (v Vault) Complete(poolShares math.Int) (CompletePlan, error) {
	if err := v.Check(); err != nil {
		return CompletePlan{}, err
	}
	pays, err := v.PoolValue(poolShares)
	if err != nil {
		return CompletePlan{}, err
	}
	if !poolShares.IsPositive() {
		return CompletePlan{}, fmt.Errorf("%w: an entry without pool shares", ErrInvalid)
	}
	v.PoolShares = v.PoolShares.Sub(poolShares)
	v.PoolAssets = v.PoolAssets.Sub(pays)
	return CompletePlan{Vault: v, Pays: pays}, nil
}
