package sidebyside

import (
	"sync"
	"sync/atomic"

	"github.com/cosmos/cosmos-sdk/store/v2/cachekv"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// tree is one of the stores. A block's end writes all that the block changed, store by
// store, and asks each for its hash then: writes wait until somebody reads or asks, and
// the first who asks for a hash has all trees work.
type tree struct {
	storetypes.CommitKVStore // with its cache, if it has one
	bare                     storetypes.CommitKVStore
	stores                   *Stores

	mu      sync.Mutex
	writes  []write      // that wait, in order
	waiting atomic.Bool  // whether there are any
	size    atomic.Int64 // how many there were since the last commit
	// hashed tells whether the multistore has asked for the hash. It never asks a store
	// that it is about to remove, which is not to be saved after that.
	hashed atomic.Bool
}

// keptWrites is the most room for writes that a tree keeps for the next block. A genesis
// writes far more than blocks do.
const keptWrites = 1 << 16

// write is a change of one key, a removal if there is no value: the SDK takes none that
// is nil.
type write struct{ key, value []byte }

// Set implements KVStore.
func (t *tree) Set(key, value []byte) {
	storetypes.AssertValidKey(key)
	storetypes.AssertValidValue(value)
	t.add(write{key, value})
}

// Delete implements KVStore.
func (t *tree) Delete(key []byte) { t.add(write{key: key}) }

func (t *tree) add(w write) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes = append(t.writes, w)
	t.waiting.Store(true)
	t.size.Add(1)
}

// flush makes the writes that wait.
func (t *tree) flush() {
	if !t.waiting.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.writes {
		if w.value == nil {
			t.CommitKVStore.Delete(w.key)
		} else {
			t.CommitKVStore.Set(w.key, w.value)
		}
	}
	clear(t.writes) // keys and values are not kept
	t.writes = t.writes[:0]
	if cap(t.writes) > keptWrites {
		t.writes = nil
	}
	t.waiting.Store(false)
}

// Get implements KVStore.
func (t *tree) Get(key []byte) []byte {
	t.flush()
	return t.CommitKVStore.Get(key)
}

// Has implements KVStore.
func (t *tree) Has(key []byte) bool {
	t.flush()
	return t.CommitKVStore.Has(key)
}

// Iterator implements KVStore.
func (t *tree) Iterator(start, end []byte) storetypes.Iterator {
	t.flush()
	return t.CommitKVStore.Iterator(start, end)
}

// ReverseIterator implements KVStore.
func (t *tree) ReverseIterator(start, end []byte) storetypes.Iterator {
	t.flush()
	return t.CommitKVStore.ReverseIterator(start, end)
}

// CacheWrap implements CacheWrapper.
func (t *tree) CacheWrap() storetypes.CacheWrap { return cachekv.NewStore(t) }

// WorkingHash implements Committer. The first call after a block writes and hashes all
// trees.
func (t *tree) WorkingHash() []byte {
	t.hashed.Store(true)
	t.stores.each(func(other *tree) bool { return other.waiting.Load() }, func(other *tree) {
		other.flush()
		other.CommitKVStore.WorkingHash() // which keeps it
	})
	t.flush() // a tree that another one has taken the place of is on its own
	return t.CommitKVStore.WorkingHash()
}

// Commit implements Committer. It saves all trees of the block: the multistore passes
// over those that have the new version by their turn, as it does where a commit was
// interrupted.
func (t *tree) Commit() storetypes.CommitID {
	version := t.LastCommitID().Version
	t.stores.each(func(other *tree) bool {
		return other != t && other.hashed.Load() && other.LastCommitID().Version == version
	}, func(other *tree) { other.save() }, t)
	return t.LastCommitID()
}

// save makes the writes that wait and saves the tree.
func (t *tree) save() {
	t.flush()
	t.size.Store(0)
	t.CommitKVStore.Commit()
}
