package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// paceEvery is how often it is looked whether requests are due.
	paceEvery = 20 * time.Millisecond
	// progressEvery is how often a line of progress is written.
	progressEvery = 5 * time.Second
)

// maxRefusals is how many requests in a row may be refused before a run gives up, beside
// four times those open at a time: nodes that are down for a while lose some.
const maxRefusals = 1000

// ErrRefused means that the chain takes no request.
var ErrRefused = errors.New("the chain refuses one request after the other")

// ErrUnaccounted means that a request had not ended, or that coins are missing,
// when a run ended.
var ErrUnaccounted = errors.New("not everything is accounted for")

// generator is one run. All but what is marked belongs to the goroutine of Run.
type generator struct {
	o      Options
	net    *network
	price  math.LegacyDec // of gas
	params markettypes.Params

	funder     *account
	accounts   []*account // all others
	requesters []*account
	provers    []*prover
	spammers   []*account
	minStake   math.Int

	height  int64        // of the last block seen
	head    atomic.Int64 // its time, in Unix nanoseconds; for all goroutines
	blocks  chan block
	failed  chan error // why there are no more blocks
	answers chan answer
	slots   chan struct{} // taken by broadcasts
	senders sync.WaitGroup
	pending map[[32]byte]*job
	gas     gasBook

	flows    map[string]*flow
	open     int
	byEnd    map[int64][]*flow // by the last block of their bidding
	proofs   []provenClaim
	nonce    uint64
	turn     int   // of provers and spam
	target   *flow // what spam bids on
	due      float64
	lastPace time.Time

	// After a refusal the next requests wait for a block; too many in a row end the run.
	refusals    int
	refusedAt   int64
	lastRefusal string

	// What load to send is started and ended by these.
	loading, ended      bool
	begin, end          time.Time
	firstSent, lastSent time.Time
	lastLine            time.Time

	report   Report
	money    Money
	ours     map[string]bool // provers that we play, by address
	settles  []time.Time
	waits    struct{ assigned, proof, reveal, delivery, whole waits }
	chainTxs int
}

// Run loads a network as the options say until they or ctx end it. Once it has set
// up, it returns what it saw also beside an error: ErrUnaccounted if a request did
// not end or coins are missing.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Check(); err != nil {
		return Report{}, err
	}
	if o.Seed == "" {
		seed, err := randomSeed()
		if err != nil {
			return Report{}, err
		}
		o.Seed = seed
	}
	net, err := dial(o.Endpoints, o.Patience)
	if err != nil {
		return Report{}, err
	}
	defer net.close()
	g, err := newGenerator(o, net)
	if err != nil {
		return Report{}, err
	}
	// Goroutines end before connections do.
	ctx, cancel := context.WithCancel(ctx)
	defer g.senders.Wait()
	defer cancel()
	if err := g.prepare(ctx); err != nil {
		return Report{}, err
	}
	return g.load(ctx)
}

func newGenerator(o Options, net *network) (*generator, error) {
	price, err := sdk.ParseDecCoin(o.GasPrice)
	if err != nil || price.Denom != chain.Denom {
		return nil, fmt.Errorf("gas price %q is no amount such as %s", o.GasPrice, defaultGasPrice)
	}
	g := &generator{
		o: o, net: net, price: price.Amount,
		blocks: make(chan block, aheadBlocks), failed: make(chan error, 1), answers: make(chan answer, maxSends),
		slots: make(chan struct{}, maxSends), pending: make(map[[32]byte]*job), gas: make(gasBook),
		flows: make(map[string]*flow), byEnd: make(map[int64][]*flow), ours: make(map[string]bool),
		nonce: uint64(time.Now().UnixNano()), money: noMoney(),
	}
	g.report = Report{ChainID: o.ChainID, Mode: o.Mode, Seed: o.Seed, Money: g.money}
	g.report.Requests.Reasons, g.report.Txs.Errors = make(map[string]int), make(map[string]int)
	if g.funder, err = newAccount(o.Funder, 0); err != nil {
		return nil, err
	}
	return g, nil
}

// headTime is the time of the last block seen. It may be called from any goroutine.
func (g *generator) headTime() time.Time { return time.Unix(0, g.head.Load()) }

// load sends what the mode says, follows it to its end and sums up.
func (g *generator) load(ctx context.Context) (Report, error) {
	g.loading, g.begin, g.lastPace = true, time.Now(), time.Now()
	g.report.FirstHeight, g.chainTxs = g.height, 0
	setup := g.report.Txs // what loads the network starts here
	g.report.Txs = Txs{Errors: make(map[string]int)}
	g.say("set up with %d transactions in %d blocks; loading", setup.Included, g.height)
	err := g.pump(ctx, func() bool { return g.ended && (g.open == 0 || g.o.Mode == ModeSpam) && len(g.pending) == 0 })
	g.loading, g.end = false, time.Now()
	g.sumUp()
	if err != nil {
		return g.report, errors.Join(err, g.openError())
	}
	if err := g.audit(ctx); err != nil {
		return g.report, err
	}
	return g.report, g.openError()
}

// openError names what had not ended.
func (g *generator) openError() error {
	if g.o.Mode == ModeSpam {
		return nil // what it bids on stays open
	}
	for id := range g.flows {
		return fmt.Errorf("%w: %d requests have not ended, %s among them; ask with: marketd query market request %s", ErrUnaccounted, g.open, id, id)
	}
	q := g.report.Requests
	if q.Sent != q.Settled+q.Refunded+q.Cancelled+q.Refused {
		return fmt.Errorf("%w: of %d requests %d settled, %d were refunded, %d cancelled and %d refused", ErrUnaccounted, q.Sent, q.Settled, q.Refunded, q.Cancelled, q.Refused)
	}
	return nil
}

// pump handles blocks and answers, and sends what is due, until done.
func (g *generator) pump(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for !done() {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err = <-g.failed:
		case b := <-g.blocks:
			err = g.onBlock(ctx, b)
		case a := <-g.answers:
			g.answered(a)
		case <-tick.C:
		}
		if err == nil && g.loading {
			err = g.pace(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// onBlock takes in what a block did, and sends what follows from it.
func (g *generator) onBlock(ctx context.Context, b block) error {
	g.height = b.height
	g.net.seen.Store(b.height)
	g.head.Store(b.time.UnixNano())
	if err := g.settle(ctx, b); err != nil {
		return err
	}
	for _, in := range b.txs {
		if in.res.Code != 0 {
			continue // it changed nothing in the market
		}
		for _, e := range in.res.Events {
			g.onEvent(b, e)
		}
	}
	for _, e := range b.events {
		g.onEvent(b, e)
	}
	g.reveal(b.height)
	return g.flush(ctx)
}

// pace ends the load when its time has come, and sends what is due until then.
func (g *generator) pace(ctx context.Context) error {
	g.progress()
	now := time.Now()
	sent := g.report.Requests.Sent
	if g.o.Mode == ModeSpam {
		sent = g.report.Txs.Sent
	}
	left := MaxConcurrency
	if g.o.Requests > 0 {
		left = g.o.Requests - sent
	}
	if left <= 0 || g.o.Duration > 0 && now.Sub(g.begin) >= g.o.Duration || stopped(g.o.Stop) {
		g.ended = true
	}
	if g.refusals > maxRefusals+4*g.o.Concurrency {
		return fmt.Errorf("%w: %s", ErrRefused, g.lastRefusal)
	}
	if g.ended || g.refusals > 0 && g.height <= g.refusedAt {
		return nil
	}
	n := left
	if g.o.Rate > 0 {
		g.due += g.o.Rate * now.Sub(g.lastPace).Seconds()
		g.lastPace = now
		n = min(n, int(g.due))
	}
	if g.o.Mode == ModeSpam {
		n = min(n, maxSpamWaiting-len(g.pending))
		n = max(n, 0)
		g.due -= float64(n)
		return g.spam(ctx, n)
	}
	room := max(0, g.o.Concurrency-g.open)
	if g.o.Rate > 0 {
		if n > room {
			// The rate calls for more than may be open: it does not save them up.
			g.report.Requests.Late += n - room
			g.due -= float64(n - room)
		}
		n = min(n, room)
		g.due -= float64(n)
	}
	return g.request(ctx, min(n, room))
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

func (g *generator) say(format string, args ...any) {
	if g.o.Progress != nil {
		fmt.Fprintf(g.o.Progress, format+"\n", args...)
	}
}

// progress writes a line now and then.
func (g *generator) progress() {
	now := time.Now()
	if g.o.Progress == nil || now.Sub(g.lastLine) < progressEvery {
		return
	}
	g.lastLine = now
	q, t := g.report.Requests, g.report.Txs
	if g.o.Mode == ModeSpam {
		g.say("block %d: %d transactions sent, %d in blocks, %d waiting, %d times a full pool", g.height, t.Sent, t.Included, len(g.pending), t.PoolFull)
		return
	}
	g.say("block %d: %d requests sent, %d open, %d settled, %d refunded, %d refused; %d transactions in blocks, %d failed, %d waiting",
		g.height, q.Sent, g.open, q.Settled, q.Refunded, q.Refused, t.Included, t.Failed, len(g.pending))
}

// fault counts an error.
func (g *generator) fault(name string) { g.report.Txs.Errors[name]++ }
