package lanes

import (
	"context"
	"crypto/sha256"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tidwall/btree"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// Capacity is what the lanes hold at most.
type Capacity struct {
	// Txs and Bytes are for each lane. As much may leave a lane for what goes before it
	// between two blocks.
	Txs   [lanes]int
	Bytes [lanes]int64
	// OfSigner is how many transactions of one signer a lane takes. The critical lane
	// needs none: each of its transactions has a bond or an assignment behind it.
	OfSigner [lanes]int
}

// DefaultCapacity is what some blocks hold: 270 proofs fit one, and 1,400 sends. All that
// waits is checked again after each block, at some 0.2 ms each, so it bounds that work, too.
func DefaultCapacity() Capacity {
	return Capacity{
		Txs:      [lanes]int{1_500, 1_500, 2_000},
		Bytes:    [lanes]int64{64 << 20, 32 << 20, 32 << 20},
		OfSigner: [lanes]int{1_500, 500, 100},
	}
}

// Behind is what waits in CometBFT's pool at most behind lanes of this capacity: what they
// hold, and what they let go until the next block.
func (c Capacity) Behind() (txs int, bytes int64) {
	for i := range lanes {
		txs, bytes = txs+2*c.Txs[i], bytes+2*c.Bytes[i]
	}
	return txs, bytes
}

// usesKept is how many keys the pool knows the uses of, in some 12 MiB.
const usesKept = 65_536

// Pool holds transactions until they are in a block, each in its lane, those with the
// earliest deadline, or in the last lane the highest gas price, first. One for a proof,
// reveal or bid that was in a block before comes after all that were not. A full lane lets
// its last transactions go for one that goes before them. It is safe for concurrent use.
type Pool struct {
	mu       sync.Mutex
	capacity Capacity
	lanes    [lanes]*btree.BTreeG[*waiting]
	bytes    [lanes]int64
	byHash   map[hash]*waiting
	byTx     map[sdk.Tx]*waiting
	keys     map[string]*waiting
	of       map[string]*account
	arrivals uint64

	uses    *lru.Cache[string, int] // key → blocks that had a transaction for it
	round   uint64                  // counts blocks
	evicted [lanes]size             // since the last block
}

// size is a number of transactions with their bytes.
type size struct {
	txs   int
	bytes int64
}

var _ mempool.ExtMempool = (*Pool)(nil)

// NewPool returns an empty pool.
func NewPool(c Capacity) *Pool {
	uses, err := lru.New[string, int](usesKept)
	if err != nil {
		panic(err) // of a size that is not positive only
	}
	p := &Pool{
		capacity: c, byHash: map[hash]*waiting{}, byTx: map[sdk.Tx]*waiting{}, keys: map[string]*waiting{},
		of: map[string]*account{}, uses: uses,
	}
	for i := range p.lanes {
		p.lanes[i] = btree.NewBTreeGOptions(before, btree.Options{NoLocks: true})
	}
	return p
}

// Admit returns the error with which Insert would refuse a transaction. CheckTx asks
// before it does anything costly, and before the account's sequence moves on: what is
// refused later leaves it one ahead until the next block.
func (p *Pool) Admit(ctx sdk.Context, tx sdk.Tx) error {
	w, err := newWaiting(ctx, tx, 0)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err = p.room(w)
	return err
}

// Insert takes in a transaction that passed CheckTx. It returns ErrPending, ErrFull or
// ErrNoSigner.
func (p *Pool) Insert(ctx context.Context, tx sdk.Tx, o mempool.InsertOption) error {
	w, err := newWaiting(sdk.UnwrapSDKContext(ctx), tx, o.GasWanted)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	gone, err := p.room(w)
	if err != nil || p.byHash[w.hash] != nil {
		return err
	}
	for _, old := range gone {
		p.take(old)
		p.evicted[old.lane].txs++
		p.evicted[old.lane].bytes += old.size()
	}
	p.put(w)
	return nil
}

// put notes a transaction everywhere.
func (p *Pool) put(w *waiting) {
	w.round = p.round
	p.lanes[w.lane].Set(w)
	p.bytes[w.lane] += w.size()
	p.byHash[w.hash], p.byTx[w.tx] = w, w
	for _, key := range w.keys {
		p.keys[key] = w
	}
	for _, s := range w.signers {
		a := p.of[string(s.Signer)]
		if a == nil {
			a = &account{}
			p.of[string(s.Signer)] = a
		}
		a.add(w, s.Sequence)
	}
}

// take removes a transaction from everywhere.
func (p *Pool) take(w *waiting) {
	if p.byHash[w.hash] != w {
		return
	}
	p.lanes[w.lane].Delete(w)
	p.bytes[w.lane] -= w.size()
	delete(p.byHash, w.hash)
	delete(p.byTx, w.tx)
	for _, key := range w.keys {
		delete(p.keys, key)
	}
	for _, s := range w.signers {
		a := p.of[string(s.Signer)]
		a.remove(w, s.Sequence)
		if a.count == [lanes]int{} {
			delete(p.of, string(s.Signer))
		}
	}
}

// Has tells whether the pool holds these bytes.
func (p *Pool) Has(raw []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byHash[sha256.Sum256(raw)] != nil
}

// Executed removes the transactions of a block, whatever became of them. What they were
// for, if it is not done, goes behind all that was in no block yet: one that fails in every
// block holds up others once.
func (p *Pool) Executed(txs [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, raw := range txs {
		w := p.byHash[sha256.Sum256(raw)]
		if w == nil {
			continue
		}
		p.take(w)
		for _, key := range w.keys {
			uses, _ := p.uses.Get(key)
			p.uses.Add(key, uses+1)
		}
	}
}

// Committed begins the time until the next block. CometBFT checks all that it holds again
// after each block; what it did not ask about after the last one it does not hold, so
// nobody else ever hears of it, and it goes.
func (p *Pool) Committed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.byHash {
		if w.round != p.round {
			p.take(w)
		}
	}
	p.round++
	p.evicted = [lanes]size{}
}

// Recheck notes that CometBFT holds a transaction still. It refuses what the pool let
// go, so that CometBFT lets it go too.
func (p *Pool) Recheck(raw []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.byHash[sha256.Sum256(raw)]
	if w == nil {
		return ErrDropped
	}
	w.round = p.round
	return nil
}

// CountTx returns how many transactions wait.
func (p *Pool) CountTx() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byHash)
}

// Waiting returns how many transactions and bytes wait in a lane.
func (p *Pool) Waiting(lane Lane) (txs int, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lanes[lane].Len(), p.bytes[lane]
}

// Remove removes a transaction that the pool handed out. It returns mempool.ErrTxNotFound.
func (p *Pool) Remove(tx sdk.Tx) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.byTx[tx]
	if w == nil {
		return mempool.ErrTxNotFound
	}
	p.take(w)
	return nil
}

// RemoveWithReason removes the context's transaction when it failed its recheck. What is
// in a block goes once for all, by Executed: the executor may run a transaction several
// times, and one that fails its ante handler is never reported.
func (p *Pool) RemoveWithReason(ctx context.Context, _ sdk.Tx, reason mempool.RemoveReason) error {
	if reason.Caller == mempool.CallerRunTxFinalize {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.byHash[sha256.Sum256(sdk.UnwrapSDKContext(ctx).TxBytes())]; w != nil {
		p.take(w)
	}
	return nil
}
