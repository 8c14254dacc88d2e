package types_test

import (
	stdmath "math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// largest is the largest sum of amounts that statistics hold.
var largest = math.NewIntFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), types.MaxStatBits), big.NewInt(1)))

func TestProverStatsPlus(t *testing.T) {
	a := types.ProverStats{
		Bids: 1, Reveals: 2, Won: 3, Promoted: 4, Fulfilled: 5, Missed: 6, LastActive: 9,
		Fees: math.NewInt(10), ProtocolFees: math.NewInt(20), Slashed: math.NewInt(30), BondsLost: math.NewInt(40),
	}
	b := types.ProverStats{
		Bids: 10, Reveals: 20, Won: 30, Promoted: 40, Fulfilled: 50, Missed: 60, LastActive: 7,
		Fees: math.NewInt(1), ProtocolFees: math.NewInt(2), Slashed: math.NewInt(3), BondsLost: math.NewInt(4),
	}
	sum, err := a.Plus(b)
	require.NoError(t, err)
	require.Equal(t, types.ProverStats{
		Bids: 11, Reveals: 22, Won: 33, Promoted: 44, Fulfilled: 55, Missed: 66, LastActive: 9,
		Fees: math.NewInt(11), ProtocolFees: math.NewInt(22), Slashed: math.NewInt(33), BondsLost: math.NewInt(44),
	}, sum)
	other, err := b.Plus(a)
	require.NoError(t, err)
	require.Equal(t, sum, other)
	same, err := a.Plus(types.ProverStats{})
	require.NoError(t, err)
	require.Equal(t, a, same, "amounts left out count as 0")
	for _, zero := range []types.ProverStats{{}, types.NoProverStats()} {
		same, err = zero.Plus(a)
		require.NoError(t, err)
		require.Equal(t, a, same)
		for _, other := range []types.ProverStats{{}, types.NoProverStats()} {
			sum, err = zero.Plus(other)
			require.NoError(t, err)
			require.True(t, sum.Equal(types.NoProverStats()), "no amount is missing: %s", sum.String())
		}
	}
	nothing, err := types.ProverStats{}.Plus(types.ProverStats{})
	require.NoError(t, err)
	require.True(t, nothing.Equal(types.NoProverStats()))
}

func TestMarketStatsPlus(t *testing.T) {
	a := types.MarketStats{
		Requests: 1, Cancelled: 2, NoBids: 3, NoneRanked: 4, Failed: 5, Revoked: 6,
		RequestFees: math.NewInt(7), Refunds: math.NewInt(8), Provers: types.ProverStats{Bids: 9},
	}
	sum, err := a.Plus(a)
	require.NoError(t, err)
	want := types.MarketStats{
		Requests: 2, Cancelled: 4, NoBids: 6, NoneRanked: 8, Failed: 10, Revoked: 12,
		RequestFees: math.NewInt(14), Refunds: math.NewInt(16), Provers: types.NoProverStats(),
	}
	want.Provers.Bids = 18
	require.True(t, want.Equal(sum), sum.String())
}

// Statistics stop with an error, never with a panic or a wrong figure.
func TestStatsOverflow(t *testing.T) {
	const most = stdmath.MaxUint64
	one := math.OneInt()
	past := largest.Add(one)
	for name, tc := range map[string]struct{ a, b types.MarketStats }{
		"requests":        {types.MarketStats{Requests: most}, types.MarketStats{Requests: 1}},
		"cancelled":       {types.MarketStats{Cancelled: 1}, types.MarketStats{Cancelled: most}},
		"no bids":         {types.MarketStats{NoBids: most}, types.MarketStats{NoBids: most}},
		"none ranked":     {types.MarketStats{NoneRanked: most}, types.MarketStats{NoneRanked: 1}},
		"failed":          {types.MarketStats{Failed: most}, types.MarketStats{Failed: 1}},
		"revoked":         {types.MarketStats{Revoked: most}, types.MarketStats{Revoked: 1}},
		"request fees":    {types.MarketStats{RequestFees: largest}, types.MarketStats{RequestFees: one}},
		"refunds":         {types.MarketStats{Refunds: largest}, types.MarketStats{Refunds: largest}},
		"bids":            {types.MarketStats{Provers: types.ProverStats{Bids: most}}, types.MarketStats{Provers: types.ProverStats{Bids: 1}}},
		"reveals":         {types.MarketStats{Provers: types.ProverStats{Reveals: most}}, types.MarketStats{Provers: types.ProverStats{Reveals: 1}}},
		"won":             {types.MarketStats{Provers: types.ProverStats{Won: most}}, types.MarketStats{Provers: types.ProverStats{Won: 1}}},
		"promoted":        {types.MarketStats{Provers: types.ProverStats{Promoted: most}}, types.MarketStats{Provers: types.ProverStats{Promoted: 1}}},
		"fulfilled":       {types.MarketStats{Provers: types.ProverStats{Fulfilled: most}}, types.MarketStats{Provers: types.ProverStats{Fulfilled: 1}}},
		"missed":          {types.MarketStats{Provers: types.ProverStats{Missed: most}}, types.MarketStats{Provers: types.ProverStats{Missed: 1}}},
		"fees":            {types.MarketStats{Provers: types.ProverStats{Fees: largest}}, types.MarketStats{Provers: types.ProverStats{Fees: one}}},
		"protocol fees":   {types.MarketStats{Provers: types.ProverStats{ProtocolFees: largest}}, types.MarketStats{Provers: types.ProverStats{ProtocolFees: one}}},
		"slashed":         {types.MarketStats{Provers: types.ProverStats{Slashed: largest}}, types.MarketStats{Provers: types.ProverStats{Slashed: one}}},
		"bonds lost":      {types.MarketStats{Provers: types.ProverStats{BondsLost: largest}}, types.MarketStats{Provers: types.ProverStats{BondsLost: one}}},
		"too large":       {types.MarketStats{Refunds: past}, types.MarketStats{}},
		"256 bits":        {types.MarketStats{Refunds: math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255))}, types.MarketStats{Refunds: math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255))}},
		"negative":        {types.MarketStats{}, types.MarketStats{Refunds: math.NewInt(-1)}},
		"negative fees":   {types.MarketStats{}, types.MarketStats{Provers: types.ProverStats{Fees: math.NewInt(-1)}}},
		"negative refund": {types.MarketStats{Refunds: math.NewInt(5)}, types.MarketStats{Refunds: math.NewInt(-1)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.a.Plus(tc.b)
			require.ErrorIs(t, err, types.ErrInvalidAmount)
			_, err = types.StatsDelta{Market: tc.a}.Plus(types.StatsDelta{Market: tc.b})
			require.ErrorIs(t, err, types.ErrInvalidAmount)
		})
	}
	sum, err := types.MarketStats{Requests: most - 1, Refunds: largest.Sub(one)}.Plus(types.MarketStats{Requests: 1, Refunds: one})
	require.NoError(t, err, "at the limit")
	require.Equal(t, uint64(most), sum.Requests)
	require.Equal(t, largest, sum.Refunds)
}
