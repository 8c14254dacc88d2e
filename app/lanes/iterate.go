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
