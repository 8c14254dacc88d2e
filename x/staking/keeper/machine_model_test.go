package keeper_test

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// model is a second opinion: what everybody's holdings are worth in rational
// numbers, without any price, share arithmetic or rounding of the module's, and
// what each prover may do. It follows the events, as an indexer does, and holds
// them to the bank's balances. The module may differ from it by dust only: what
// roundings took from somebody who moved and left to those who stayed.
type model struct {
	now     time.Time
	events  *sdk.EventManager
	seen    int // of events
	cash    map[string]int64
	vaults  map[string]*modelVault // by denom
	order   []*modelVault
	provers map[string]*modelProver
	allowed map[string]bool
	terms   types.Params
	// Of the step: what may have changed, who moved, commission that unvested
	// rewards became by prover, and whether values moved for another reason than
	// somebody's own message.
	touched  map[*modelVault]bool
	changed  map[*modelProver]bool
	movers   map[string]int64
	released map[string]*big.Rat
	loud     bool
	// cashed is the cash after the last step.
	cashed map[string]int64
}

// newModel starts before any message, with what the accounts own.
func newModel(t require.TestingT, m *machine) *model {
	o := &model{
		now: m.ctx.BlockTime(), events: m.ctx.EventManager(), cash: map[string]int64{}, vaults: map[string]*modelVault{},
		provers: map[string]*modelProver{}, allowed: map[string]bool{}, cashed: map[string]int64{},
	}
	for _, a := range m.accs {
		o.cash[m.name(a)], o.cashed[m.name(a)] = machineCoins, machineCoins
	}
	o.done()
	var err error
	o.terms, err = m.k.Params(m.ctx)
	require.NoError(t, err)
	return o
}

// done ends a step.
func (o *model) done() {
	o.touched, o.changed, o.movers = map[*modelVault]bool{}, map[*modelProver]bool{}, map[string]int64{}
	o.released, o.loud = map[string]*big.Rat{}, false
	for name, cash := range o.cash {
		o.cashed[name] = cash
	}
}

// vault returns a vault that something is about to happen to.
func (o *model) vault(prover string, generation uint64) *modelVault {
	denom := types.ShareDenom(prover, generation)
	v, known := o.vaults[denom]
	if !known {
		v = newModelVault(prover, generation)
		o.vaults[denom], o.order = v, append(o.order, v)
	}
	o.touched[v] = true
	return v
}

// prover returns a prover that something is about to happen to.
func (o *model) prover(name string) *modelProver {
	p, known := o.provers[name]
	if !known {
		p = &modelProver{work: map[uint64]modelWork{}, rates: map[string]modelRate{}}
		o.provers[name] = p
	}
	o.changed[p] = true
	return p
}

// step brings the model past a step: first what happened, then the time that
// passed.
func (o *model) step(t *rapid.T, m *machine) {
	o.follow(t)
	if now := m.ctx.EventManager(); now != o.events {
		o.events, o.seen = now, 0
		o.follow(t)
	}
	if m.ctx.BlockTime().Equal(o.now) {
		return
	}
	o.now, o.loud = m.ctx.BlockTime(), true
	for _, v := range o.order {
		if v.amount.Sign() != 0 {
			v.vest(o.now)
			o.touched[v] = true
		}
	}
}

func (o *model) follow(t *rapid.T) {
	events := o.events.Events()
	for _, raw := range events[o.seen:] {
		if !strings.HasPrefix(raw.Type, "proofmarket.provers.") {
			continue
		}
		event, err := sdk.ParseTypedEvent(sdk.Events{raw}.ToABCIEvents()[0])
		require.NoError(t, err)
		o.apply(t, event)
		o.applyState(t, event)
	}
	o.seen = len(events)
}

// apply does what an event says of money. Each rounds a few figures of one vault
// by less than one uproof each.
func (o *model) apply(t *rapid.T, event any) {
	switch e := event.(type) {
	case *types.EventRegistered:
		o.stake(e.Prover, e.Generation, e.Prover, e.SelfStake, e.SelfStake)
	case *types.EventStaked:
		o.stake(e.Prover, e.Generation, e.Staker, e.Taken, e.Shares)
	case *types.EventUnstakeRequested:
		o.unstake(t, e)
	case *types.EventSharesTransferred:
		o.transfer(o.vault(e.Prover, e.Generation), e.Prover, e.Recipient, e.Shares)
	case *types.EventUnstakeCancelled:
		o.cancel(t, e)
	case *types.EventUnstakeCompleted:
		o.complete(t, e)
	case *types.EventCommissionClaimed:
		v := o.vault(e.Prover, e.Generation)
		v.near(t, "claims", v.commission, ratOf(e.Paid))
		v.commission = rat(0)
		v.dusty()
		v.out = v.out.Add(e.Paid)
		o.cash[e.Prover] += e.Paid.Int64()
	case *types.EventRewardsAdded:
		o.reward(t, e)
	case *types.EventSlashed:
		o.loud = true
		o.vault(e.Prover, e.Generation).slash(t, e)
	case *types.EventVaultEnded:
		v := o.vault(e.Prover, e.Generation)
		require.Equal(t, v.donated.String(), e.Surplus.String(), "what was sent there by hand, no more and no less, goes")
		v.donated, v.ended = math.ZeroInt(), true
	case *types.EventIncentivesFunded:
		o.pays(e.Funder, e.Amount)
	}
}

// pays is somebody's gift to whoever is not one of the accounts.
func (o *model) pays(from string, amount math.Int) {
	o.cash[from] -= amount.Int64()
	o.loud = true
}

func (o *model) stake(prover string, generation uint64, staker string, taken, shares math.Int) {
	v := o.vault(prover, generation)
	v.holders[staker] = plus(orZero(v.holders[staker]), ratOf(taken))
	v.shares[staker] = plus(orZero(v.shares[staker]), ratOf(shares))
	v.in = v.in.Add(taken)
	v.dusty()
	o.cash[staker] -= taken.Int64()
	o.movers[staker]++
}

// unstake is a request (law S4). The prover's work that is open holds it back.
func (o *model) unstake(t *rapid.T, e *types.EventUnstakeRequested) {
	v := o.vault(e.Prover, e.Generation)
	require.Less(t, o.openEntries(e.Prover, e.Staker), int(o.terms.MaxUnstakes), "max_unstakes")
	require.Equal(t, o.now.Add(o.terms.UnstakeDelay).UnixNano(), e.ReadyAt.UnixNano())
	v.entries[e.Id] = &modelEntry{
		staker: e.Staker, worth: v.leave(e.Staker, ratOf(e.Shares)), ready: e.ReadyAt, bound: o.prover(e.Prover).open(),
	}
	require.True(t, e.Value.GTE(o.terms.MinUnstake) || v.shares[e.Staker].Sign() == 0, "min_unstake")
	o.movers[e.Staker]++
	if total(v.shares).Sign() == 0 {
		o.released[e.Prover] = plus(orZero(o.released[e.Prover]), ratOf(e.Released))
		v.release()
	}
	v.dusty()
}

// openEntries counts a staker's entries with a prover.
func (o *model) openEntries(prover, staker string) (n int) {
	for _, v := range o.order {
		if v.prover != prover {
			continue
		}
		for _, u := range v.entries {
			if u.staker == staker {
				n++
			}
		}
	}
	return n
}

// complete is a payment: not before its time, and not before the work ended that
// was open when it was requested (law S5).
func (o *model) complete(t *rapid.T, e *types.EventUnstakeCompleted) {
	v := o.vault(e.Prover, e.Generation)
	v.dusty()
	u := v.entries[e.Id]
	require.NotNil(t, u, "paid twice")
	require.Equal(t, u.staker, e.Staker)
	require.False(t, o.now.Before(u.ready), "law S4: paid before its time")
	for _, number := range u.bound {
		require.NotContains(t, o.prover(e.Prover).work, number, "law S5: paid before its obligations ended")
	}
	v.near(t, "pays", u.worth, ratOf(e.Paid))
	delete(v.entries, e.Id)
	v.out = v.out.Add(e.Paid)
	o.cash[e.Staker] += e.Paid.Int64()
	o.movers[e.Staker]++
}

// transfer hands shares on; a bank send has no event of the module's.
func (o *model) transfer(v *modelVault, from, to string, shares math.Int) {
	o.touched[v] = true
	worth := v.leave(from, ratOf(shares))
	v.holders[to] = plus(orZero(v.holders[to]), worth)
	v.shares[to] = plus(orZero(v.shares[to]), ratOf(shares))
	o.loud = true // wealth changes hands
}

// cancel turns entries to shares, but for the part of them that was kept, which
// is held to the obligations of all.
func (o *model) cancel(t *rapid.T, e *types.EventUnstakeCancelled) {
	v := o.vault(e.Prover, e.Generation)
	kept := &modelEntry{staker: e.Staker}
	offered := rat(0)
	for _, id := range e.Ids {
		u := v.entries[id]
		require.NotNil(t, u)
		require.Equal(t, u.staker, e.Staker)
		offered.Add(offered, u.worth)
		kept.bound = append(kept.bound, u.bound...)
		if u.ready.After(kept.ready) {
			kept.ready = u.ready
		}
		delete(v.entries, id)
	}
	kept.worth = times(offered, over(ratOf(e.Kept), ratOf(e.Kept.Add(e.PoolShares))))
	if e.Kept.IsPositive() {
		v.entries[slices.Max(e.Ids)] = kept
	}
	v.holders[e.Staker] = plus(orZero(v.holders[e.Staker]), minus(offered, kept.worth))
	v.shares[e.Staker] = plus(orZero(v.shares[e.Staker]), ratOf(e.Shares))
	v.dusty()
	o.movers[e.Staker]++
}

// reward splits by the rate that was announced (law S6).
func (o *model) reward(t *rapid.T, e *types.EventRewardsAdded) {
	o.loud = true
	v := o.vault(e.Prover, e.Generation)
	v.rewards, v.ended = v.rewards.Add(e.Amount), false
	if _, known := o.cash[e.From]; known {
		o.cash[e.From] -= e.Amount.Int64()
	}
	rate := uint32(0) // a generation that is over has none
	if p := o.prover(e.Prover); p.generation == e.Generation {
		rate = p.rate(e.Source, o.now)
	}
	commission := e.Amount.MulRaw(int64(rate)).QuoRaw(10_000)
	if v.assets.LT(o.terms.MinSelfStake) {
		commission = e.Amount
	}
	require.Equal(t, commission.String(), e.Commission.String(), "law S6: commission on %s from %q", e.Amount, e.Source)
	v.commission = plus(v.commission, ratOf(commission))
	v.dusty()
	shared := ratOf(e.Amount.Sub(commission))
	if shared.Sign() == 0 {
		return
	}
	if o.terms.RewardPeriod == 0 {
		v.spread(shared)
		return
	}
	left, unvested := rat(0), minus(v.amount, v.vested)
	if unvested.Sign() > 0 {
		left = rat(int64(max(v.end.Sub(o.now), 0)))
	}
	period := rat(int64(o.terms.RewardPeriod))
	all := plus(unvested, shared)
	mean := over(plus(times(unvested, left), times(shared, period)), all)
	// What dust in the unvested part makes of the mean; the event has the rest.
	slack := plus(rat(2), over(times(v.dust, plus(left, period)), all))
	off := minus(rat(int64(e.VestsAt.Sub(o.now))), mean)
	require.LessOrEqual(t, off.Abs(off).Cmp(slack), 0, "law S6: vests at %s, the mean is %s later than %s",
		e.VestsAt, mean.FloatString(3), o.now)
	v.amount, v.vested, v.start, v.end = all, rat(0), o.now, e.VestsAt
}
