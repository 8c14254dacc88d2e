package types

import "slices"

// MaxUnstakeIDs bounds the unstaking entries that one message names.
const MaxUnstakeIDs = 100

// CheckIDs returns ErrInvalidIDs unless there are 1 to MaxUnstakeIDs ids, each
// once.
func CheckIDs(ids []uint64) error {
	if len(ids) == 0 || len(ids) > MaxUnstakeIDs {
		return ErrInvalidIDs.Wrapf("%d ids, allowed are 1 to %d", len(ids), MaxUnstakeIDs)
	}
	sorted := slices.Sorted(slices.Values(ids))
	for i, id := range sorted[1:] {
		if id == sorted[i] {
			return ErrInvalidIDs.Wrapf("%d is named twice", id)
		}
	}
	return nil
}
