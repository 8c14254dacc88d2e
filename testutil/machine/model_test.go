package machine

import (
	"errors"
	"math/big"
	"slices"
	"time"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// model is the whole market as the laws tell it: who has what, how each request
// stands, what each prover's vault holds. Amounts count uproof.
type model struct {
	height       uint64
	now, market  time.Time
	lost         time.Duration
	graceUntil   uint64
	bal          map[string]int64 // of people
	shut         map[string]bool  // people whom bank does not pay at present
	treasury     int64
	terms        liveTerms
	stake        stakeTerms
	pause        markettypes.Pause
	requests     map[string]*request
	ids          []string // in the order in which they were made
	provers      map[string]*prover
	provingOrder []string
	links        map[string]link
	consents     map[string]string
	claims       map[string]int64
	targets      map[string]*target
	figures      marketFigures
	endedNow     []*request      // in this block
	proved       []*request      // in this block
	prices       map[int][]int64 // by circuit, of statements proved for the first time
	known        map[int]bool    // claims that were proved
	pruneDebt    int             // records that blocks have still to remove, at most
}

// liveTerms are the market's parameters as the model needs them.
type liveTerms struct {
	requestFee, minMaxFee, maxMaxFee, maxMinStake, minBond int64
	feeBps, slashBps, bondBps, overcommitBps               int64
	minBidding, maxBidding, minReveal, maxReveal           uint64
	minLimit, maxLimit, maxGap, retention                  time.Duration
	graceBlocks                                            uint64
	cap                                                    int
	pruneCap                                               int
}

// stakeTerms are the provers' parameters.
type stakeTerms struct {
	minSelf, minStake, minUnstake int64
	delay, period                 time.Duration
	maxUnstakes                   int
}

// link lets a submitter act for a prover in one vault generation (law M3).
type link struct {
	prover     string
	generation uint64
}

func newModel() *model {
	w := &model{
		bal: map[string]int64{}, shut: map[string]bool{}, requests: map[string]*request{}, provers: map[string]*prover{},
		links: map[string]link{}, consents: map[string]string{}, claims: map[string]int64{}, targets: map[string]*target{},
		prices: map[int][]int64{}, known: map[int]bool{},
	}
	w.setMarket(startMarketParams())
	w.setStake(startProversParams())
	return w
}

func (w *model) setMarket(p markettypes.Params) {
	w.terms = liveTerms{
		requestFee: p.RequestFee.Int64(), minMaxFee: p.MinMaxFee.Int64(), maxMaxFee: p.MaxMaxFee.Int64(), maxMinStake: p.MaxMinStake.Int64(),
		minBond: p.MinBidBond.Int64(), feeBps: int64(p.ProtocolFeeBps), slashBps: int64(p.SlashBps), bondBps: int64(p.BidBondBps),
		overcommitBps: int64(p.OvercommitBps), minBidding: p.MinBiddingBlocks, maxBidding: p.MaxBiddingBlocks,
		minReveal: p.MinRevealBlocks, maxReveal: p.MaxRevealBlocks, minLimit: p.MinTimeLimit, maxLimit: p.MaxTimeLimit,
		maxGap: p.MaxBlockGap, retention: p.Retention, graceBlocks: p.HaltGraceBlocks, cap: int(p.EndBlockCap), pruneCap: int(p.PruneCap),
	}
}

// begin moves the clock (section 5, "Clock"). A halt, or an import, is lost whole. A
// halt leaves a grace that lasts longer alone; an import begins another.
func (w *model) begin(height uint64, now time.Time, imported bool) {
	if !w.now.IsZero() {
		if gap := now.Sub(w.now); imported || gap > w.terms.maxGap {
			w.lost += gap
			until := height + w.terms.graceBlocks - 1
			if !imported {
				until = max(until, w.graceUntil)
			}
			w.graceUntil = until
		}
	}
	w.height, w.now, w.market = height, now, now.Add(-w.lost)
	for _, p := range w.provers {
		for _, v := range p.vaults {
			v.vest(now)
		}
	}
}

// passed tells whether a deadline has passed for messages: in the grace none has.
func (w *model) passed(deadline time.Time) bool {
	return w.market.After(deadline) && w.height > w.graceUntil
}

// passedAtEnd is passed for the end of the block: what fell due in the grace expires
// with the last block of it.
func (w *model) passedAtEnd(deadline time.Time) bool {
	return w.market.After(deadline) && w.height >= w.graceUntil
}

// add changes what somebody holds.
func (w *model) add(who string, amount int64) { w.bal[who] += amount }

// payOut pays somebody what is his. What cannot be paid becomes claimable (law M12).
func (w *model) payOut(who string, amount int64) {
	switch {
	case amount == 0:
	case w.shut[who]:
		w.claims[who] += amount
	default:
		w.add(who, amount)
	}
}

// open lists the requests that have not ended, oldest first.
func (w *model) open() (list []*request) {
	for _, id := range w.ids {
		if r := w.requests[id]; !r.ended() {
			list = append(list, r)
		}
	}
	return list
}

// bps returns floor(n × rate / 10000).
func bps(n, rate int64) int64 { return mulDiv(n, rate, 10_000, false) }

// mulDiv returns a × b / c, rounded up or down.
func mulDiv(a, b, c int64, up bool) int64 {
	return bigMulDiv(big.NewInt(a), big.NewInt(b), big.NewInt(c), up).Int64()
}

// bigMulDiv is mulDiv for figures of any size.
func bigMulDiv(a, b, c *big.Int, up bool) *big.Int {
	product := new(big.Int).Mul(a, b)
	quotient, rest := product.QuoRem(product, c, new(big.Int))
	if up && rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}

// reasons collects why a message must fail; none means that it must succeed. Where
// several hold, the chain may name any of them.
type reasons []error

// when adds errors if the condition holds.
func (r *reasons) when(condition bool, errs ...error) {
	if condition {
		*r = append(*r, errs...)
	}
}

// allow tells whether the chain's answer is one that the laws allow.
func (r reasons) allow(err error) bool {
	if err == nil {
		return len(r) == 0
	}
	return slices.ContainsFunc(r, func(want error) bool { return errors.Is(err, want) })
}
