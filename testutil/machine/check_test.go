package machine

import (
	"encoding/json"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverskeeper "github.com/proofmarket/proofmarket/x/staking/keeper"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const eventPrefix = "proofmarket.market.v1.Event"

// progress are the events that tell of a request on which something due was applied.
var progress = []string{"Closed", "Assigned", "Missed", "Refunded"}

// finish follows the end of the block and compares the chain with the model.
func (m *machine) finish(ctx sdk.Context, events []abci.Event) {
	blocks.Add(1)
	m.follow(events)
	m.checkPruning()
	m.w.endProvers()
	m.ok(m.app.CheckInvariants(ctx))
	m.compareMoney(ctx)
	for _, r := range append(m.w.open(), m.w.endedNow...) {
		m.compareRequest(ctx, r)
	}
	m.w.endedNow = nil
	for _, r := range m.shrunk {
		m.compareReceipt(ctx, r)
	}
	m.shrunk = nil
	for _, name := range m.w.provingOrder {
		m.compareProver(ctx, m.w.provers[name])
	}
	m.compareFigures(ctx)
}

// follow lets the model do what the end of the block did. Which requests it came to,
// and in what order, it takes from the events; what became of them it works out
// itself. A request that is due must have had its turn, unless the block was full or
// the verifier of the request was suspended a moment ago.
func (m *machine) follow(events []abci.Event) {
	w := m.w
	var order []string
	for _, e := range events {
		name, ours := strings.CutPrefix(e.Type, eventPrefix)
		id := attribute(e, "request_id")
		switch {
		case !ours || id == "":
		case name == "Pruned":
			m.prune(id)
		case name == "DeadLetter":
			m.Fatalf("%s became a dead letter: %v", id, e)
		case slices.Contains(progress, name) && !slices.Contains(order, id):
			order = append(order, id)
		}
	}
	open := w.open()
	for _, id := range order {
		r := w.requests[id]
		if r == nil || !w.due(r, true) {
			m.Fatalf("the end of the block came to %s, on which nothing was due: %+v", id, r)
		}
		m.note("  end of block: %s", id)
		w.apply(r, true)
		if !r.ended() && w.due(r, true) {
			m.Fatalf("something more is due on %s", id)
		}
	}
	full := len(open) > w.terms.cap/2
	for _, r := range open {
		switch {
		case r.ended():
		case w.opens(r, true):
			w.apply(r, true)
			r.unsure = full
		case w.due(r, true) && !full && !w.market.Before(r.lateUntil) && (!w.revoked(r) || w.height > r.revokedAt+sweepDelay):
			m.Fatalf("the end of the block did not come to %s, which is due: %+v, duty %+v", r.id, *r, r.duty)
		}
	}
}

// attribute reads a text from a typed event.
func attribute(e abci.Event, key string) string {
	for _, a := range e.Attributes {
		var text string
		if a.Key == key && json.Unmarshal([]byte(a.Value), &text) == nil {
			return text
		}
	}
	return ""
}

// compareMoney compares what everybody has, and what the treasury got.
func (m *machine) compareMoney(ctx sdk.Context) {
	w := m.w
	for _, name := range accountNames() {
		acc := m.app.Account(name)
		if have := m.balance(ctx, acc.Address); have != w.bal[acc.String()] {
			m.Fatalf("%s (%s) has %d, the laws give %d", name, acc, have, w.bal[acc.String()])
		}
	}
	var claims int64
	for _, n := range w.claims {
		claims += n
	}
	same(m, "claims account", m.balance(ctx, markettypes.ClaimsAccount()), claims)
	pool, err := m.app.DistrKeeper.FeePool.Get(ctx)
	m.ok(err)
	treasury := pool.CommunityPool.AmountOf(chain.Denom).TruncateInt64()
	if m.treasury0 == nil {
		before := treasury - w.treasury
		m.treasury0 = &before
	}
	same(m, "treasury", treasury-*m.treasury0, w.treasury)
	sum := math.ZeroInt()
	m.app.BankKeeper.IterateAllBalances(ctx, func(_ sdk.AccAddress, coin sdk.Coin) bool {
		if coin.Denom == chain.Denom {
			sum = sum.Add(coin.Amount)
		}
		return false
	})
	supply := m.app.BankKeeper.GetSupply(ctx, chain.Denom).Amount
	if m.supply.IsNil() {
		m.supply = supply
	}
	if !sum.Equal(supply) || !supply.Equal(m.supply) {
		m.Fatalf("balances sum to %s, the supply is %s and was %s", sum, supply, m.supply)
	}
}

// compareRequest compares how a request stands.
func (m *machine) compareRequest(ctx sdk.Context, r *request) {
	if r.pruned {
		return
	}
	res, err := marketkeeper.NewQueryServer(m.app.MarketKeeper).Request(ctx, &markettypes.QueryRequestRequest{Id: r.id})
	m.ok(err)
	v, a := res.View, res.View.Auction
	same(m, r.id+" status", a.Status, r.status)
	if !m.w.revoked(r) {
		same(m, r.id+" stage", v.Stage, r.stage())
	}
	same(m, r.id+" end reason", a.EndReason, r.reason)
	same(m, r.id+" end height", a.EndHeight, r.endHeight)
	same(m, r.id+" max_fee", v.Request.MaxFee.Int64(), r.maxFee)
	same(m, r.id+" penalty", v.Request.Terms.Penalty.Int64(), r.penalty)
	same(m, r.id+" bids", int(a.Bids), len(r.bids))
	same(m, r.id+" reveals", int(a.Reveals), r.reveals)
	same(m, r.id+" ranked", int(a.Ranked), len(r.rankedBids()))
	raw, err := markettypes.ParseID(r.id)
	m.ok(err)
	same(m, r.id+" account", m.balance(ctx, markettypes.RequestAccount(raw)), r.holds())
	if r.ended() {
		if a.RetainedUntil != nil {
			same(m, r.id+" retained until", a.RetainedUntil.UnixNano(), r.retained.UnixNano())
		}
		seen.add("ended: " + r.reason.String())
		if r.winner != "" {
			same(m, r.id+" winner", a.Assignment.Prover, r.winner)
			same(m, r.id+" price", a.Assignment.Price.Int64(), r.price)
		}
		return
	}
	same(m, r.id+" sealed bonds", a.UnrevealedBonds.Int64(), r.sealed())
	same(m, r.id+" assigned", a.Assignment != nil, r.duty != nil)
	if d := r.duty; d != nil {
		same(m, r.id+" prover", a.Assignment.Prover, d.prover)
		same(m, r.id+" number", a.Assignment.Number, d.number)
		same(m, r.id+" price", a.Assignment.Price.Int64(), d.price)
		same(m, r.id+" bond", a.Assignment.Bond.Int64(), d.bond)
		if !m.w.suspended(r) && !m.w.revoked(r) {
			same(m, r.id+" deadline", v.Deadline.UnixNano(), d.deadline.UnixNano())
		}
	} else if r.leader != nil {
		same(m, r.id+" leader", a.Leader.Prover, r.leader.prover)
	}
}

// compareProver compares how a prover and its vaults stand.
func (m *machine) compareProver(ctx sdk.Context, p *prover) {
	addr, err := sdk.AccAddressFromBech32(p.addr)
	m.ok(err)
	s, err := m.app.ProversKeeper.Standing(ctx, addr)
	m.ok(err)
	same(m, p.addr+" state", s.State, p.state())
	same(m, p.addr+" generation", s.Generation, p.generation())
	same(m, p.addr+" faults", s.Faults, p.faults)
	same(m, p.addr+" assets", s.Assets.Int64(), p.vault().assets)
	same(m, p.addr+" self stake", s.SelfStake.Int64(), p.self())
	same(m, p.addr+" assigned stake", s.AssignedStake.Int64(), p.assigned())
	same(m, p.addr+" exposure", s.Exposure.Int64(), p.exposure())
	same(m, p.addr+" open assignments", int(s.OpenAssignments), len(p.duties))
	for i, v := range p.vaults {
		generation := uint64(i + 1)
		if over := generation < p.generation() || p.retired; over && v.total() == 0 {
			continue // its account may have ended
		}
		same(m, p.addr+" vault account", m.balance(ctx, proverstypes.VaultAddress(addr, generation)), v.total())
	}
	res, err := proverskeeper.NewQueryServer(m.app.ProversKeeper).Vault(ctx, &proverstypes.QueryVaultRequest{Prover: p.addr})
	m.ok(err)
	same(m, p.addr+" commission", res.Vault.Commission.Int64(), p.vault().commission)
	same(m, p.addr+" unvested", res.Unvested.Int64(), p.vault().unvested())
	same(m, p.addr+" pool", res.Vault.PoolAssets.Int64(), p.vault().pool)
	same(m, p.addr+" shares", res.Vault.Shares.String(), p.vault().shares.String())
}
