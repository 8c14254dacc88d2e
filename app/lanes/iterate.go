package lanes

import (
	"context"

	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// list returns what waits, lane by lane, in order.
func (p *Pool) list() []*waiting {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*waiting, 0, len(p.byHash))
	for _, lane := range p.lanes {
		lane.Scan(func(w *waiting) bool {
			all = append(all, w)
			return true
		})
	}
	return all
}

// Select returns what waits now, lane by lane; later changes don't matter to it.
func (p *Pool) Select(context.Context, [][]byte) mempool.Iterator {
	return iterator(p.list()).orNil()
}

// SelectBy calls back with what waits now, lane by lane, until it returns false.
func (p *Pool) SelectBy(_ context.Context, _ [][]byte, callback func(mempool.PooledTx) bool) {
	for _, w := range p.list() {
		if !callback(mempool.NewPooledTx(w.tx, w.gas)) {
			return
		}
	}
}

// iterator is the rest of a list.
type iterator []*waiting

// orNil is what the interface asks for at the end.
func (i iterator) orNil() mempool.Iterator {
	if len(i) == 0 {
		return nil
	}
	return i
}

// Next returns the list without its first transaction, nil after the last.
func (i iterator) Next() mempool.Iterator { return i[1:].orNil() }

// Tx returns the first transaction.
func (i iterator) Tx() mempool.PooledTx { return mempool.NewPooledTx(i[0].tx, i[0].gas) }

// pick chooses what goes into a block, in order, and returns its bytes.
//
// An ordered transaction waits for those before it of the same signers. If one of them
// is in a later lane, it waits for the next block: lanes come first.
func (p *Pool) pick(f *filling, most uint64) [][]byte {
	c := chooser{filling: f, most: most, next: map[string]uint64{}, held: map[string]map[uint64]*waiting{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	for signer, a := range p.of {
		if len(a.sequences) > 0 {
			c.next[signer] = a.sequences[0]
		}
	}
	for _, lane := range p.lanes {
		clear(c.held)
		lane.Scan(func(w *waiting) bool {
			c.try(w)
			return true
		})
	}
	return c.txs
}

// chooser fills a block.
type chooser struct {
	*filling
	most uint64 // bytes for transactions that CometBFT leaves
	txs  [][]byte
	next map[string]uint64              // signer → the sequence that may come next
	held map[string]map[uint64]*waiting // signer → sequence → passed over for its sequence, in this lane
}

// try puts a transaction into the block if it is its turn and it fits, and then those
// of its signers that waited for it.
func (c *chooser) try(w *waiting) {
	for w != nil {
		if w.ordered && !c.turn(w) {
			return
		}
		size := sizeInBlock(w.raw)
		if c.bytes+size > c.most || c.add(w.lane, w.gas, size) != nil {
			return
		}
		c.txs = append(c.txs, w.raw)
		if !w.ordered {
			return
		}
		w = c.successor(w)
	}
}

// turn tells whether nothing of its signers must go before; otherwise it holds the
// transaction for later.
func (c *chooser) turn(w *waiting) bool {
	for _, s := range w.signers {
		if c.next[string(s.Signer)] == s.Sequence {
			continue
		}
		of := c.held[string(s.Signer)]
		if of == nil {
			of = map[uint64]*waiting{}
			c.held[string(s.Signer)] = of
		}
		of[s.Sequence] = w
		return false
	}
	return true
}

// successor moves the sequences on and returns what was held for that. A transaction of
// several signers sets off one successor; others have their turn in the next block.
func (c *chooser) successor(w *waiting) (found *waiting) {
	for _, s := range w.signers {
		next := s.Sequence + 1
		c.next[string(s.Signer)] = next
		if held := c.held[string(s.Signer)][next]; held != nil && found == nil {
			delete(c.held[string(s.Signer)], next)
			found = held
		}
	}
	return found
}
