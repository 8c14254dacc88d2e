package auction_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// FreeStake is what Eligibility allows, and not one more.
func TestFreeStakeIsTheMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, most int64) math.Int { return math.NewInt(rapid.Int64Range(0, most).Draw(t, name)) }
		figures := auction.Figures{
			Active: rapid.IntRange(0, 5).Draw(t, "active") > 0, SelfStake: draw("self", 1000), MinSelfStake: draw("min self", 500),
			Assets: draw("assets", 100_000), AssignedStake: draw("assigned", 200_000), Exposure: draw("exposure", 100_000), MaxExposure: draw("max exposure", 50_000),
		}
		slash, overcommit := rapid.Uint32Range(0, auction.BpsDenominator).Draw(t, "slash"), rapid.Uint32Range(0, auction.BpsDenominator).Draw(t, "overcommit")
		free, err := auction.FreeStake(figures, slash, overcommit)
		require.NoError(t, err)
		eligible := func(stake math.Int) bool {
			penalty, err := auction.Penalty(stake, slash)
			require.NoError(t, err)
			conditions, err := auction.Eligibility(figures, auction.Ask{MinStake: stake, Penalty: penalty, OvercommitBps: overcommit})
			require.NoError(t, err)
			_, unmet := auction.FirstUnmet(conditions)
			return !unmet
		}
		require.False(t, free.IsNegative())
		require.False(t, eligible(free.AddRaw(1)), "free %s", free)
		if free.IsPositive() {
			require.True(t, eligible(free), "free %s", free)
		}
	})
}

func TestFreeStakeBounds(t *testing.T) {
	n := math.NewInt
	sound := auction.Figures{Active: true, SelfStake: n(10), MinSelfStake: n(10), Assets: n(1000), AssignedStake: n(0), Exposure: n(0), MaxExposure: n(0)}
	for name, tc := range map[string]struct {
		change func(*auction.Figures)
		slash  uint32
		want   int64
		err    error
	}{
		"all of it":         {func(*auction.Figures) {}, 1000, 1000, nil},
		"slashed whole":     {func(f *auction.Figures) { f.Exposure = n(400) }, 10_000, 600, nil},
		"never slashed":     {func(f *auction.Figures) { f.Exposure = n(1000) }, 0, 1000, nil},
		"own limit":         {func(f *auction.Figures) { f.MaxExposure = n(5) }, 1000, 59, nil},
		"limit reached":     {func(f *auction.Figures) { f.Exposure, f.MaxExposure = n(5), n(5) }, 1000, 9, nil},
		"not active":        {func(f *auction.Figures) { f.Active = false }, 1000, 0, nil},
		"little own stake":  {func(f *auction.Figures) { f.SelfStake = n(9) }, 1000, 0, nil},
		"over-committed":    {func(f *auction.Figures) { f.AssignedStake = n(100_000) }, 1000, 0, nil},
		"over-exposed":      {func(f *auction.Figures) { f.Exposure = n(1001) }, 1000, 0, nil},
		"rate of more":      {func(*auction.Figures) {}, 10_001, 0, auction.ErrBps},
		"negative":          {func(f *auction.Figures) { f.Assets = n(-1) }, 1000, 0, auction.ErrAmount},
		"missing":           {func(f *auction.Figures) { f.Exposure = math.Int{} }, 1000, 0, auction.ErrAmount},
		"nothing in vault":  {func(f *auction.Figures) { f.Assets = n(0) }, 1000, 0, nil},
		"nine of a penalty": {func(f *auction.Figures) { f.Exposure = n(1000) }, 1000, 9, nil},
	} {
		f := sound
		tc.change(&f)
		free, err := auction.FreeStake(f, tc.slash, 500)
		require.ErrorIs(t, err, tc.err, name)
		require.Equal(t, tc.want, free.Int64(), name)
	}
}
