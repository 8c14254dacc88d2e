package keeper

import "context"

// CheckMarks checks the marks alone.
func (k *Keeper) CheckMarks(ctx context.Context) error { return k.checkMarks(ctx) }
