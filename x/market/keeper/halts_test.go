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

// A halt in the grace after another, once halt_grace_blocks has been lowered, used to
// end that grace: who could deliver in it was slashed at once.
func TestLaterHaltShortensNoGrace(t *testing.T) {
	for name, deliver := range map[string]bool{"delivered in its last block": true, "missed with its last block": false} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			id := f.assigned()
			f.pass(gaps{72 * time.Hour, 30 * time.Second, 31 * time.Second}) // the deadline has passed
			until := f.graceUntil()
			require.Equal(t, uint64(f.Ctx.BlockHeight())+types.DefaultParams().HaltGraceBlocks-3, until)
			f.set(func(p *types.Params) { p.HaltGraceBlocks = 0 })
			f.pass(gaps{72 * time.Hour})
			require.Equal(t, until, f.graceUntil(), "no shorter")
			for uint64(f.Ctx.BlockHeight()) < until {
				require.Equal(t, types.REQUEST_STATUS_PENDING, f.view(id).Auction.Status)
				f.blocks(1)
			}
			if deliver {
				f.proves(id)
				f.blocks(2)
				require.Zero(t, f.slashed(bob))
				return
			}
			f.blocks(1)
			require.Equal(t, types.END_REASON_MISSED, f.view(id).Auction.EndReason)
			require.EqualValues(t, penalty, f.slashed(bob))
		})
	}
	f := setup(t)
	f.pass(gaps{72 * time.Hour})
	until := f.graceUntil()
	f.set(func(p *types.Params) { p.HaltGraceBlocks *= 2 })
	f.pass(gaps{72 * time.Hour})
	require.Equal(t, until+1+types.DefaultParams().HaltGraceBlocks, f.graceUntil(), "but longer")
}

// An import begins a grace of its own, whatever was left of the one in the export: the
// height at which that would end is one of another chain.
func TestImportBeginsAGraceOfItsOwn(t *testing.T) {
	for name, height := range map[string]int64{"at the next height": 2, "at another": 1} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.pass(halt())
			f.set(func(p *types.Params) { p.HaltGraceBlocks = 5_000 })
			f.pass(gaps{72 * time.Hour})
			f.set(func(p *types.Params) { p.HaltGraceBlocks = 3 })
			g, err := f.keeper.ExportGenesis(f.Ctx)
			require.NoError(t, err)
			next := beside(t, f)
			require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
			if height > 1 {
				height = f.Ctx.BlockHeight() + 1
			}
			next.Ctx = next.Ctx.WithBlockHeight(height).WithBlockTime(f.Ctx.BlockTime().Add(time.Second))
			require.NoError(t, next.keeper.BeginBlock(next.Ctx))
			require.EqualValues(t, height+2, next.graceUntil())
			require.NoError(t, next.keeper.CheckInvariants(next.Ctx))
		})
	}
}

// graceUntil is the last block of the latest grace.
func (f *fixture) graceUntil() uint64 {
	clock, err := f.keeper.GetClock(f.Ctx)
	require.NoError(f.t, err)
	return clock.GraceUntilHeight
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
