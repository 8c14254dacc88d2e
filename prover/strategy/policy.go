package strategy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cosmossdk.io/math"
)

const (
	// Million is what PerMillionUnits counts in.
	Million = 1_000_000
	// Mebibyte is what PerMebibyte counts in.
	Mebibyte = 1 << 20
	// bps is one, in basis points.
	bps = 10_000
	// MaxMarginBps is the largest margin that a policy may ask: a hundredfold.
	MaxMarginBps = 100 * bps
	// MaxLoadFactorBps is the largest extra for load: a hundredfold.
	MaxLoadFactorBps = 100 * bps
	// maxAmountBits bounds configured amounts, so that no product overflows: a
	// cost is below 2^128 × (1 + 2^64 + 2^64), load and margin add less than 2^7
	// each, so every product stays below 2^228.
	maxAmountBits = 128
	// allVerifiers at the end of a pattern stands for any rest of an id.
	allVerifiers = "*"
)

// Costs says what a proof costs us, in uproof. In an override a nil amount means
// that the less specific one holds.
type Costs struct {
	// Fixed is for each proof.
	Fixed math.Int
	// PerMillionUnits is for each million units of the backend's work
	// (constraints or cycles).
	PerMillionUnits math.Int
	// PerMebibyte is for each mebibyte of image and input together.
	PerMebibyte math.Int
}

// over returns the costs with those of base where they have none.
func (c Costs) over(base Costs) Costs {
	pick := func(own, other math.Int) math.Int {
		if own.IsNil() {
			return other
		}
		return own
	}
	return Costs{
		Fixed:           pick(c.Fixed, base.Fixed),
		PerMillionUnits: pick(c.PerMillionUnits, base.PerMillionUnits),
		PerMebibyte:     pick(c.PerMebibyte, base.PerMebibyte),
	}
}

// Policy is what an operator wants. Amounts are in uproof. Empty lists allow, or
// deny, nothing in particular.
type Policy struct {
	// Verifiers to work for: ids such as "circuit", or patterns such as "pico/*".
	Verifiers []string
	// Programs to work for, and never to work for: 64 lower-case hex digits.
	Programs       []string
	DeniedPrograms []string
	// Requesters to work for, and never to work for: bech32 addresses.
	Requesters       []string
	DeniedRequesters []string
	// MaxInputBytes is the largest input taken on; 0 for no limit.
	MaxInputBytes uint64
	// MaxUnits is the largest proof taken on; 0 for no limit.
	MaxUnits uint64
	// MaxPenalty is the largest penalty risked for one request; 0 for no limit.
	MaxPenalty math.Int
	// MaxJobs is the number of requests that may be under way at a time on all
	// backends together, bids that still stand included (law P4); 0 for no limit
	// besides the backends' queues.
	MaxJobs int
	// CountDelegations lets bids rest on what delegators staked too. They may
	// leave between bid and reveal, which then costs the bond (law M6).
	CountDelegations bool

	// Costs holds where neither ProgramCosts, by program, nor after that
	// BackendCosts, by the backend's name, says otherwise.
	Costs        Costs
	ProgramCosts map[string]Costs
	BackendCosts map[string]Costs
	// LoadFactorBps is added to the cost when all places of a backend are taken,
	// and in proportion before, in basis points.
	LoadFactorBps uint32
	// MarginBps is added to cost and load, in basis points. MinMarginBps is the
	// least margin that is still worth it when max_fee asks us to give way.
	MarginBps    uint32
	MinMarginBps uint32
	// MinFee is the least fee ever asked, MaxFee the largest; 0 for no cap.
	MinFee math.Int
	MaxFee math.Int
	// Standby offers to replace a winner that fails.
	Standby bool
}

// DefaultPolicy returns a policy that takes everything that pays.
func DefaultPolicy() Policy {
	return Policy{
		Costs: Costs{
			Fixed:           math.NewInt(10_000),
			PerMillionUnits: math.NewInt(1_000_000),
			PerMebibyte:     math.NewInt(100),
		},
		MarginBps:  2_000,
		MinFee:     math.OneInt(),
		MaxFee:     math.ZeroInt(),
		MaxPenalty: math.ZeroInt(),
	}
}

// Validate says everything that is wrong with a policy, by the configuration's
// names.
func (p Policy) Validate() error {
	var bad []error
	amount := func(name string, v math.Int) {
		if v.IsNil() || v.IsNegative() || v.BigInt().BitLen() > maxAmountBits {
			bad = append(bad, fmt.Errorf("%s must be zero or more, and below 2^%d", name, maxAmountBits))
		}
	}
	costs := func(prefix string, c, base Costs) {
		c = c.over(base)
		amount(prefix+"fixed_cost", c.Fixed)
		amount(prefix+"per_million_units", c.PerMillionUnits)
		amount(prefix+"per_mebibyte", c.PerMebibyte)
	}
	costs("price.", p.Costs, Costs{})
	for _, name := range sortedKeys(p.ProgramCosts) {
		costs("price.programs "+name+": ", p.ProgramCosts[name], p.Costs)
	}
	for _, name := range sortedKeys(p.BackendCosts) {
		costs("price.backends "+name+": ", p.BackendCosts[name], p.Costs)
	}
	amount("price.min_fee", p.MinFee)
	amount("price.max_fee", p.MaxFee)
	amount("filter.max_penalty", p.MaxPenalty)
	say := func(wrong bool, text string) {
		if wrong {
			bad = append(bad, errors.New(text))
		}
	}
	say(p.MarginBps > MaxMarginBps, fmt.Sprintf("price.margin_bps must be at most %d", MaxMarginBps))
	say(p.MinMarginBps > p.MarginBps, "price.min_margin_bps must not be above margin_bps")
	say(p.LoadFactorBps > MaxLoadFactorBps, fmt.Sprintf("price.load_factor_bps must be at most %d", MaxLoadFactorBps))
	say(!p.MinFee.IsNil() && !p.MaxFee.IsNil() && p.MaxFee.IsPositive() && p.MaxFee.LT(p.MinFee),
		"price.max_fee must not be below min_fee, or 0 for no cap")
	say(p.MaxJobs < 0, "filter.max_jobs must be 0 for no limit, or more")
	for _, v := range p.Verifiers {
		say(v == "" || strings.Contains(strings.TrimSuffix(v, allVerifiers), allVerifiers),
			fmt.Sprintf("filter.verifiers: %q: write an id, or one with * at the end", v))
	}
	return errors.Join(bad...)
}

// matchVerifier reports whether a pattern, an id or one with * at the end, stands
// for a verifier's id.
func matchVerifier(pattern, id string) bool {
	if prefix, ok := strings.CutSuffix(pattern, allVerifiers); ok {
		return strings.HasPrefix(id, prefix)
	}
	return pattern == id
}

// costsOf is what holds for a program on a backend.
func (p Policy) costsOf(program, backend string) Costs {
	return p.ProgramCosts[program].over(p.BackendCosts[backend].over(p.Costs))
}

func sortedKeys(m map[string]Costs) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
