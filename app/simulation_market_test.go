package app_test

import (
	"encoding/json"
	"errors"
	"math/rand"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/x/market"
	"github.com/proofmarket/proofmarket/x/market/simulation"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provers "github.com/proofmarket/proofmarket/x/staking"
	proverssimulation "github.com/proofmarket/proofmarket/x/staking/simulation"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// errShut is why bank does not pay an account for a while.
var errShut = errors.New("the simulation has shut this account")

// newSimulatedMarket is the application with provers and market at work, and their
// proposals that pass. The ends of every third block can't pay every fourth account,
// so that there is something to claim.
func newSimulatedMarket(logger log.Logger, db dbm.DB, latest bool, options servertypes.AppOptions, base ...func(*baseapp.BaseApp)) *simulated {
	s := simulate(logger, db, latest, options, base, func(s *simulated, m module.AppModuleSimulation) []module.AppModuleSimulation {
		switch m.(type) {
		case market.AppModule:
			return []module.AppModuleSimulation{m, authority{powers{genesisOnly{m}, s}}}
		case provers.AppModule:
			return []module.AppModuleSimulation{m}
		}
		return nil
	})
	shutSome(s)
	return s
}

// authority acts as governance does on provers and market.
type authority struct{ powers }

func (p authority) WeightedOperations(module.SimulationState) []simtypes.WeightedOperation {
	source, other := simulation.NewSource(p.app.MarketKeeper), proverssimulation.NewSource(p.app.ProversKeeper)
	var ops []simtypes.WeightedOperation
	for _, factory := range []simsx.SimMsgFactoryX{
		source.MsgSetPause(), source.MsgUpdateParams(), other.MsgJail(), other.MsgUnjail(), other.MsgDeactivateProver(),
		other.MsgLiftDeactivation(), other.MsgSlashProver(),
	} {
		ops = append(ops, operation{8, p.govern(factory)})
	}
	return ops
}

// The market under the SDK's simulator, with the provers beside it: random genesis,
// real transactions with fees and real proofs, blocks hours apart; the invariants of
// all our modules hold after every block, at its end everything that may happen to a
// request happened, and its export imports to the same state.
func TestSimulationOfMarket(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a chain of a hundred blocks")
	}
	runMarket(t, 100, 13, func(t testing.TB, run simsx.TestInstance[*simulated], _ []simtypes.Account) {
		requireTraded(t, run.App)
		requireSameAfterImport(t, run.App)
	})
}

// Two runs of one seed come to the same state.
func TestSimulationIsDeterministic(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two chains")
	}
	var hashes [][]byte
	for range 2 {
		runMarket(t, 20, 2, func(_ testing.TB, run simsx.TestInstance[*simulated], _ []simtypes.Account) {
			hashes = append(hashes, run.App.LastCommitID().Hash)
		})
	}
	require.Equal(t, hashes[0], hashes[1])
}

func runMarket(t *testing.T, blocks int, seed int64, after func(testing.TB, simsx.TestInstance[*simulated], []simtypes.Account)) {
	// The simulator skips the rest of a test once a chain has no validators left.
	t.Cleanup(func() { require.False(t, t.Skipped(), "take another seed") })
	few := func(r *rand.Rand, _ int) []simtypes.Account { return simtypes.RandomAccounts(r, 25) }
	simsx.RunWithSeedAndRandAcc(t, simulationConfig(blocks), newSimulatedMarket, randomState, seed, nil, few, after)
}

// requireTraded requires traces of what may happen to requests.
func requireTraded(t testing.TB, a *simulated) {
	g, err := a.MarketKeeper.ExportGenesis(a.NewContext(true))
	require.NoError(t, err)
	saw := map[string]bool{"receipts": len(g.Receipts) > 0, "halts": len(g.Halts) > 0}
	for _, s := range g.MarketStats {
		stats := s.Stats
		for what, n := range map[string]uint64{
			"requests": stats.Requests, "bids": stats.Provers.Bids, "reveals": stats.Provers.Reveals, "won": stats.Provers.Won,
			"fulfilled": stats.Provers.Fulfilled, "missed": stats.Provers.Missed, "promoted": stats.Provers.Promoted,
			"cancelled": stats.Cancelled, "no bids": stats.NoBids, "none ranked": stats.NoneRanked, "failed": stats.Failed,
		} {
			saw[what] = saw[what] || n > 0
		}
	}
	var missing []string
	for what, seen := range saw {
		if !seen {
			missing = append(missing, what)
		}
	}
	require.Empty(t, missing)
	for _, name := range []string{"/proofmarket.market.v1.MsgSetPause", "/proofmarket.market.v1.MsgUpdateParams"} {
		require.Positive(t, a.done[name], name)
	}
}

// requireSameAfterImport imports the state into a fresh application, before any
// block, and requires that our modules export it again byte for byte (invariant 7).
func requireSameAfterImport(t testing.TB, a *simulated) {
	exported, err := a.ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	var state app.GenesisState
	require.NoError(t, json.Unmarshal(exported.AppState, &state))
	clock, err := a.MarketKeeper.GetClock(a.NewContext(true))
	require.NoError(t, err)
	got := exportAgain(t, exported, clock.LastBlockTime)
	for _, name := range []string{verifiertypes.ModuleName, proverstypes.ModuleName, markettypes.ModuleName} {
		require.JSONEq(t, string(state[name]), string(got[name]), name)
	}
}

// exportAgain imports a state into a fresh application and exports it, before any block.
func exportAgain(t testing.TB, exported servertypes.ExportedApp, at time.Time) app.GenesisState {
	chainID := simsx.SimAppChainID
	fresh, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{}, baseapp.SetChainID(chainID))
	require.NoError(t, err)
	defer func() { require.NoError(t, fresh.Close()) }()
	_, err = fresh.InitChain(&abci.RequestInitChain{
		ChainId: chainID, InitialHeight: exported.Height, ConsensusParams: &exported.ConsensusParams,
		AppStateBytes: exported.AppState, Time: at,
	})
	require.NoError(t, err)
	ctx := fresh.NewContextLegacy(false, cmtproto.Header{Height: exported.Height - 1, ChainID: chainID, Time: at})
	got, err := fresh.ModuleManager.ExportGenesisForModules(ctx, fresh.AppCodec(), nil)
	require.NoError(t, err)
	return got
}

// noOptions is a node's options, none of them set.
type noOptions struct{}

func (noOptions) Get(string) any { return nil }
