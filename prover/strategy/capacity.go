package strategy

import (
	stdmath "math"
	"math/big"
	"math/bits"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// Load is what one backend has to do: the requests taken on for it whose proof is
// not made.
type Load struct {
	// Jobs counts them, standing bids included (law P4).
	Jobs int
	// Units is their work together.
	Units uint64
	// Slack is the work that may be added, in units, before one of them would not
	// be ready by its deadline; noSlack where none has one.
	Slack uint64
}

// noSlack means that no deadline stands in the way.
const noSlack = stdmath.MaxUint64

// NewLoad sums up what a backend has to do. Requests of other backends, and those
// whose proof is made, do not count.
func NewLoad(b Backend, taken []Taken) Load {
	l := Load{Slack: noSlack}
	for _, t := range taken {
		if t.Backend == b.Name && !t.Proved {
			l.Jobs++
			l.Units = addUnits(l.Units, t.Units)
		}
	}
	for _, t := range taken {
		if t.Backend == b.Name && !t.Proved && t.Left > 0 {
			l.Slack = min(l.Slack, b.slack(l.Units-min(t.Units, l.Units), t.Units, t.Left))
		}
	}
	return l
}

// slack is the work that may run before a proof of own units, beside others, so
// that it is ready after left at the latest. All others may run first, spread
// over the workers; then it runs on one of them:
//
//	(others + more) / (workers × speed) + own / speed ≤ left
func (b Backend) slack(others, own uint64, left time.Duration) uint64 {
	workers := big.NewInt(int64(max(1, b.Workers)))
	can := new(big.Int).SetUint64(b.speed())
	can.Mul(can, workers).Mul(can, big.NewInt(int64(left))).Quo(can, big.NewInt(int64(time.Second)))
	can.Sub(can, new(big.Int).SetUint64(others))
	can.Sub(can, new(big.Int).Mul(new(big.Int).SetUint64(own), workers))
	switch {
	case can.Sign() < 0:
		return 0
	case !can.IsUint64():
		return noSlack
	default:
		return can.Uint64()
	}
}

func (b Backend) speed() uint64 { return max(1, b.UnitsPerSecond) }

// fits reports whether a proof of own units would be ready in half of a time
// limit even if all others are made first: proofs are sent early (law P4).
func (b Backend) fits(others, own uint64, limit time.Duration) bool {
	workers := big.NewInt(int64(max(1, b.Workers)))
	need := new(big.Int).Mul(new(big.Int).SetUint64(own), workers)
	need.Add(need, new(big.Int).SetUint64(others))
	need.Mul(need, big.NewInt(2*int64(time.Second)))
	have := new(big.Int).Mul(new(big.Int).SetUint64(b.speed()), workers)
	return need.Cmp(have.Mul(have, big.NewInt(int64(limit)))) <= 0
}

// check holds a request against a backend's capacity. A proof that is made needs
// none. Nil work needs at least a place.
func (l Load) check(why *reasons, b Backend, o Offer, w *Work) {
	if w != nil && w.Proved {
		return
	}
	why.notNow(l.Jobs >= b.Queue, CodeQueue, "all %d places of backend %s are taken", b.Queue, b.Name)
	if w == nil {
		return
	}
	alone := b.fits(0, w.Units, o.TimeLimit)
	why.never(!alone, CodeTimeLimit, "%d units at %d a second would not be ready in half of %s", w.Units, b.speed(), o.TimeLimit)
	why.notNow(alone && !b.fits(l.Units, w.Units, o.TimeLimit), CodeBusy,
		"%d units beside the %d already taken would not be ready in half of %s", w.Units, l.Units, o.TimeLimit)
	why.notNow(l.Jobs > 0 && w.Units > l.Slack, CodeBusy,
		"%d units would delay a proof already taken on past its deadline: there is room for %d", w.Units, l.Slack)
}

// checkStake holds what we would lead, if we won everything that we bid for, to
// the chain's own conditions (laws M4 and S8): each of them, won last, must still
// be ours to take. Delegators' stake counts where the policy says so only.
func (p Policy) checkStake(why *reasons, s Stake, taken []Taken, o Offer) {
	f := s.Figures
	whose := "stake"
	if !p.CountDelegations {
		f.Assets, whose = math.MinInt(f.SelfStake, f.Assets), "own stake"
	}
	all := []auction.Ask{{MinStake: o.MinStake, Penalty: o.Penalty}}
	for _, t := range taken {
		if t.Standing {
			all = append(all, auction.Ask{MinStake: t.MinStake, Penalty: t.Penalty})
		}
	}
	stake, exposure := f.AssignedStake, f.Exposure
	for _, a := range all {
		var err error
		if stake, err = stake.SafeAdd(a.MinStake); err == nil {
			exposure, err = exposure.SafeAdd(a.Penalty)
		}
		if err != nil {
			why.notNow(true, CodeStake, "the stakes of all bids together are out of range: %v", err)
			return
		}
	}
	for _, a := range all {
		f.AssignedStake, f.Exposure = stake.Sub(a.MinStake), exposure.Sub(a.Penalty)
		a.OvercommitBps = s.OvercommitBps
		conditions, err := auction.Eligibility(f, a)
		if err != nil {
			why.notNow(true, CodeStake, "the chain's figures for our stake make no sense: %v", err)
			return
		}
		unmet := false
		for _, c := range conditions {
			unmet = unmet || !c.OK
			why.notNow(!c.OK && c.Reason == auction.ReasonState, CodeStake, "our prover is not active")
			why.notNow(!c.OK && c.Reason != auction.ReasonState, CodeStake,
				"our %s does not carry one more beside %d standing bids: %s has %s, needs %s", whose, len(all)-1, c.Reason, c.Have, c.Need)
		}
		if unmet {
			return
		}
	}
}

// addUnits adds up to the largest number there is.
func addUnits(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry > 0 {
		return stdmath.MaxUint64
	}
	return sum
}
