package types

import "cosmossdk.io/math"

// NewTotals returns the totals of no vaults.
func NewTotals() Totals {
	zero := math.ZeroInt()
	return Totals{Assets: zero, Unvested: zero, PoolAssets: zero, Commission: zero}
}

// NewVaultTally returns the tally of a vault that was never counted.
func NewVaultTally() VaultTally {
	zero := math.ZeroInt()
	return VaultTally{Assets: zero, Unvested: zero, PoolAssets: zero, Commission: zero}
}

// TallyOf returns the tally of a vault's record as it stands: rewards that vested
// since its last change count as unvested. The state is counted with the prover's
// current vault only.
func TallyOf(p Prover, v Vault) VaultTally {
	t := VaultTally{
		Assets: v.Assets, Unvested: v.Figures().Unvested(), PoolAssets: v.PoolAssets, Commission: v.Commission,
	}
	if v.Generation == p.Generation {
		t.State = p.State()
	}
	return t
}

// Equal reports whether two tallies are the same.
func (t VaultTally) Equal(o VaultTally) bool {
	return t.State == o.State && t.Assets.Equal(o.Assets) && t.Unvested.Equal(o.Unvested) &&
		t.PoolAssets.Equal(o.PoolAssets) && t.Commission.Equal(o.Commission)
}

// Replace returns the totals with a vault's old tally replaced by a new one. All
// figures stay within the supply of uproof, which fits 256 bits.
func (t Totals) Replace(old, fresh VaultTally) Totals {
	if n := t.provers(old.State); n != nil {
		*n--
	}
	if n := t.provers(fresh.State); n != nil {
		*n++
	}
	t.Assets = t.Assets.Add(fresh.Assets).Sub(old.Assets)
	t.Unvested = t.Unvested.Add(fresh.Unvested).Sub(old.Unvested)
	t.PoolAssets = t.PoolAssets.Add(fresh.PoolAssets).Sub(old.PoolAssets)
	t.Commission = t.Commission.Add(fresh.Commission).Sub(old.Commission)
	return t
}

// provers returns the counter of a state; nil for none.
func (t *Totals) provers(state ProverState) *uint64 {
	switch state {
	case PROVER_STATE_ACTIVE:
		return &t.Active
	case PROVER_STATE_DEACTIVATED:
		return &t.Deactivated
	case PROVER_STATE_JAILED:
		return &t.Jailed
	case PROVER_STATE_RETIRED:
		return &t.Retired
	default:
		return nil
	}
}
