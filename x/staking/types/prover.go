package types

import (
	"slices"
	"unicode/utf8"

	"cosmossdk.io/math"
)

const (
	// MaxNameBytes bounds a profile's name (law S9).
	MaxNameBytes = 128
	// MaxIconURLBytes bounds a profile's icon URL (law S9).
	MaxIconURLBytes = 512
	// MaxSourceBytes bounds the name of a reward's source and the reason of a
	// slash.
	MaxSourceBytes = 64
	// MaxAllowListItems bounds the addresses of one MsgUpdateAllowList.
	MaxAllowListItems = 100
)

// Validate returns ErrInvalidProfile for a field that is too long or not UTF-8.
func (p Profile) Validate() error {
	switch {
	case len(p.Name) > MaxNameBytes:
		return ErrInvalidProfile.Wrapf("name has %d bytes, at most %d are allowed", len(p.Name), MaxNameBytes)
	case len(p.IconUrl) > MaxIconURLBytes:
		return ErrInvalidProfile.Wrapf("icon_url has %d bytes, at most %d are allowed", len(p.IconUrl), MaxIconURLBytes)
	case !utf8.ValidString(p.Name) || !utf8.ValidString(p.IconUrl):
		return ErrInvalidProfile.Wrap("name and icon_url must be UTF-8")
	}
	return nil
}

// State derives what the prover may do (law S1). A jail outranks everything,
// so that nobody leaves it by being slashed to zero and registering again.
func (p Prover) State() ProverState {
	switch {
	case p.Jailed:
		return PROVER_STATE_JAILED
	case p.Retired:
		return PROVER_STATE_RETIRED
	case len(p.Causes) > 0:
		return PROVER_STATE_DEACTIVATED
	default:
		return PROVER_STATE_ACTIVE
	}
}

// AddCause lets cause stand; it says whether that is news. The list stays
// sorted.
func (p *Prover) AddCause(cause DeactivationCause) bool {
	at, found := slices.BinarySearch(p.Causes, cause)
	if !found {
		p.Causes = slices.Insert(slices.Clone(p.Causes), at, cause)
	}
	return !found
}

// RemoveCause lifts cause; it says whether it stood.
func (p *Prover) RemoveCause(cause DeactivationCause) bool {
	at, found := slices.BinarySearch(p.Causes, cause)
	if found {
		p.Causes = slices.Delete(slices.Clone(p.Causes), at, at+1)
	}
	return found
}

// NewLoad returns the load of a prover that never worked. Assignment numbers
// start at 1.
func NewLoad() Load {
	return Load{NextAssignment: 1, AssignedStake: math.ZeroInt(), Exposure: math.ZeroInt()}
}

// Denom returns the denom of the vault's shares.
func (v Vault) Denom() string { return ShareDenom(v.Prover, v.Generation) }

// Void reports whether the entry with this id was wiped out with the pool.
func (v Vault) Void(id uint64) bool { return id < v.VoidBelow }

// Settled reports whether nobody is owed anything any more: the account can go.
// Void shares of a closed vault owe nothing.
func (v Vault) Settled() bool {
	return v.Assets.IsZero() && (v.Shares.IsZero() || v.Closed) && v.PoolAssets.IsZero() &&
		v.PoolShares.IsZero() && v.Commission.IsZero() && v.Stream.Amount.Equal(v.Stream.Vested)
}
