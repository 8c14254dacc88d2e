package lanes

import (
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// upcoming is the block that is to be filled.
type upcoming struct {
	height int64
	time   time.Time
	most   uint64 // bytes for transactions that CometBFT leaves
	// sequence returns the sequence that a signer's next transaction must have, as of
	// the committed state.
	sequence func(sdk.AccAddress) (uint64, error)
}

// pick chooses what goes into a block, in order, and returns its bytes.
//
// An ordered transaction has its turn if its sequence follows on the committed state, or
// on those chosen before it. If one that it comes after is in a later lane, it waits for
// the next block: lanes come first. What the block would be too late for stays out: it
// would fail without paying its fee.
func (p *Pool) pick(f *filling, block upcoming) [][]byte {
	c := chooser{filling: f, upcoming: block, next: map[string]uint64{}, held: map[string]map[uint64]*waiting{}}
	p.mu.Lock()
	defer p.mu.Unlock()
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
	upcoming
	txs  [][]byte
	next map[string]uint64              // signer → the sequence that may come next
	held map[string]map[uint64]*waiting // signer → sequence → passed over for its sequence, in this lane
}

// try puts a transaction into the block if it fits and it is its turn, and then those
// of its signers that waited for it.
func (c *chooser) try(w *waiting) {
	for w != nil {
		size := sizeInBlock(w.raw)
		if c.bytes+size > c.most || c.fits(w.lane, w.gas, size) != nil || w.over(c.height, c.time) {
			return
		}
		// The chain's parameters may have changed since CheckTx.
		if c.limits.check(w.lane, w.tx.GetMsgs(), w.gas, uint64(len(w.raw))) != nil {
			return
		}
		if w.ordered && !c.turn(w) {
			return
		}
		c.use(w.lane, w.gas, size)
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
		if c.mayCome(s.Signer, s.Sequence) {
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

// mayCome tells whether a sequence is the signer's next.
func (c *chooser) mayCome(signer sdk.AccAddress, sequence uint64) bool {
	next, known := c.next[string(signer)]
	if !known {
		var err error
		if next, err = c.sequence(signer); err != nil {
			return false // an account that is no more
		}
		c.next[string(signer)] = next
	}
	return next == sequence
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
