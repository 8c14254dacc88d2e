package testutil

import (
	"encoding/json"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"

	"github.com/proofmarket/proofmarket/app"
)

// Export exports the last committed state of the modules; none means all.
func (a *App) Export(modules ...string) servertypes.ExportedApp {
	a.t.Helper()
	exported, err := a.ExportAppStateAndValidators(false, nil, modules)
	require.NoError(a.t, err)
	return exported
}

// Reimport starts a second chain from this one's exported state, one block time
// later, with the same chain id. It has run its first block already.
func (a *App) Reimport(opts ...Option) *App {
	a.t.Helper()
	base := []Option{
		WithExported(a.Export()), WithChainID(a.cfg.chainID), WithBlockTime(a.cfg.blockTime),
		WithStart(a.now.Add(a.cfg.blockTime)), WithMinGasPrices(a.cfg.minGasPrices),
	}
	return NewApp(a.t, append(base, opts...)...)
}

// RequireStableExport fails the test unless the modules' state survives export
// → import → export, with no block between, byte for byte (invariant 7).
func (a *App) RequireStableExport(modules ...string) {
	a.t.Helper()
	exported := a.Export()
	var want map[string]json.RawMessage
	require.NoError(a.t, json.Unmarshal(exported.AppState, &want))
	got := a.exportOfImport(exported, modules)
	for _, module := range modules {
		require.Containsf(a.t, want, module, "no such module")
		require.Equalf(a.t, compact(a, want[module]), compact(a, got[module]), "state of %s", module)
	}
}

// exportOfImport imports a state into a fresh application and exports it again
// before anything else happens.
func (a *App) exportOfImport(exported servertypes.ExportedApp, modules []string) map[string]json.RawMessage {
	a.t.Helper()
	fresh, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, a.options(), baseapp.SetChainID(a.cfg.chainID), withoutPruner())
	require.NoError(a.t, err)
	defer func() { require.NoError(a.t, fresh.Close()) }()
	_, err = fresh.InitChain(&abci.RequestInitChain{
		ChainId: a.cfg.chainID, InitialHeight: exported.Height, ConsensusParams: &exported.ConsensusParams,
		AppStateBytes: exported.AppState, Time: a.now.Add(a.cfg.blockTime),
	})
	require.NoError(a.t, err)
	// Nothing is committed yet: the state is the one that the first block will
	// start from.
	ctx := fresh.NewContextLegacy(false, cmtproto.Header{Height: exported.Height - 1, ChainID: a.cfg.chainID, Time: a.now})
	got, err := fresh.ModuleManager.ExportGenesisForModules(ctx, fresh.AppCodec(), modules)
	require.NoError(a.t, err)
	return got
}

// compact takes the white space out of a module's state, which exporting adds.
func compact(a *App, state json.RawMessage) string {
	a.t.Helper()
	bz, err := json.Marshal(state)
	require.NoError(a.t, err)
	return string(bz)
}
