package load

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/proofmarket/proofmarket/internal/chain"
)

const (
	// maxSends is the number of broadcasts under way at a time.
	maxSends = 64
	// resendAfter is how long a transaction may be out of sight before it is sent
	// again, to another node: a node that is killed forgets its pool.
	resendAfter = 10 * time.Second
	// leastBackoff and mostBackoff bound the pause after a full pool or a dead node.
	leastBackoff = 50 * time.Millisecond
	mostBackoff  = time.Second
	// maxGasTries is how often a transaction that ran out of gas is sent with twice
	// as much.
	maxGasTries = 4
)

// errLost means that no block took the transaction before its end.
var errLost = errors.New("no block took the transaction in time")

// outcome is what became of a transaction.
type outcome struct {
	height int64
	seen   time.Time
	// err is nil for a transaction that did what it should.
	err error
	// reason names err among many: "market/20 bidding is closed".
	reason string
	data   []byte // message responses
}

// job is a transaction from its making to its end.
type job struct {
	from  *account
	kind  string // for gas and for reports
	msgs  []sdk.Msg
	items int // what counts as messages: a batch's items
	done  func(*job, outcome)

	raw        []byte
	hash       [sha256.Size]byte
	gas        uint64
	expires    time.Time
	sentAt     time.Time // when it was handed over first
	sentHeight int64     // the last block seen then
	lastSend   time.Time
	gasTries   int
	losses     int  // how often it was lost and made again
	sending    bool // a goroutine is at it
	repeated   bool // it was sent again, as it was
}

// again is the same job for another transaction. What is still on its way to say of the
// first one means that one.
func (j *job) again() *job {
	next := *j
	next.sending, next.repeated = false, false
	return &next
}

// answer is what the nodes said to a broadcast.
type answer struct {
	j *job
	// refused is why a node will not have it, for good; empty if one has it, or if
	// nobody knows.
	refused  string
	poolFull int
	tries    int
}

// gasBook knows what transactions of a kind cost. It starts with a guess, and goes
// by the dearest that it saw once it saw some.
type gasBook map[string]*gasEntry

type gasEntry struct {
	seen  int
	most  uint64 // used by one item
	floor uint64 // after an item ran out
}

const (
	gasSamples = 10
	gasReserve = 60_000 // beside others' transactions ours may become dearer
)

// guesses are gas limits for one item before anything was seen. A full batch of bids or
// reveals must stay below what a transaction may ask for (package lanes).
var guesses = map[string]uint64{
	kindSend: 200_000, kindMultiSend: 4_000_000, kindRegister: 1_000_000, kindConsent: 300_000, kindLink: 400_000,
	kindCircuit: 3_000_000, kindRequest: 500_000, kindBid: 180_000, kindReveal: 180_000, kindProof: 800_000,
}

// The kinds of transactions.
const (
	kindSend      = "send"
	kindMultiSend = "fund"
	kindRegister  = "register prover"
	kindConsent   = "consent"
	kindLink      = "register submitter"
	kindCircuit   = "register circuit"
	kindRequest   = "request"
	kindBid       = "bid"
	kindReveal    = "reveal"
	kindProof     = "proof"
)

func (g gasBook) entry(kind string) *gasEntry {
	if g[kind] == nil {
		g[kind] = &gasEntry{}
	}
	return g[kind]
}

// limit is the gas that a transaction of so many items gets.
func (g gasBook) limit(kind string, items int) uint64 {
	e := g.entry(kind)
	each := guesses[kind]
	if e.seen >= gasSamples {
		each = e.most + e.most/4
	}
	return max(each, e.floor)*uint64(items) + gasReserve
}

// saw notes what a transaction used.
func (g gasBook) saw(kind string, items int, used uint64) {
	e := g.entry(kind)
	e.seen++
	e.most = max(e.most, used/uint64(items))
}

// ranOut notes that a limit was not enough, and returns the next one.
func (g gasBook) ranOut(kind string, items int, limit uint64) uint64 {
	e := g.entry(kind)
	e.floor = max(e.floor, 2*limit/uint64(items))
	return 2 * limit
}

// submit signs a transaction and hands it to a node. done is called once, when its
// fate is known: after a block, or a refusal.
func (g *generator) submit(ctx context.Context, j *job) error {
	j.items = max(j.items, 1)
	if j.gas == 0 {
		j.gas = g.gas.limit(j.kind, j.items)
	}
	fee := g.fee(j.gas)
	j.expires = j.from.timeout(expiry(g.headTime(), time.Now(), g.o.TTL))
	raw, err := j.from.sign(ctx, g.net.txConfig, g.o.ChainID, j.gas, fee, j.expires, j.msgs)
	if err != nil {
		return fmt.Errorf("sign a transaction (%s): %w", j.kind, err)
	}
	j.raw, j.hash = raw, sha256.Sum256(raw)
	if j.sentAt.IsZero() {
		j.sentAt, j.sentHeight = time.Now(), g.height
	}
	g.pending[j.hash] = j
	g.report.Txs.Sent++
	g.send(ctx, j)
	return nil
}

// expiry is when a transaction that is made now is void, in block time. The time of the
// last block alone does not tell: it stands still while the chain is halted, and that of
// the first block is genesis' own, so that the next block may be far past it. But the
// chain takes no transaction that may wait much longer than MaxTTL after its last block.
func expiry(head, now time.Time, ttl time.Duration) time.Time {
	end, latest := head.Add(ttl), head.Add(MaxTTL)
	if now.After(head) {
		end = now.Add(ttl)
	}
	if end.After(latest) {
		return latest
	}
	return end
}

func (g *generator) fee(gas uint64) sdk.Coin {
	return sdk.NewCoin(chain.Denom, g.price.MulInt(math.NewIntFromUint64(gas)).Ceil().TruncateInt())
}

// send broadcasts in a goroutine of its own, which answers.
func (g *generator) send(ctx context.Context, j *job) {
	j.sending, j.lastSend = true, time.Now()
	raw, expires, height := j.raw, j.expires, g.height
	g.senders.Add(1)
	go func() {
		defer g.senders.Done()
		a := g.broadcast(ctx, j.from, raw, expires, height)
		a.j = j
		select {
		case g.answers <- a:
		case <-ctx.Done():
		}
	}()
}

// broadcast hands a transaction to the account's node, or the next that has room,
// until one has it, refuses it, or no block can hold it any more. Only a node that had
// the block at height before can refuse it.
func (g *generator) broadcast(ctx context.Context, from *account, raw []byte, expires time.Time, height int64) (a answer) {
	backoff, unclear := leastBackoff, false
	var ready *node // it is not behind
	for ctx.Err() == nil && !g.headTime().After(expires) {
		a.tries++
		n := g.net.nodes[int(from.at.Load())%len(g.net.nodes)]
		res, err := g.offer(ctx, n, raw)
		switch {
		case err != nil:
			// Nobody knows whether it arrived. The same bytes do no harm elsewhere.
			unclear = true
			from.at.Add(1)
			g.net.failovers.Add(1)
		case res.Code == 0 || is(res, sdkerrors.ErrTxInMempoolCache) && res.RawLog == "":
			return a // CometBFT has these bytes
		case is(res, sdkerrors.ErrMempoolIsFull), is(res, sdkerrors.ErrTxInMempoolCache):
			// No room, or another transaction for the same bid waits (law M17).
			a.poolFull++
			from.at.Add(1)
		case is(res, sdkerrors.ErrTxTimeout):
			return a // the node has a block after its end, which will tell what became of it
		case unclear:
			// It may say no because it has it, or because a block has it.
			return a
		case n != ready:
			if ready = nil; g.upToDate(ctx, n, height) {
				ready = n
				a.tries--
				continue // asked again, it knows what it says
			}
			from.at.Add(1)
		default:
			a.refused = errorName(res.Codespace, res.Code, res.RawLog)
			return a
		}
		pause(ctx, backoff+rand.N(backoff))
		backoff = min(2*backoff, mostBackoff)
	}
	return a
}

// upToDate tells whether a node has the block at a height.
func (g *generator) upToDate(ctx context.Context, n *node, height int64) bool {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return n.has(ctx, height) == nil
}

// offer hands a transaction to a node once. Pauses are made elsewhere, so
// that a full pool holds up nobody who has a place in it.
func (g *generator) offer(ctx context.Context, n *node, raw []byte) (*sdk.TxResponse, error) {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := n.txs.BroadcastTx(ctx, &txtypes.BroadcastTxRequest{TxBytes: raw, Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC})
	if err == nil && res.TxResponse == nil {
		err = errors.New("an empty answer")
	}
	if err != nil {
		return nil, err
	}
	return res.TxResponse, nil
}

func is(res *sdk.TxResponse, err interface {
	ABCICode() uint32
	Codespace() string
},
) bool {
	return res.Code == err.ABCICode() && res.Codespace == err.Codespace()
}

// answered notes what the nodes said. A transaction that a block took meanwhile is
// settled already.
func (g *generator) answered(a answer) {
	a.j.sending = false
	g.report.Txs.PoolFull += a.poolFull
	if a.tries > 1 {
		g.report.Txs.Resent += a.tries - 1
	}
	if a.refused == "" || g.pending[a.j.hash] != a.j {
		return
	}
	if a.j.repeated {
		return // a node may refuse what another has, or a block
	}
	delete(g.pending, a.j.hash)
	g.report.Txs.Refused++
	g.fault(a.refused)
	a.j.done(a.j, outcome{err: errors.New(a.refused), reason: a.refused, seen: time.Now(), height: g.height})
}

// settle looks for our transactions in a block, declares those lost that no later
// block can hold, and sends those again that have not been seen for long.
func (g *generator) settle(ctx context.Context, b block) error {
	for _, in := range b.txs {
		g.chainTxs++
		j := g.pending[in.hash]
		if j == nil {
			continue
		}
		delete(g.pending, in.hash)
		if err := g.settled(ctx, j, b, in); err != nil {
			return err
		}
	}
	for hash, j := range g.pending {
		switch {
		case j.expires.Before(b.time):
			delete(g.pending, hash)
			g.report.Txs.Lost++
			g.fault(errLost.Error() + " (" + j.kind + ")")
			j.done(j, outcome{err: errLost, reason: errLost.Error(), seen: b.seen, height: b.height})
		case g.o.Mode != ModeSpam && !j.sending && b.seen.Sub(j.lastSend) > resendAfter:
			g.report.Txs.Resent++
			j.repeated = true
			j.from.at.Add(1)
			g.send(ctx, j)
		}
	}
	return nil
}

// settled ends a transaction that is in a block.
func (g *generator) settled(ctx context.Context, j *job, b block, in included) error {
	g.report.Txs.Included++
	g.report.Txs.Messages += j.items
	paid := feePaid(in.res)
	if j.from == g.funder {
		g.money.FunderFees = g.money.FunderFees.Add(math.NewInt(paid))
	} else {
		g.money.TxFees = g.money.TxFees.Add(math.NewInt(paid))
		g.spend(ctx, j.from, paid)
	}
	o := outcome{height: b.height, seen: b.seen, data: in.res.Data}
	if in.res.Code == 0 {
		g.gas.saw(j.kind, j.items, uint64(max(0, in.res.GasUsed)))
		j.done(j, o)
		return nil
	}
	g.report.Txs.Failed++
	o.reason = errorName(in.res.Codespace, in.res.Code, in.res.Log)
	o.err = errors.New(o.reason)
	g.fault(o.reason)
	out := in.res.Codespace == sdkerrors.ErrOutOfGas.Codespace() && in.res.Code == sdkerrors.ErrOutOfGas.ABCICode()
	if out && j.gasTries < maxGasTries {
		next := j.again()
		next.gasTries++
		next.gas = g.gas.ranOut(j.kind, j.items, j.gas)
		return g.submit(ctx, next)
	}
	j.done(j, o)
	return nil
}
