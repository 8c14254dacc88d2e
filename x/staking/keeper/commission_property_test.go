package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// look is what somebody saw who asked for a prover's rates at some time.
type look struct {
	at    time.Time
	rates *types.QueryCommissionResponse
	// notice is the shortest that the parameter has been since.
	notice time.Duration
}

// foreseen returns the rate of r at a time, were nothing else to be sent; follow
// when it is the default's.
func foreseen(r types.CommissionRate, t time.Time) (bps uint32, follow bool) {
	switch {
	case r.Pending == nil || r.Pending.EffectiveAt.After(t):
		return r.Bps, false
	default:
		return r.Pending.Bps, r.Pending.Inherit
	}
}

// foretold returns the rate on rewards from source at a time, by what was seen.
func (l look) foretold(source string, t time.Time) uint32 {
	fallback, _ := foreseen(l.rates.DefaultRate, t)
	for _, r := range l.rates.Rates {
		if r.Source == source {
			bps, follow := foreseen(r, t)
			if follow {
				return fallback
			}
			return bps
		}
	}
	return fallback
}

// highest returns the highest rate on rewards from source between two times, by
// what was seen.
func (l look) highest(source string, from, to time.Time) uint32 {
	times := []time.Time{from, to}
	for _, r := range append([]types.CommissionRate{l.rates.DefaultRate}, l.rates.Rates...) {
		if r.Pending != nil && r.Pending.EffectiveAt.After(from) && !r.Pending.EffectiveAt.After(to) {
			times = append(times, r.Pending.EffectiveAt)
		}
	}
	var bps uint32
	for _, t := range times {
		bps = max(bps, l.foretold(source, t))
	}
	return bps
}

// rateMachine sends random changes of one prover's rates.
type rateMachine struct {
	*fixture
	prover sdk.AccAddress
	looks  []look
}

var rateSources = []string{"", "a", "b", "c"}

func (m *rateMachine) set(t *rapid.T) {
	source := rapid.SampledFrom(rateSources).Draw(t, "source")
	_, _ = m.setCommission(m.prover, source, rapid.Uint32Range(0, 20).Draw(t, "bps")*500)
}

func (m *rateMachine) reset(t *rapid.T) {
	_, _ = m.resetCommission(m.prover, rapid.SampledFrom(rateSources).Draw(t, "source"))
}

func (m *rateMachine) block(t *rapid.T) {
	m.endBlock(t, rapid.SampledFrom([]time.Duration{time.Second, time.Hour, day, 3 * day, 8 * day}).Draw(t, "time"))
}

func (m *rateMachine) params(t *rapid.T) {
	notice := rapid.SampledFrom([]time.Duration{time.Hour, 2 * day, 7 * day}).Draw(t, "notice")
	limit := rapid.Uint32Range(10, 20).Draw(t, "limit") * 500
	m.setParams(t, func(p *types.Params) { p.CommissionNotice, p.MaxCommissionBps = notice, limit })
	for i := range m.looks {
		m.looks[i].notice = min(m.looks[i].notice, notice)
	}
}

// check requires that whoever looked within the notice before now saw a rate at
// least as high as a reward is charged now, in force or announced for some moment
// until now.
func (m *rateMachine) check(t *rapid.T) {
	m.requireSound(t)
	params, err := m.k.Params(m.ctx)
	require.NoError(t, err)
	now := m.ctx.BlockTime()
	seen := look{at: now, rates: m.commission(t, m.prover), notice: params.CommissionNotice}
	m.looks = append(m.looks, seen)
	for _, source := range []string{"a", "b", "c", "d"} {
		rate := m.charged(t, m.prover, source)
		require.Equal(t, seen.foretold(source, now), rate, "the query tells what is charged")
		for i, l := range m.looks {
			// What was seen stood until the next look.
			from, until := now.Add(-l.notice+1), now
			if i+1 < len(m.looks) {
				until = m.looks[i+1].at
			}
			if until.Before(from) {
				continue
			}
			if l.at.After(from) {
				from = l.at
			}
			require.LessOrEqual(t, rate, l.highest(source, from, now),
				"%s is charged %d at %s, unannounced at %s: %s", source, rate, now, from, l.rates)
		}
	}
	for len(m.looks) > 1 && m.looks[1].at.Before(now.Add(-notice)) {
		m.looks = m.looks[1:]
	}
}

// Law S6: no reward is ever charged a rate that was not announced
// commission_notice before.
func TestNoRateWithoutNotice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &rateMachine{fixture: newFixture(t)}
		m.setParams(t, func(p *types.Params) { p.EndBlockCap = 1 })
		m.prover = m.register(t, "alice", 1000*proof, 1000)
		t.Repeat(map[string]func(*rapid.T){
			"set": m.set, "set2": m.set, "set3": m.set, "reset": m.reset, "block": m.block, "block2": m.block,
			"params": m.params, "": m.check,
		})
		requireSameAfterImport(t, m.fixture)
	})
}
