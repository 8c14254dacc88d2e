package keeper_test

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// modelProver is what law S1 makes of a prover, and laws S5, S6 and S8 of its
// work, its rates and its losses.
type modelProver struct {
	generation, faults                uint64
	jailed, retired, closed           bool
	selfStake, own, breaker, judgment bool // the causes of a deactivation
	// slashed: own stake after a slash is still to be looked at.
	slashed              bool
	work                 map[uint64]modelWork
	rates                map[string]modelRate
	maxExposure, maxLoss math.Int
	losses               math.Int
	epoch                int64
	profile              types.Profile
}

type modelWork struct{ stake, penalty math.Int }

// modelRate is a rate with the change that is announced.
type modelRate struct {
	bps     uint32
	pending *types.PendingCommission
}

func (p *modelProver) any() bool        { return true }
func (p *modelProver) registered() bool { return p.generation > 0 }
func (p *modelProver) inBusiness() bool { return p.registered() && !p.retired }
func (p *modelProver) active() bool     { return p.registered() && p.state() == types.PROVER_STATE_ACTIVE }
func (p *modelProver) busy() bool       { return len(p.work) > 0 }

// candidate: it may register.
func (p *modelProver) candidate() bool { return !p.registered() || (p.retired && !p.jailed) }

func (p *modelProver) state() types.ProverState {
	switch {
	case p.jailed:
		return types.PROVER_STATE_JAILED
	case p.retired:
		return types.PROVER_STATE_RETIRED
	case p.selfStake || p.own || p.breaker || p.judgment:
		return types.PROVER_STATE_DEACTIVATED
	}
	return types.PROVER_STATE_ACTIVE
}

func (p *modelProver) causes() (list []types.DeactivationCause) {
	for cause, stands := range map[types.DeactivationCause]bool{
		types.DEACTIVATION_CAUSE_SELF_STAKE: p.selfStake, types.DEACTIVATION_CAUSE_OWN_WISH: p.own,
		types.DEACTIVATION_CAUSE_BREAKER: p.breaker, types.DEACTIVATION_CAUSE_AUTHORITY: p.judgment,
	} {
		if stands {
			list = append(list, cause)
		}
	}
	slices.Sort(list)
	return list
}

// open returns the numbers of the open work.
func (p *modelProver) open() (numbers []uint64) {
	for number := range p.work {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers
}

// load returns the sums over the open work.
func (p *modelProver) load() (stake, exposure math.Int) {
	stake, exposure = math.ZeroInt(), math.ZeroInt()
	for _, w := range p.work {
		stake, exposure = stake.Add(w.stake), exposure.Add(w.penalty)
	}
	return stake, exposure
}

// rate returns what is charged on rewards from a source at a time: an announced
// change counts from its time on, whether or not a block wrote it down.
func (p *modelProver) rate(source string, now time.Time) uint32 {
	r, own := p.rates[source]
	if !own {
		return p.rate("", now)
	}
	switch {
	case r.pending == nil || r.pending.EffectiveAt.After(now):
		return r.bps
	case r.pending.Inherit:
		return p.rate("", now)
	}
	return r.pending.Bps
}

// leftNone: a prover that keeps none of its own shares is deactivated.
func (o *model) leftNone(v *modelVault) {
	p := o.prover(v.prover)
	if orZero(v.shares[v.prover]).Sign() == 0 && v.generation == p.generation && !p.retired {
		p.selfStake = true
	}
}

// forget: losses count anew.
func (p *modelProver) forget() { p.losses, p.epoch, p.breaker = math.ZeroInt(), 0, false }

// applyState does what an event says of provers.
func (o *model) applyState(t *rapid.T, event any) {
	switch e := event.(type) {
	case *types.EventRegistered:
		o.register(t, e)
	case *types.EventUnstakeRequested:
		if e.Staker == e.Prover {
			o.leftNone(o.vault(e.Prover, e.Generation))
		}
	case *types.EventSharesTransferred:
		o.leftNone(o.vault(e.Prover, e.Generation))
	case *types.EventSlashed:
		o.punish(t, e)
	case *types.EventAssignmentOpened:
		p := o.prover(e.Prover)
		require.Equal(t, types.PROVER_STATE_ACTIVE, p.state(), "law S1: only who is active works")
		p.work[e.Number] = modelWork{e.Stake, e.Penalty}
		_, exposure := p.load()
		require.True(t, exposure.LTE(o.vault(e.Prover, p.generation).assets), "invariant 4")
		require.True(t, p.maxExposure.IsZero() || exposure.LTE(p.maxExposure), "law S8")
	case *types.EventAssignmentClosed:
		p := o.prover(e.Prover)
		require.Contains(t, p.work, e.Number, "law M12: closed once")
		delete(p.work, e.Number)
		p.retired = p.retired || (p.closed && len(p.work) == 0)
	case *types.EventCommissionChanged:
		p := o.prover(e.Prover)
		p.rates[e.Source] = modelRate{e.Bps, e.Pending}
		if e.Inherited {
			delete(p.rates, e.Source)
		}
	case *types.EventBreakerSet:
		p := o.prover(e.Prover)
		p.maxExposure, p.maxLoss = e.MaxExposure, e.LossLimit
	case *types.EventProfileSet:
		o.prover(e.Prover).profile = e.Profile
	case *types.EventAllowListUpdated:
		for _, addr := range e.Added {
			o.allowed[addr] = true
		}
		for _, addr := range e.Removed {
			delete(o.allowed, addr)
		}
	case *types.EventParamsUpdated:
		o.terms = e.Params
	}
}

func (o *model) register(t *rapid.T, e *types.EventRegistered) {
	p := o.prover(e.Prover)
	require.True(t, p.candidate(), "law S1: %s may not register", e.Prover)
	require.True(t, !o.terms.AllowList || o.allowed[e.Prover], "law S9: %s is not on the list", e.Prover)
	require.True(t, e.SelfStake.GTE(o.terms.MinSelfStake))
	if !p.registered() {
		p.maxExposure, p.maxLoss = math.ZeroInt(), math.ZeroInt()
	}
	p.generation++
	require.Equal(t, p.generation, e.Generation)
	p.retired, p.closed, p.selfStake, p.own = false, false, false, false
	p.forget()
	p.rates = map[string]modelRate{"": {bps: e.CommissionBps}}
	require.Equal(t, p.state(), e.State)
}

// punish is a slash: a fault if it is the authority's, a loss (law S8), and the end
// of a vault that holds nothing any more.
func (o *model) punish(t *rapid.T, e *types.EventSlashed) {
	p := o.prover(e.Prover)
	require.Equal(t, p.generation, e.Generation)
	if e.Reason != marketReason {
		p.faults++
	}
	p.slashed = p.slashed || !p.retired
	taken := e.FromVault.Add(e.FromPool)
	if epoch := o.now.UnixNano() / int64(o.terms.EpochLength); taken.IsPositive() && epoch != p.epoch {
		p.losses, p.epoch = math.ZeroInt(), epoch
	}
	p.losses = p.losses.Add(taken)
	if taken.IsPositive() && p.maxLoss.IsPositive() && p.losses.GT(p.maxLoss) && !p.retired {
		p.breaker = true
	}
	p.closed = p.closed || e.Closed
	p.retired = p.retired || (p.closed && len(p.work) == 0)
}

// compareProver holds a prover's record to the model.
func (m *machine) compareProver(t *rapid.T, name string, p *modelProver) {
	addr := m.addrs[name]
	r, err := m.k.RecordOf(m.ctx, addr)
	if !p.registered() {
		require.ErrorIs(t, err, types.ErrProverNotFound)
		return
	}
	require.NoError(t, err)
	if p.slashed {
		p.slashed = false
		p.selfStake = p.selfStake || m.ownStake(t, addr, p).LT(m.model.terms.MinSelfStake)
	}
	stake, exposure := p.load()
	require.Equal(t, p.state(), r.State(), "law S1: %s", name)
	require.Equal(t, p.causes(), slices.Clone(r.Causes), "law S1: %s", name)
	require.Equal(t, []uint64{p.generation, p.faults, uint64(len(p.work))}, []uint64{r.Generation, r.Faults, r.Load.OpenAssignments})
	require.Equal(t, []bool{p.jailed, p.retired}, []bool{r.Jailed, r.Retired})
	require.True(t, stake.Equal(r.Load.AssignedStake) && exposure.Equal(r.Load.Exposure), "invariant 4")
	require.True(t, p.maxExposure.Equal(r.Breaker.MaxExposure) && p.maxLoss.Equal(r.Breaker.LossLimit), "law S8")
	require.Equal(t, p.losses.String(), r.Breaker.Losses.String(), "law S8")
}

// ownStake is the value of the prover's own shares of its current vault.
func (m *machine) ownStake(t *rapid.T, addr []byte, p *modelProver) math.Int {
	v, err := m.k.VaultOf(m.ctx, addr, p.generation)
	require.NoError(t, err)
	value, err := v.Figures().Value(m.holding(v.Denom(), addr))
	require.NoError(t, err)
	return value
}
