package app_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"

	"github.com/proofmarket/proofmarket/app"
	marketsimulation "github.com/proofmarket/proofmarket/x/market/simulation"
	proverssimulation "github.com/proofmarket/proofmarket/x/staking/simulation"
)

var (
	simBlocks = flag.Int("sim.blocks", 70, "blocks of each simulation of the whole application")
	simSeeds  = flag.Int("sim.seeds", 1, "how many simulations of the whole application")
	simSeed   = flag.Int64("sim.seed", 2, "seed of the first of them; the others follow")
)

// newWhole is the application with every module at work, and with what governance does
// to ours done directly too, so that it need not wait for votes. The ends of some blocks
// can't pay some accounts.
func newWhole(logger log.Logger, db dbm.DB, latest bool, options servertypes.AppOptions, base ...func(*baseapp.BaseApp)) *simulated {
	s := simulate(logger, db, latest, options, base, func(s *simulated, m module.AppModuleSimulation) []module.AppModuleSimulation {
		return []module.AppModuleSimulation{watch(s, m)}
	})
	s.manager.Modules = append(s.manager.Modules, watch(s, verifierModule{s.VerifierKeeper}), governed{s})
	shutSome(s)
	return s
}

// governed is what governance does to our modules.
type governed struct{ app *simulated }

func (governed) GenerateGenesisState(*module.SimulationState)       {}
func (governed) RegisterStoreDecoder(simtypes.StoreDecoderRegistry) {}
func (g governed) WeightedOperations(module.SimulationState) (ops []simtypes.WeightedOperation) {
	market, provers, verifier := marketsimulation.NewSource(g.app.MarketKeeper), proverssimulation.NewSource(g.app.ProversKeeper), verifierModule{g.app.VerifierKeeper}
	act := powers{app: g.app}
	for _, factory := range append([]simsx.SimMsgFactoryX{
		market.MsgSetPause(), market.MsgUpdateParams(),
		provers.MsgJail(), provers.MsgUnjail(), provers.MsgDeactivateProver(), provers.MsgLiftDeactivation(),
		provers.MsgSlashProver(), provers.MsgUpdateAllowList(), provers.MsgUpdateParams(),
	}, verifier.proposals()...) {
		g.app.wanted[sdk.MsgTypeURL(factory.MsgType())] = true
		ops = append(ops, operation{15, act.govern(factory)})
	}
	return ops
}

// The whole application under the SDK's simulator: random genesis, real transactions of
// every module with fees and proofs, validators that are late, sign twice, come and go,
// votes on proposals. The invariants of all our modules hold after every block; every
// message of ours works at least once; what the chain exports, imports to the same
// state in every module, and a chain that has imported it goes on in the same manner.
// More: make sim.
func TestSimulationOfTheWholeApplication(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a chain of many blocks")
	}
	done, wanted := map[string]int{}, map[string]bool{}
	count := func(_ testing.TB, run simsx.TestInstance[*simulated], _ []simtypes.Account) {
		for name, n := range run.App.done {
			done[name] += n
		}
		maps.Copy(wanted, run.App.wanted)
	}
	for seed := *simSeed; seed < *simSeed+int64(*simSeeds); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			repeatable(t, seed)
			var exported servertypes.ExportedApp
			var accounts []simtypes.Account
			var last time.Time
			whole(t, seed, *simBlocks, newWhole, func(t testing.TB, run simsx.TestInstance[*simulated], accs []simtypes.Account) {
				count(t, run, accs)
				exported, last = requireWholeImports(t, run.App)
				accounts = accs
			})
			goOn(t, seed, exported, accounts, last, count)
		})
	}
	requireDone(t, done, wanted)
}

// Two runs of one seed come to the same state, with every module at work.
func TestSimulationOfTheWholeApplicationIsDeterministic(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two chains")
	}
	repeatable(t, *simSeed)
	var hashes [][]byte
	for range 2 {
		whole(t, *simSeed, max(*simBlocks/4, 10), newWhole, func(_ testing.TB, run simsx.TestInstance[*simulated], _ []simtypes.Account) {
			hashes = append(hashes, run.App.LastCommitID().Hash)
		})
	}
	require.Equal(t, hashes[0], hashes[1])
}

type factory = func(log.Logger, dbm.DB, bool, servertypes.AppOptions, ...func(*baseapp.BaseApp)) *simulated

type afterwards = func(testing.TB, simsx.TestInstance[*simulated], []simtypes.Account)

func whole(t *testing.T, seed int64, blocks int, build factory, after ...afterwards) {
	t.Helper()
	few := func(r *rand.Rand, _ int) []simtypes.Account { return simtypes.RandomAccounts(r, 25) }
	cfg := simulationConfig(blocks)
	cfg.BlockSize = 60
	simsx.RunWithSeedAndRandAcc(t, cfg, build, randomState, seed, evidence(0.3), few, after...)
}

// repeatable tells how to have a failure again. The simulator skips the rest of a test
// once a chain has no validators left: that is no success.
func repeatable(t *testing.T, seed int64) {
	t.Cleanup(func() {
		if t.Skipped() {
			t.Errorf("all validators have left: take another seed")
		}
		if t.Failed() {
			t.Logf("again: make sim BLOCKS=%d SEEDS=1 SEED=%d", *simBlocks, seed)
		}
	})
}

// requireDone requires that each message of ours worked, and something of every module
// of the SDK that people send messages to.
func requireDone(t *testing.T, done map[string]int, wanted map[string]bool) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(done)) {
		t.Logf("%6d %s", done[name], name)
	}
	modules := map[string]bool{}
	for name := range done {
		modules[sdk.GetModuleNameFromTypeURL(name)] = true
	}
	var missing []string
	for name := range wanted {
		if strings.HasPrefix(name, ours) && done[name] == 0 {
			missing = append(missing, name)
		}
	}
	for _, name := range []string{"bank", "staking", "gov", "distribution", "feegrant", "authz"} {
		if !modules[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing, "nothing of this worked in any run")
}

// goOn imports a state into a fresh application, at the height at which it was
// exported, and simulates on.
func goOn(t *testing.T, seed int64, exported servertypes.ExportedApp, accounts []simtypes.Account, last time.Time, after afterwards) {
	t.Helper()
	first := last.Add(time.Hour)
	state := func(a *simulated) simsx.SimStateFactory {
		f := randomState(a)
		f.AppStateFn = func(*rand.Rand, []simtypes.Account, simtypes.Config) (json.RawMessage, []simtypes.Account, string, time.Time) {
			return exported.AppState, accounts, simsx.SimAppChainID, first.Add(time.Hour)
		}
		return f
	}
	cfg := simulationConfig(max(*simBlocks/2, 10))
	cfg.InitialBlockHeight, cfg.BlockSize = int(exported.Height)+1, 60
	same := func(*rand.Rand, int) []simtypes.Account { return accounts }
	// The simulator knows no blocks from before the import.
	simsx.RunWithSeedAndRandAcc(t, cfg, imported(exported, first), state, seed, evidence(0), same, after)
}

// evidence is how the simulator's random numbers begin: those that give the share of
// its evidence that is about old blocks, a number of accounts that we don't follow, and
// how often there is evidence at all. By chance all validators would soon be gone.
func evidence(old float64) []byte {
	const often = 0.01
	share := func(f float64) uint64 { return uint64(f * (1 << 53)) }
	seed := binary.BigEndian.AppendUint64(nil, share(old))
	return binary.BigEndian.AppendUint64(append(seed, make([]byte, 8)...), share(often))
}

// imported is the application after an import and one block. The simulator's own
// genesis, which follows, finds it there.
func imported(exported servertypes.ExportedApp, at time.Time) factory {
	return func(logger log.Logger, db dbm.DB, _ bool, options servertypes.AppOptions, base ...func(*baseapp.BaseApp)) *simulated {
		s := newWhole(logger, db, false, options, base...)
		var validators []abci.ValidatorUpdate
		s.SetInitChainer(func(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
			if validators == nil {
				return s.InitChainer(ctx, req)
			}
			return &abci.ResponseInitChain{Validators: validators}, nil
		})
		must := func(err error) {
			if err != nil {
				panic(err)
			}
		}
		must(s.LoadLatestVersion())
		res, err := s.InitChain(&abci.RequestInitChain{
			ChainId: simsx.SimAppChainID, InitialHeight: exported.Height, ConsensusParams: &exported.ConsensusParams,
			AppStateBytes: exported.AppState, Time: at,
		})
		must(err)
		block, err := s.FinalizeBlock(&abci.RequestFinalizeBlock{Height: exported.Height, Time: at})
		must(err)
		_, err = s.Commit()
		must(err)
		validators = updated(res.Validators, block.ValidatorUpdates)
		return s
	}
}

// updated applies changes to a list of validators.
func updated(list, changes []abci.ValidatorUpdate) []abci.ValidatorUpdate {
	for _, c := range changes {
		list = slices.DeleteFunc(list, func(v abci.ValidatorUpdate) bool { return v.PubKey.Equal(c.PubKey) })
		if c.Power > 0 {
			list = append(list, c)
		}
	}
	return list
}

// requireWholeImports imports the state into a fresh application and requires that
// every module exports it again. It returns what was imported, and the time of the last
// block.
func requireWholeImports(t testing.TB, a *simulated) (servertypes.ExportedApp, time.Time) {
	exported, err := a.ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	var state app.GenesisState
	require.NoError(t, json.Unmarshal(exported.AppState, &state))
	clock, err := a.MarketKeeper.GetClock(a.NewContext(true))
	require.NoError(t, err)
	got := exportAgain(t, exported, clock.LastBlockTime)
	for _, name := range slices.Sorted(maps.Keys(state)) {
		require.JSONEq(t, string(state[name]), string(got[name]), name)
	}
	require.Len(t, got, len(state))
	return exported, clock.LastBlockTime
}

// shutSome keeps the ends of every third block from paying every fourth account, so that
// there is something to claim.
func shutSome(s *simulated) {
	s.BankKeeper.AppendSendRestriction(func(ctx context.Context, from, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		c := sdk.UnwrapSDKContext(ctx)
		acc := s.AccountKeeper.GetAccount(ctx, to)
		if _, module := s.AccountKeeper.GetAccount(ctx, from).(sdk.ModuleAccountI); module {
			return to, nil // the SDK's modules stop the chain where they can't pay
		}
		if len(c.TxBytes()) == 0 && c.BlockHeight()%3 == 0 && to[0]%4 == 0 && acc != nil && acc.GetPubKey() != nil {
			return nil, errShut
		}
		return to, nil
	})
}
