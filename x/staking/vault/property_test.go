package vault_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// amounts draws amounts of all sizes up to bits, small ones often.
func amounts(bits uint) *rapid.Generator[math.Int] {
	return rapid.Custom(func(t *rapid.T) math.Int {
		n := rapid.UintRange(0, bits).Draw(t, "bits")
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "raw")
		v := new(big.Int).SetBytes(raw)
		return math.NewIntFromBigInt(v.Mod(v, new(big.Int).Lsh(big.NewInt(1), n)))
	})
}

// wild draws anything a math.Int can be.
func wild() *rapid.Generator[math.Int] {
	return rapid.OneOf(amounts(256), rapid.Just(math.Int{}), rapid.Just(num(-1)), rapid.Just(num(0)), amounts(12))
}

// player is what one account put in, got out and still holds.
type player struct {
	in, out, shares math.Int
	entries         []math.Int
}

// game is a vault with players and the coins that it must hold.
type game struct {
	v          vault.Vault
	coins      math.Int // in the vault's account
	commission math.Int
	treasury   math.Int
	now        time.Time
	players    [3]player
}

func newGame() *game {
	g := &game{v: vault.New(), coins: num(0), commission: num(0), treasury: num(0), now: genesis}
	for i := range g.players {
		g.players[i] = player{in: num(0), out: num(0), shares: num(0)}
	}
	return g
}

func (g *game) stake(t *rapid.T) {
	p := &g.players[rapid.IntRange(0, 2).Draw(t, "who")]
	plan, err := g.v.Stake(amounts(60).Draw(t, "amount"), num(0))
	if err != nil {
		return
	}
	requirePriceKept(t, g.v, plan.Vault)
	g.v, g.coins = plan.Vault, g.coins.Add(plan.Takes)
	p.in, p.shares = p.in.Add(plan.Takes), p.shares.Add(plan.Shares)
}

func (g *game) unstake(t *rapid.T) {
	p := &g.players[rapid.IntRange(0, 2).Draw(t, "who")]
	shares := p.shares
	if !rapid.Bool().Draw(t, "all") {
		shares = math.MinInt(shares, amounts(60).Draw(t, "shares"))
	}
	plan, err := g.v.Unstake(shares, num(0))
	if err != nil {
		return
	}
	requirePriceKept(t, g.v, plan.Vault)
	g.v, g.commission = plan.Vault, g.commission.Add(plan.Released)
	p.shares = p.shares.Sub(shares)
	p.entries = append(p.entries, plan.PoolShares)
}

func (g *game) complete(t *rapid.T) {
	p := &g.players[rapid.IntRange(0, 2).Draw(t, "who")]
	if len(p.entries) == 0 {
		return
	}
	plan, err := g.v.Complete(p.entries[0])
	require.NoError(t, err)
	requirePriceKept(t, g.v, plan.Vault)
	g.v, g.coins = plan.Vault, g.coins.Sub(plan.Pays)
	p.entries, p.out = p.entries[1:], p.out.Add(plan.Pays)
}

// cancel takes back all entries of a player; what makes no whole share stays as
// one of them.
func (g *game) cancel(t *rapid.T) {
	p := &g.players[rapid.IntRange(0, 2).Draw(t, "who")]
	if len(p.entries) == 0 {
		return
	}
	offered := num(0)
	for _, e := range p.entries {
		offered = offered.Add(e)
	}
	before := g.worth(t, *p)
	plan, err := g.v.Cancel(offered, num(0))
	if err != nil {
		return
	}
	requirePriceKept(t, g.v, plan.Vault)
	g.v = plan.Vault
	p.entries, p.shares = nil, p.shares.Add(plan.Shares)
	if plan.Kept.IsPositive() {
		p.entries = []math.Int{plan.Kept}
	}
	// That it gained nothing follows from the prices, which did not fall for the
	// others. It may have lost one uproof each to the price of its shares, to the
	// value of its entries and to the rest.
	lost := before.Sub(g.worth(t, *p))
	require.True(t, lost.LTE(num(3)), "lost %s", lost)
}

func (g *game) slash(t *rapid.T) {
	amount := amounts(61).Draw(t, "amount")
	slashable, err := g.v.Slashable()
	require.NoError(t, err)
	plan, err := g.v.Slash(amount)
	require.NoError(t, err)
	equal(t, math.MinInt(amount, slashable), plan.Slashed, "law S7: exact")
	equal(t, plan.Slashed, plan.FromVault.Add(plan.FromPool))
	g.v, g.coins = plan.Vault, g.coins.Sub(plan.Slashed)
	g.treasury, g.commission = g.treasury.Add(plan.Slashed), g.commission.Add(plan.Released)
	for i := range g.players {
		if plan.PoolWiped {
			g.players[i].entries = nil
		}
	}
}

func (g *game) reward(t *rapid.T) {
	amount := amounts(60).Draw(t, "amount")
	plan, err := g.v.Reward(amount, vault.RewardTerms{
		CommissionBps: rapid.Uint32Range(0, 10_000).Draw(t, "bps"), MinAssets: amounts(30).Draw(t, "min"),
		Period: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "period")),
	}, g.now)
	require.NoError(t, err)
	equal(t, amount, plan.Commission.Add(plan.Shared), "nothing lost, nothing made")
	g.v, g.coins, g.commission = plan.Vault, g.coins.Add(amount), g.commission.Add(plan.Commission)
}

func (g *game) wait(t *rapid.T) {
	g.now = g.now.Add(time.Duration(rapid.Int64Range(1, int64(12*time.Hour)).Draw(t, "time")))
	v, err := g.v.At(g.now)
	require.NoError(t, err)
	equal(t, g.v.Assets.Add(g.v.Unvested()), v.Assets.Add(v.Unvested()), "vesting only moves")
	require.True(t, v.Assets.GTE(g.v.Assets))
	g.v = v
}

func (g *game) check(t *rapid.T) {
	require.NoError(t, g.v.Check())
	held := g.v.Assets.Add(g.v.Unvested()).Add(g.v.PoolAssets).Add(g.commission)
	require.Equal(t, g.coins.String(), held.String(), "invariant 2")
	shares, pool := num(0), num(0)
	for _, p := range g.players {
		shares = shares.Add(p.shares)
		for _, e := range p.entries {
			pool = pool.Add(e)
		}
	}
	require.Equal(t, g.v.Shares.String(), shares.String(), "invariant 3")
	require.Equal(t, g.v.PoolShares.String(), pool.String(), "invariant 3")
}

// worth is what the players hold and got.
func (g *game) worth(t require.TestingT, p player) math.Int {
	value, err := g.v.Value(p.shares)
	require.NoError(t, err)
	for _, e := range p.entries {
		entry, err := g.v.PoolValue(e)
		require.NoError(t, err)
		value = value.Add(entry)
	}
	return value.Add(p.out)
}

// requirePriceKept: the price of a share and of a pool share never falls by
// somebody's staking, unstaking or completing.
func requirePriceKept(t require.TestingT, before, after vault.Vault) {
	for _, c := range [][4]math.Int{
		{before.Assets, before.Shares, after.Assets, after.Shares},
		{before.PoolAssets, before.PoolShares, after.PoolAssets, after.PoolShares},
	} {
		if c[1].IsZero() || c[3].IsZero() {
			continue
		}
		old := new(big.Int).Mul(c[0].BigInt(), c[3].BigInt())
		now := new(big.Int).Mul(c[2].BigInt(), c[1].BigInt())
		require.GreaterOrEqual(t, now.Cmp(old), 0, "price fell from %s/%s to %s/%s", c[0], c[1], c[2], c[3])
	}
}

// Law S2: no sequence takes out more than went in plus rewards; every coin is
// somebody's at every step (invariants 2 and 3).
func TestPropertyEveryCoinIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGame()
		t.Repeat(map[string]func(*rapid.T){
			"stake": g.stake, "unstake": g.unstake, "complete": g.complete, "cancel": g.cancel,
			"slash": g.slash, "reward": g.reward, "wait": g.wait, "": g.check,
		})
	})
}

// Law S2: while the others do nothing, no sequence of one player's stakes,
// unstakes, completions and cancellations makes it richer, and none of the others poorer.
func TestPropertyNobodyGainsByMovingAround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGame()
		for range rapid.IntRange(0, 8).Draw(t, "history") {
			rapid.SampledFrom([]func(*rapid.T){g.stake, g.unstake, g.complete, g.cancel, g.slash, g.reward, g.wait}).Draw(t, "step")(t)
		}
		if g.v.Closed() {
			return
		}
		// From here on nothing but player 0 moves; its entries from before count
		// as shares of the pool that somebody else owns.
		mover, others := player{in: num(0), out: num(0), shares: num(0)}, g.players
		var before [3]math.Int
		for i, p := range others {
			before[i] = g.worth(t, p)
		}
		g.players = [3]player{mover, mover, mover}
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			rapid.SampledFrom([]func(*rapid.T){g.stake, g.unstake, g.complete, g.cancel}).Draw(t, "move")(t)
		}
		in, worth := num(0), num(0)
		for _, p := range g.players {
			in, worth = in.Add(p.in), worth.Add(g.worth(t, p))
		}
		require.True(t, worth.LTE(in), "put in %s, has %s", in, worth)
		for i, p := range others {
			require.True(t, g.worth(t, p).GTE(before[i]), "a bystander lost")
		}
	})
}

// Reference defect 12: inflating the price of a share, here by a donation in the
// form of a reward without commission, must not let the first depositor take
// from the second. Whatever the price, the second loses at most one uproof.
func TestDefect12FirstDepositorInflationIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, err := vault.New().Stake(amounts(40).Draw(t, "first").AddRaw(1), num(0))
		require.NoError(t, err)
		donated, err := v.Vault.Reward(amounts(90).Draw(t, "donation"), vault.RewardTerms{MinAssets: num(1)}, genesis)
		require.NoError(t, err)
		in, err := donated.Vault.Stake(amounts(90).Draw(t, "second"), num(0))
		if err != nil {
			require.ErrorIs(t, err, vault.ErrTooSmall)
			return // nothing was taken
		}
		value, err := in.Vault.Value(in.Shares)
		require.NoError(t, err)
		require.True(t, in.Takes.Sub(value).LTE(num(1)), "paid %s, worth %s", in.Takes, value)
	})
}

// Law S6: what has vested depends on time alone.
func TestPropertyVestingIgnoresWhoLooked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.Int64Range(1, int64(72*time.Hour)).Draw(t, "period"))
		plan, err := of(5, 5, 0, 0).Reward(amounts(100).Draw(t, "amount"), vault.RewardTerms{MinAssets: num(1), Period: period}, genesis)
		require.NoError(t, err)
		often, now := plan.Vault, genesis
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(period)).Draw(t, "step")))
			often, err = often.At(now)
			require.NoError(t, err)
		}
		once, err := plan.Vault.At(now)
		require.NoError(t, err)
		equal(t, once.Assets, often.Assets)
		equal(t, once.Unvested(), often.Unvested())
		end, err := often.At(genesis.Add(period))
		require.NoError(t, err)
		require.True(t, end.Unvested().IsZero())
	})
}

// Every function answers, whatever it is asked, and never leaves a vault that
// it would not take back.
func TestPropertyTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := vault.Vault{
			Assets: wild().Draw(t, "assets"), Shares: wild().Draw(t, "shares"),
			PoolAssets: wild().Draw(t, "pool assets"), PoolShares: wild().Draw(t, "pool shares"),
			Stream: vault.NoStream(),
		}
		if rapid.Bool().Draw(t, "stream") {
			v.Stream.Amount, v.Stream.Vested = wild().Draw(t, "amount"), wild().Draw(t, "vested")
			v.Stream.Start = time.Unix(rapid.Int64().Draw(t, "start"), 0)
			v.Stream.End = time.Unix(rapid.Int64().Draw(t, "end"), 0)
		}
		a, b := wild().Draw(t, "a"), wild().Draw(t, "b")
		now := time.Unix(rapid.Int64().Draw(t, "now"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano"))
		accept := func(v vault.Vault, err error) {
			if err == nil {
				require.NoError(t, v.Check())
			}
		}
		at, err := v.At(now)
		accept(at, err)
		stake, err := v.Stake(a, b)
		accept(stake.Vault, err)
		unstake, err := v.Unstake(a, b)
		accept(unstake.Vault, err)
		complete, err := v.Complete(a)
		accept(complete.Vault, err)
		cancel, err := v.Cancel(a, b)
		accept(cancel.Vault, err)
		slash, err := v.Slash(a)
		accept(slash.Vault, err)
		reward, err := v.Reward(a, vault.RewardTerms{
			CommissionBps: rapid.Uint32().Draw(t, "bps"), MinAssets: b,
			Period: time.Duration(rapid.Int64().Draw(t, "period")),
		}, now)
		accept(reward.Vault, err)
		_, _ = v.Price()
		_, _ = v.Value(a)
		_, _ = v.PoolValue(a)
	})
}
