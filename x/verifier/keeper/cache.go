package keeper

import (
	"container/list"
	"sync"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// cachedKeys is how many prepared keys a node keeps in memory. The largest takes
// about 150 KiB.
const cachedKeys = 256

// keyCache holds prepared keys by the hash of their content (laws V6 and V7),
// the most recently used ones. It is not state: whether a key is in it never
// shows in gas, errors or verdicts. Transactions may run in parallel on it.
type keyCache struct {
	mu    sync.Mutex
	limit int
	byKey map[[32]byte]*list.Element
	order *list.List // of cacheEntry, most recently used first
}

type cacheEntry struct {
	hash [32]byte
	key  proof.Key
}

func newKeyCache(limit int) *keyCache {
	return &keyCache{limit: limit, byKey: map[[32]byte]*list.Element{}, order: list.New()}
}

// get returns the key under hash, or parses and remembers it. The lock is not
// held while parsing: two transactions may parse the same key at once, which
// costs time and changes nothing.
func (c *keyCache) get(hash [32]byte, parse func() (proof.Key, error)) (proof.Key, error) {
	if k, ok := c.lookup(hash); ok {
		return k, nil
	}
	k, err := parse()
	if err != nil {
		return nil, err
	}
	c.add(hash, k)
	return k, nil
}

func (c *keyCache) lookup(hash [32]byte) (proof.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[hash]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(cacheEntry).key, true
}

func (c *keyCache) add(hash [32]byte, k proof.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[hash]; ok {
		return
	}
	c.byKey[hash] = c.order.PushFront(cacheEntry{hash, k})
	for c.order.Len() > c.limit {
		last := c.order.Back()
		delete(c.byKey, last.Value.(cacheEntry).hash)
		c.order.Remove(last)
	}
}
