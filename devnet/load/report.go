package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"cosmossdk.io/math"
)

// Report is what a run did and saw. Times are those of the generator's clock.
type Report struct {
	ChainID string  `json:"chain_id"`
	Mode    Mode    `json:"mode"`
	Seed    string  `json:"seed"`
	Seconds float64 `json:"seconds"` // from the first request to the last end

	Requests Requests `json:"requests"`
	Latency  Latency  `json:"latency"`
	Rates    Rates    `json:"rates"`
	Txs      Txs      `json:"txs"`
	Money    Money    `json:"money"`
	// Blocks that were seen during the run.
	FirstHeight int64 `json:"first_height"`
	LastHeight  int64 `json:"last_height"`
	// Failovers counts the times that an account, or the reading of blocks, went on
	// to another endpoint.
	Failovers int `json:"failovers"`
}

// Requests counts what became of the requests. Sent is the sum of the others.
type Requests struct {
	Sent      int `json:"sent"`
	Settled   int `json:"settled"`
	Refunded  int `json:"refunded"`
	Cancelled int `json:"cancelled"`
	// Refused were never made: the chain would not have them, or no block took
	// their transaction in time.
	Refused int `json:"refused"`
	// Open had not ended when the run was cut short.
	Open int `json:"open"`
	// Reasons counts why requests were refunded or refused.
	Reasons map[string]int `json:"reasons,omitempty"`
	// Late counts the requests that a Rate called for while Concurrency were open
	// already; they were sent later, or never.
	Late int `json:"late"`
}

// Latency holds what requests waited for.
type Latency struct {
	// RequestToAssigned is from the request's broadcast to the sight of the block
	// that assigned it.
	RequestToAssigned Waits `json:"request_to_assigned"`
	// ProofToSettled is from the proof's broadcast to the sight of the block that
	// settled the request; none in ModeBuy.
	ProofToSettled Waits `json:"proof_to_settled"`
	// RevealToIncluded is from a reveal's broadcast to the sight of its block; none
	// in ModeBuy.
	RevealToIncluded Waits `json:"reveal_to_included"`
	// AssignedToSettled is between the sight of the two blocks.
	AssignedToSettled Waits `json:"assigned_to_settled"`
	// RequestToSettled is the whole.
	RequestToSettled Waits `json:"request_to_settled"`
}

// Waits sums up waiting times: in milliseconds, and in blocks from the last one
// seen when the wait began.
type Waits struct {
	Count  int   `json:"count"`
	Millis Quant `json:"ms"`
	Blocks Quant `json:"blocks"`
}

// Quant holds nearest-rank percentiles.
type Quant struct {
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Rates are per second, but for blocks.
type Rates struct {
	// SettledPerSecond is over the steady span: from the first settlement to the last
	// request, or the whole run where that is less than half of it.
	SettledPerSecond float64 `json:"settled_per_second"`
	SteadySeconds    float64 `json:"steady_seconds"`
	BlocksPerMinute  float64 `json:"blocks_per_minute"`
	// TxsPerSecond and MessagesPerSecond count ours in blocks; a batch's items are
	// messages. ChainTxsPerSecond counts everybody's.
	TxsPerSecond      float64 `json:"txs_per_second"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	ChainTxsPerSecond float64 `json:"chain_txs_per_second"`
}

// Txs counts our transactions.
type Txs struct {
	Sent     int `json:"sent"`
	Included int `json:"included"`
	Failed   int `json:"failed"`  // of those included
	Refused  int `json:"refused"` // by a node, for good
	Lost     int `json:"lost"`    // in no block before their end
	Messages int `json:"messages"`
	// PoolFull counts the times that a node's pool had no room, or had another
	// transaction for the same bid.
	PoolFull int `json:"pool_full"`
	// Resent counts the times that a transaction was sent again.
	Resent int `json:"resent"`
	// Errors counts failures of transactions and of batches' items, by codespace and
	// code, such as "market/20 bidding is closed".
	Errors map[string]int `json:"errors,omitempty"`
}

// Money shows where the funder's coins are, in uproof:
//
//	given + before = held + vaults + escrow + tx_fees + request_fees +
//	                 protocol_fees + paid + bonds_lost + slashed + difference
type Money struct {
	Given        math.Int `json:"given"`  // by the funder in this run
	Before       math.Int `json:"before"` // held by accounts and vaults when it began
	Held         math.Int `json:"held"`   // by our accounts at the end
	Vaults       math.Int `json:"vaults"` // in our provers' vaults at the end
	Escrow       math.Int `json:"escrow"` // of requests still open
	TxFees       math.Int `json:"tx_fees"`
	RequestFees  math.Int `json:"request_fees"`
	ProtocolFees math.Int `json:"protocol_fees"`
	Paid         math.Int `json:"paid"` // to provers that are not ours
	BondsLost    math.Int `json:"bonds_lost"`
	Slashed      math.Int `json:"slashed"`
	// FunderFees are the fees of the funder's own transactions, and CircuitDeposit
	// is what it put down for the circuit: both beside what it gave.
	FunderFees     math.Int `json:"funder_fees"`
	CircuitDeposit math.Int `json:"circuit_deposit"`
	// Difference is 0 unless others sent to our accounts or vaults, delegations and
	// incentives included.
	Difference math.Int `json:"difference"`
}

// sum is what Money accounts for but the difference.
func (m Money) sum() math.Int {
	total := m.Held.Add(m.Vaults).Add(m.Escrow)
	for _, part := range []math.Int{m.TxFees, m.RequestFees, m.ProtocolFees, m.Paid, m.BondsLost, m.Slashed} {
		total = total.Add(part)
	}
	return total
}

// noMoney is all zero.
func noMoney() Money {
	z := math.ZeroInt()
	return Money{z, z, z, z, z, z, z, z, z, z, z, z, z, z}
}

// quantiles sorts the values and takes nearest-rank percentiles: the smallest
// value with at least that share of all at or below it.
func quantiles(values []int64) Quant {
	if len(values) == 0 {
		return Quant{}
	}
	slices.Sort(values)
	at := func(percent int) int64 { return values[(len(values)*percent+99)/100-1] }
	return Quant{P50: at(50), P90: at(90), P99: at(99), Max: values[len(values)-1]}
}

// waits collects waiting times.
type waits struct{ millis, blocks []int64 }

func (w *waits) add(d time.Duration, blocks int64) {
	w.millis = append(w.millis, d.Milliseconds())
	w.blocks = append(w.blocks, blocks)
}

func (w *waits) sum() Waits {
	return Waits{Count: len(w.millis), Millis: quantiles(w.millis), Blocks: quantiles(w.blocks)}
}

// perSecond is n over a time; 0 over none.
func perSecond(n int, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return float64(n) / over.Seconds()
}

// steady is the settlements per second between the first settlement and the last
// request sent, so that neither start nor tail count, and the seconds between the two.
// Where those are less than half of the run, which began at begin, all of it counts.
func steady(begin time.Time, settled []time.Time, lastSent time.Time) (rate, seconds float64) {
	if len(settled) == 0 {
		return 0, 0
	}
	from, end := settled[0], settled[len(settled)-1]
	if span := lastSent.Sub(from); 2*span >= end.Sub(begin) && span > 0 {
		// The settlements that open the span belong to what came before it.
		n := 0
		for _, t := range settled {
			if t.After(from) && !t.After(lastSent) {
				n++
			}
		}
		return perSecond(n, span), span.Seconds()
	}
	return perSecond(len(settled), end.Sub(begin)), end.Sub(begin).Seconds()
}

// Text writes the report for people.
func (r Report) Text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	q := r.Requests
	if r.Mode != ModeSpam {
		line("requests\t%d sent: %d settled, %d refunded, %d cancelled, %d refused, %d open", q.Sent, q.Settled, q.Refunded, q.Cancelled, q.Refused, q.Open)
		counts(line, q.Reasons)
		line("settled\t%.1f a second over %.0f s", r.Rates.SettledPerSecond, r.Rates.SteadySeconds)
		if q.Late > 0 {
			line("late\t%d requests had to wait for others to end: raise --concurrency, or lower --rate", q.Late)
		}
	}
	line("blocks\t%d to %d, %.0f a minute", r.FirstHeight, r.LastHeight, r.Rates.BlocksPerMinute)
	line("transactions\t%d sent: %d in blocks (%d failed), %d refused, %d lost; %.1f a second, %.1f messages a second",
		r.Txs.Sent, r.Txs.Included, r.Txs.Failed, r.Txs.Refused, r.Txs.Lost, r.Rates.TxsPerSecond, r.Rates.MessagesPerSecond)
	line("nodes\t%d times a full pool, %d sent again, %d failovers", r.Txs.PoolFull, r.Txs.Resent, r.Failovers)
	counts(line, r.Txs.Errors)
	for _, l := range []struct {
		name string
		w    Waits
	}{
		{"request to assigned", r.Latency.RequestToAssigned},
		{"reveal to its block", r.Latency.RevealToIncluded},
		{"proof to settled", r.Latency.ProofToSettled},
		{"assigned to settled", r.Latency.AssignedToSettled},
		{"request to settled", r.Latency.RequestToSettled},
	} {
		if l.w.Count == 0 {
			continue
		}
		m, b := l.w.Millis, l.w.Blocks
		line("%s\tp50 %d ms, p90 %d ms, p99 %d ms, max %d ms; blocks %d, %d, %d, %d", l.name, m.P50, m.P90, m.P99, m.Max, b.P50, b.P90, b.P99, b.Max)
	}
	m := r.Money
	line("money\tgiven %s + before %s = held %s + vaults %s + escrow %s + fees %s + request fees %s + protocol fees %s + paid %s + bonds lost %s + slashed %s + difference %s uproof",
		m.Given, m.Before, m.Held, m.Vaults, m.Escrow, m.TxFees, m.RequestFees, m.ProtocolFees, m.Paid, m.BondsLost, m.Slashed, m.Difference)
	line("seed\t%s", r.Seed)
	return w.Flush()
}

// counts writes what was counted, the most frequent first.
func counts(line func(string, ...any), of map[string]int) {
	keys := slices.Sorted(maps.Keys(of))
	slices.SortStableFunc(keys, func(a, b string) int { return of[b] - of[a] })
	for _, k := range keys {
		line("\t%d × %s", of[k], k)
	}
}
