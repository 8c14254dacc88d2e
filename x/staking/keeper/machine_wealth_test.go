package keeper_test

import (
	"math/big"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// compare holds the state after a step to the model: each account's coins
// exactly, each figure of each vault but for dust, and what all can take out of a
// vault against what went in. Then it asks whether anybody gained by moving.
func (m *machine) compare(t *rapid.T, g *types.GenesisState) {
	m.model.step(t, m)
	wealth := map[string]*big.Rat{}
	for _, a := range m.accs {
		require.Equal(t, m.model.cash[a.String()], m.balance(a), "the events tell what %s paid and got", a)
		wealth[a.String()] = rat(m.balance(a))
	}
	unstakes := map[string][]types.Unstake{}
	for _, u := range g.Unstakes {
		denom := types.ShareDenom(u.Prover, u.Generation)
		unstakes[denom] = append(unstakes[denom], u)
	}
	require.Len(t, g.Vaults, len(m.model.vaults))
	for _, v := range g.Vaults {
		m.compareVault(t, v, unstakes[v.Denom()], wealth)
	}
	m.requireNoGain(t, wealth)
	m.model.done(wealth)
}

// compareVault adds what the accounts hold in a vault, exactly, to their wealth.
func (m *machine) compareVault(t *rapid.T, v types.Vault, unstakes []types.Unstake, wealth map[string]*big.Rat) {
	w := m.model.vault(v.Prover, v.Generation)
	now, err := v.Figures().At(m.model.now)
	require.NoError(t, err)
	w.assets = now.Assets
	all := v.Commission // what could be taken out, in whole uproof
	holders := map[string]*big.Rat{}
	for _, a := range m.accs {
		name, shares := a.String(), m.bk.GetBalance(m.ctx, a, v.Denom()).Amount
		require.Zero(t, ratOf(shares).Cmp(orZero(w.shares[name])), "the events tell what shares %s has", a)
		worth := over(times(ratOf(shares), ratOf(now.Assets)), ratOf(now.Shares))
		w.near(t, "shares of "+name, orZero(w.holders[name]), worth)
		value, err := now.Value(shares)
		require.NoError(t, err)
		all = all.Add(value)
		holders[name], wealth[name] = worth, plus(wealth[name], worth)
	}
	entries := map[uint64]*modelEntry{}
	for _, u := range unstakes {
		if v.Void(u.Id) {
			continue
		}
		require.NotNil(t, w.entries[u.Id], "the events tell of entry %d", u.Id)
		require.Equal(t, w.entries[u.Id].staker, u.Staker)
		worth := over(times(ratOf(u.PoolShares), ratOf(now.PoolAssets)), ratOf(now.PoolShares))
		w.near(t, "an entry of "+u.Staker, w.entries[u.Id].worth, worth)
		value, err := now.PoolValue(u.PoolShares)
		require.NoError(t, err)
		all = all.Add(value)
		entries[u.Id], wealth[u.Staker] = &modelEntry{u.Staker, worth}, plus(wealth[u.Staker], worth)
	}
	require.Len(t, w.entries, len(entries), "the events tell of each entry that went")
	w.near(t, "commission", w.commission, ratOf(v.Commission))
	w.near(t, "unvested", minus(w.amount, w.vested), ratOf(now.Unvested()))
	wealth[v.Prover] = plus(wealth[v.Prover], ratOf(v.Commission))

	require.True(t, w.out.Add(all).LTE(w.in.Add(w.rewards).Sub(w.slashes)),
		"vault %s: %s came out and %s can, %s went in, %s of rewards, %s were slashed", v.Denom(), w.out, all, w.in, w.rewards, w.slashes)
	w.tidy(holders, entries, v.Commission, now.Stream.Amount, now.Stream.Vested, v)
}

// tidy keeps the model's figures short, to 2^-64 uproof. Where a slash left so
// little that dust is a thousandth of it, parts of the whole mean nothing any
// more, while later rewards go by them: there the model starts again from the
// module's figures, which were just compared.
func (w *modelVault) tidy(
	holders map[string]*big.Rat, entries map[uint64]*modelEntry, commission, amount, vested math.Int, v types.Vault,
) {
	if left := total(holders); left.Sign() > 0 && times(w.dust, rat(1000)).Cmp(left) > 0 {
		w.holders, w.entries, w.dust = holders, entries, rat(1)
		w.commission, w.amount, w.vested = ratOf(commission), ratOf(amount), ratOf(vested)
		w.start, w.end = v.Stream.Start, v.Stream.End
		return
	}
	for _, r := range w.holders {
		shorten(r)
	}
	for _, e := range w.entries {
		shorten(e.worth)
	}
	for _, r := range []*big.Rat{w.amount, w.vested, w.commission, w.dust} {
		shorten(r)
	}
}

// shorten rounds down to 2^-64.
func shorten(r *big.Rat) {
	n := new(big.Int).Lsh(r.Num(), 64)
	r.SetFrac(n.Quo(n, r.Denom()), new(big.Int).Lsh(big.NewInt(1), 64))
}

// requireNoGain: by a step in which neither time passed nor a reward or a slash
// came, nobody who moved got richer, not by the smallest fraction, but for
// rewards that its prover gets since nobody is left to whom they could vest; and
// nobody else got poorer. Roundings favour those who stay (law S2).
func (m *machine) requireNoGain(t *rapid.T, wealth map[string]*big.Rat) {
	if m.model.loud || m.model.before == nil {
		return
	}
	for _, a := range m.accs {
		name := a.String()
		had := plus(m.model.before[name], orZero(m.model.released[name]))
		change := wealth[name].Cmp(had)
		if m.model.movers[name] {
			require.LessOrEqual(t, change, 0, "%s moved: had %s, has %s", name, had.FloatString(9), wealth[name].FloatString(9))
		} else {
			require.GreaterOrEqual(t, change, 0, "%s stayed: had %s, has %s", name, had.FloatString(9), wealth[name].FloatString(9))
		}
	}
}
