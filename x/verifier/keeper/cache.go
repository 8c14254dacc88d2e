package keeper

import (
	"container/list"
	"sync"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// cacheSize bounds the memory that a node spends on prepared keys, in bytes. It
// holds some 900 ordinary keys.
const cacheSize = 64 << 20

// Bounds on the memory that a prepared key takes, in bytes. Pairing lines take most
// of it: two points of every key have them, and each commitment adds one.
const (
	keyMemory        = 80 << 10
	commitmentMemory = 50 << 10
	// keyByteMemory is for each byte of the key: its points, and their multiples.
	keyByteMemory = 8
)

// weight bounds the memory that a prepared key of keySize bytes takes, in bytes.
func weight(s proof.Shape, keySize int) int {
	return keyMemory + commitmentMemory*s.Commitments + keyByteMemory*keySize
}

// keyCache holds prepared keys by the hash of their content (laws V6 and V7),
// the most recently used ones. It is not state: whether a key is in it never
// shows in gas, errors or verdicts. Transactions may run in parallel on it.
type keyCache struct {
	mu    sync.Mutex
	limit int // on the sum of weights
	sum   int
	byKey map[[32]byte]*list.Element
	order *list.List // of cacheEntry, most recently used first
}

type cacheEntry struct {
	hash   [32]byte
	key    proof.Key
	weight int
}

func newKeyCache(limit int) *keyCache {
	return &keyCache{limit: limit, byKey: map[[32]byte]*list.Element{}, order: list.New()}
}

// get returns the key of keySize bytes under hash, or parses and remembers it.
// The lock is not held while parsing: two transactions may parse the same key at
// once, which costs time and changes nothing.
func (c *keyCache) get(hash [32]byte, keySize int, parse func() (proof.Key, error)) (proof.Key, error) {
	if k, ok := c.lookup(hash); ok {
		return k, nil
	}
	k, err := parse()
	if err != nil {
		return nil, err
	}
	c.add(cacheEntry{hash, k, weight(k.Shape(), keySize)})
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

func (c *keyCache) add(e cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[e.hash]; ok {
		return
	}
	c.byKey[e.hash] = c.order.PushFront(e)
	c.sum += e.weight
	for c.sum > c.limit {
		last := c.order.Remove(c.order.Back()).(cacheEntry)
		delete(c.byKey, last.hash)
		c.sum -= last.weight
	}
}
