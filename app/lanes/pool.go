package lanes

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/tidwall/btree"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// Capacity is what the lanes hold at most.
type Capacity struct {
	// Txs and Bytes are for each lane.
	Txs   [lanes]int
	Bytes [lanes]int64
	// OfSigner is how many transactions of one signer a lane takes. The critical lane
	// needs none: each of its transactions has a bond or an assignment behind it.
	OfSigner [lanes]int
}

// DefaultCapacity stays below the size of CometBFT's pool, which holds every
// transaction that this one took in, and those that it let go until the next block.
func DefaultCapacity() Capacity {
	return Capacity{
		Txs:      [lanes]int{2_000, 3_000, 4_000},
		Bytes:    [lanes]int64{64 << 20, 32 << 20, 64 << 20},
		OfSigner: [lanes]int{2_000, 500, 100},
	}
}

// Total is what all lanes hold at most.
func (c Capacity) Total() (txs int, bytes int64) {
	for i := range lanes {
		txs, bytes = txs+c.Txs[i], bytes+c.Bytes[i]
	}
	return txs, bytes
}

// hash names a transaction: sha256 of its bytes, as CometBFT does.
type hash = [sha256.Size]byte

// waiting is a transaction in the pool.
type waiting struct {
	urgency
	hash    hash
	tx      sdk.Tx
	raw     []byte
	gas     uint64
	arrival uint64
	// signers with their sequences; of an unordered transaction they have none.
	signers []mempool.SignerData
	ordered bool
}

// before tells which of two transactions of a lane goes first.
func before(a, b *waiting) bool {
	if a.order != b.order {
		return a.order < b.order
	}
	return a.arrival < b.arrival
}

// Pool holds transactions until they are in a block, each in its lane, those with the
// earliest deadline, or in the last lane the highest gas price, first. A full lane lets
// its last transaction go for one that goes before it. It is safe for concurrent use.
type Pool struct {
	mu       sync.Mutex
	capacity Capacity
	signers  mempool.SignerExtractionAdapter
	lanes    [lanes]*btree.BTreeG[*waiting]
	bytes    [lanes]int64
	byHash   map[hash]*waiting
	keys     map[string]hash
	of       map[string]*account
	arrivals uint64
}

// account is what waits of one signer.
type account struct {
	count     [lanes]int
	sequences []uint64 // of ordered transactions, rising
}

var _ mempool.ExtMempool = (*Pool)(nil)

// NewPool returns an empty pool.
func NewPool(c Capacity) *Pool {
	p := &Pool{
		capacity: c, signers: mempool.NewDefaultSignerExtractionAdapter(),
		byHash: map[hash]*waiting{}, keys: map[string]hash{}, of: map[string]*account{},
	}
	for i := range p.lanes {
		p.lanes[i] = btree.NewBTreeGOptions(before, btree.Options{NoLocks: true})
	}
	return p
}

// Insert takes in a transaction that passed CheckTx. It returns ErrPending or
// ErrFull.
func (p *Pool) Insert(ctx context.Context, tx sdk.Tx, o mempool.InsertOption) error {
	c := sdk.UnwrapSDKContext(ctx)
	u, judged := c.Value(urgencyKey{}).(urgency)
	if !judged {
		u = urgency{lane: Rest, order: -c.Priority()}
	}
	raw := c.TxBytes()
	signers, err := p.signers.GetSigners(tx)
	if err != nil {
		return err
	}
	w := &waiting{urgency: u, hash: sha256.Sum256(raw), tx: tx, raw: raw, gas: gasOf(tx, o.GasWanted), signers: signers, ordered: true}
	if unordered, ok := tx.(sdk.TxWithUnordered); ok && unordered.GetUnordered() {
		w.ordered = false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, here := p.byHash[w.hash]; here {
		return nil
	}
	p.arrivals++
	w.arrival = p.arrivals
	if err := p.admit(w); err != nil {
		return err
	}
	p.put(w)
	return nil
}

// gasOf is what counts against a block's gas.
func gasOf(tx sdk.Tx, wanted uint64) uint64 {
	if asks, ok := tx.(sdk.GasTx); ok {
		return max(wanted, asks.GetGas())
	}
	return wanted
}

// admit makes room for a transaction, or says why there is none.
func (p *Pool) admit(w *waiting) error {
	for _, key := range w.keys {
		if _, taken := p.keys[key]; taken {
			return ErrPending.Wrap("one for the same assignment or bid waits for a block")
		}
	}
	for _, s := range w.signers {
		if a := p.of[string(s.Signer)]; a != nil && a.count[w.lane] >= p.capacity.OfSigner[w.lane] {
			return ErrFull.Wrapf("%d transactions of %s wait in lane %s; send more when some are in a block", a.count[w.lane], s.Signer, w.lane)
		}
	}
	size := int64(len(w.raw))
	for p.full(w.lane, size) {
		last, found := p.lanes[w.lane].Max()
		if !found || !before(w, last) {
			return ErrFull.Wrapf("lane %s; send it again later, with a higher gas price, or to another node", w.lane)
		}
		p.drop(last)
	}
	return nil
}

// full tells whether a lane has no room for that many bytes more.
func (p *Pool) full(lane Lane, size int64) bool {
	return p.lanes[lane].Len() >= p.capacity.Txs[lane] || p.bytes[lane]+size > p.capacity.Bytes[lane]
}

// drop lets a transaction go, with those of its signers that can't run without it.
func (p *Pool) drop(w *waiting) {
	p.take(w)
	if !w.ordered {
		return
	}
	for lane := range p.lanes {
		var later []*waiting
		p.lanes[lane].Scan(func(other *waiting) bool {
			if other.after(w) {
				later = append(later, other)
			}
			return true
		})
		for _, other := range later {
			p.take(other)
		}
	}
}

// after tells whether a transaction needs another to run before.
func (w *waiting) after(other *waiting) bool {
	if !w.ordered {
		return false
	}
	for _, mine := range w.signers {
		for _, its := range other.signers {
			if mine.Signer.Equals(its.Signer) && mine.Sequence > its.Sequence {
				return true
			}
		}
	}
	return false
}

// put notes a transaction everywhere.
func (p *Pool) put(w *waiting) {
	p.lanes[w.lane].Set(w)
	p.bytes[w.lane] += int64(len(w.raw))
	p.byHash[w.hash] = w
	for _, key := range w.keys {
		p.keys[key] = w.hash
	}
	for _, s := range w.signers {
		a := p.of[string(s.Signer)]
		if a == nil {
			a = &account{}
			p.of[string(s.Signer)] = a
		}
		a.count[w.lane]++
		if w.ordered {
			at, _ := slices.BinarySearch(a.sequences, s.Sequence)
			a.sequences = slices.Insert(a.sequences, at, s.Sequence)
		}
	}
}

// take removes a transaction from everywhere.
func (p *Pool) take(w *waiting) {
	if _, removed := p.lanes[w.lane].Delete(w); !removed {
		return
	}
	p.bytes[w.lane] -= int64(len(w.raw))
	delete(p.byHash, w.hash)
	for _, key := range w.keys {
		if p.keys[key] == w.hash {
			delete(p.keys, key)
		}
	}
	for _, s := range w.signers {
		a := p.of[string(s.Signer)]
		a.count[w.lane]--
		if w.ordered {
			if at, found := slices.BinarySearch(a.sequences, s.Sequence); found {
				a.sequences = slices.Delete(a.sequences, at, at+1)
			}
		}
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

// Forget removes the transactions of a block.
func (p *Pool) Forget(txs [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, raw := range txs {
		if w := p.byHash[sha256.Sum256(raw)]; w != nil {
			p.take(w)
		}
	}
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
	for _, w := range p.byHash {
		if w.tx == tx {
			p.take(w)
			return nil
		}
	}
	return mempool.ErrTxNotFound
}

// RemoveWithReason removes the context's transaction when it failed its recheck. What is
// in a block goes once for all, by Forget: the executor may run a transaction several
// times, and one that fails its ante handler is never reported.
func (p *Pool) RemoveWithReason(ctx context.Context, _ sdk.Tx, reason mempool.RemoveReason) error {
	if reason.Caller == mempool.CallerRunTxFinalize {
		return nil
	}
	p.Forget([][]byte{sdk.UnwrapSDKContext(ctx).TxBytes()})
	return nil
}
