// Package sidebyside lets the trees of a multistore be written, hashed and saved at the
// same time, each by one goroutine, instead of one after the other. They share nothing,
// so that hashes and what is on disk are those of one after the other.
//
// It hooks in where the SDK has its inter-block cache: the multistore hands every tree
// that it loads to Stores and works with what it gets back.
package sidebyside

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	storecache "github.com/cosmos/cosmos-sdk/store/v2/cache"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// Stores implements MultiStorePersistentCache. It is for one multistore. What it hands
// out is as safe for concurrent use as the trees are: one writer, and no reader beside it.
type Stores struct {
	cached bool
	mu     sync.RWMutex
	trees  map[string]*tree // by the name of their key
}

var _ storetypes.MultiStorePersistentCache = (*Stores)(nil)

// New returns no stores yet. With cached, each tree has the SDK's inter-block cache.
func New(cached bool) *Stores { return &Stores{cached: cached, trees: map[string]*tree{}} }

// GetStoreCache implements MultiStorePersistentCache. A store that is loaded again, at
// another version, takes the place of the one before.
func (s *Stores) GetStoreCache(key storetypes.StoreKey, store storetypes.CommitKVStore) storetypes.CommitKVStore {
	t := &tree{CommitKVStore: store, bare: store, stores: s}
	if s.cached {
		t.CommitKVStore = storecache.NewCommitKVStoreCache(store, storecache.DefaultCommitKVStoreCacheSize)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trees[key.Name()] = t
	return t
}

// Unwrap implements MultiStorePersistentCache: it gives the tree itself, for queries,
// snapshots and pruning. These look at versions that were saved, beside the block that is
// being executed, so that what waits to be written is left alone.
func (s *Stores) Unwrap(key storetypes.StoreKey) storetypes.CommitKVStore {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t, known := s.trees[key.Name()]; known {
		return t.bare
	}
	return nil
}

// Reset implements MultiStorePersistentCache: it forgets the stores.
func (s *Stores) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.trees)
}

// each calls do with the trees chosen and those that are given, on as many goroutines as
// there are processors, and returns when all calls have. Those with most to do come
// first, so that none is left for the end. A panic goes on in the caller, with the stack
// that it came from.
func (s *Stores) each(chosen func(*tree) bool, do func(*tree), list ...*tree) {
	s.mu.RLock()
	for _, t := range s.trees {
		if chosen(t) {
			list = append(list, t)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(list, func(a, b *tree) int { return cmp.Compare(b.size.Load(), a.size.Load()) })
	var next atomic.Int64
	var wg sync.WaitGroup
	failures := make([]error, len(list))
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
			func() {
				defer func() { failures[i] = failure(recover()) }()
				do(list[i])
			}()
		}
	}
	for range min(runtime.GOMAXPROCS(0), len(list)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	for _, failure := range failures {
		if failure != nil {
			panic(failure)
		}
	}
}

// failure makes an error of what was recovered from a panic; nil if there was none.
func failure(recovered any) error {
	switch cause := recovered.(type) {
	case nil:
		return nil
	case error:
		return fmt.Errorf("%w, from\n%s", cause, debug.Stack())
	default:
		return fmt.Errorf("%v, from\n%s", cause, debug.Stack())
	}
}
