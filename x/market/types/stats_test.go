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

// Minus undoes Plus, and names the figure of which there is less.
func TestStatsMinus(t *testing.T) {
	most := types.MarketStats{
		Requests: 10, Cancelled: 10, NoBids: 10, NoneRanked: 10, Failed: 10, Revoked: 10,
		RequestFees: math.NewInt(10), Refunds: math.NewInt(10),
		Provers: types.ProverStats{
			Bids: 10, Reveals: 10, Won: 10, Promoted: 10, Fulfilled: 10, Missed: 10, LastActive: 5,
			Fees: math.NewInt(10), ProtocolFees: math.NewInt(10), Slashed: math.NewInt(10), BondsLost: math.NewInt(10),
		},
	}
	part := types.MarketStats{
		Requests: 1, Cancelled: 2, NoBids: 3, NoneRanked: 4, Failed: 5, Revoked: 6,
		RequestFees: math.NewInt(7), Refunds: math.NewInt(8),
		Provers: types.ProverStats{
			Bids: 9, Reveals: 10, Won: 1, Promoted: 2, Fulfilled: 3, Missed: 4, LastActive: 4,
			Fees: math.NewInt(5), ProtocolFees: math.NewInt(6), Slashed: math.NewInt(7), BondsLost: math.NewInt(8),
		},
	}
	rest, err := most.Minus(part)
	require.NoError(t, err)
	require.Equal(t, []uint64{9, 8, 7, 6, 5, 4}, []uint64{rest.Requests, rest.Cancelled, rest.NoBids, rest.NoneRanked, rest.Failed, rest.Revoked})
	sum, err := part.Plus(rest)
	require.NoError(t, err)
	require.True(t, most.Equal(sum), sum.String())
	same, err := most.Minus(types.MarketStats{})
	require.NoError(t, err)
	require.True(t, most.Equal(same), "amounts left out count as 0: %s", same.String())
	nothing, err := most.Minus(most)
	require.NoError(t, err, "what was as late is in the other")
	require.True(t, nothing.Equal(types.NoMarketStats()), nothing.String())
	none, err := types.MarketStats{}.Minus(types.MarketStats{Provers: types.ProverStats{LastActive: 1}})
	require.NoError(t, err)
	require.True(t, none.Equal(types.NoMarketStats()), none.String())

	one := math.OneInt()
	for name, more := range map[string]types.MarketStats{
		"requests":      {Requests: 1},
		"cancelled":     {Cancelled: 1},
		"no_bids":       {NoBids: 1},
		"none_ranked":   {NoneRanked: 1},
		"failed":        {Failed: 1},
		"revoked":       {Revoked: 1},
		"request_fees":  {RequestFees: one},
		"refunds":       {Refunds: one},
		"bids":          {Provers: types.ProverStats{Bids: 1}},
		"reveals":       {Provers: types.ProverStats{Reveals: 1}},
		"won":           {Provers: types.ProverStats{Won: 1}},
		"promoted":      {Provers: types.ProverStats{Promoted: 1}},
		"fulfilled":     {Provers: types.ProverStats{Fulfilled: 1}},
		"missed":        {Provers: types.ProverStats{Missed: 1}},
		"fees":          {Provers: types.ProverStats{Fees: one}},
		"protocol_fees": {Provers: types.ProverStats{ProtocolFees: one}},
		"slashed":       {Provers: types.ProverStats{Slashed: one}},
		"bonds_lost":    {Provers: types.ProverStats{BondsLost: one}},
	} {
		t.Run(name, func(t *testing.T) {
			more, err := most.Plus(more)
			require.NoError(t, err)
			_, err = most.Minus(more)
			require.ErrorIs(t, err, types.ErrInvalidAmount)
			require.ErrorContains(t, err, "statistics: "+name+": cannot take 11 from 10")
		})
	}
	_, err = types.MarketStats{Refunds: one}.Minus(types.MarketStats{Refunds: one.Neg()})
	require.ErrorIs(t, err, types.ErrInvalidAmount)
}
