package app_test

import (
	"errors"
	"math/rand"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	provers "github.com/proofmarket/proofmarket/x/staking"
	"github.com/proofmarket/proofmarket/x/staking/simulation"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// simulated is the application for the simulator. Every module makes its genesis,
// provers alone sends transactions; what governance and the market do to provers
// is done to them directly.
type simulated struct {
	*app.App
	manager *module.SimulationManager
	done    map[string]int  // messages that worked, and calls of the authority and the market
	wanted  map[string]bool // messages that are sent at all
}

func newSimulated(logger log.Logger, db dbm.DB, latest bool, options servertypes.AppOptions, base ...func(*baseapp.BaseApp)) *simulated {
	return simulate(logger, db, latest, options, base, func(s *simulated, m module.AppModuleSimulation) []module.AppModuleSimulation {
		if _, ours := m.(provers.AppModule); ours {
			return []module.AppModuleSimulation{m, powers{genesisOnly{m}, s}}
		}
		return nil
	})
}

// simulate is an application whose modules send what active gives for them, and
// nothing where it gives nothing.
func simulate(
	logger log.Logger, db dbm.DB, latest bool, options servertypes.AppOptions, base []func(*baseapp.BaseApp),
	active func(*simulated, module.AppModuleSimulation) []module.AppModuleSimulation,
) *simulated {
	chain.ConfigureBech32()
	built, err := app.New(logger, db, false, checked{options}, base...)
	if err != nil {
		panic(err)
	}
	endAfterTransactions(built)
	if latest {
		if err := built.LoadLatestVersion(); err != nil {
			panic(err)
		}
	}
	s := &simulated{App: built, done: map[string]int{}, wanted: map[string]bool{}}
	var modules []module.AppModuleSimulation
	for _, m := range built.SimulationManager().Modules {
		if list := active(s, m); len(list) > 0 {
			modules = append(modules, list...)
		} else {
			modules = append(modules, genesisOnly{m})
		}
	}
	s.manager = module.NewSimulationManager(modules...)
	return s
}

// endAfterTransactions moves the end of a block to its commit. The simulator sends the
// transactions of a block after what it takes for the whole of it: they would follow
// the block's end, which no chain does, and what they credit virtually would be lost
// (law M18). Changes of the validators reach the simulator a block later. An error
// fails the next block.
func endAfterTransactions(a *app.App) {
	var last sdk.EndBlock
	var failed error
	a.SetEndBlocker(func(sdk.Context) (sdk.EndBlock, error) {
		updates := last.ValidatorUpdates
		last = sdk.EndBlock{}
		return sdk.EndBlock{ValidatorUpdates: updates}, failed
	})
	a.SetPrecommiter(func(ctx sdk.Context) {
		last, failed = a.EndBlocker(ctx.WithEventManager(sdk.NewEventManager()))
		ctx.MultiStore().(storetypes.CacheMultiStore).Write()
	})
}

func (s *simulated) SimulationManager() *module.SimulationManager { return s.manager }

// checked is a node's options, with the invariants checked in every block.
type checked struct{ servertypes.AppOptions }

func (c checked) Get(key string) any {
	if key == server.FlagInvCheckPeriod {
		return 1
	}
	return c.AppOptions.Get(key)
}

// genesisOnly is a module that sends no transactions.
type genesisOnly struct{ module.AppModuleSimulation }

func (genesisOnly) WeightedOperations(module.SimulationState) []simtypes.WeightedOperation {
	return nil
}

// powers acts on provers as governance and the market do.
type powers struct {
	genesisOnly
	app *simulated
}

func (powers) GenerateGenesisState(*module.SimulationState) {}

type operation struct {
	weight int
	run    simtypes.Operation
}

func (o operation) Weight() int            { return o.weight }
func (o operation) Op() simtypes.Operation { return o.run }

func (p powers) WeightedOperations(module.SimulationState) []simtypes.WeightedOperation {
	source := simulation.NewSource(p.app.ProversKeeper)
	ops := []simtypes.WeightedOperation{operation{60, p.market}}
	for _, factory := range []simsx.SimMsgFactoryX{
		source.MsgJail(), source.MsgUnjail(), source.MsgDeactivateProver(), source.MsgLiftDeactivation(),
		source.MsgSlashProver(), source.MsgUpdateAllowList(), source.MsgUpdateParams(),
	} {
		ops = append(ops, operation{6, p.govern(factory)})
	}
	return ops
}

// govern executes a message as a proposal that passed.
func (p powers) govern(factory simsx.SimMsgFactoryX) simtypes.Operation {
	return func(r *rand.Rand, _ *baseapp.BaseApp, ctx sdk.Context, accs []simtypes.Account, _ string) (simtypes.OperationMsg, []simtypes.FutureOperation, error) {
		name := sdk.MsgTypeURL(factory.MsgType())
		none := simtypes.NoOpMsg(proverstypes.ModuleName, name, "")
		reporter := simsx.NewBasicSimulationReporter().WithScope(factory.MsgType())
		data := simsx.NewChainDataSource(ctx, r, p.app.AccountKeeper, p.app.BankKeeper, p.app.AccountKeeper.AddressCodec(), accs...)
		_, msg := factory.Create()(ctx, data, reporter)
		if reporter.IsSkipped() {
			return none, nil, reporter.Close()
		}
		branch, write := ctx.CacheContext()
		if _, err := p.app.MsgServiceRouter().Handler(msg)(branch, msg); err != nil {
			if errors.Is(err, proverstypes.ErrInvalidList) {
				err = nil // on the list already, or never on it
			}
			return none, nil, err
		}
		write()
		p.app.done[name]++
		return simtypes.NewOperationMsgBasic(proverstypes.ModuleName, name, "", true, nil), nil, nil
	}
}

// market pays, gives work to and slashes a prover that some account may be.
func (p powers) market(r *rand.Rand, _ *baseapp.BaseApp, ctx sdk.Context, accs []simtypes.Account, _ string) (simtypes.OperationMsg, []simtypes.FutureOperation, error) {
	k := p.app.ProversKeeper
	none := simtypes.NoOpMsg(proverstypes.ModuleName, "market", "")
	prover, payer := accs[r.Intn(len(accs))].Address, accs[r.Intn(len(accs))].Address
	standing, err := k.Standing(ctx, prover)
	if err != nil {
		return none, nil, nil //nolint:nilerr // not a prover
	}
	branch, write := ctx.CacheContext()
	name := "reward"
	switch {
	case r.Intn(2) == 0:
		amount := p.app.BankKeeper.SpendableCoin(branch, payer, chain.Denom).Amount.QuoRaw(50)
		err = k.AddRewards(branch, prover, payer, proverstypes.SourceMarket, amount, amount.QuoRaw(int64(r.Intn(50)+1)))
	case standing.OpenAssignments > 0 && r.Intn(2) == 0:
		name = "close"
		number := uint64(0)
		for number == 0 || errors.Is(err, proverstypes.ErrAssignmentUnknown) {
			number++
			err = k.CloseAssignment(branch, prover, number)
		}
		if err == nil && r.Intn(3) == 0 {
			name = "miss"
			_, err = k.Slash(branch, prover, "missed", standing.Assets.QuoRaw(10).AddRaw(1))
		}
	case standing.State == proverstypes.PROVER_STATE_ACTIVE:
		name = "open"
		room := standing.Assets.Sub(standing.Exposure).QuoRaw(3)
		_, err = k.OpenAssignment(branch, prover, standing.Assets.AddRaw(1), math.MaxInt(room, math.ZeroInt()))
		if errors.Is(err, proverstypes.ErrMaxExposure) || errors.Is(err, proverstypes.ErrExposure) {
			return none, nil, nil
		}
	default:
		return none, nil, nil
	}
	if err != nil {
		return none, nil, err
	}
	write()
	p.app.done[name]++
	return simtypes.NewOperationMsgBasic(proverstypes.ModuleName, name, "", true, nil), nil, nil
}

// simulationConfig is a chain of that many blocks.
func simulationConfig(blocks int) simtypes.Config {
	return simtypes.Config{
		InitialBlockHeight: 1, NumBlocks: blocks, BlockSize: 25, GenesisTime: 1_767_225_600,
		ChainID: simsx.SimAppChainID, Commit: true, DBBackend: "memdb", Lean: true,
	}
}

// randomState is the random genesis of a chain.
func randomState(a *simulated) simsx.SimStateFactory {
	return simsx.SimStateFactory{
		Codec:         a.AppCodec(),
		AppStateFn:    simtestutil.AppStateFn(a.AppCodec(), a.SimulationManager(), a.DefaultGenesis()),
		BlockedAddr:   app.BlockedAddresses(),
		AccountSource: a.AccountKeeper,
		BalanceSource: a.BankKeeper,
	}
}

// The provers module under the SDK's simulator: random genesis, real transactions
// with fees, blocks hours apart; the invariants of all our modules hold after
// every block, and at its end everything that may happen to a prover happened.
func TestSimulationOfProvers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a chain of a hundred blocks")
	}
	cfg := simulationConfig(100)
	few := func(r *rand.Rand, _ int) []simtypes.Account { return simtypes.RandomAccounts(r, 25) }
	simsx.RunWithSeedAndRandAcc(t, cfg, newSimulated, randomState, 7, nil, few,
		func(t testing.TB, run simsx.TestInstance[*simulated], _ []simtypes.Account) {
			for _, name := range []string{
				"reward", "open", "close", "miss",
				"/proofmarket.provers.v1.MsgJail", "/proofmarket.provers.v1.MsgUnjail",
				"/proofmarket.provers.v1.MsgDeactivateProver", "/proofmarket.provers.v1.MsgLiftDeactivation",
				"/proofmarket.provers.v1.MsgSlashProver", "/proofmarket.provers.v1.MsgUpdateAllowList",
				"/proofmarket.provers.v1.MsgUpdateParams",
			} {
				require.Positive(t, run.App.done[name], name)
			}
			requireBusy(t, run.App)
		})
}

// requireBusy requires traces of the messages that leave some for good.
func requireBusy(t testing.TB, a *simulated) {
	g, err := a.ProversKeeper.ExportGenesis(a.NewContext(true))
	require.NoError(t, err)
	saw := map[string]bool{}
	for _, p := range g.Provers {
		saw["registered again"] = saw["registered again"] || p.Prover.Generation > 1
		saw["deactivated"] = saw["deactivated"] || len(p.Prover.Causes) > 0
		saw["limits"] = saw["limits"] || p.Prover.Breaker.MaxExposure.IsPositive()
	}
	for _, v := range g.Vaults {
		saw["unstaked"] = saw["unstaked"] || v.NextUnstake > 3
	}
	for _, r := range g.Commissions {
		saw["own rate"] = saw["own rate"] || r.Source != ""
	}
	for _, p := range g.Payouts {
		saw["incentives paid"] = saw["incentives paid"] || p.Paid.IsPositive()
	}
	for _, what := range []string{"registered again", "deactivated", "limits", "unstaked", "own rate", "incentives paid"} {
		require.True(t, saw[what], what)
	}
}
