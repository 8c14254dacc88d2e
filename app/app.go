// Package app puts the chain together: the Cosmos SDK's modules and ours, in
// what order they run, and how a transaction is admitted. It is wiring only;
// rules live in the modules.
package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cast"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/baseapp/blockexec"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/proofmarket/proofmarket/app/ante"
	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/internal/sidebyside"
)

// Name is the name of the node's binary, of its home folder and of the
// application in a genesis file.
const Name = "marketd"

// DefaultNodeHome is where a node keeps its files unless told otherwise.
var DefaultNodeHome = defaultHome()

func defaultHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		// A service without a home folder names its own with --home; until then
		// files go below the folder that it runs in.
		home = "."
	}
	return filepath.Join(home, "."+Name)
}

var (
	_ runtime.AppI            = (*App)(nil)
	_ servertypes.Application = (*App)(nil)
)

// App is the chain's application.
type App struct {
	*baseapp.BaseApp
	Keepers

	// ModuleManager runs the modules.
	ModuleManager *module.Manager
	// BasicManager is the modules' stateless half, for the command line.
	BasicManager module.BasicManager

	enc          Encoding
	simulation   *module.SimulationManager
	configurator module.Configurator
	closeOnce    sync.Once

	pool  *lanes.Pool // where transactions wait for a block
	ahead int         // how many proofs are verified before a block at most
	// decoded decodes transactions, those of a block with proofs ahead of it.
	decoded *decodedTxs
	looks   looks // at proofs, in CheckTx

	invariantPeriod int64 // blocks between two checks; zero for none
}

// New builds the application over db. With loadLatest it loads the last
// committed state; without, it can still answer what depends on code alone, or
// load another height with LoadHeight.
func New(
	logger log.Logger, db dbm.DB, loadLatest bool, options servertypes.AppOptions, baseOptions ...func(*baseapp.BaseApp),
) (*App, error) {
	if err := checkExecutor(options); err != nil {
		return nil, err
	}
	enc, err := newEncoding()
	if err != nil {
		return nil, err
	}
	// Last, so that it takes the place of the SDK's own.
	baseOptions = append(slices.Clone(baseOptions), baseapp.SetInterBlockCache(sidebyside.New(cast.ToBool(options.Get(server.FlagInterBlockCache)))))
	decoded := &decodedTxs{decoder: enc.TxConfig.TxDecoder()}
	base := baseapp.NewBaseApp(Name, logger, db, decoded.decode, baseOptions...)
	base.SetVersion(version.Version)
	base.SetInterfaceRegistry(enc.Registry)
	base.SetTxEncoder(enc.TxConfig.TxEncoder())

	app := &App{BaseApp: base, enc: enc, decoded: decoded, invariantPeriod: invariantPeriod(options)}
	soft := releaseOf(options)
	keys := newStores()
	app.Keepers = newKeepers(keeperDeps{
		enc: enc, base: base, stores: keys, logger: logger, options: options, authority: Authority(),
	})
	app.ModuleManager = newModuleManager(enc, app.Keepers, base)
	soft.trim(app.ModuleManager)
	keys = keys.without(soft.absent)
	app.BasicManager = newBasicManager(app.ModuleManager)
	app.BasicManager.RegisterLegacyAminoCodec(enc.Amino)
	app.BasicManager.RegisterInterfaces(enc.Registry)
	if err := enc.Registry.SigningContext().Validate(); err != nil {
		return nil, err
	}
	if err := app.registerServices(); err != nil {
		return nil, err
	}
	app.simulation = newSimulationManager(enc, app.Keepers, app.ModuleManager)

	if err := app.setVerifier(options); err != nil {
		return nil, err
	}
	app.MountKVStores(keys.kv)
	app.MountObjectStores(keys.object)
	if err := app.setHandlers(options); err != nil {
		return nil, err
	}
	if err := app.setUpgrades(soft.upgrades); err != nil {
		return nil, err
	}
	blockexec.Apply(base, options, keys.all(), decoded.decode,
		func(storetypes.MultiStore) string { return chain.Denom },
		blockexec.WithRunnerWrap(func(runner sdk.TxRunner) sdk.TxRunner {
			return blockRunner{TxRunner: runner, decoded: decoded}
		}))
	if loadLatest {
		if err := app.LoadLatestVersion(); err != nil {
			return nil, app.explainLoad(db, soft.upgrades, err)
		}
	}
	return app, nil
}

// setHandlers hooks the application into the life of a block.
func (app *App) setHandlers(options servertypes.AppOptions) error {
	handler, err := ante.NewHandler(ante.Options{
		AccountKeeper:   app.AccountKeeper,
		BankKeeper:      app.BankKeeper,
		FeegrantKeeper:  app.FeeGrantKeeper,
		SignModeHandler: app.enc.TxConfig.SignModeHandler(),
		IBCKeeper:       app.IBCKeeper,
	})
	if err != nil {
		return err
	}
	app.setLanes(options, handler)
	app.SetInitChainer(app.InitChainer)
	app.SetPreBlocker(app.PreBlocker)
	app.SetBeginBlocker(app.BeginBlocker)
	app.SetEndBlocker(app.EndBlocker)
	return nil
}

// InitChainer sets the state from a genesis.
func (app *App) InitChainer(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var genesis GenesisState
	if err := json.Unmarshal(req.AppStateBytes, &genesis); err != nil {
		return nil, errorsmod.Wrapf(ErrGenesis, "app_state is not an object of modules: %v", err)
	}
	app.complete(genesis)
	if err := app.UpgradeKeeper.SetModuleVersionMap(ctx, app.ModuleManager.GetVersionMap()); err != nil {
		return nil, err
	}
	return app.ModuleManager.InitGenesis(ctx, app.enc.Codec, genesis)
}

// BeginBlocker runs before a block's transactions.
func (app *App) BeginBlocker(ctx sdk.Context) (sdk.BeginBlock, error) {
	return app.ModuleManager.BeginBlock(ctx)
}

// EndBlocker runs after a block's transactions.
func (app *App) EndBlocker(ctx sdk.Context) (sdk.EndBlock, error) {
	end, err := app.ModuleManager.EndBlock(ctx)
	if err != nil {
		return end, err
	}
	return end, app.guardInvariants(ctx)
}

// Close releases the databases. The server closes an application twice; only
// the first call does something.
func (app *App) Close() (err error) {
	app.closeOnce.Do(func() { err = app.BaseApp.Close() })
	return err
}

// LoadHeight loads the state committed at height.
func (app *App) LoadHeight(height int64) error { return app.LoadVersion(height) }

// LegacyAmino returns the codec of the older signing mode.
func (app *App) LegacyAmino() *codec.LegacyAmino { return app.enc.Amino }

// AppCodec returns the codec of state and messages.
func (app *App) AppCodec() codec.Codec { return app.enc.Codec }

// InterfaceRegistry returns the registry of message and key types.
func (app *App) InterfaceRegistry() codectypes.InterfaceRegistry { return app.enc.Registry }

// TxConfig returns how transactions are encoded and signed.
func (app *App) TxConfig() client.TxConfig { return app.enc.TxConfig }

// SimulationManager returns the modules that take part in simulation.
func (app *App) SimulationManager() *module.SimulationManager { return app.simulation }
