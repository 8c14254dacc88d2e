package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// Law S4: cancelling stakes the present value again, at today's price.
func TestCancel(t *testing.T) {
	huge := of(1, 0, 5, 5)
	huge.Shares = vault.MaxShares()
	cases := []struct {
		name                string
		vault               vault.Vault
		poolShares          math.Int
		min                 math.Int
		shares, value, kept int64
		want                vault.Vault
		err                 error
	}{
		{name: "even price", vault: of(10, 10, 5, 5), poolShares: num(3), shares: 3, value: 3, want: of(13, 13, 2, 2)},
		{name: "the whole pool", vault: of(10, 10, 5, 5), poolShares: num(5), shares: 5, value: 5, want: of(15, 15, 0, 0)},
		{name: "into an empty vault", vault: of(0, 0, 5, 5), poolShares: num(5), shares: 5, value: 5, want: of(5, 5, 0, 0)},
		{name: "after a slash of both", vault: of(50, 100, 10, 20), poolShares: num(10), shares: 10, value: 5, want: of(55, 110, 5, 10)},
		{name: "dear shares keep the rest", vault: of(30, 10, 8, 8), poolShares: num(8), shares: 2, value: 6, kept: 2, want: of(36, 12, 2, 2)},
		{name: "beside others", vault: of(30, 10, 20, 20), poolShares: num(8), shares: 2, value: 6, kept: 2, want: of(36, 12, 14, 14)},
		// 7 of 9 pool shares are worth 6 of 8: one share at 6 costs ceil(6 × 9 / 8).
		{name: "pool shares rounded up", vault: of(6, 1, 8, 9), poolShares: num(7), shares: 1, value: 6, want: of(12, 2, 2, 2)},
		// 100 of 300 pool shares are worth 1; the rest of them less than one uproof.
		{name: "a worthless rest goes", vault: of(10, 10, 2, 300), poolShares: num(200), shares: 1, value: 1, want: of(11, 11, 1, 100)},
		{name: "more assets than shares in the pool", vault: of(9, 1, 10, 3), poolShares: num(3), shares: 1, value: 9, kept: 1, want: of(18, 2, 1, 1)},
		{name: "min met", vault: of(10, 10, 5, 5), poolShares: num(3), min: num(3), shares: 3, value: 3, want: of(13, 13, 2, 2)},
		{name: "min missed", vault: of(10, 10, 5, 5), poolShares: num(3), min: num(4), err: vault.ErrMinOut},
		{name: "no share", vault: of(30, 10, 5, 5), poolShares: num(2), err: vault.ErrTooSmall},
		{name: "no uproof", vault: of(10, 10, 1, 5), poolShares: num(4), err: vault.ErrTooSmall},
		{name: "closed", vault: of(0, 10, 5, 5), poolShares: num(5), err: vault.ErrClosed},
		{name: "more than there is", vault: of(10, 10, 5, 5), poolShares: num(6), err: vault.ErrTooMuch},
		{name: "nothing", vault: of(10, 10, 5, 5), poolShares: num(0), err: vault.ErrInvalid},
		{name: "negative", vault: of(10, 10, 5, 5), poolShares: num(-1), err: vault.ErrInvalid},
		{name: "nil", vault: of(10, 10, 5, 5), poolShares: math.Int{}, err: vault.ErrInvalid},
		{name: "pool without shares", vault: of(10, 10, 5, 0), poolShares: num(1), err: vault.ErrInvalid},
		{name: "past the share limit", vault: huge, poolShares: num(5), err: vault.ErrOverflow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.min.IsNil() {
				c.min = math.ZeroInt()
			}
			plan, err := c.vault.Cancel(c.poolShares, c.min)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			equal(t, num(c.shares), plan.Shares, "shares")
			equal(t, num(c.value), plan.Value, "value")
			equal(t, num(c.kept), plan.Kept, "kept")
			requireVault(t, c.want, plan.Vault)
			require.NoError(t, plan.Vault.Check())
		})
	}
}

func TestPrice(t *testing.T) {
	great := vault.New()
	great.Assets, great.Shares = vault.MaxAssets(), num(1)
	tiny := vault.New()
	tiny.Assets, tiny.Shares = num(1), vault.MaxShares()
	for _, c := range []struct {
		vault vault.Vault
		want  string
	}{
		{of(0, 0, 0, 0), "1.000000000000000000"},
		{of(10, 10, 0, 0), "1.000000000000000000"},
		{of(5, 4, 0, 0), "1.250000000000000000"},
		{of(2, 3, 0, 0), "0.666666666666666666"},
		{of(2000, 3, 0, 0), "666.666666666666666666"},
		{of(0, 7, 0, 0), "0.000000000000000000"},
		{tiny, "0.000000000000000000"},
		{great, vault.MaxAssets().String() + ".000000000000000000"},
	} {
		price, err := c.vault.Price()
		require.NoError(t, err)
		require.Equal(t, c.want, price)
	}
	_, err := of(5, 0, 0, 0).Price()
	require.ErrorIs(t, err, vault.ErrInvalid)
}
