package keeper

// CachedKeys returns the number of prepared keys in memory.
func (k *Keeper) CachedKeys() int {
	k.keys.mu.Lock()
	defer k.keys.mu.Unlock()
	return k.keys.order.Len()
}
