package machine

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// prune is a finished request that shrank to its receipt (law M15).
func (m *machine) prune(id string) {
	r := m.w.requests[id]
	if r == nil || !r.ended() || r.pruned || !m.w.market.After(r.retained) {
		m.Fatalf("%s must not shrink yet: %+v", id, r)
	}
	for _, b := range r.bids { // bonds that still wait go back first
		if r.waits(b) {
			m.w.payBack(b)
			seen.add("bonds paid back at the end of the retention")
		}
	}
	m.w.closeAccount(r)
	r.pruned, r.prunedAt = true, m.w.height
	m.shrunk = append(m.shrunk, r)
	seen.add("receipts")
}

// compareReceipt compares what is kept of a request for good.
func (m *machine) compareReceipt(ctx sdk.Context, r *request) {
	res, err := marketkeeper.NewQueryServer(m.app.MarketKeeper).Receipt(ctx, &markettypes.QueryReceiptRequest{RequestId: r.id})
	m.ok(err)
	v := res.Receipt
	same(m, r.id+" receipt's requester", v.Requester, r.requester)
	same(m, r.id+" receipt's statement", v.Statement, m.pool.claims[r.claim].statement)
	same(m, r.id+" receipt's status", v.Status, r.status)
	same(m, r.id+" receipt's reason", v.EndReason, r.reason)
	same(m, r.id+" receipt's prover", v.Prover, r.winner)
	same(m, r.id+" receipt's price", v.Price.Int64(), r.price)
	same(m, r.id+" receipt's height", v.EndHeight, r.endHeight)
	same(m, r.id+" retained", v.Retained, false)
}

// debt is the most records that shrinking a request takes: its own, a look at each bid
// for its bond, each bid and what it offers as a standby, and the mark of what it leaves
// behind, set and looked at twice.
func (r *request) debt() int { return markettypes.ShrinkRecords + 3*len(r.bids) + 3 }

// checkPruning checks that requests shrink, and not only that none does too early (law
// M15). A block removes its cap of records while there is any to remove, but for a rest
// that is too small for another request.
func (m *machine) checkPruning() {
	w := m.w
	var due []*request
	for _, id := range w.ids {
		r := w.requests[id]
		if !r.ended() || !w.market.After(r.retained) {
			continue
		}
		if !r.counted {
			r.counted = true
			w.pruneDebt += r.debt()
		}
		if !r.pruned {
			due = append(due, r)
		}
	}
	w.pruneDebt = max(0, w.pruneDebt-(w.terms.pruneCap-markettypes.ShrinkRecords))
	if len(due) == 0 {
		return
	}
	if w.pruneDebt == 0 {
		m.Fatalf("%d requests should have shrunk by now, the first is %+v", len(due), *due[0])
	}
	seen.add("blocks with more to shrink than they may")
}
