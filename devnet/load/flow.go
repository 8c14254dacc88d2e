package load

import (
	"strconv"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// maxProofTries is how often a proof is sent that does not arrive.
const maxProofTries = 5

// flow is one request from its sending to its end.
type flow struct {
	id        string
	raw       []byte // the id
	requester *account
	claim     provenClaim
	maxFee    int64 // uproof
	bonds     int64 // of bids that are spam, in uproof

	sentAt     time.Time
	sentHeight int64
	bids       []*bid // by our provers

	assignedAt     time.Time
	assignedHeight int64
	assignee       *prover // if it is ours
	proofAt        time.Time
	proofHeight    int64
	proofTries     int

	made  bool // a block holds it
	ended bool
}

// bid is our prover's bid on a request.
type bid struct {
	flow     *flow
	prover   *prover
	fee      math.Int
	salt     []byte
	bond     math.Int // nil until the bid stands
	revealed bool
}

// handlers are what the market's events mean to a request of ours.
var handlers = map[string]func(*generator, block, abci.Event, *flow){
	proto.MessageName(&markettypes.EventRequested{}): (*generator).onRequested,
	proto.MessageName(&markettypes.EventBid{}):       (*generator).onBid,
	proto.MessageName(&markettypes.EventRevealed{}):  (*generator).onRevealed,
	proto.MessageName(&markettypes.EventClosed{}):    (*generator).onClosed,
	proto.MessageName(&markettypes.EventAssigned{}):  (*generator).onAssigned,
	proto.MessageName(&markettypes.EventMissed{}):    (*generator).onMissed,
	proto.MessageName(&markettypes.EventFulfilled{}): (*generator).onFulfilled,
	proto.MessageName(&markettypes.EventRefunded{}):  (*generator).onRefunded,
	proto.MessageName(&markettypes.EventCancelled{}): (*generator).onCancelled,
}

// onEvent takes in an event of the market.
func (g *generator) onEvent(b block, e abci.Event) {
	handle := handlers[e.Type]
	if handle == nil {
		return
	}
	f := g.flows[attribute(e, "request_id")]
	if f != nil {
		handle(g, b, e, f)
	}
}

// amountOf is an event's amount; 0 for none.
func amountOf(e abci.Event, key string) math.Int {
	n, ok := math.NewIntFromString(attribute(e, key))
	if !ok {
		return math.ZeroInt()
	}
	return n
}

// onRequested seals the bids of our provers, which take turns.
func (g *generator) onRequested(b block, e abci.Event, f *flow) {
	f.made = true
	g.refusals = 0
	fee := amountOf(e, "request_fee")
	g.money.RequestFees = g.money.RequestFees.Add(fee)
	f.requester.credit -= clamp(fee)
	if g.o.Mode != ModeMarket {
		return
	}
	end, err := strconv.ParseInt(attribute(e, "bidding_end"), 10, 64)
	if err != nil || end <= b.height {
		return // too late for a bid; the chain refunds it
	}
	g.byEnd[end] = append(g.byEnd[end], f)
	for range g.o.Bids {
		p := g.provers[g.turn%len(g.provers)]
		g.turn++
		f.bids = append(f.bids, p.bid(f))
	}
}

// ourBid is the bid that an event of a request is about, if it is ours.
func (f *flow) ourBid(e abci.Event) *bid {
	name := attribute(e, "prover")
	for _, b := range f.bids {
		if b.prover.stake.name == name {
			return b
		}
	}
	return nil
}

func (g *generator) onBid(_ block, e abci.Event, f *flow) {
	if b := f.ourBid(e); b != nil {
		b.bond = amountOf(e, "bond")
	}
	if f == g.target && g.ours[attribute(e, "prover")] && attribute(e, "replaced") == "false" {
		f.bonds += clamp(amountOf(e, "bond"))
	}
}

func (g *generator) onRevealed(_ block, e abci.Event, f *flow) {
	if b := f.ourBid(e); b != nil {
		b.revealed = true
		g.loseBond(b.prover, amountOf(e, "bond_lost"))
	}
}

// onClosed counts the bonds of bids that stood and were not revealed.
func (g *generator) onClosed(_ block, _ abci.Event, f *flow) {
	for _, b := range f.bids {
		if !b.bond.IsNil() && !b.revealed {
			g.loseBond(b.prover, b.bond)
		}
	}
}

func (g *generator) loseBond(p *prover, bond math.Int) {
	g.money.BondsLost = g.money.BondsLost.Add(bond)
	p.submitter.credit -= clamp(bond)
}

// onAssigned sends the proof if the winner is ours.
func (g *generator) onAssigned(b block, e abci.Event, f *flow) {
	if f.assignedAt.IsZero() {
		g.waits.assigned.add(b.seen.Sub(f.sentAt), b.height-f.sentHeight)
	}
	f.assignedAt, f.assignedHeight, f.assignee, f.proofTries = b.seen, b.height, nil, 0
	name := attribute(e, "prover")
	for _, p := range g.provers {
		if p.stake.name == name {
			f.assignee = p
			p.proofs = append(p.proofs, f)
		}
	}
}

func (g *generator) onMissed(_ block, e abci.Event, f *flow) {
	if name := attribute(e, "prover"); f.assignee != nil && f.assignee.stake.name == name {
		g.money.Slashed = g.money.Slashed.Add(amountOf(e, "slashed"))
		g.loseBond(f.assignee, amountOf(e, "bond_lost"))
	}
	f.assignee = nil
}

func (g *generator) onFulfilled(b block, e abci.Event, f *flow) {
	g.money.ProtocolFees = g.money.ProtocolFees.Add(amountOf(e, "protocol_fee"))
	if !g.ours[attribute(e, "prover")] {
		g.money.Paid = g.money.Paid.Add(amountOf(e, "reward"))
	}
	f.requester.credit -= clamp(amountOf(e, "price"))
	g.report.Requests.Settled++
	g.settles = append(g.settles, b.seen)
	if !f.assignedAt.IsZero() {
		g.waits.delivery.add(b.seen.Sub(f.assignedAt), b.height-f.assignedHeight)
	}
	if !f.proofAt.IsZero() {
		g.waits.proof.add(b.seen.Sub(f.proofAt), b.height-f.proofHeight)
	}
	g.waits.whole.add(b.seen.Sub(f.sentAt), b.height-f.sentHeight)
	g.finish(f)
}

func (g *generator) onRefunded(_ block, e abci.Event, f *flow) {
	g.report.Requests.Refunded++
	g.report.Requests.Reasons["refunded: "+attribute(e, "reason")]++
	g.finish(f)
}

func (g *generator) onCancelled(_ block, _ abci.Event, f *flow) {
	g.report.Requests.Cancelled++
	g.finish(f)
}

// refuse ends a request that never was.
func (g *generator) refuse(f *flow, reason string) {
	if f.ended || f.made {
		return
	}
	g.report.Requests.Refused++
	g.report.Requests.Reasons["refused: "+reason]++
	g.refusals++
	g.refusedAt, g.lastRefusal = g.height, reason
	g.finish(f)
}

func (g *generator) finish(f *flow) {
	f.ended = true
	f.requester.open--
	g.open--
	delete(g.flows, f.id)
}

// clamp is an amount of our accounts as a number; all of them are far smaller.
func clamp(n math.Int) int64 {
	if !n.IsInt64() {
		return 0
	}
	return n.Int64()
}
