package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// Invariant 7, with halts, a suspension that lasts and a request that it put off:
// all of it comes through an export, and counts afterwards.
func TestSuspensionGenesisRoundTrip(t *testing.T) {
	f := setup(t)
	f.pass(halt())
	id := f.assigned()
	f.blocks(30)
	f.pass(gaps{2 * time.Hour})
	f.suspend(onVerifier)
	f.blocks(100)
	f.untouched(id)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.NoError(t, g.Validate())
	require.Len(t, g.Halts, 2)
	require.NotNil(t, g.Halts[1].GraceEnded)
	require.NotNil(t, g.Requests[0].Auction.Assignment.Review)

	before := f.Codec.MustMarshalJSON(g)
	next := beside(t, f)
	next.verifier.laid = f.verifier.laid
	next.refuse = map[string]bool{}
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(before), string(next.Codec.MustMarshalJSON(again)))

	next.Ctx = next.Ctx.WithBlockHeight(f.Ctx.BlockHeight() + 1).WithBlockTime(f.Ctx.BlockTime().Add(24 * time.Hour))
	require.NoError(t, next.keeper.BeginBlock(next.Ctx))
	next.pass(seconds(100))
	next.untouched(id)
	next.resume(onVerifier)
	next.lastMoment(id, next.marketTime().Add(time.Minute), true)
}

// An import that starts before the export's last block: the market time goes on
// from there, and halts of the time line that was left are forgotten.
func TestImportBackInTime(t *testing.T) {
	f := setup(t)
	f.pass(halt())
	f.pass(halt())
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	next.Ctx = next.Ctx.WithBlockHeight(1).WithBlockTime(f.Ctx.BlockTime().Add(-10 * time.Second))
	require.NoError(t, next.keeper.BeginBlock(next.Ctx))
	require.Equal(t, f.marketTime(), next.marketTime())
	require.NoError(t, next.keeper.CheckInvariants(next.Ctx))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.NoError(t, again.Validate())
	require.Len(t, again.Halts, 3)
	third := beside(t, f)
	require.NoError(t, third.keeper.InitGenesis(third.Ctx, again))
	third.Ctx = third.Ctx.WithBlockHeight(1).WithBlockTime(g.Halts[0].Time.Add(-time.Hour))
	require.NoError(t, third.keeper.BeginBlock(third.Ctx))
	require.NoError(t, third.keeper.CheckInvariants(third.Ctx))
	again, err = third.keeper.ExportGenesis(third.Ctx)
	require.NoError(t, err)
	require.Len(t, again.Halts, 1)
	require.Equal(t, again.Clock.Lost, again.Halts[0].Gap, "nothing was lost before it")
	require.Equal(t, f.marketTime(), third.marketTime())
}

// Bounds: only the latest halts are kept.
func TestHaltsAreBounded(t *testing.T) {
	const gap = 2 * time.Minute
	f := setup(t)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	for i := range types.MaxHalts + 1 {
		at := f.Ctx.BlockTime().Add(time.Duration(i+1) * gap)
		g.Halts = append(g.Halts, types.Halt{Time: at, Gap: gap, Lost: time.Duration(i+1) * gap, GraceEnded: &at})
		g.Clock.LastBlockTime, g.Clock.Lost = at, time.Duration(i+1)*gap
	}
	require.ErrorIs(t, g.Validate(), types.ErrInvalidGenesis, "one past the limit")
	g.Halts = g.Halts[1:]
	require.NoError(t, g.Validate(), "at the limit")

	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	next.Ctx = next.Ctx.WithBlockHeight(f.Ctx.BlockHeight() + 1).WithBlockTime(g.Clock.LastBlockTime.Add(gap))
	require.NoError(t, next.keeper.BeginBlock(next.Ctx))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.NoError(t, again.Validate())
	require.Len(t, again.Halts, types.MaxHalts)
	require.Equal(t, g.Halts[1], again.Halts[0], "the oldest is forgotten")
	require.Equal(t, (types.MaxHalts+2)*gap, again.Clock.Lost)
}

func TestHaltsRefused(t *testing.T) {
	f := setup(t)
	f.pass(halt())
	f.pass(halt())
	id := f.assigned()
	f.suspend(onVerifier)
	f.blocks(100)
	f.untouched(id)
	for name, malleate := range map[string]func(g *types.GenesisState){
		"unsorted":         func(g *types.GenesisState) { g.Halts[0].Time = g.Halts[1].Time },
		"out of range":     func(g *types.GenesisState) { g.Halts[0].Time = time.Time{} },
		"a broken sum":     func(g *types.GenesisState) { g.Halts[0].Lost++ },
		"a missing one":    func(g *types.GenesisState) { g.Halts = g.Halts[:1] },
		"the clock's sum":  func(g *types.GenesisState) { g.Halts[1].Lost++; g.Halts[1].Gap++ },
		"a lasting grace":  func(g *types.GenesisState) { g.Halts[0].GraceEnded = nil },
		"in the future":    func(g *types.GenesisState) { g.Halts[1].Time = g.Clock.LastBlockTime.Add(1) },
		"an early review":  func(g *types.GenesisState) { g.Requests[0].Auction.Assignment.Review = &time.Time{} },
		"a distant review": func(g *types.GenesisState) { *g.Requests[0].Auction.Assignment.Review = time.Unix(1<<40, 0) },
	} {
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		require.NoError(t, g.Validate())
		malleate(g)
		require.ErrorIs(t, g.Validate(), types.ErrInvalidGenesis, name)
	}
	// A state of before halts were kept has lost time and no halts.
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	g.Halts = nil
	require.NoError(t, g.Validate())
}
