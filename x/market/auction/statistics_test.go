package auction_test

import (
	stdmath "math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

func TestSuccessBps(t *testing.T) {
	const most = stdmath.MaxUint64
	for name, tc := range map[string]struct {
		fulfilled, missed, overdue uint64
		want                       uint32
	}{
		"nothing was owed":  {0, 0, 0, 10_000},
		"all delivered":     {7, 0, 0, 10_000},
		"none delivered":    {0, 1, 0, 0},
		"overdue counts":    {0, 0, 1, 0},
		"a half":            {2, 1, 1, 5_000},
		"rounded down":      {2, 1, 0, 6_666},
		"the largest":       {most, 0, 0, 10_000},
		"a third, 66 bits":  {most, most, most, 3_333},
		"a half, 65 bits":   {most, most, 0, 5_000},
		"nothing of a lot":  {0, most, most, 0},
		"one short of all":  {most, 1, 0, 9_999},
		"one in very many ": {1, most - 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, auction.SuccessBps(tc.fulfilled, tc.missed, tc.overdue))
		})
	}
}

// More delivered never lowers it, more missed or overdue never raises it.
func TestSuccessBpsIsMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.Uint64Range(0, stdmath.MaxUint64-1)
		f, m, o := figure.Draw(t, "fulfilled"), figure.Draw(t, "missed"), figure.Draw(t, "overdue")
		rate := auction.SuccessBps(f, m, o)
		require.LessOrEqual(t, rate, uint32(auction.BpsDenominator))
		require.GreaterOrEqual(t, auction.SuccessBps(f+1, m, o), rate)
		require.LessOrEqual(t, auction.SuccessBps(f, m+1, o), rate)
		require.Equal(t, auction.SuccessBps(f, m, o+1), auction.SuccessBps(f, m+1, o), "overdue weighs like missed")
	})
}

func ints(values ...int64) []math.Int {
	list := make([]math.Int, len(values))
	for i, v := range values {
		list[i] = math.NewInt(v)
	}
	return list
}

func TestQuantiles(t *testing.T) {
	for name, tc := range map[string]struct {
		prices        []math.Int
		p10, p50, p90 int64
	}{
		"one":       {ints(7), 7, 7, 7},
		"two":       {ints(9, 3), 3, 3, 9},
		"ten":       {ints(10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 1, 5, 9},
		"eleven":    {ints(11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 2, 6, 10},
		"all alike": {ints(5, 5, 5), 5, 5, 5},
		"zeros":     {ints(0, 0, 4), 0, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.prices)
			got, err := auction.Quantiles(tc.prices, 10, 50, 90)
			require.NoError(t, err)
			require.Equal(t, ints(tc.p10, tc.p50, tc.p90), got)
			require.Equal(t, before, tc.prices, "the prices stay in their order")
		})
	}
}

func TestQuantilesRefused(t *testing.T) {
	large := math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), auction.MaxAmountBits))
	for name, tc := range map[string]struct {
		prices  []math.Int
		percent uint32
		want    error
	}{
		"no price":         {nil, 50, auction.ErrQuantile},
		"no percent":       {ints(1), 0, auction.ErrQuantile},
		"over the whole":   {ints(1), 101, auction.ErrQuantile},
		"a missing price":  {[]math.Int{{}}, 50, auction.ErrAmount},
		"a negative price": {ints(-1), 50, auction.ErrAmount},
		"a large price":    {[]math.Int{large}, 50, auction.ErrAmount},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auction.Quantiles(tc.prices, tc.percent)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

// By counting: a quantile is the smallest of the prices at or below which that part
// of them lies.
func TestQuantilesAreTheSmallestThatCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 300).Draw(t, "prices")
		percent := rapid.Uint32Range(1, 100).Draw(t, "percent")
		got, err := auction.Quantiles(ints(values...), percent)
		require.NoError(t, err)
		covers := func(price int64) bool {
			below := 0
			for _, v := range values {
				if v <= price {
					below++
				}
			}
			return below*100 >= int(percent)*len(values)
		}
		want := slices.Max(values)
		for _, v := range values {
			if covers(v) {
				want = min(want, v)
			}
		}
		require.Equal(t, want, got[0].Int64())
	})
}

func TestStatementKey(t *testing.T) {
	program, digest := make([]byte, 32), make([]byte, 32)
	key, err := auction.StatementKey("pico/v1", program, digest)
	require.NoError(t, err)
	for name, other := range map[string]func() ([32]byte, error){
		"verifier": func() ([32]byte, error) { return auction.StatementKey("pico/v2", program, digest) },
		"program":  func() ([32]byte, error) { return auction.StatementKey("pico/v1", append(make([]byte, 31), 1), digest) },
		"digest":   func() ([32]byte, error) { return auction.StatementKey("pico/v1", program, append(make([]byte, 31), 1)) },
	} {
		got, err := other()
		require.NoError(t, err)
		require.NotEqual(t, key, got, name)
	}
	_, err = auction.StatementKey("pico/v1", program[:31], digest)
	require.ErrorIs(t, err, auction.ErrSize)
	_, err = auction.StatementKey("pico/v1", program, nil)
	require.ErrorIs(t, err, auction.ErrSize)
}
