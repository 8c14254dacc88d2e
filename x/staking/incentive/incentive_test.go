package incentive_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/incentive"
)

func TestBudget(t *testing.T) {
	largest := math.NewIntFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	for _, c := range []struct {
		limit, pool math.Int
		feeBps      uint32
		budget, fee math.Int
	}{
		{math.NewInt(1000), math.NewInt(5000), 5000, math.NewInt(1000), math.NewInt(500)},
		{math.NewInt(1000), math.NewInt(999), 5000, math.NewInt(999), math.NewInt(499)},
		{math.NewInt(1000), math.ZeroInt(), 5000, math.ZeroInt(), math.ZeroInt()},
		{math.ZeroInt(), math.NewInt(999), 10_000, math.ZeroInt(), math.ZeroInt()},
		{math.NewInt(7), math.NewInt(7), 0, math.NewInt(7), math.ZeroInt()},
		{math.NewInt(7), math.NewInt(7), 10_000, math.NewInt(7), math.NewInt(7)},
		{largest, largest, 10_000, largest, largest},
	} {
		budget, fee, err := incentive.Budget(c.limit, c.pool, c.feeBps)
		require.NoError(t, err)
		require.Equal(t, c.budget.String(), budget.String())
		require.Equal(t, c.fee.String(), fee.String())
	}
	for _, bad := range []struct {
		limit, pool math.Int
		feeBps      uint32
	}{
		{math.Int{}, math.OneInt(), 1},
		{math.OneInt(), math.Int{}, 1},
		{math.NewInt(-1), math.OneInt(), 1},
		{math.OneInt(), math.NewInt(-1), 1},
		{math.OneInt(), math.OneInt(), 10_001},
	} {
		_, _, err := incentive.Budget(bad.limit, bad.pool, bad.feeBps)
		require.ErrorIs(t, err, incentive.ErrInvalid)
	}
}

func pot(budget, feeBudget, fees, stake int64, kappa uint32) incentive.Pot {
	return incentive.Pot{
		Budget: math.NewInt(budget), FeeBudget: math.NewInt(feeBudget), KappaBps: kappa,
		ProtocolFees: math.NewInt(fees), StakeTime: math.NewInt(stake),
	}
}

func score(fees, stake int64) incentive.Score {
	return incentive.Score{ProtocolFees: math.NewInt(fees), StakeTime: math.NewInt(stake)}
}

func TestShare(t *testing.T) {
	for name, c := range map[string]struct {
		pot         incentive.Pot
		score       incentive.Score
		fees, stake int64
	}{
		"by fees and stake":       {pot(1000, 400, 2000, 100, 9000), score(500, 25), 100, 150},
		"kappa binds":             {pot(1000, 400, 100, 100, 5000), score(50, 0), 25, 0},
		"the smallest fee":        {pot(1000, 400, 1, 1, 9999), score(1, 0), 0, 0},
		"no kappa, nothing":       {pot(1000, 400, 100, 100, 0), score(100, 100), 0, 600},
		"rounded down":            {pot(10, 5, 3, 3, 9999), score(1, 1), 0, 1},
		"nobody paid fees":        {pot(1000, 400, 0, 7, 9000), score(0, 7), 0, 600},
		"nobody was active":       {pot(1000, 400, 1000, 0, 9000), score(1000, 0), 400, 0},
		"an epoch without budget": {pot(0, 0, 5, 5, 9000), score(5, 5), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			part, err := c.pot.Share(c.score)
			require.NoError(t, err)
			require.EqualValues(t, c.fees, part.ByFees.Int64())
			require.EqualValues(t, c.stake, part.ByStake.Int64())
		})
	}
}

func TestShareRefuses(t *testing.T) {
	good := pot(1000, 400, 2000, 100, 9000)
	for name, c := range map[string]struct {
		malform func(*incentive.Pot)
		score   incentive.Score
	}{
		"no budget":            {func(p *incentive.Pot) { p.Budget = math.Int{} }, score(1, 1)},
		"negative fee budget":  {func(p *incentive.Pot) { p.FeeBudget = math.NewInt(-1) }, score(1, 1)},
		"fees above budget":    {func(p *incentive.Pot) { p.FeeBudget = math.NewInt(1001) }, score(1, 1)},
		"kappa of one":         {func(p *incentive.Pot) { p.KappaBps = 10_000 }, score(1, 1)},
		"no sum of fees":       {func(p *incentive.Pot) { p.ProtocolFees = math.Int{} }, score(1, 1)},
		"negative stake sum":   {func(p *incentive.Pot) { p.StakeTime = math.NewInt(-1) }, score(1, 1)},
		"more fees than all":   {func(*incentive.Pot) {}, score(2001, 1)},
		"more stake than all":  {func(*incentive.Pot) {}, score(1, 101)},
		"no fees":              {func(*incentive.Pot) {}, incentive.Score{StakeTime: math.OneInt()}},
		"negative stake score": {func(*incentive.Pot) {}, score(1, -1)},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.malform(&p)
			_, err := p.Share(c.score)
			require.ErrorIs(t, err, incentive.ErrInvalid)
		})
	}
}

func TestAPR(t *testing.T) {
	year := math.NewInt(int64(incentive.Year))
	for name, c := range map[string]struct {
		vested, assetTime math.Int
		want              uint64
	}{
		"ten per cent":       {math.NewInt(100), math.NewInt(1000).Mul(year), 1000},
		"in half a year":     {math.NewInt(100), math.NewInt(1000).Mul(year).QuoRaw(2), 2000},
		"rounded down":       {math.NewInt(1), math.NewInt(10_001).Mul(year), 0},
		"no assets":          {math.NewInt(1), math.ZeroInt(), 0},
		"nothing vested":     {math.ZeroInt(), year, 0},
		"missing":            {math.Int{}, math.Int{}, 0},
		"stops at its bound": {incentive.MaxFigure(), math.OneInt(), ^uint64(0)},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, incentive.APR(c.vested, c.assetTime)) })
	}
}

func TestFiguresStopAtTheirBound(t *testing.T) {
	limit := incentive.MaxFigure()
	require.Equal(t, 201, limit.BigInt().BitLen())
	require.True(t, incentive.Valid(limit))
	require.False(t, incentive.Valid(limit.AddRaw(1)))
	require.False(t, incentive.Valid(math.NewInt(-1)))
	require.False(t, incentive.Valid(math.Int{}))
	require.Equal(t, limit, incentive.Add(limit.SubRaw(1), math.OneInt()))
	require.Equal(t, limit, incentive.Add(limit, math.OneInt()))
	require.Equal(t, math.NewInt(3), incentive.Add(math.NewInt(3), math.NewInt(-5)))
	require.Equal(t, math.NewInt(3), incentive.Add(math.Int{}, math.NewInt(3)))
	require.Equal(t, limit, incentive.AssetTime(limit, limit, time.Hour, time.Hour))
	require.True(t, incentive.AssetTime(limit, limit, time.Hour, -time.Hour).IsZero())
}

// anyInt draws amounts of all sizes, negative and missing ones included.
func anyInt(t *rapid.T, name string) math.Int {
	switch rapid.IntRange(0, 9).Draw(t, name+" kind") {
	case 0:
		return math.Int{}
	case 1:
		return math.NewInt(-1)
	default:
		return math.NewIntFromBigInt(new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, name)))
	}
}

// Totality: nothing panics, whatever it is given, and figures stay in bounds.
func TestPropertyTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := anyInt(t, "a"), anyInt(t, "b"), anyInt(t, "c"), anyInt(t, "d")
		bps := rapid.Uint32Range(0, 20_000).Draw(t, "bps")
		ramp, elapsed := rapid.Int64().Draw(t, "ramp"), rapid.Int64().Draw(t, "elapsed")
		require.True(t, incentive.Valid(incentive.Add(a, b)))
		require.True(t, incentive.Valid(incentive.AssetTime(a, b, time.Duration(ramp), time.Duration(elapsed))))
		incentive.APR(a, b)
		if budget, byFees, err := incentive.Budget(a, b, bps); err == nil {
			require.True(t, byFees.LTE(budget) && budget.LTE(a) && budget.LTE(b))
		} else {
			require.ErrorIs(t, err, incentive.ErrInvalid)
		}
		p := incentive.Pot{Budget: a, FeeBudget: b, KappaBps: bps, ProtocolFees: c, StakeTime: d}
		part, err := p.Share(incentive.Score{ProtocolFees: anyInt(t, "e"), StakeTime: anyInt(t, "f")})
		if err != nil {
			require.ErrorIs(t, err, incentive.ErrInvalid)
			return
		}
		require.True(t, part.ByFees.LTE(b) && part.Total().LTE(a))
	})
}

// It does not matter how often somebody looks: an interval cut anywhere sums to
// the same, but for the roundings of what vested and of the halves.
func TestPropertyAssetTimeIsAdditive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := math.NewInt(rapid.Int64Range(0, 1<<50).Draw(t, "assets"))
		reward := rapid.Int64Range(0, 1<<40).Draw(t, "reward")
		period := rapid.Int64Range(1, 1<<50).Draw(t, "period")
		elapsed := rapid.Int64Range(1, 1<<51).Draw(t, "elapsed")
		cut := rapid.Int64Range(0, elapsed).Draw(t, "cut")
		vestedAt := func(at int64) math.Int {
			return math.NewInt(reward).MulRaw(min(at, period)).QuoRaw(period)
		}
		sum := func(from, to int64) math.Int {
			before := vestedAt(from)
			ramp := min(max(period-from, 0), to-from)
			return incentive.AssetTime(assets.Add(before), vestedAt(to).Sub(before), time.Duration(ramp), time.Duration(to-from))
		}
		whole, parts := sum(0, elapsed), sum(0, cut).Add(sum(cut, elapsed))
		// One uproof of rounding in what vested, for the time that it counts.
		require.True(t, whole.Sub(parts).Abs().LTE(math.NewInt(elapsed+2)), "%s, in parts %s", whole, parts)
	})
}

// epoch draws the scores of a few provers, with the pot that they share.
func epoch(t *rapid.T) (incentive.Pot, []incentive.Score) {
	budget := rapid.Int64Range(0, 1<<50).Draw(t, "budget")
	p := incentive.Pot{
		Budget: math.NewInt(budget), FeeBudget: math.NewInt(rapid.Int64Range(0, budget).Draw(t, "fee budget")),
		KappaBps: rapid.Uint32Range(0, 9_999).Draw(t, "kappa"), ProtocolFees: math.ZeroInt(), StakeTime: math.ZeroInt(),
	}
	scores := make([]incentive.Score, rapid.IntRange(1, 8).Draw(t, "provers"))
	for i := range scores {
		scores[i] = score(fees(t), rapid.Int64Range(0, 1<<55).Draw(t, "stake"))
		p.ProtocolFees = p.ProtocolFees.Add(scores[i].ProtocolFees)
		p.StakeTime = p.StakeTime.Add(scores[i].StakeTime)
	}
	return p, scores
}

// fees draws small sums as often as large ones: roundings show there.
func fees(t *rapid.T) int64 {
	return rapid.Int64Range(0, int64(1)<<rapid.IntRange(0, 45).Draw(t, "size")).Draw(t, "fees")
}

// Law S10: all parts together stay within the budget, and each part by fees
// within κ × the fees.
func TestPropertyPartsStayWithinTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, scores := epoch(t)
		paid := math.ZeroInt()
		for _, s := range scores {
			part, err := p.Share(s)
			require.NoError(t, err)
			paid = paid.Add(part.Total())
			require.True(t, part.ByFees.MulRaw(incentive.BpsBase).LTE(s.ProtocolFees.MulRaw(int64(p.KappaBps))))
		}
		require.True(t, paid.LTE(p.Budget))
	})
}

// Law S10, wash trading for incentives: whoever holds any number of the vaults,
// with honest business in them or not, and adds protocol fees of its own to any
// of them, gets at most as much more as it pays, to the last uproof; where it
// adds 10000 or more on a vault, it loses.
func TestPropertyPayingOneselfNeverPays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, scores := epoch(t)
		mine := make([]bool, len(scores))
		washed, washedScores := p, append([]incentive.Score{}, scores...)
		cost, sure := math.ZeroInt(), false
		for i := range scores {
			mine[i] = rapid.Bool().Draw(t, "mine")
			if !mine[i] {
				continue
			}
			extra := math.NewInt(fees(t))
			cost = cost.Add(extra)
			sure = sure || extra.GTE(math.NewInt(incentive.BpsBase))
			washedScores[i].ProtocolFees = scores[i].ProtocolFees.Add(extra)
		}
		washed.ProtocolFees = p.ProtocolFees.Add(cost)
		before, after := math.ZeroInt(), math.ZeroInt()
		for i := range scores {
			if !mine[i] {
				continue
			}
			part, err := p.Share(scores[i])
			require.NoError(t, err)
			before = before.Add(part.Total())
			part, err = washed.Share(washedScores[i])
			require.NoError(t, err)
			after = after.Add(part.Total())
		}
		gain := after.Sub(before)
		require.True(t, gain.LTE(cost), "%s more for %s", gain, cost)
		if sure {
			require.True(t, gain.LT(cost), "%s more for %s", gain, cost)
		}
	})
}
