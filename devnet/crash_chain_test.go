package devnet

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// compareWithChain holds the jobs of a sidecar that is down against the chain, which
// may be further than they are: what is on the chain was on disk first (law P1), and
// what a job says of the chain is so.
func (c *crashRun) compareWithChain(ctx context.Context, p *Prover, r *record, jobs []*store.Job) {
	c.t.Helper()
	if c.buyer == nil {
		require.Empty(c.t, jobs)
		return
	}
	byID := make(map[string]*store.Job, len(jobs))
	for _, j := range jobs {
		byID[j.RequestID] = j
	}
	for _, id := range c.buyer.placed() {
		if r.settled[id] {
			continue
		}
		view, err := c.chain.request(ctx, id)
		require.NoError(c.t, err)
		res, err := c.chain.market.Bids(ctx, &markettypes.QueryBidsRequest{RequestId: id})
		require.NoError(c.t, err)
		var bid *markettypes.Bid
		if at := slices.IndexFunc(res.Bids, func(b markettypes.BidView) bool { return b.Prover == c.keys[p.spec.Name] }); at >= 0 {
			bid = &res.Bids[at].Bid
		}
		j := byID[id]
		for _, fault := range disagreements(c.keys[p.spec.Name], j, bid, view.Auction) {
			c.wrong(&c.tally.store, "%s, request %s: %s", p.spec.Name, id, fault)
		}
		ended := view.Auction.Status != markettypes.REQUEST_STATUS_PENDING
		r.settled[id] = ended && (j == nil && bid == nil || j != nil && j.State == store.Done)
	}
}

// disagreements says where a job and a later state of the chain cannot both be right.
// job and bid may be nil.
func disagreements(prover string, j *store.Job, bid *markettypes.Bid, a markettypes.Auction) (faults []string) {
	no := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	if j == nil {
		no(bid != nil, "the chain has a bid that was not on disk before it left")
		return faults
	}
	opened := bid != nil && bid.State != markettypes.BID_STATE_SEALED
	fulfilled := a.Status == markettypes.REQUEST_STATUS_FULFILLED
	ours := a.Assignment != nil && a.Assignment.Prover == prover || a.Leader != nil && a.Leader.Prover == prover
	stage := stageOf[j.State]
	if bid != nil {
		no(!bytes.Equal(bid.Commitment, j.Commitment), "the chain has commitment %x, the job %x", bid.Commitment, j.Commitment)
		no(j.State == store.Decided, "the chain has a bid whose transaction was not on disk before it left")
		no(opened && !bid.Fee.Equal(j.Fee), "the bid opened to %s, the job says %s", bid.Fee, j.Fee)
	}
	no(opened && (stage == 0 || j.State == store.Bid), "the chain has a reveal whose transaction was not on disk before it left")
	no(bid == nil && stage >= 1 && stage <= 3, "the job is %s and the chain has no bid", j.State)
	no(!opened && stage >= 2 && stage <= 3, "the job is %s and the bid is sealed", j.State)
	no(!ours && stage == 3, "the job is %s and the chain owes us nothing", j.State)
	no(fulfilled && ours && stage < 4 && j.State != store.Submitting, "the chain has our proof and the job is %s", j.State)
	if j.State != store.Done {
		return faults
	}
	switch j.Outcome {
	case store.Fulfilled:
		no(!fulfilled || !ours, "the job is fulfilled, the request %s", a.Status)
	case store.Lost:
		no(ours || !opened, "the job is lost and the chain has us first, or our bid sealed")
	case store.NotPlaced:
		no(bid != nil, "the job gave up a bid that the chain has: %s", j.LastError)
	default:
		no(true, "the job ended as %s: %s", j.Outcome, j.LastError)
	}
	return faults
}

// purseList is what the provers' side holds at a time when nothing is under way, in
// uproof, by the prover's name.
type purseList struct {
	height             uint64
	submitters, vaults map[string]math.Int
}

func (c *crashRun) purses(ctx context.Context) (l purseList) {
	c.t.Helper()
	var err error
	l.height, err = c.chain.height(ctx)
	require.NoError(c.t, err)
	l.submitters, l.vaults = make(map[string]math.Int), make(map[string]math.Int)
	for _, p := range c.specs {
		l.submitters[p.Name], err = c.chain.balance(ctx, c.keys[p.submitter()])
		require.NoError(c.t, err)
		l.vaults[p.Name], err = c.chain.vaultTotal(ctx, c.keys[p.Name])
		require.NoError(c.t, err)
	}
	return l
}

// requireGrown checks that no vault has lost anything so far.
func (c *crashRun) requireGrown(ctx context.Context) {
	c.t.Helper()
	for _, p := range c.specs {
		res, err := c.chain.provers.Vault(ctx, &proverstypes.QueryVaultRequest{Prover: c.keys[p.Name]})
		require.NoError(c.t, err)
		now := res.Vault.Assets.Add(res.Unvested).Add(res.Vault.PoolAssets).Add(res.Vault.Commission)
		if now.LT(c.before.vaults[p.Name]) {
			c.wrong(&c.tally.missed, "the vault of %s fell from %s to %s", p.Name, c.before.vaults[p.Name], now)
		}
	}
}

// requireRequests checks how every request ended.
func (c *crashRun) requireRequests(ctx context.Context) {
	c.t.Helper()
	for _, id := range c.buyer.placed() {
		view, err := c.chain.request(ctx, id)
		require.NoError(c.t, err)
		c.tally.requests++
		a := view.Auction
		switch {
		case a.Status == markettypes.REQUEST_STATUS_FULFILLED:
			c.tally.fulfilled++
		case a.EndReason == markettypes.END_REASON_NO_BIDS:
			c.tally.withoutBids++
		default:
			c.wrong(&c.tally.missed, "request %s ended as %s with %d bids", id, a.EndReason, a.Bids)
		}
		if a.Bids != a.Reveals {
			c.wrong(&c.tally.bondsLost, "request %s had %d bids and %d reveals", id, a.Bids, a.Reveals)
		}
	}
	require.Positive(c.t, c.tally.fulfilled)
}

// requireProvers checks the chain's own figures.
func (c *crashRun) requireProvers(ctx context.Context) {
	c.t.Helper()
	attempts, fulfilled := 0, uint64(0)
	for _, p := range c.specs {
		res, err := c.chain.market.ProverStats(ctx, &markettypes.QueryProverStatsRequest{Prover: c.keys[p.Name]})
		require.NoError(c.t, err)
		s := res.Lifetime
		if !s.BondsLost.IsZero() || s.Bids != s.Reveals {
			c.wrong(&c.tally.bondsLost, "%s made %d bids and %d reveals, and lost bonds of %s", p.Name, s.Bids, s.Reveals, s.BondsLost)
		}
		if s.Missed != 0 || res.Overdue != 0 || !s.Slashed.IsZero() || s.Won != s.Fulfilled {
			c.wrong(&c.tally.missed, "%s won %d requests, fulfilled %d, missed %d and was slashed %s", p.Name, s.Won, s.Fulfilled, s.Missed, s.Slashed)
		}
		attempts += c.records[p.Name].attempts
		fulfilled += s.Fulfilled
	}
	require.EqualValues(c.t, c.tally.fulfilled, fulfilled)
	require.GreaterOrEqual(c.t, attempts, len(c.specs), "the logs say nothing of proofs any more")
}

// requireOneBid checks that no prover ever signed two bids for one request, in a
// block or not, and that none replaced another.
func (c *crashRun) requireOneBid(ctx context.Context) {
	c.t.Helper()
	for _, p := range c.specs {
		commitments := make(map[string]string) // by request
		add := func(request string, commitment []byte) {
			now := fmt.Sprintf("%x", commitment)
			if was, known := commitments[request]; known && was != now {
				c.wrong(&c.tally.doubleBids, "%s bid for request %s with commitments %s and %s", p.Name, request, was, now)
			}
			commitments[request] = now
		}
		c.eachTx(ctx, p.submitter(), func(sent *tx.Tx, res txEvents) {
			if res.failed {
				c.tally.failedTxs++
			}
			for _, any := range sent.Body.Messages {
				switch any.TypeUrl {
				case "/proofmarket.market.v1.MsgBid":
					var msg markettypes.MsgBid
					require.NoError(c.t, msg.Unmarshal(any.Value))
					add(msg.RequestId, msg.Commitment)
				case "/proofmarket.market.v1.MsgBidBatch":
					var msg markettypes.MsgBidBatch
					require.NoError(c.t, msg.Unmarshal(any.Value))
					for _, item := range msg.Items {
						add(item.RequestId, item.Commitment)
					}
				}
			}
			c.tally.bids += res.bids
			if res.replaced > 0 {
				c.wrong(&c.tally.doubleBids, "%s replaced %d bids in one transaction", p.Name, res.replaced)
			}
		})
		for id, j := range c.records[p.Name].jobs {
			if _, bid := commitments[id]; !bid && (j.end == store.Fulfilled || j.end == store.Lost) {
				c.wrong(&c.tally.store, "%s has a job for request %s that ended as %s without a bid", p.Name, id, j.end)
			}
		}
	}
	require.Positive(c.t, c.tally.bids)
}

// requirePurses checks that submitters paid for gas only, and that vaults got every
// price and nothing else.
func (c *crashRun) requirePurses(ctx context.Context) {
	c.t.Helper()
	after := c.purses(ctx)
	earned := make(map[string]math.Int)
	for _, id := range c.buyer.placed() {
		view, err := c.chain.request(ctx, id)
		require.NoError(c.t, err)
		if a := view.Auction; a.Status == markettypes.REQUEST_STATUS_FULFILLED {
			fee := a.Assignment.Price.MulRaw(int64(view.Request.Terms.ProtocolFeeBps)).QuoRaw(10_000)
			name := c.name(a.Assignment.Prover)
			if earned[name].IsNil() {
				earned[name] = math.ZeroInt()
			}
			earned[name] = earned[name].Add(a.Assignment.Price).Sub(fee)
		}
	}
	for _, p := range c.specs {
		gas := math.ZeroInt()
		c.eachTx(ctx, p.submitter(), func(sent *tx.Tx, _ txEvents) { gas = gas.Add(sent.AuthInfo.Fee.Amount.AmountOf(chain.Denom)) })
		want := c.before.submitters[p.Name].Sub(gas)
		if got := after.submitters[p.Name]; !got.Equal(want) {
			c.wrong(&c.tally.bondsLost, "the submitter of %s holds %s: it had %s and paid %s for gas", p.Name, got, c.before.submitters[p.Name], gas)
		}
		want = c.before.vaults[p.Name]
		if !earned[p.Name].IsNil() {
			want = want.Add(earned[p.Name])
		}
		require.Equal(c.t, want.String(), after.vaults[p.Name].String(), "the vault of %s", p.Name)
	}
}

// txEvents is what a transaction did to bids.
type txEvents struct {
	failed         bool
	bids, replaced int
}

// eachTx visits every transaction that a key paid for since the requests began.
func (c *crashRun) eachTx(ctx context.Context, key string, visit func(*tx.Tx, txEvents)) {
	c.t.Helper()
	const page = 100
	query := fmt.Sprintf("tx.fee_payer='%s' AND tx.height>%d", c.keys[key], c.before.height)
	for n, seen := uint64(1), uint64(0); ; n++ {
		res, err := c.chain.txs.GetTxsEvent(ctx, &tx.GetTxsEventRequest{Query: query, OrderBy: tx.OrderBy_ORDER_BY_ASC, Page: n, Limit: page})
		require.NoError(c.t, err)
		for i, sent := range res.Txs {
			found := txEvents{failed: res.TxResponses[i].Code != 0}
			for _, e := range res.TxResponses[i].Events {
				if found.failed || e.Type != "proofmarket.market.v1.EventBid" {
					continue
				}
				found.bids++
				for _, attribute := range e.Attributes {
					if attribute.Key == "replaced" && attribute.Value == "true" {
						found.replaced++
					}
				}
			}
			visit(sent, found)
		}
		if seen += uint64(len(res.Txs)); seen >= res.Total || len(res.Txs) == 0 {
			require.Equal(c.t, res.Total, seen)
			return
		}
	}
}
