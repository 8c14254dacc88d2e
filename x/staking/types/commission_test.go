package types_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdkmath "cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func TestEpoch(t *testing.T) {
	for _, c := range []struct {
		name   string
		at     time.Time
		length time.Duration
		want   uint64
	}{
		{"the first moment", time.Unix(0, 0), time.Hour, 0},
		{"the last of the first epoch", time.Unix(3599, 999_999_999), time.Hour, 0},
		{"the first of the second", time.Unix(3600, 0), time.Hour, 1},
		{"days", time.Date(2026, 1, 1, 23, 59, 59, 0, time.UTC), 24 * time.Hour, 20454},
		{"another zone", time.Date(2026, 1, 2, 0, 59, 59, 0, time.FixedZone("", 3600)), 24 * time.Hour, 20454},
		{"before 1970", time.Unix(-1, 0), time.Hour, 0},
		{"no length", time.Unix(1, 0), 0, 0},
		{"negative length", time.Unix(1, 0), -1, 0},
		{"beyond 64 bits of nanoseconds", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), 24 * time.Hour, 2932896},
		{"too many", time.Unix(math.MaxInt64, 0), 1, math.MaxUint64},
	} {
		require.Equal(t, c.want, types.Epoch(c.at, c.length), c.name)
	}
	rapid.Check(t, func(t *rapid.T) {
		nanos := rapid.Int64Range(0, math.MaxInt64).Draw(t, "nanos")
		length := rapid.Int64Range(1, math.MaxInt64).Draw(t, "length")
		require.EqualValues(t, nanos/length, types.Epoch(time.Unix(0, nanos), time.Duration(length)))
		_ = types.Epoch(time.Unix(rapid.Int64().Draw(t, "any"), 0), time.Duration(rapid.Int64().Draw(t, "anything")))
	})
}

func TestValidateSource(t *testing.T) {
	for _, good := range []string{"m", "market", "market/v2", "!", "~", strings.Repeat("s", types.MaxSourceBytes)} {
		require.NoError(t, types.ValidateSource(good), good)
	}
	for _, bad := range []string{"", " ", "a b", "a\x00", "\n", "\x7f", "é", "\xff", strings.Repeat("s", types.MaxSourceBytes+1)} {
		require.ErrorIs(t, types.ValidateSource(bad), types.ErrInvalidSource, bad)
	}
}

// Law S6, one rate: what counts at once and what waits.
func TestCommissionRate(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	own := types.CommissionRate{Source: "market", Bps: 500}
	raised := own.Choose(501, now, time.Hour)
	require.Equal(t, types.CommissionRate{
		Source: "market", Bps: 500, Pending: &types.PendingCommission{Bps: 501, EffectiveAt: now.Add(time.Hour)},
	}, raised)
	for _, bps := range []uint32{0, 499, 500} {
		require.Equal(t, types.CommissionRate{Source: "market", Bps: bps}, raised.Choose(bps, now, time.Hour), "at once, and nothing waits")
	}
	require.Equal(t, types.CommissionRate{Source: "market", Bps: 501}, own.Choose(501, now, 0), "without a notice")

	rate, kept := raised.At(now.Add(time.Hour - 1))
	require.True(t, kept)
	require.Equal(t, raised, rate)
	rate, kept = raised.At(now.Add(time.Hour))
	require.True(t, kept)
	require.Equal(t, types.CommissionRate{Source: "market", Bps: 501}, rate)
	require.NotNil(t, raised.Pending, "the record itself is not touched")

	fallback := func(bps, pending uint32) types.CommissionRate {
		r := types.CommissionRate{Bps: bps}
		if pending > 0 {
			r.Pending = &types.PendingCommission{Bps: pending, EffectiveAt: now.Add(time.Second)}
		}
		return r
	}
	for name, c := range map[string]struct {
		fallback types.CommissionRate
		notice   time.Duration
		waits    bool
	}{
		"lower":                {fallback(499, 0), time.Hour, false},
		"equal":                {fallback(500, 0), time.Hour, false},
		"higher":               {fallback(501, 0), time.Hour, true},
		"higher, no notice":    {fallback(501, 0), 0, false},
		"equal, rises equal":   {fallback(400, 500), time.Hour, false},
		"lower, about to rise": {fallback(0, 501), time.Hour, true},
	} {
		rate, kept := raised.Release(c.fallback, now, c.notice)
		require.Equal(t, c.waits, kept, name)
		if c.waits {
			require.Equal(t, &types.PendingCommission{Inherit: true, EffectiveAt: now.Add(time.Hour)}, rate.Pending, name)
			_, kept = rate.At(now.Add(time.Hour))
			require.False(t, kept, name)
		} else {
			require.Nil(t, rate.Pending, name)
		}
	}
}

// Law S8, one breaker.
func TestBreaker(t *testing.T) {
	amount := func(n int64) sdkmath.Int { return sdkmath.NewInt(n) }
	none := types.NewBreaker()
	require.NoError(t, none.Validate())
	require.True(t, none.Allows(types.MaxBreakerAmount))
	_, tripped := none.Lose(types.MaxBreakerAmount, 1)
	require.False(t, tripped)

	b := types.Breaker{MaxExposure: amount(10), LossLimit: amount(10), Losses: amount(0)}
	require.True(t, b.Allows(amount(10)))
	require.False(t, b.Allows(amount(11)))
	b, tripped = b.Lose(amount(10), 5)
	require.False(t, tripped, "at the limit")
	b, tripped = b.Lose(amount(1), 5)
	require.True(t, tripped, "past it")
	b, tripped = b.Lose(amount(1), 6)
	require.False(t, tripped, "another epoch")
	require.EqualValues(t, 1, b.Losses.Int64())
	require.True(t, b.Forget().Losses.IsZero())
	require.EqualValues(t, 10, b.Forget().LossLimit.Int64())

	// It never fails: the losses of an epoch stop growing at an absurd height.
	huge := sdkmath.NewIntFromUint64(1 << 63).Mul(sdkmath.NewIntFromUint64(1 << 63)).Mul(sdkmath.NewIntFromUint64(1 << 63)).MulRaw(1 << 61)
	for range 3 {
		b, _ = b.Lose(huge, 6)
		b, tripped = b.Lose(amount(1), 6)
	}
	require.Equal(t, "4", b.Losses.String())
	require.False(t, tripped)
}
