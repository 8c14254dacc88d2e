package testutil

import (
	"time"

	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/codec"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app"
)

const (
	// ChainID is the default chain id.
	ChainID = "proofmarket-test-1"
	// DefaultBlockTime is the default time between two blocks.
	DefaultBlockTime = time.Second
	// DefaultBalance is what each account holds at genesis, in uproof.
	DefaultBalance = 1_000_000_000_000
	// DefaultMinGasPrices is what the node asks for gas.
	DefaultMinGasPrices = "0.0025uproof"
)

// DefaultStart is the default genesis time.
var DefaultStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// BlockHook runs on a branch of the state after every block; its error fails
// the test.
type BlockHook func(a *App, ctx sdk.Context) error

// GenesisMutator changes the genesis before the chain starts.
type GenesisMutator func(cdc codec.Codec, genesis app.GenesisState)

// Option sets up an App.
type Option func(*config)

type config struct {
	chainID      string
	start        time.Time
	blockTime    time.Duration
	executor     string
	workers      int
	minGasPrices string
	balance      math.Int
	names        []string
	mutators     []GenesisMutator
	hooks        []BlockHook
	imported     *servertypes.ExportedApp
	db           dbm.DB
	node         map[string]any
	record       func(Block)
	base         []func(*baseapp.BaseApp)
	wiring       []func(*app.App)
}

func newConfig(opts []Option) config {
	cfg := config{
		chainID:      ChainID,
		start:        DefaultStart,
		blockTime:    DefaultBlockTime,
		executor:     serverconfig.BlockExecutorSequential,
		minGasPrices: DefaultMinGasPrices,
		balance:      math.NewInt(DefaultBalance),
		db:           dbm.NewMemDB(),
		node:         make(map[string]any),
	}
	for _, opt := range opts {
		opt(&cfg)
	}
	return cfg
}

// WithAccounts funds the accounts of these names at genesis.
func WithAccounts(names ...string) Option {
	return func(c *config) { c.names = append(c.names, names...) }
}

// WithBalance sets what each account holds at genesis, in uproof.
func WithBalance(amount math.Int) Option {
	return func(c *config) { c.balance = amount }
}

// WithBlockSTM executes transactions in parallel with that many workers; zero
// means one for each processor.
func WithBlockSTM(workers int) Option {
	return func(c *config) {
		c.executor, c.workers = serverconfig.BlockExecutorBlockSTM, workers
	}
}

// WithGenesis changes the genesis; mutators run in the order given.
func WithGenesis(m GenesisMutator) Option {
	return func(c *config) { c.mutators = append(c.mutators, m) }
}

// WithBlockHook runs hook after every block, the first included; invariants
// belong there.
func WithBlockHook(hook BlockHook) Option {
	return func(c *config) { c.hooks = append(c.hooks, hook) }
}

// WithStart sets the genesis time.
func WithStart(t time.Time) Option {
	return func(c *config) { c.start = t }
}

// WithBlockTime sets the time between two blocks.
func WithBlockTime(d time.Duration) Option {
	return func(c *config) { c.blockTime = d }
}

// WithMinGasPrices sets what the node asks for gas in CheckTx.
func WithMinGasPrices(prices string) Option {
	return func(c *config) { c.minGasPrices = prices }
}

// WithChainID sets the chain's id.
func WithChainID(id string) Option {
	return func(c *config) { c.chainID = id }
}

// WithExported starts from the state that another chain exported, at its next
// height. Accounts keep their names and keys.
func WithExported(exported servertypes.ExportedApp) Option {
	return func(c *config) { c.imported = &exported }
}

// WithNodeOption sets a node option, such as a flag of the start command.
func WithNodeOption(key string, value any) Option {
	return func(c *config) { c.node[key] = value }
}

// WithDB keeps the state in db instead of memory, as a benchmark of a node
// should.
func WithDB(db dbm.DB) Option {
	return func(c *config) { c.db = db }
}

// WithWiring changes an application that is built before it loads its state, such as how
// it executes transactions.
func WithWiring(change func(*app.App)) Option {
	return func(c *config) { c.wiring = append(c.wiring, change) }
}

// WithBase sets what the start command sets of the application's base, such as pruning
// and caches.
func WithBase(set ...func(*baseapp.BaseApp)) Option {
	return func(c *config) { c.base = append(c.base, set...) }
}
