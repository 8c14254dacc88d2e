package keeper_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// counted brings a chain to a state with statistics of three epochs, prices of two
// programs, a proof bought twice, and bids that nobody revealed.
func counted(t *testing.T) *fixture {
	f := setup(t)
	params := types.DefaultParams()
	params.Retention = 30 * time.Second
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	f.bought([]int64{5, 6, 7}, numbered)
	f.provers.epoch++
	other := f.request(func(m *types.MsgRequest) { m.Statement.Program = types.FormatID(account32("other")) })
	f.bid(other, alice, 8)
	f.bid(other, bob, 9)
	f.toReveal(other)
	f.reveal(other, alice, 8)
	f.blocks(12)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(other, alice))
	require.NoError(t, err)
	f.blocks(40)
	f.provers.epoch++
	f.bought([]int64{900}, numbered)
	f.assigned()
	f.blocks(1)
	return f
}

// Invariant 7, for statistics: also in the middle of a block, when what waits is
// counted by the export.
func TestGenesisOfStats(t *testing.T) {
	f := counted(t)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.NoError(t, g.Validate())
	require.Len(t, g.MarketStats, 4)
	require.Len(t, g.Prices, 4)
	require.Len(t, g.Statements, 4)
	require.NotEmpty(t, g.Receipts)
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(f.Codec.MustMarshalJSON(g)), string(f.Codec.MustMarshalJSON(again)))
	require.Equal(t, f.statsOf(alice), next.statsOf(alice))
	require.Equal(t, f.stats(), next.stats())
	require.Equal(t, f.recorded(), next.recorded(), "a genesis tells all of the records")

	id := f.request()
	f.blocks(1)
	f.bid(id, dave, 5)
	require.NotZero(t, f.fresh())
	g, err = f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.NotZero(t, f.fresh(), "an export changes nothing")
	next = beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	require.Equal(t, uint64(1), next.statsOf(dave).Lifetime.Bids)
}

// Bids that a request left behind are not exported; what they lost is.
func TestGenesisCountsForgottenBids(t *testing.T) {
	f := setup(t)
	params := types.DefaultParams()
	params.Retention, params.PruneCap = 0, types.MinPruneCap
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	id := f.request(func(m *types.MsgRequest) { m.MinStake = math.NewInt(1_000_000) })
	const bidders = types.MinPruneCap * 2
	for i := range bidders {
		p := account("bidder" + string(rune('a'+i)))
		f.Fund(t, p, wealth)
		f.provers.add(f, p, 100_000_000)
		f.bid(id, p, 5)
	}
	f.toReveal(id)
	for range 30 {
		if sum := f.stats().Lifetime.Provers.BondsLost; sum.IsPositive() {
			break
		}
		f.blocks(1)
	}
	require.True(t, f.stats().Lifetime.Provers.BondsLost.IsPositive())
	require.True(t, f.stats().Lifetime.Provers.BondsLost.LT(math.NewInt(bidders*bond)), "not all of them are counted yet")
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.Empty(t, g.Bids)
	require.Equal(t, int64(bidders*bond), g.MarketStats[0].Stats.Provers.BondsLost.Int64())
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	f.blocks(5)
	require.Equal(t, int64(bidders*bond), f.stats().Lifetime.Provers.BondsLost.Int64())
}

// Statistics, prices and statements in a form that the store could not hold.
func TestGenesisOfStatsRefused(t *testing.T) {
	f := counted(t)
	for name, malleate := range map[string]func(g *types.GenesisState){
		"no lifetime":                          func(g *types.GenesisState) { g.MarketStats = g.MarketStats[1:] },
		"lifetime twice":                       func(g *types.GenesisState) { g.MarketStats[1].Epoch = 0 },
		"epochs unsorted":                      func(g *types.GenesisState) { g.MarketStats[1].Epoch = 99 },
		"epoch twice":                          func(g *types.GenesisState) { g.MarketStats[1].Epoch = g.MarketStats[2].Epoch },
		"missing refunds":                      func(g *types.GenesisState) { g.MarketStats[0].Stats.Refunds = math.Int{} },
		"negative fees":                        func(g *types.GenesisState) { g.MarketStats[0].Stats.RequestFees = math.NewInt(-1) },
		"missing sum":                          func(g *types.GenesisState) { g.MarketStats[0].Stats.Provers.Fees = math.Int{} },
		"too many epochs":                      func(g *types.GenesisState) { manyEpochs(g) },
		"bad prover":                           func(g *types.GenesisState) { g.ProverStats[0].Prover = "x" },
		"prover lifetime":                      func(g *types.GenesisState) { g.ProverStats = g.ProverStats[1:] },
		"prover twice":                         func(g *types.GenesisState) { g.ProverStats = append(g.ProverStats, g.ProverStats[0]) },
		"prover epoch twice":                   func(g *types.GenesisState) { g.ProverStats[1].Epoch = g.ProverStats[2].Epoch },
		"missing slash":                        func(g *types.GenesisState) { g.ProverStats[0].Stats.Slashed = math.Int{} },
		"negative bonds":                       func(g *types.GenesisState) { g.ProverStats[0].Stats.BondsLost = math.NewInt(-1) },
		"large fees":                           func(g *types.GenesisState) { g.ProverStats[0].Stats.Fees = largeSum() },
		"an epoch past the market's lifetime":  func(g *types.GenesisState) { g.MarketStats[1].Stats.Requests += 99 },
		"an epoch past a prover's lifetime":    func(g *types.GenesisState) { g.ProverStats[1].Stats.BondsLost = math.NewInt(1 << 60) },
		"the market active after its lifetime": func(g *types.GenesisState) { g.MarketStats[0].Stats.Provers.LastActive = 0 },
		"a prover active after its lifetime":   func(g *types.GenesisState) { g.ProverStats[1].Stats.LastActive = 1 << 40 },
		"price of nothing":                     func(g *types.GenesisState) { g.Prices[0].RequestId = "x" },
		"price without verifier":               func(g *types.GenesisState) { g.Prices[0].Verifier = "" },
		"price without program":                func(g *types.GenesisState) { g.Prices[0].Program = "" },
		"missing price":                        func(g *types.GenesisState) { g.Prices[0].Price = math.Int{} },
		"price too early":                      func(g *types.GenesisState) { g.Prices[0].Time = time.Time{} },
		"programs mixed":                       func(g *types.GenesisState) { g.Prices = append(g.Prices, g.Prices[0]) },
		"bad statement":                        func(g *types.GenesisState) { g.Statements[0].Key = "x" },
		"statement of nothing":                 func(g *types.GenesisState) { g.Statements[0].RequestId = "x" },
		"statement twice":                      func(g *types.GenesisState) { g.Statements[1] = g.Statements[0] },
		"statements unsorted": func(g *types.GenesisState) {
			g.Statements[0], g.Statements[1] = g.Statements[1], g.Statements[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := f.keeper.ExportGenesis(f.Ctx)
			require.NoError(t, err)
			malleate(g)
			require.ErrorIs(t, g.Validate(), types.ErrInvalidGenesis)
		})
	}
}

// What is refused names the prover and the figure.
func TestGenesisNamesTheFigure(t *testing.T) {
	f := counted(t)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	p := g.ProverStats[1]
	g.ProverStats[1].Stats.Missed += 99
	err = g.Validate()
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.ErrorContains(t, err, p.Prover)
	require.ErrorContains(t, err, "missed: cannot take 99 from 0")
}

// A prover's lifetime may have been active after its latest epoch, in which something
// only befell it, or without any: an earlier one was.
func TestGenesisOfEarlierActivity(t *testing.T) {
	f := counted(t)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	idle := types.NoProverStats()
	idle.LastActive = 1
	list := []types.GenesisProverStats{{Prover: gpu.String(), Stats: idle}, {Prover: stranger.String(), Stats: types.NoProverStats()}}
	for i, p := range g.ProverStats {
		if i == len(g.ProverStats)-1 || g.ProverStats[i+1].Epoch == 0 {
			p.Stats.LastActive = 0 // the latest epoch of each
		}
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b types.GenesisProverStats) int {
		return bytes.Compare(sdk.MustAccAddressFromBech32(a.Prover), sdk.MustAccAddressFromBech32(b.Prover))
	})
	g.ProverStats = list
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(f.Codec.MustMarshalJSON(g)), string(f.Codec.MustMarshalJSON(again)))
	require.Equal(t, f.statsOf(alice).Lifetime, next.statsOf(alice).Lifetime)
	require.Equal(t, uint64(1), next.statsOf(gpu).Lifetime.LastActive)
}

// largeSum is one more than statistics hold.
func largeSum() math.Int {
	n := math.OneInt()
	for range types.MaxStatBits {
		n = n.MulRaw(2)
	}
	return n
}

// manyEpochs gives the market one epoch more than are kept.
func manyEpochs(g *types.GenesisState) {
	g.MarketStats = g.MarketStats[:1]
	for i := range uint64(types.MaxStatsEpochs + 1) {
		g.MarketStats = append(g.MarketStats, types.GenesisMarketStats{Epoch: i + 1, Stats: types.NoMarketStats()})
	}
}

// Statistics that requests, receipts and each other do not bear out.
func TestGenesisOfStatsThatDoNotAddUp(t *testing.T) {
	f := counted(t)
	for name, malleate := range map[string]func(g *types.GenesisState){
		"a request more":    func(g *types.GenesisState) { g.MarketStats[0].Stats.Requests++ },
		"a failure more":    func(g *types.GenesisState) { g.MarketStats[0].Stats.Failed++ },
		"none at all":       func(g *types.GenesisState) { g.MarketStats, g.ProverStats = nil, nil },
		"sum of provers":    func(g *types.GenesisState) { g.MarketStats[0].Stats.Provers.Bids++ },
		"sum of an epoch":   func(g *types.GenesisState) { g.MarketStats[2].Stats.Provers.Reveals++ },
		"a prover's figure": func(g *types.GenesisState) { g.ProverStats[0].Stats.Bids++ },
		"epochs past a lifetime": func(g *types.GenesisState) {
			p := g.ProverStats
			require.Equal(t, p[0].Prover, p[2].Prover)
			require.Equal(t, []uint64{g.MarketStats[1].Epoch, g.MarketStats[2].Epoch}, []uint64{p[1].Epoch, p[2].Epoch})
			for i := range 2 { // each is part of it
				g.MarketStats[1+i].Stats.Provers.Bids += p[0].Stats.Bids - p[1+i].Stats.Bids
				p[1+i].Stats.Bids = p[0].Stats.Bids
			}
		},
		"active later than all": func(g *types.GenesisState) { g.ProverStats[0].Stats.LastActive = 1 << 40 },
		"fees of one and all": func(g *types.GenesisState) {
			for _, fees := range []*math.Int{&g.MarketStats[0].Stats.Provers.Fees, &g.ProverStats[0].Stats.Fees} {
				*fees = fees.AddRaw(1)
			}
		},
		"wins of one and all": func(g *types.GenesisState) {
			g.MarketStats[0].Stats.Provers.Won--
			g.MarketStats[1].Stats.Provers.Won--
			for i := range g.ProverStats {
				if g.ProverStats[i].Prover == alice.String() && g.ProverStats[i].Epoch <= g.MarketStats[1].Epoch {
					g.ProverStats[i].Stats.Won--
				}
			}
		},
		"a price missing":         func(g *types.GenesisState) { g.Prices = g.Prices[1:] },
		"another price":           func(g *types.GenesisState) { g.Prices[0].Price = g.Prices[0].Price.AddRaw(1) },
		"a price twice":           func(g *types.GenesisState) { g.Prices = append(g.Prices[:1:1], g.Prices...) },
		"price of no request":     func(g *types.GenesisState) { g.Prices[0].RequestId = types.FormatID(account32("none")) },
		"a statement missing":     func(g *types.GenesisState) { g.Statements = g.Statements[1:] },
		"statement of no request": func(g *types.GenesisState) { g.Statements[0].RequestId = types.FormatID(account32("none")) },
		"statement of another":    func(g *types.GenesisState) { g.Statements[0].RequestId = g.Statements[1].RequestId },
	} {
		t.Run(name, func(t *testing.T) {
			g, err := f.keeper.ExportGenesis(f.Ctx)
			require.NoError(t, err)
			malleate(g)
			require.NoError(t, g.Validate())
			next := beside(t, f)
			require.ErrorIs(t, next.keeper.InitGenesis(next.Ctx, g), types.ErrInvariant)
		})
	}
}
