package keeper_test

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// touched is what a message read and wrote, in all stores.
type touched struct {
	message string
	reads   []reach
	writes  []string
}

// reach is what was read: the keys from start on, and before end.
type reach struct{ start, end string }

func (r reach) has(key string) bool { return key >= r.start && key < r.end }

func (t *touched) read(store string, key []byte) {
	t.reads = append(t.reads, reach{place(store, key), place(store, key) + "\x00"})
}

// walk notes an iteration, whatever it came to: nil is the end of the store.
func (t *touched) walk(store string, start, end []byte) {
	r := reach{place(store, start), place(store, end)}
	if end == nil {
		r.end = store + "0" // after all keys, which begin with a slash
	}
	t.reads = append(t.reads, r)
}

func (t *touched) write(store string, key []byte) { t.writes = append(t.writes, place(store, key)) }

// place names a key of a store.
func place(store string, key []byte) string { return store + "/" + string(key) }

// meets lists the keys that t writes and other reads or writes.
func (t *touched) meets(other *touched) (keys []string) {
	for _, key := range t.writes {
		for _, r := range other.reads {
			if r.has(key) {
				keys = append(keys, key)
			}
		}
		for _, written := range other.writes {
			if written == key {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// touches notes what the message does that do runs.
func (f *fixture) touches(message string, do func()) *touched {
	seen := &touched{message: message}
	plain := f.Ctx
	f.Ctx = plain.WithMultiStore(watched{MultiStore: plain.MultiStore(), seen: seen})
	do()
	f.Ctx = plain
	return seen
}

// watched is a multistore that notes what its branches do.
type watched struct {
	storetypes.MultiStore
	seen *touched
}

func (w watched) CacheMultiStore() storetypes.CacheMultiStore {
	branch := w.MultiStore.CacheMultiStore()
	return watchedBranch{watched{branch, w.seen}, branch.Write}
}

func (w watched) GetKVStore(key storetypes.StoreKey) storetypes.KVStore {
	return watchedStore[[]byte]{w.MultiStore.GetKVStore(key), key.Name(), w.seen}
}

func (w watched) GetObjKVStore(key storetypes.StoreKey) storetypes.ObjKVStore {
	return watchedStore[any]{w.MultiStore.GetObjKVStore(key), key.Name(), w.seen}
}

type watchedBranch struct {
	watched
	write func()
}

func (w watchedBranch) Write() { w.write() }

type watchedStore[V any] struct {
	storetypes.GKVStore[V]
	name string
	seen *touched
}

func (s watchedStore[V]) Get(key []byte) V {
	s.seen.read(s.name, key)
	return s.GKVStore.Get(key)
}

func (s watchedStore[V]) Has(key []byte) bool {
	s.seen.read(s.name, key)
	return s.GKVStore.Has(key)
}

func (s watchedStore[V]) Set(key []byte, value V) {
	s.seen.write(s.name, key)
	s.GKVStore.Set(key, value)
}

func (s watchedStore[V]) Delete(key []byte) {
	s.seen.write(s.name, key)
	s.GKVStore.Delete(key)
}

func (s watchedStore[V]) Iterator(start, end []byte) storetypes.GIterator[V] {
	s.seen.walk(s.name, start, end)
	return s.GKVStore.Iterator(start, end)
}

func (s watchedStore[V]) ReverseIterator(start, end []byte) storetypes.GIterator[V] {
	s.seen.walk(s.name, start, end)
	return s.GKVStore.ReverseIterator(start, end)
}
