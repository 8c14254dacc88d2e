package vault

import "cosmossdk.io/math"

// SlashPlan is what a slash does.
type SlashPlan struct {
	// Vault afterwards.
	Vault Vault
	// Slashed is taken in all: FromVault + FromPool = min(amount, slashable).
	Slashed math.Int
	// FromVault is taken from the assets.
	FromVault math.Int
	// FromPool is taken from the unstaking pool.
	FromPool math.Int
	// Closed: the assets went to zero with this slash; the shares are void.
	Closed bool
	// PoolWiped: the pool went to zero with this slash; its entries are void and
	// the plan's vault has no pool shares any more.
	PoolWiped bool
	// Released is the rewards that will not vest, because the vault closed: they
	// go to commission.
	Released math.Int
}

// Slashable returns what a slash can take: assets and pool. Rewards that have
// not vested are not part of it. It fails with ErrInvalid only: the sum of two
// bounded amounts fits 256 bits.
func (v Vault) Slashable() (math.Int, error) {
	if err := v.Check(); err != nil {
		return math.Int{}, err
	}
	return v.Assets.Add(v.PoolAssets), nil
}

// Slash quotes taking exactly min(amount, slashable) (law S7). The pool bears
// floor(amount × pool / (pool + vault)) and the vault the rest. The rest is
// ceil(amount × vault / (pool + vault)), which is at most the vault because the
// amount is at most the whole: neither part is ever asked for more than it
// holds, so a slash is always exact, however small the amount or the part.
//
// The pool can only go to zero when everything does; the vault may go to zero
// alone, by its rounding. It fails with ErrInvalid only.
func (v Vault) Slash(amount math.Int) (SlashPlan, error) {
	total, err := v.Slashable()
	if err != nil {
		return SlashPlan{}, err
	}
	if err := valid("amount", amount); err != nil {
		return SlashPlan{}, err
	}
	plan := SlashPlan{
		Slashed: math.MinInt(amount, total), FromVault: math.ZeroInt(),
		FromPool: math.ZeroInt(), Released: math.ZeroInt(),
	}
	if plan.Slashed.IsPositive() {
		if plan.FromPool, err = mulDiv(plan.Slashed, v.PoolAssets, total, false); err != nil {
			return SlashPlan{}, err
		}
		plan.FromVault = plan.Slashed.Sub(plan.FromPool)
	}
	v.Assets = v.Assets.Sub(plan.FromVault)
	v.PoolAssets = v.PoolAssets.Sub(plan.FromPool)
	if plan.FromVault.IsPositive() && v.Assets.IsZero() {
		plan.Closed = true
		plan.Released, v.Stream = v.Stream.Unvested(), NoStream()
	}
	if plan.FromPool.IsPositive() && v.PoolAssets.IsZero() {
		plan.PoolWiped = true
		v.PoolShares = math.ZeroInt()
	}
	plan.Vault = v
	return plan, nil
}
