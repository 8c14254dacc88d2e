// Package find reads records that may well not be there.
package find

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
)

// In reads the record of a map in the store; false if there is none. It reads what Map.Get
// reads, at the same gas. Map.Get makes an error of a record that is not there, and writes
// the key into its text, in bech32 where it is an address: for records that are mostly
// not there that takes as long as the rest. It returns collections.ErrEncoding for what
// can't be encoded or decoded.
func In[K, V any](ctx context.Context, s store.KVStoreService, m collections.Map[K, V], key K) (v V, found bool, err error) {
	raw, err := collections.EncodeKeyWithPrefix(m.GetPrefix(), m.KeyCodec(), key)
	if err != nil {
		return v, false, err
	}
	bz, err := s.OpenKVStore(ctx).Get(raw)
	if err != nil || bz == nil {
		return v, false, err
	}
	if v, err = m.ValueCodec().Decode(bz); err != nil {
		return v, false, fmt.Errorf("%w: value decode of %s: %w", collections.ErrEncoding, m.GetName(), err)
	}
	return v, true, nil
}
