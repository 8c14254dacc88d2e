package types

import errorsmod "cosmossdk.io/errors"

// CheckCount checks the number of items of a list: 1 to MaxBatch. It returns
// ErrInvalidSize for none and ErrTooManyItems for more.
func CheckCount(what string, n int) error {
	if n == 0 {
		return errorsmod.Wrapf(ErrInvalidSize, "no %s is given, give 1 to %d", what, MaxBatch)
	}
	if n > MaxBatch {
		return errorsmod.Wrapf(ErrTooManyItems, "%d of %s, at most %d in one message", n, what, MaxBatch)
	}
	return nil
}

// checkDistinct returns ErrDuplicateItem for a request that is named twice.
func checkDistinct(ids []string) error {
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			return errorsmod.Wrapf(ErrDuplicateItem, "request %s", quote(id))
		}
		seen[id] = true
	}
	return nil
}

// Validate checks the number of items and that no request is named twice; each
// item is checked on its own. It returns ErrInvalidSize, ErrTooManyItems or
// ErrDuplicateItem.
func (m *MsgBidBatch) Validate() error {
	if err := CheckCount("item", len(m.Items)); err != nil {
		return err
	}
	ids := make([]string, len(m.Items))
	for i, item := range m.Items {
		ids[i] = item.RequestId
	}
	return checkDistinct(ids)
}

// Validate checks the number of items and that no request is named twice; each
// item is checked on its own. It returns ErrInvalidSize, ErrTooManyItems or
// ErrDuplicateItem.
func (m *MsgRevealBatch) Validate() error {
	if err := CheckCount("item", len(m.Items)); err != nil {
		return err
	}
	ids := make([]string, len(m.Items))
	for i, item := range m.Items {
		ids[i] = item.RequestId
	}
	return checkDistinct(ids)
}
