package strategy

import (
	"fmt"

	"cosmossdk.io/math"
)

// Price is how a fee comes about. Amounts are in uproof, parts in basis points.
//
//	cost   = fixed + ceil(per_million_units × units / 10^6) + ceil(per_mebibyte × bytes / 2^20)
//	loaded = ceil(cost × (1 + load))
//	wanted = max(ceil(loaded × (1 + margin)), min_fee)
//	least  = max(ceil(loaded × (1 + min_margin)), min_fee)
//	fee    = min(wanted, limit), where limit = min(the request's max_fee, our max_fee)
//
// There is no bid where least is above the limit. A fee that gives way takes the
// limit exactly: in a second-price auction a lower bid of the same bidder would
// earn no more (law M7).
type Price struct {
	Units uint64 `json:"units"`
	// Bytes counts image and input.
	Bytes uint64 `json:"bytes"`
	// Cost is what the proof costs us, Loaded the same with the load's extra.
	Cost    math.Int `json:"cost"`
	LoadBps uint32   `json:"load_bps"`
	Loaded  math.Int `json:"loaded"`
	Wanted  math.Int `json:"wanted"`
	Least   math.Int `json:"least"`
	// Cap is our price.max_fee; 0 for none.
	Cap math.Int `json:"cap"`
	// Fee is what a bid would ask.
	Fee math.Int `json:"fee"`
	// MarginBps is the fee's margin over Loaded, rounded down and within the range
	// of an int64; negative never, 0 where nothing costs anything.
	MarginBps int64 `json:"margin_bps"`

	maxFee math.Int
}

// String says how the fee came about.
func (p Price) String() string {
	return fmt.Sprintf("%d units and %d bytes cost us %s, %s with load, wanted %s, least %s, max_fee is %s",
		p.Units, p.Bytes, p.Cost, p.Loaded, p.Wanted, p.Least, p.maxFee)
}

// price prices work on a backend; nil work prices the least that any would cost.
func (p Policy) price(o Offer, w *Work, b Backend, l Load) Price {
	out := Price{Cap: p.MaxFee, LoadBps: p.loadBps(b, l), maxFee: o.MaxFee}
	if w != nil {
		out.Units, out.Bytes = w.Units, addUnits(w.ImageBytes, w.InputBytes)
	}
	c := p.costsOf(o.Program, b.Name)
	out.Cost = c.Fixed.
		Add(ceilDiv(c.PerMillionUnits.Mul(math.NewIntFromUint64(out.Units)), Million)).
		Add(ceilDiv(c.PerMebibyte.Mul(math.NewIntFromUint64(out.Bytes)), Mebibyte))
	out.Loaded = withBps(out.Cost, out.LoadBps)
	out.Wanted = math.MaxInt(withBps(out.Loaded, p.MarginBps), p.MinFee)
	out.Least = math.MaxInt(withBps(out.Loaded, p.MinMarginBps), p.MinFee)
	out.Fee = math.MinInt(out.Wanted, o.MaxFee)
	if p.MaxFee.IsPositive() {
		out.Fee = math.MinInt(out.Fee, p.MaxFee)
	}
	if out.Loaded.IsPositive() && out.Fee.GTE(out.Loaded) {
		if m := out.Fee.Sub(out.Loaded).BigInt(); m.BitLen() < 240 { // times bps stays in range
			if part := math.NewIntFromBigInt(m).MulRaw(bps).Quo(out.Loaded); part.IsInt64() {
				out.MarginBps = part.Int64()
			}
		}
	}
	return out
}

// check reports whether the fee pays.
func (p Price) check(why *reasons, o Offer) {
	what := fmt.Sprintf("our least price %s for %d units and %d bytes", p.Least, p.Units, p.Bytes)
	// The requester may raise max_fee while bidding is open (law M10).
	why.notNow(p.Least.GT(o.MaxFee), CodeMaxFee, "max_fee %s is below %s", o.MaxFee, what)
	why.notNow(p.Cap.IsPositive() && p.Least.GT(p.Cap), CodePriceCap, "our price.max_fee %s is below %s", p.Cap, what)
}

// loadBps is the extra for load: linear in the places taken, rounded down.
func (p Policy) loadBps(b Backend, l Load) uint32 {
	taken, queue := int64(min(l.Jobs, b.Queue)), int64(b.Queue)
	if taken <= 0 {
		return 0
	}
	// Both are counts of jobs: far below 2^32, so the product fits.
	return uint32(math.NewInt(taken).MulRaw(int64(p.LoadFactorBps)).QuoRaw(queue).Int64())
}

// withBps adds a part in basis points, rounded up.
func withBps(v math.Int, part uint32) math.Int {
	return ceilDiv(v.MulRaw(bps+int64(part)), bps)
}

func ceilDiv(n math.Int, d int64) math.Int { return n.AddRaw(d - 1).QuoRaw(d) }
