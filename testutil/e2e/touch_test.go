package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/store/v2/cachekv"
	"github.com/cosmos/cosmos-sdk/store/v2/cachemulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// watcher executes transactions one after the other and notes which keys each of them
// reads and writes: what the parallel executor looks at, whichever way its workers take
// turns.
type watcher struct{ txs []*touched }

// touched is what one transaction read and wrote, by store and key.
type touched struct {
	reads, writes map[string]bool
	ranges        []span
}

// span is what an iterator went over: all keys from start to before end, nil for no end.
type span struct {
	store      string
	start, end []byte
}

// Run implements sdk.TxRunner.
func (w *watcher) Run(
	_ context.Context, ms storetypes.MultiStore, txs [][]byte, deliver sdk.DeliverTxFunc,
) (results []*abci.ExecTxResult, err error) {
	w.txs = nil
	for i, tx := range txs {
		t := &touched{reads: map[string]bool{}, writes: map[string]bool{}}
		w.txs = append(w.txs, t)
		results = append(results, deliver(tx, nil, watchedStores{ms, t}, i, nil))
	}
	return results, nil
}

// shared lists the keys that one transaction wrote and another one read or wrote.
func (w *watcher) shared() []string {
	found := map[string]bool{}
	for i, one := range w.txs {
		for j, other := range w.txs {
			if i == j {
				continue
			}
			for key := range one.writes {
				if other.reads[key] || other.writes[key] || other.iterated(key) {
					found[key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// iterated tells whether an iterator went over a key.
func (t *touched) iterated(key string) bool {
	return slices.ContainsFunc(t.ranges, func(s span) bool {
		return strings.HasPrefix(key, s.store+"/") && key >= named(s.store, s.start) && (s.end == nil || key < named(s.store, s.end))
	})
}

// named writes a key with its store.
func named(store string, key []byte) string { return fmt.Sprintf("%s/%x", store, key) }

// watchedStores are the stores of a block, as one transaction sees them.
type watchedStores struct {
	storetypes.MultiStore
	touched *touched
}

// CacheMultiStore implements storetypes.MultiStore.
func (w watchedStores) CacheMultiStore() storetypes.CacheMultiStore {
	return cachemulti.NewFromParent(func(key storetypes.StoreKey) storetypes.CacheWrapper {
		if _, object := key.(*storetypes.ObjectStoreKey); object {
			return watch(key.Name(), w.GetObjKVStore(key), w.touched,
				func(v any) bool { return v == nil }, func(any) int { return 1 })
		}
		return watch(key.Name(), w.GetKVStore(key), w.touched,
			func(v []byte) bool { return v == nil }, func(v []byte) int { return len(v) })
	})
}

// CacheWrap implements storetypes.CacheWrapper.
func (w watchedStores) CacheWrap() storetypes.CacheWrap { return w.CacheMultiStore() }

// watchedStore notes what is asked of a store.
type watchedStore[V any] struct {
	storetypes.GKVStore[V]
	name    string
	touched *touched
	isZero  func(V) bool
	size    func(V) int
}

func watch[V any](name string, parent storetypes.GKVStore[V], t *touched, isZero func(V) bool, size func(V) int) *watchedStore[V] {
	return &watchedStore[V]{GKVStore: parent, name: name, touched: t, isZero: isZero, size: size}
}

// CacheWrap implements storetypes.CacheWrapper.
func (w *watchedStore[V]) CacheWrap() storetypes.CacheWrap {
	return cachekv.NewGStore[V](w, w.isZero, w.size)
}

// Get implements storetypes.GBasicKVStore.
func (w *watchedStore[V]) Get(key []byte) V {
	w.touched.reads[named(w.name, key)] = true
	return w.GKVStore.Get(key)
}

// Has implements storetypes.GBasicKVStore.
func (w *watchedStore[V]) Has(key []byte) bool {
	w.touched.reads[named(w.name, key)] = true
	return w.GKVStore.Has(key)
}

// Set implements storetypes.GBasicKVStore.
func (w *watchedStore[V]) Set(key []byte, value V) {
	w.touched.writes[named(w.name, key)] = true
	w.GKVStore.Set(key, value)
}

// Delete implements storetypes.GBasicKVStore.
func (w *watchedStore[V]) Delete(key []byte) {
	w.touched.writes[named(w.name, key)] = true
	w.GKVStore.Delete(key)
}

// Iterator implements storetypes.GKVStore.
func (w *watchedStore[V]) Iterator(start, end []byte) storetypes.GIterator[V] {
	w.note(start, end)
	return w.GKVStore.Iterator(start, end)
}

// ReverseIterator implements storetypes.GKVStore.
func (w *watchedStore[V]) ReverseIterator(start, end []byte) storetypes.GIterator[V] {
	w.note(start, end)
	return w.GKVStore.ReverseIterator(start, end)
}

func (w *watchedStore[V]) note(start, end []byte) {
	w.touched.ranges = append(w.touched.ranges, span{w.name, bytes.Clone(start), bytes.Clone(end)})
}
