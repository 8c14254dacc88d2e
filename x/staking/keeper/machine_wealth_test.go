package keeper_test

import (
	"encoding/binary"
	"maps"
	"math/big"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// notice reads what the last step wrote: balances as bank holds them, and which
// vaults and provers are to be compared with the model. What nobody wrote and no
// time touched is what it was when it was compared last.
func (m *machine) notice(t *rapid.T) {
	for _, key := range m.bank.written {
		if key[0] != banktypes.BalancesPrefix[0] {
			continue
		}
		size := int(key[1])
		holder, denom := key[2:2+size], key[2+size:]
		if m.held[denom] == nil {
			m.held[denom] = map[string]math.Int{}
		}
		held := m.bk.GetBalance(m.ctx, sdk.AccAddress(holder), denom).Amount
		m.held[denom][holder] = held
		if types.IsShareDenom(denom) {
			v, known := m.model.vaults[denom]
			require.True(t, known, "the events tell of %s", denom)
			m.model.touched[v] = true
		} else if v, of := m.accounts[holder]; of {
			m.model.touched[v] = true
		}
	}
	for _, key := range m.store.written {
		switch key[0] {
		case types.ProversPrefix[0]:
			m.model.prover(m.name([]byte(key[1:])))
		case types.VaultsPrefix[0], types.UnstakesPrefix[0]:
			size := int(key[1])
			m.model.vault(m.name([]byte(key[2:2+size])), binary.BigEndian.Uint64([]byte(key[2+size:])))
		}
	}
	m.bank.written, m.store.written = m.bank.written[:0], m.store.written[:0]
}

// holding is what somebody holds of a denom.
func (m *machine) holding(denom string, holder []byte) math.Int {
	if held, known := m.held[denom][string(holder)]; known {
		return held
	}
	return math.ZeroInt()
}

// compare holds the state after a step to the model: each account's coins
// exactly, each figure of each vault but for dust, and what all can take out of a
// vault against what went in. Then it asks whether anybody gained by moving.
func (m *machine) compare(t *rapid.T) {
	m.model.step(t, m)
	m.notice(t)
	gains := map[string]*big.Rat{}
	for _, a := range m.accs {
		name, held := m.name(a), m.holding(chain.Denom, a)
		if m.model.cash[name] != held.Int64() {
			require.Equal(t, m.model.cash[name], held.Int64(), "the events tell what %s paid and got", name)
		}
		if m.model.cashed[name] != held.Int64() {
			gains[name] = rat(held.Int64() - m.model.cashed[name])
		}
	}
	for _, v := range m.model.order {
		if m.model.touched[v] {
			m.compareVault(t, v, gains)
		}
	}
	for _, a := range m.accs {
		if p, known := m.model.provers[m.name(a)]; known && m.model.changed[p] {
			m.compareProver(t, m.name(a), p)
		}
	}
	m.requireNoGain(t, gains)
	m.model.done()
}

// compareVault compares a vault and adds what the accounts won in it, exactly, to
// their gains.
func (m *machine) compareVault(t *rapid.T, w *modelVault, gains map[string]*big.Rat) {
	prover := m.addrs[w.prover]
	v, err := m.k.VaultOf(m.ctx, prover, w.generation)
	require.NoError(t, err)
	account := types.VaultAddress(prover, w.generation)
	m.accounts[string(account)] = w
	require.Equal(t, keeper.Owed(v).Add(w.donated).String(), m.holding(chain.Denom, account).String(), "invariant 2, vault %s", w.denom())
	require.Equal(t, []bool{w.closed, w.ended}, []bool{v.Closed, v.Ended}, "vault %s", w.denom())
	w.assets = v.Assets
	worth, all := map[string]*big.Rat{w.prover: ratOf(v.Commission)}, v.Commission

	holders, supply := map[string]*big.Rat{}, math.ZeroInt()
	held := m.held[w.denom()]
	for _, addr := range slices.Sorted(maps.Keys(held)) {
		name, shares := m.name([]byte(addr)), held[addr]
		if ratOf(shares).Cmp(orZero(w.shares[name])) != 0 {
			require.FailNow(t, "the events tell what shares there are", "%s has %s of %s, not %s", name, shares, w.denom(), w.shares[name])
		}
		supply = supply.Add(shares)
		holders[name] = over(times(ratOf(shares), ratOf(v.Assets)), ratOf(v.Shares))
		w.near(t, "shares of "+name, orZero(w.holders[name]), holders[name])
		value, err := v.Figures().Value(shares)
		if err != nil {
			require.NoError(t, err)
		}
		all, worth[name] = all.Add(value), plus(orZero(worth[name]), holders[name])
	}
	require.Equal(t, v.Shares.String(), supply.String(), "invariant 3, vault %s", w.denom())
	entries, paid := m.compareEntries(t, w, v, worth)
	w.near(t, "commission", w.commission, ratOf(v.Commission))
	w.near(t, "unvested", minus(w.amount, w.vested), ratOf(v.Figures().Unvested()))

	require.True(t, w.out.Add(all).Add(paid).LTE(w.in.Add(w.rewards).Sub(w.slashes)),
		"law S2, vault %s: %s came out and %s + %s can, %s went in, %s of rewards, %s were slashed",
		w.denom(), w.out, all, paid, w.in, w.rewards, w.slashes)
	for name, now := range worth {
		gains[name] = plus(orZero(gains[name]), minus(now, orZero(w.worth[name])))
		delete(w.worth, name)
	}
	for name, before := range w.worth {
		gains[name] = minus(orZero(gains[name]), before)
	}
	w.worth = worth
	w.tidy(holders, entries, v)
}

// compareEntries compares the unstakings of a vault. It returns what each is
// worth, and what all of them together could be paid.
func (m *machine) compareEntries(
	t *rapid.T, w *modelVault, v types.Vault, worth map[string]*big.Rat,
) (entries map[uint64]*big.Rat, paid math.Int) {
	unstakes, err := m.k.UnstakesOf(m.ctx, m.addrs[w.prover], w.generation)
	require.NoError(t, err)
	entries, paid = map[uint64]*big.Rat{}, math.ZeroInt()
	for _, u := range unstakes {
		if v.Void(u.Id) {
			continue
		}
		e := w.entries[u.Id]
		require.NotNil(t, e, "the events tell of entry %d", u.Id)
		require.Equal(t, e.staker, u.Staker)
		require.True(t, e.ready.Equal(u.ReadyAt), "law S4: ready_at of entry %d", u.Id)
		entries[u.Id] = over(times(ratOf(u.PoolShares), ratOf(v.PoolAssets)), ratOf(v.PoolShares))
		w.near(t, "an entry of "+u.Staker, e.worth, entries[u.Id])
		value, err := v.Figures().PoolValue(u.PoolShares)
		require.NoError(t, err)
		paid, worth[u.Staker] = paid.Add(value), plus(orZero(worth[u.Staker]), entries[u.Id])
	}
	require.Len(t, w.entries, len(entries), "the events tell of each entry that went")
	return entries, paid
}

// requireNoGain: by a step in which neither time passed nor a reward or a slash
// came, nobody who moved got richer, not by the smallest fraction, but for
// rewards that its prover gets since nobody is left to whom they could vest; and
// nobody else got poorer. Roundings favour those who stay (law S2). Where many
// move at once, as at the end of a block, those who went first leave less than one
// uproof each to the others, and all of them together win nothing.
func (m *machine) requireNoGain(t *rapid.T, gains map[string]*big.Rat) {
	if m.model.loud {
		return
	}
	moved, won := int64(0), rat(0)
	for _, times := range m.model.movers {
		moved += times
	}
	for _, name := range slices.Sorted(maps.Keys(gains)) {
		gain := minus(gains[name], orZero(m.model.released[name]))
		if m.model.movers[name] > 0 {
			won.Add(won, gain)
			if gain.Cmp(rat(moved-1)) > 0 {
				require.FailNow(t, "who moved won", "%s: %s", name, gain.FloatString(9))
			}
		} else if gain.Sign() < 0 {
			require.FailNow(t, "who stayed lost", "%s: %s", name, gain.FloatString(9))
		}
	}
	if won.Sign() > 0 {
		require.FailNow(t, "all who moved won", won.FloatString(9))
	}
}
