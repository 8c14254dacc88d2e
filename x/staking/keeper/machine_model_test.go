package keeper_test

import (
	"math/big"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// model is a second opinion on money: what everybody's holdings are worth in
// rational numbers, without any price, share arithmetic or rounding of the
// module's. It follows the events, as an indexer does, and holds them to the
// bank's balances. The module may differ from it by dust only: what roundings
// took from somebody who moved and left to those who stayed.
type model struct {
	now    time.Time
	events *sdk.EventManager
	seen   int // of events
	cash   map[string]int64
	vaults []*modelVault
	terms  types.Params
	// Of the step: who moved, commission that unvested rewards became by prover,
	// and whether values moved for another reason than somebody's own message.
	movers   map[string]bool
	released map[string]*big.Rat
	loud     bool
	// before is each account's exact wealth after the last step.
	before map[string]*big.Rat
}

// modelVault is one generation of a prover's vault.
type modelVault struct {
	prover     string
	generation uint64
	shares     map[string]*big.Rat // as counted from events
	holders    map[string]*big.Rat // what their shares are worth
	entries    map[uint64]*modelEntry
	// The stream: vested is the part of amount that the holders have.
	amount, vested *big.Rat
	start, end     time.Time
	commission     *big.Rat
	// dust bounds how far any one figure may be from the module's.
	dust *big.Rat
	// assets is the module's own figure after the last step.
	assets math.Int
	// In whole uproof: paid in, paid out, rewards, slashes.
	in, out, rewards, slashes math.Int
}

type modelEntry struct {
	staker string
	worth  *big.Rat
}

func rat(n int64) *big.Rat { return big.NewRat(n, 1) }

func ratOf(n math.Int) *big.Rat { return new(big.Rat).SetInt(n.BigInt()) }

func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// over is 0 for 0/0: nobody's part of nothing.
func over(a, b *big.Rat) *big.Rat {
	if b.Sign() == 0 {
		return rat(0)
	}
	return new(big.Rat).Quo(a, b)
}

func total(of map[string]*big.Rat) *big.Rat {
	sum := rat(0)
	for _, r := range of {
		sum.Add(sum, r)
	}
	return sum
}

func orZero(r *big.Rat) *big.Rat {
	if r == nil {
		return rat(0)
	}
	return r
}

// done ends a step.
func (o *model) done(wealth map[string]*big.Rat) {
	o.before, o.movers, o.released, o.loud = wealth, map[string]bool{}, map[string]*big.Rat{}, false
}

// newModel starts before any message, with what the accounts own.
func newModel(t require.TestingT, m *machine) *model {
	o := &model{now: m.ctx.BlockTime(), events: m.ctx.EventManager(), seen: len(m.ctx.EventManager().Events()), cash: map[string]int64{}}
	for _, a := range m.accs {
		o.cash[a.String()] = m.balance(a)
	}
	o.done(nil)
	var err error
	o.terms, err = m.k.Params(m.ctx)
	require.NoError(t, err)
	return o
}

func (o *model) vault(prover string, generation uint64) *modelVault {
	for _, v := range o.vaults {
		if v.prover == prover && v.generation == generation {
			return v
		}
	}
	v := &modelVault{
		prover: prover, generation: generation, shares: map[string]*big.Rat{}, holders: map[string]*big.Rat{},
		entries: map[uint64]*modelEntry{}, amount: rat(0), vested: rat(0), commission: rat(0), dust: rat(0), assets: math.ZeroInt(),
		in: math.ZeroInt(), out: math.ZeroInt(), rewards: math.ZeroInt(), slashes: math.ZeroInt(),
	}
	o.vaults = append(o.vaults, v)
	return v
}

// step brings the model past a step: first what happened, then the time that a
// block took.
func (o *model) step(t *rapid.T, m *machine) {
	o.follow(t, m)
	if now := m.ctx.EventManager(); now != o.events {
		o.events, o.seen, o.loud = now, 0, true
		o.follow(t, m)
	}
	o.now = m.ctx.BlockTime()
	for _, v := range o.vaults {
		v.vest(o.now)
	}
}

func (o *model) follow(t *rapid.T, m *machine) {
	events := o.events.ABCIEvents()
	for _, raw := range events[o.seen:] {
		if !strings.HasPrefix(raw.Type, "proofmarket.provers.") {
			continue
		}
		event, err := sdk.ParseTypedEvent(raw)
		require.NoError(t, err)
		o.apply(t, m, event)
	}
	o.seen = len(events)
}

// apply does what an event says. Each rounds a few figures of one vault by less
// than one uproof each.
func (o *model) apply(t *rapid.T, m *machine, event any) {
	switch e := event.(type) {
	case *types.EventRegistered:
		o.stake(e.Prover, e.Generation, e.Prover, e.SelfStake, e.SelfStake)
	case *types.EventStaked:
		o.stake(e.Prover, e.Generation, e.Staker, e.Taken, e.Shares)
	case *types.EventUnstakeRequested:
		v := o.vault(e.Prover, e.Generation)
		v.entries[e.Id] = &modelEntry{e.Staker, v.leave(e.Staker, ratOf(e.Shares))}
		o.movers[e.Staker] = true
		if total(v.shares).Sign() == 0 {
			o.released[e.Prover] = plus(orZero(o.released[e.Prover]), ratOf(e.Released))
			v.release()
		}
		v.dusty()
	case *types.EventSharesTransferred:
		o.transfer(o.vault(e.Prover, e.Generation), e.Prover, e.Recipient, e.Shares)
	case *types.EventUnstakeCancelled:
		o.cancel(e)
	case *types.EventUnstakeCompleted:
		v := o.vault(e.Prover, e.Generation)
		v.dusty()
		require.NotNil(t, v.entries[e.Id], "paid twice")
		require.Equal(t, v.entries[e.Id].staker, e.Staker)
		v.near(t, "pays", v.entries[e.Id].worth, ratOf(e.Paid))
		delete(v.entries, e.Id)
		v.out = v.out.Add(e.Paid)
		o.cash[e.Staker] += e.Paid.Int64()
		o.movers[e.Staker] = true
	case *types.EventCommissionClaimed:
		v := o.vault(e.Prover, e.Generation)
		v.near(t, "claims", v.commission, ratOf(e.Paid))
		v.commission = rat(0)
		v.dusty()
		v.out = v.out.Add(e.Paid)
		o.cash[e.Prover] += e.Paid.Int64()
	case *types.EventRewardsAdded:
		o.reward(t, m, e)
	case *types.EventSlashed:
		o.loud = true
		o.vault(e.Prover, e.Generation).slash(t, e)
	case *types.EventIncentivesFunded:
		o.loud = true
		o.cash[e.Funder] -= e.Amount.Int64()
	}
}

func (o *model) stake(prover string, generation uint64, staker string, taken, shares math.Int) {
	v := o.vault(prover, generation)
	v.holders[staker] = plus(orZero(v.holders[staker]), ratOf(taken))
	v.shares[staker] = plus(orZero(v.shares[staker]), ratOf(shares))
	v.in = v.in.Add(taken)
	v.dusty()
	o.cash[staker] -= taken.Int64()
	o.movers[staker] = true
}

// transfer hands shares on; a bank send has no event of the module's.
func (o *model) transfer(v *modelVault, from, to string, shares math.Int) {
	worth := v.leave(from, ratOf(shares))
	v.holders[to] = plus(orZero(v.holders[to]), worth)
	v.shares[to] = plus(orZero(v.shares[to]), ratOf(shares))
	o.loud = true // wealth changes hands
}

// cancel turns entries to shares, but for the part of them that was kept.
func (o *model) cancel(e *types.EventUnstakeCancelled) {
	v := o.vault(e.Prover, e.Generation)
	offered := rat(0)
	for _, id := range e.Ids {
		offered.Add(offered, v.entries[id].worth)
		delete(v.entries, id)
	}
	kept := times(offered, over(ratOf(e.Kept), ratOf(e.Kept.Add(e.PoolShares))))
	if e.Kept.IsPositive() {
		v.entries[e.Ids[len(e.Ids)-1]] = &modelEntry{e.Staker, kept}
	}
	v.holders[e.Staker] = plus(orZero(v.holders[e.Staker]), minus(offered, kept))
	v.shares[e.Staker] = plus(orZero(v.shares[e.Staker]), ratOf(e.Shares))
	v.dusty()
	o.movers[e.Staker] = true
}

// reward splits by the rate that the queries announced.
func (o *model) reward(t *rapid.T, m *machine, e *types.EventRewardsAdded) {
	o.loud = true
	v, amount := o.vault(e.Prover, e.Generation), ratOf(e.Amount)
	v.rewards = v.rewards.Add(e.Amount)
	if _, known := o.cash[e.From]; known {
		o.cash[e.From] -= e.Amount.Int64()
	}
	defer v.dusty()
	if v.assets.LT(o.terms.MinSelfStake) {
		v.commission = plus(v.commission, amount)
		return
	}
	rates, err := m.query.Commission(m.ctx.WithBlockTime(o.now), &types.QueryCommissionRequest{Prover: e.Prover})
	require.NoError(t, err)
	commission := times(amount, big.NewRat(int64(look{rates: rates}.foretold(e.Source, o.now)), 10_000))
	v.commission = plus(v.commission, commission)
	shared := minus(amount, commission)
	if shared.Sign() == 0 {
		return
	}
	left, unvested := rat(0), minus(v.amount, v.vested)
	if unvested.Sign() > 0 {
		left = rat(int64(max(v.end.Sub(o.now), 0)))
	}
	all := plus(unvested, shared)
	mean := over(plus(times(unvested, left), times(shared, rat(int64(o.terms.RewardPeriod)))), all)
	length := new(big.Int).Quo(mean.Num(), mean.Denom()).Int64()
	v.amount, v.vested, v.start, v.end = all, rat(0), o.now, o.now.Add(time.Duration(length))
}

// leave takes shares from a holder and returns what they were worth.
func (v *modelVault) leave(holder string, shares *big.Rat) *big.Rat {
	worth := times(orZero(v.holders[holder]), over(shares, orZero(v.shares[holder])))
	v.holders[holder] = minus(orZero(v.holders[holder]), worth)
	v.shares[holder] = minus(orZero(v.shares[holder]), shares)
	return worth
}

// dusty counts the roundings of one event.
func (v *modelVault) dusty() { v.dust = plus(v.dust, rat(3)) }

// release gives to commission what has nobody to vest for.
func (v *modelVault) release() {
	v.commission = plus(v.commission, minus(v.amount, v.vested))
	v.amount, v.vested = rat(0), rat(0)
}

// vest moves rewards to the holders by their parts, linearly in time.
func (v *modelVault) vest(now time.Time) {
	if v.amount.Sign() == 0 {
		return
	}
	passed := rat(1)
	if now.Before(v.end) {
		passed = big.NewRat(int64(now.Sub(v.start)), int64(v.end.Sub(v.start)))
	}
	vested := times(v.amount, passed)
	growth := over(minus(vested, v.vested), total(v.holders))
	for a, h := range v.holders {
		v.holders[a] = plus(h, times(h, growth))
	}
	// Dust in somebody's holdings grows with them, and so does what dust made of
	// everybody's part of the whole.
	v.dust = plus(v.dust, plus(times(rat(2), times(v.dust, growth)), rat(1)))
	if v.vested = vested; !now.Before(v.end) {
		v.amount, v.vested = rat(0), rat(0)
	}
}

// slash takes the same part of everybody's holdings, staked and unstaking.
func (v *modelVault) slash(t *rapid.T, e *types.EventSlashed) {
	slashed := e.FromVault.Add(e.FromPool)
	v.slashes = v.slashes.Add(slashed)
	all := total(v.holders)
	for _, u := range v.entries {
		all.Add(all, u.worth)
	}
	left := minus(rat(1), over(ratOf(slashed), all))
	if left.Sign() < 0 {
		left = rat(0)
	}
	v.dusty()
	for a, h := range v.holders {
		v.holders[a] = times(h, left)
	}
	for id, u := range v.entries {
		u.worth = times(u.worth, left)
		if e.VoidBelow > 0 {
			v.near(t, "void entry", u.worth, rat(0))
			delete(v.entries, id)
		}
	}
	if e.Closed {
		for a, h := range v.holders {
			v.near(t, "void shares of "+a, h, rat(0))
		}
		v.holders = map[string]*big.Rat{}
		v.release()
	}
}

// near requires that the module's figure is the model's but for dust.
func (v *modelVault) near(t *rapid.T, what string, want, got *big.Rat) {
	diff := minus(got, want)
	if diff.Abs(diff).Cmp(v.dust) > 0 {
		require.FailNow(t, "far from the model", "vault %s/%d, %s: module %s, model %s, dust %s",
			v.prover, v.generation, what, got.FloatString(3), want.FloatString(3), v.dust.FloatString(3))
	}
}
