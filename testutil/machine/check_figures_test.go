package machine

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// litterDelay is within how many blocks the bids of a request that has shrunk are gone.
const litterDelay = 50

// compareFigures compares the statistics (law M14).
func (m *machine) compareFigures(ctx sdk.Context) {
	server := marketkeeper.NewQueryServer(m.app.MarketKeeper)
	var sum proverFigures
	for _, name := range m.w.provingOrder {
		p := m.w.provers[name]
		res, err := server.ProverStats(ctx, &markettypes.QueryProverStatsRequest{Prover: name})
		m.ok(err)
		m.sameFigures(name, res.Lifetime, p.figures, m.pendingLosses(name))
		m.sameFigures(name+", epochs", sumEpochs(res.Epochs), p.figures, m.pendingLosses(name))
		sum.plus(p.figures)
	}
	res, err := server.Stats(ctx, &markettypes.QueryStatsRequest{})
	m.ok(err)
	f, s := m.w.figures, res.Lifetime
	same(m, "requests", s.Requests, f.requests)
	same(m, "cancelled", s.Cancelled, f.cancelled)
	same(m, "no bids", s.NoBids, f.noBids)
	same(m, "none ranked", s.NoneRanked, f.noneRanked)
	same(m, "failed", s.Failed, f.failed)
	same(m, "revoked", s.Revoked, f.revoked)
	same(m, "request fees", s.RequestFees.Int64(), f.requestFees)
	same(m, "refunds", s.Refunds.Int64(), f.refunds)
	s.Provers.LastActive = sum.active // the market counts more as activity
	m.sameFigures("market", s.Provers, sum, m.pendingLosses(""))
	m.comparePrices(ctx)
}

// pendingLosses sums the bonds, never revealed and lost, that the figures of a prover,
// or of all, may not tell yet: they count when the record of the bid goes.
func (m *machine) pendingLosses(prover string) (sum int64) {
	for _, r := range m.w.requests {
		if r.pruned && m.w.height > r.prunedAt+litterDelay {
			continue
		}
		for name, bond := range r.forfeited {
			if prover == "" || name == prover {
				sum += bond
			}
		}
	}
	return sum
}

// sumEpochs adds the figures of epochs.
func sumEpochs(epochs []markettypes.EpochProverStats) markettypes.ProverStats {
	sum := markettypes.NoProverStats()
	for _, e := range epochs {
		s := e.Stats
		sum.Bids += s.Bids
		sum.Reveals += s.Reveals
		sum.Won += s.Won
		sum.Promoted += s.Promoted
		sum.Fulfilled += s.Fulfilled
		sum.Missed += s.Missed
		sum.Fees = sum.Fees.Add(s.Fees)
		sum.ProtocolFees = sum.ProtocolFees.Add(s.ProtocolFees)
		sum.Slashed = sum.Slashed.Add(s.Slashed)
		sum.BondsLost = sum.BondsLost.Add(s.BondsLost)
		sum.LastActive = max(sum.LastActive, s.LastActive)
	}
	return sum
}

// sameFigures compares the figures of a prover, or the sums over all.
func (m *machine) sameFigures(who string, s markettypes.ProverStats, f proverFigures, pending int64) {
	same(m, who+" bids", s.Bids, f.bids)
	same(m, who+" reveals", s.Reveals, f.reveals)
	same(m, who+" won", s.Won, f.won)
	same(m, who+" promoted", s.Promoted, f.promoted)
	same(m, who+" fulfilled", s.Fulfilled, f.fulfilled)
	same(m, who+" missed", s.Missed, f.missed)
	same(m, who+" fees", s.Fees.Int64(), f.fees)
	same(m, who+" protocol fees", s.ProtocolFees.Int64(), f.protocolFees)
	same(m, who+" slashed", s.Slashed.Int64(), f.slashed)
	same(m, who+" last active", s.LastActive, f.active)
	most := f.bondsLost + f.forfeited
	if lost := s.BondsLost.Int64(); lost > most || lost < most-pending {
		m.Fatalf("%s lost bonds of %d, the laws give %d, of which %d may come later", who, lost, most, pending)
	}
}

// comparePrices compares the quotes: a statement counts once, and of those proved in
// one block the request with the lower id.
func (m *machine) comparePrices(ctx sdk.Context) {
	w := m.w
	slices.SortFunc(w.proved, func(a, b *request) int { return slices.Compare([]byte(a.id), []byte(b.id)) })
	for _, r := range w.proved {
		if !w.known[r.claim] {
			w.known[r.claim] = true
			w.prices[r.claim/claimsByCircuit] = append(w.prices[r.claim/claimsByCircuit], r.price)
		}
	}
	changed := len(w.proved) > 0
	w.proved = nil
	if !changed {
		return
	}
	server := marketkeeper.NewQueryServer(m.app.MarketKeeper)
	for c, prices := range w.prices {
		sorted := slices.Sorted(slices.Values(prices))
		rank := func(p int) int64 { return sorted[(p*len(sorted)+99)/100-1] }
		res, err := server.Quote(ctx, &markettypes.QueryQuoteRequest{
			Verifier: m.pool.claims[c*claimsByCircuit].statement.Verifier, Program: m.pool.ids[c],
		})
		m.ok(err)
		same(m, "p10", res.P10.Int64(), rank(10))
		same(m, "p50", res.P50.Int64(), rank(50))
		same(m, "p90", res.P90.Int64(), rank(90))
	}
}
