// Package testutil runs the whole application in a test over ABCI alone: real
// transactions with real signatures through the real ante chain, block after
// block, without a network. It is the fixture of end-to-end tests and
// benchmarks.
//
//	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
//	alice := a.Account("alice")
//	block := a.Block(a.Tx(alice, banktypes.NewMsgSend(…)))
//	a.RequireOK(block.Results...)
package testutil

import (
	"context"
	"maps"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// App is an application with one validator, funded accounts and a clock that
// only its methods move. It is not safe for concurrent use.
type App struct {
	*app.App

	t         testing.TB
	cfg       config
	validator *ed25519.PrivKey
	accounts  map[string]*Account
	pending   map[string]uint64 // transactions signed since the last block, by address
	height    int64             // of the last block
	now       time.Time         // of the last block
}

// NewApp starts a chain and runs its first block, which is empty.
func NewApp(t testing.TB, opts ...Option) *App {
	t.Helper()
	a := newApp(t, opts)
	a.open()
	a.initChain()
	a.Block()
	return a
}

// newApp is an application that is not open yet.
func newApp(t testing.TB, opts []Option) *App {
	chain.ConfigureBech32()
	return &App{
		t:         t,
		cfg:       newConfig(opts),
		validator: ed25519.GenPrivKeyFromSecret([]byte("proofmarket test validator")),
		accounts:  make(map[string]*Account),
		pending:   make(map[string]uint64),
	}
}

// open opens the application over its database.
func (a *App) open() {
	a.t.Helper()
	built, err := app.New(log.NewNopLogger(), a.cfg.db, len(a.cfg.wiring) == 0, a.options(), a.baseOptions()...)
	require.NoError(a.t, err)
	if len(a.cfg.wiring) > 0 {
		for _, change := range a.cfg.wiring {
			change(built)
		}
		require.NoError(a.t, built.LoadLatestVersion())
	}
	a.App = built
	a.t.Cleanup(func() { require.NoError(a.t, built.Close()) })
}

// baseOptions are those that a node's start command sets.
func (a *App) baseOptions() []func(*baseapp.BaseApp) {
	return append([]func(*baseapp.BaseApp){
		baseapp.SetChainID(a.cfg.chainID), baseapp.SetMinGasPrices(a.cfg.minGasPrices), withoutPruner(),
	}, a.cfg.base...)
}

// withoutPruner keeps the stores from pruning in goroutines of their own, which
// outlive a closed application and hold on to all of its state.
func withoutPruner() func(*baseapp.BaseApp) { return baseapp.SetIAVLSyncPruning(true) }

// options is the node's configuration.
func (a *App) options() appOptions {
	options := appOptions{
		flags.FlagHome:                a.t.TempDir(),
		server.FlagBlockExecutor:      a.cfg.executor,
		server.FlagBlockSTMWorkers:    a.cfg.workers,
		server.FlagUnsafeSkipUpgrades: []int{},
	}
	maps.Copy(options, a.cfg.node)
	return options
}

type appOptions map[string]any

// Get implements servertypes.AppOptions.
func (o appOptions) Get(key string) any { return o[key] }

func (a *App) initChain() {
	params := app.DefaultConsensusParams().ToProto()
	req := &abci.RequestInitChain{
		ChainId:         a.cfg.chainID,
		ConsensusParams: &params,
		InitialHeight:   1,
		Time:            a.cfg.start,
	}
	if a.cfg.imported != nil {
		req.AppStateBytes = a.cfg.imported.AppState
		req.InitialHeight = a.cfg.imported.Height
		req.ConsensusParams = &a.cfg.imported.ConsensusParams
	} else {
		req.AppStateBytes = a.genesis()
	}
	_, err := a.InitChain(req)
	require.NoError(a.t, err)
	a.height = req.InitialHeight - 1
	a.now = req.Time
}

// ChainID returns the chain's id.
func (a *App) ChainID() string { return a.cfg.chainID }

// Height returns the height of the last block.
func (a *App) Height() int64 { return a.height }

// Now returns the time of the last block.
func (a *App) Now() time.Time { return a.now }

// Ctx returns a context over a branch of the last committed state: what is
// written to it is seen by nobody else.
func (a *App) Ctx() sdk.Context {
	a.t.Helper()
	ctx, err := a.CreateQueryContext(0, false)
	require.NoError(a.t, err)
	return ctx.WithBlockTime(a.now).WithBlockHeight(a.height).WithChainID(a.cfg.chainID)
}

// Conn returns a connection to the query services over the last committed
// state, for the modules' query clients.
func (a *App) Conn() gogogrpc.ClientConn {
	a.t.Helper()
	return &baseapp.QueryServiceTestHelper{GRPCQueryRouter: a.GRPCQueryRouter(), Ctx: a.Ctx()}
}

// Context returns the test's context, for calls of query clients.
func (a *App) Context() context.Context { return a.t.Context() }

// Balance returns what addr holds of the chain's coin.
func (a *App) Balance(addr sdk.AccAddress) math.Int {
	a.t.Helper()
	return a.BalanceOf(addr, chain.Denom)
}

// BalanceOf returns what addr holds of denom.
func (a *App) BalanceOf(addr sdk.AccAddress, denom string) math.Int {
	a.t.Helper()
	return a.BankKeeper.GetBalance(a.Ctx(), addr, denom).Amount
}

// Supply returns how much of the chain's coin there is.
func (a *App) Supply() math.Int {
	a.t.Helper()
	return a.BankKeeper.GetSupply(a.Ctx(), chain.Denom).Amount
}

// Proposer returns the validator's consensus address.
func (a *App) Proposer() cmttypes.Address { return a.validator.PubKey().Address() }
