package vault_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/vault"
)

var genesis = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func num(n int64) math.Int { return math.NewInt(n) }

func pow2(bits uint) math.Int { return math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), bits)) }

// of returns a vault with these figures and no stream.
func of(assets, shares, poolAssets, poolShares int64) vault.Vault {
	v := vault.New()
	v.Assets, v.Shares = num(assets), num(shares)
	v.PoolAssets, v.PoolShares = num(poolAssets), num(poolShares)
	return v
}

// equal compares numbers, not how they are stored.
func equal(t require.TestingT, want, got math.Int, why ...any) {
	require.Equal(t, want.String(), got.String(), why...)
}

// requireVault compares the figures of v, not its stream.
func requireVault(t require.TestingT, want, v vault.Vault) {
	require.Equal(t, want.Assets.String(), v.Assets.String(), "assets")
	require.Equal(t, want.Shares.String(), v.Shares.String(), "shares")
	require.Equal(t, want.PoolAssets.String(), v.PoolAssets.String(), "pool assets")
	require.Equal(t, want.PoolShares.String(), v.PoolShares.String(), "pool shares")
}

// Law S2: floor on the shares, ceil on their price, one to one at the start.
func TestStake(t *testing.T) {
	huge := vault.New()
	huge.Assets, huge.Shares = num(1), vault.MaxShares()
	cases := []struct {
		name          string
		vault         vault.Vault
		amount        math.Int
		min           math.Int
		shares, takes int64
		want          vault.Vault
		err           error
	}{
		{name: "first", vault: of(0, 0, 0, 0), amount: num(7), shares: 7, takes: 7, want: of(7, 7, 0, 0)},
		{name: "even price", vault: of(10, 10, 3, 3), amount: num(5), shares: 5, takes: 5, want: of(15, 15, 3, 3)},
		{name: "dear shares leave the rest", vault: of(30, 10, 0, 0), amount: num(8), shares: 2, takes: 6, want: of(36, 12, 0, 0)},
		{name: "price rounded up", vault: of(10, 3, 0, 0), amount: num(4), shares: 1, takes: 4, want: of(14, 4, 0, 0)},
		{name: "cheap shares", vault: of(3, 10, 0, 0), amount: num(1), shares: 3, takes: 1, want: of(4, 13, 0, 0)},
		{name: "min met", vault: of(10, 10, 0, 0), amount: num(5), min: num(5), shares: 5, takes: 5, want: of(15, 15, 0, 0)},
		{name: "min missed", vault: of(10, 10, 0, 0), amount: num(5), min: num(6), err: vault.ErrMinOut},
		{name: "no share", vault: of(10, 3, 0, 0), amount: num(3), err: vault.ErrTooSmall},
		{name: "nothing", vault: of(10, 10, 0, 0), amount: num(0), err: vault.ErrTooSmall},
		{name: "negative", vault: of(10, 10, 0, 0), amount: num(-1), err: vault.ErrInvalid},
		{name: "nil", vault: of(10, 10, 0, 0), amount: math.Int{}, err: vault.ErrInvalid},
		{name: "closed", vault: of(0, 10, 0, 0), amount: num(5), err: vault.ErrClosed},
		{name: "assets without shares", vault: of(10, 0, 0, 0), amount: num(5), err: vault.ErrInvalid},
		{name: "one past the share limit", vault: huge, amount: num(1), err: vault.ErrOverflow},
		{name: "past the share limit at the start", vault: vault.New(), amount: vault.MaxShares().AddRaw(1), err: vault.ErrOverflow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.min.IsNil() {
				c.min = math.ZeroInt()
			}
			plan, err := c.vault.Stake(c.amount, c.min)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			equal(t, num(c.shares), plan.Shares)
			equal(t, num(c.takes), plan.Takes)
			requireVault(t, c.want, plan.Vault)
		})
	}
	plan, err := vault.New().Stake(vault.MaxShares(), math.ZeroInt())
	require.NoError(t, err, "exactly the share limit")
	equal(t, vault.MaxShares(), plan.Vault.Shares)
}

// Laws S2 and S4: both roundings against the leaver.
func TestUnstake(t *testing.T) {
	full := of(10, 10, 1, 1)
	full.PoolShares = vault.MaxPoolShares()
	cases := []struct {
		name       string
		vault      vault.Vault
		shares     math.Int
		min        int64
		value      int64
		poolShares int64
		want       vault.Vault
		err        error
	}{
		{name: "first into the pool", vault: of(10, 10, 0, 0), shares: num(4), value: 4, poolShares: 4, want: of(6, 6, 4, 4)},
		{name: "value rounded down", vault: of(10, 3, 0, 0), shares: num(2), value: 6, poolShares: 6, want: of(4, 1, 6, 6)},
		{name: "last takes all", vault: of(11, 3, 0, 0), shares: num(3), value: 11, poolShares: 11, want: of(0, 0, 11, 11)},
		{name: "slashed pool", vault: of(10, 10, 5, 10), shares: num(4), value: 4, poolShares: 8, want: of(6, 6, 9, 18)},
		{name: "dear pool", vault: of(10, 10, 3, 2), shares: num(4), value: 4, poolShares: 2, want: of(6, 6, 7, 4)},
		{name: "min met", vault: of(10, 10, 0, 0), shares: num(4), min: 4, value: 4, poolShares: 4, want: of(6, 6, 4, 4)},
		{name: "min missed", vault: of(10, 10, 0, 0), shares: num(4), min: 5, err: vault.ErrMinOut},
		{name: "worthless", vault: of(3, 10, 0, 0), shares: num(3), err: vault.ErrTooSmall},
		{name: "no pool share", vault: of(10, 10, 5, 2), shares: num(2), err: vault.ErrTooSmall},
		{name: "nothing", vault: of(10, 10, 0, 0), shares: num(0), err: vault.ErrTooSmall},
		{name: "more than there is", vault: of(10, 10, 0, 0), shares: num(11), err: vault.ErrTooMuch},
		{name: "negative", vault: of(10, 10, 0, 0), shares: num(-1), err: vault.ErrInvalid},
		{name: "closed", vault: of(0, 10, 0, 0), shares: num(5), err: vault.ErrClosed},
		{name: "past the pool limit", vault: full, shares: num(5), err: vault.ErrOverflow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := c.vault.Unstake(c.shares, num(c.min))
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			equal(t, num(c.value), plan.Value)
			equal(t, num(c.poolShares), plan.PoolShares)
			require.True(t, plan.Released.IsZero())
			requireVault(t, c.want, plan.Vault)
		})
	}
}

// Law S4: the last entry takes the residue; a closed vault still pays.
func TestComplete(t *testing.T) {
	cases := []struct {
		name   string
		vault  vault.Vault
		shares int64
		pays   int64
		want   vault.Vault
		err    error
	}{
		{name: "rounded down", vault: of(5, 5, 10, 3), shares: 1, pays: 3, want: of(5, 5, 7, 2)},
		{name: "last takes the residue", vault: of(5, 5, 7, 2), shares: 2, pays: 7, want: of(5, 5, 0, 0)},
		{name: "worth nothing after a slash", vault: of(5, 5, 1, 9), shares: 4, pays: 0, want: of(5, 5, 1, 5)},
		{name: "closed vault", vault: of(0, 5, 7, 7), shares: 7, pays: 7, want: of(0, 5, 0, 0)},
		{name: "more than there is", vault: of(5, 5, 7, 2), shares: 3, err: vault.ErrTooMuch},
		{name: "nothing", vault: of(5, 5, 7, 2), shares: 0, err: vault.ErrInvalid},
		{name: "negative", vault: of(5, 5, 7, 2), shares: -1, err: vault.ErrInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := c.vault.Complete(num(c.shares))
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			equal(t, num(c.pays), plan.Pays)
			requireVault(t, c.want, plan.Vault)
		})
	}
}

// Law S7: exact, whatever the proportions.
func TestSlash(t *testing.T) {
	cases := []struct {
		name                string
		vault               vault.Vault
		amount              int64
		fromVault, fromPool int64
		closed, wiped       bool
		want                vault.Vault
	}{
		{name: "no pool", vault: of(100, 50, 0, 0), amount: 30, fromVault: 30, want: of(70, 50, 0, 0)},
		{name: "shared", vault: of(70, 70, 30, 30), amount: 10, fromVault: 7, fromPool: 3, want: of(63, 70, 27, 30)},
		{name: "pool part rounded down", vault: of(70, 70, 30, 30), amount: 1, fromVault: 1, want: of(69, 70, 30, 30)},
		{name: "all", vault: of(70, 70, 30, 30), amount: 100, fromVault: 70, fromPool: 30, closed: true, wiped: true, want: of(0, 70, 0, 0)},
		{name: "more than all", vault: of(70, 70, 30, 30), amount: 101, fromVault: 70, fromPool: 30, closed: true, wiped: true, want: of(0, 70, 0, 0)},
		{name: "one less than all", vault: of(70, 70, 30, 30), amount: 99, fromVault: 70, fromPool: 29, closed: true, want: of(0, 70, 1, 30)},
		{name: "vault of one", vault: of(1, 9, 100, 100), amount: 50, fromVault: 1, fromPool: 49, closed: true, want: of(0, 9, 51, 100)},
		{name: "pool only", vault: of(0, 0, 40, 40), amount: 15, fromPool: 15, want: of(0, 0, 25, 40)},
		{name: "pool only, all", vault: of(0, 0, 40, 40), amount: 40, fromPool: 40, wiped: true, want: of(0, 0, 0, 0)},
		{name: "pool of a closed vault", vault: of(0, 9, 40, 40), amount: 50, fromPool: 40, wiped: true, want: of(0, 9, 0, 0)},
		{name: "nothing there", vault: of(0, 0, 0, 0), amount: 5, want: of(0, 0, 0, 0)},
		{name: "nothing asked", vault: of(5, 5, 5, 5), amount: 0, want: of(5, 5, 5, 5)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := c.vault.Slash(num(c.amount))
			require.NoError(t, err)
			equal(t, num(c.fromVault), plan.FromVault)
			equal(t, num(c.fromPool), plan.FromPool)
			equal(t, num(c.fromVault+c.fromPool), plan.Slashed)
			require.Equal(t, c.closed, plan.Closed, "closed")
			require.Equal(t, c.wiped, plan.PoolWiped, "pool wiped")
			requireVault(t, c.want, plan.Vault)
		})
	}
	_, err := of(5, 5, 0, 0).Slash(num(-1))
	require.ErrorIs(t, err, vault.ErrInvalid)
}

// Reference defect 4: slashing by amount was turned into basis points and
// rounded down, so that a large vault lost nothing, and it reverted once too
// much had been slashed.
func TestDefect04SlashIsExactForAnyVaultAndNeverReverts(t *testing.T) {
	v := vault.New()
	v.Assets, v.Shares = pow2(119), pow2(119)
	for range 1000 {
		plan, err := v.Slash(num(1))
		require.NoError(t, err)
		equal(t, num(1), plan.Slashed)
		v = plan.Vault
	}
	equal(t, pow2(119).SubRaw(1000), v.Assets)
	for range 200 { // far beyond 80 % in all
		plan, err := v.Slash(v.Assets.QuoRaw(2))
		require.NoError(t, err)
		equal(t, v.Assets.QuoRaw(2), plan.Slashed)
		v = plan.Vault
	}
}

// Law S6.
func TestReward(t *testing.T) {
	terms := func(bps uint32, least int64, period time.Duration) vault.RewardTerms {
		return vault.RewardTerms{CommissionBps: bps, MinAssets: num(least), Period: period}
	}
	cases := []struct {
		name               string
		vault              vault.Vault
		amount             int64
		terms              vault.RewardTerms
		commission, shared int64
		assets, unvested   int64
		err                error
	}{
		{name: "at once", vault: of(100, 100, 0, 0), amount: 10, terms: terms(500, 1, 0), shared: 10, assets: 110},
		{name: "commission rounded down", vault: of(100, 100, 0, 0), amount: 39, terms: terms(500, 1, 0), commission: 1, shared: 38, assets: 138},
		{name: "over time", vault: of(100, 100, 0, 0), amount: 100, terms: terms(5000, 1, time.Hour), commission: 50, shared: 50, assets: 100, unvested: 50},
		{name: "all commission", vault: of(100, 100, 0, 0), amount: 100, terms: terms(10_000, 1, time.Hour), commission: 100, assets: 100},
		{name: "vault at the minimum", vault: of(100, 100, 0, 0), amount: 100, terms: terms(0, 100, time.Hour), shared: 100, assets: 100, unvested: 100},
		{name: "vault below the minimum", vault: of(99, 100, 0, 0), amount: 100, terms: terms(0, 100, time.Hour), commission: 100, assets: 99},
		{name: "nobody there", vault: of(0, 0, 0, 0), amount: 7, terms: terms(0, 0, 0), commission: 7},
		{name: "closed", vault: of(0, 5, 0, 0), amount: 7, terms: terms(0, 0, 0), commission: 7},
		{name: "nothing", vault: of(100, 100, 0, 0), terms: terms(500, 1, time.Hour), assets: 100},
		{name: "rate too high", vault: of(100, 100, 0, 0), amount: 1, terms: terms(10_001, 1, 0), err: vault.ErrInvalid},
		{name: "period negative", vault: of(100, 100, 0, 0), amount: 1, terms: terms(0, 1, -1), err: vault.ErrInvalid},
		{name: "period too long", vault: of(100, 100, 0, 0), amount: 1, terms: terms(0, 1, vault.MaxPeriod+1), err: vault.ErrInvalid},
		{name: "negative", vault: of(100, 100, 0, 0), amount: -1, terms: terms(0, 1, 0), err: vault.ErrInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := c.vault.Reward(num(c.amount), c.terms, genesis)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			equal(t, num(c.commission), plan.Commission)
			equal(t, num(c.shared), plan.Shared)
			equal(t, num(c.assets), plan.Vault.Assets)
			equal(t, num(c.unvested), plan.Vault.Unvested())
			equal(t, c.vault.Shares, plan.Vault.Shares, "a reward mints nothing")
		})
	}
}

// Law S6: one stream; the time left is the mean weighted by amounts.
func TestRewardStream(t *testing.T) {
	terms := vault.RewardTerms{MinAssets: num(1), Period: 24 * time.Hour}
	reward := func(v vault.Vault, amount int64, at time.Time) vault.Vault {
		plan, err := v.Reward(num(amount), terms, at)
		require.NoError(t, err)
		return plan.Vault
	}
	at := func(v vault.Vault, at time.Time) vault.Vault {
		v, err := v.At(at)
		require.NoError(t, err)
		return v
	}
	v := reward(of(100, 100, 0, 0), 2400, genesis)
	equal(t, num(100), at(v, genesis).Assets)
	equal(t, num(100), at(v, genesis.Add(-time.Hour)).Assets, "a clock that runs backwards vests nothing")
	equal(t, num(200), at(v, genesis.Add(time.Hour)).Assets)
	equal(t, num(1300), at(v, genesis.Add(12*time.Hour)).Assets)
	equal(t, num(2500), at(v, genesis.Add(24*time.Hour)).Assets)

	// Half of it has 12 hours left; as much again with 24 makes 18 for both.
	v = reward(v, 1200, genesis.Add(12*time.Hour))
	equal(t, num(1300), v.Assets)
	equal(t, num(2400), v.Unvested())
	require.Equal(t, genesis.Add(30*time.Hour), v.Stream.End)
	equal(t, num(2500), at(v, genesis.Add(21*time.Hour)).Assets)

	// A dust reward hardly moves the end: nobody delays the others' rewards.
	dusted := reward(v, 1, genesis.Add(21*time.Hour))
	require.WithinDuration(t, v.Stream.End, dusted.Stream.End, time.Minute)

	// The last shares leave: the rest is released to commission.
	plan, err := at(v, genesis.Add(21*time.Hour)).Unstake(num(100), num(0))
	require.NoError(t, err)
	equal(t, num(1200), plan.Released)
	equal(t, num(2500), plan.Value)
	require.True(t, plan.Vault.Unvested().IsZero())

	// The same when a slash closes the vault; the unvested is not slashable.
	slash, err := at(v, genesis.Add(21*time.Hour)).Slash(num(10_000))
	require.NoError(t, err)
	equal(t, num(2500), slash.Slashed)
	equal(t, num(1200), slash.Released)
	require.True(t, slash.Closed)
}

// Peers' audits: stake added just before a reward and removed just after.
func TestStakeAroundARewardGainsNothing(t *testing.T) {
	v := of(1000, 1000, 0, 0)
	in, err := v.Stake(num(1_000_000), math.ZeroInt())
	require.NoError(t, err)
	plan, err := in.Vault.Reward(num(5000), vault.RewardTerms{MinAssets: num(1), Period: time.Hour}, genesis)
	require.NoError(t, err)
	out, err := plan.Vault.Unstake(in.Shares, math.ZeroInt())
	require.NoError(t, err)
	equal(t, in.Takes, out.Value)
}
