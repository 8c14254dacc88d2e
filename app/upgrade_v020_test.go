package app_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/ibc"
	"github.com/proofmarket/proofmarket/testutil/used"
	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverskeeper "github.com/proofmarket/proofmarket/x/staking/keeper"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// node is a node of the used chain that v0.1.0 left: what a restart does not lose.
type node struct {
	t      *testing.T
	state  used.State
	db     dbm.DB
	home   string
	blocks []testutil.Block
	opts   []testutil.Option
}

func newNode(t *testing.T, opts ...testutil.Option) *node {
	t.Helper()
	state, err := used.Read("v0.1.0")
	require.NoError(t, err)
	migrateStores(t, state)
	n := &node{t: t, state: state, db: dbm.NewMemDB(), home: t.TempDir(), opts: opts}
	require.NoError(t, state.Restore(n.db))
	return n
}

// migrateStores brings the stores of our modules to version 2 before anything runs: the
// software of today, which stands in for that of v0.1.0, reads no other. testutil/used
// upgrades the stores as they were left.
func migrateStores(t *testing.T, state used.State) {
	t.Helper()
	chain.ConfigureBech32()
	cdc, authority := codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), app.Authority()
	modules := map[string][]string{verifiertypes.ModuleName: nil, proverstypes.ModuleName: nil}
	accounts := authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(storetypes.NewKVStoreKey(authtypes.StoreKey)), authtypes.ProtoBaseAccount,
		modules, address.NewBech32Codec(chain.Bech32Prefix), chain.Bech32Prefix, authority)
	migrateStore(t, state, markettypes.StoreKey, markettypes.ModuleName, func(ctx sdk.Context, s store.KVStoreService) error {
		k := marketkeeper.NewKeeper(cdc, s, storetypes.NewObjectStoreKey(markettypes.ObjectStoreKey), nil, nil, nil, nil, nil, authority)
		return marketkeeper.NewMigrator(k).Migrate1to2(ctx)
	})
	migrateStore(t, state, proverstypes.StoreKey, proverstypes.ModuleName, func(ctx sdk.Context, s store.KVStoreService) error {
		return proverskeeper.NewMigrator(proverskeeper.NewKeeper(cdc, s, accounts, nil, nil, authority)).Migrate1to2(ctx)
	})
	migrateStore(t, state, verifiertypes.StoreKey, verifiertypes.ModuleName, func(ctx sdk.Context, s store.KVStoreService) error {
		return verifierkeeper.NewMigrator(verifierkeeper.NewKeeper(cdc, s, accounts, nil, nil, authority)).Migrate1to2(ctx)
	})
}

// migrateStore runs a module's migration from version 1 to version 2 on its store alone.
func migrateStore(t *testing.T, state used.State, name, module string, migrate func(sdk.Context, store.KVStoreService) error) {
	t.Helper()
	at := func(name string) *used.Store {
		i := slices.IndexFunc(state.Stores, func(s used.Store) bool { return s.Name == name })
		require.GreaterOrEqual(t, i, 0, "no store %s", name)
		return &state.Stores[i]
	}
	key := storetypes.NewKVStoreKey(name)
	ctx := sdktestutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient")).WithBlockTime(state.Time)
	kept, kv := at(name), ctx.KVStore(key)
	for _, p := range kept.Pairs {
		kv.Set(p.Key, p.Value)
	}
	require.NoError(t, migrate(ctx, runtime.NewKVStoreService(key)))
	kept.Pairs = nil
	it := kv.Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		kept.Pairs = append(kept.Pairs, used.Pair{Key: bytes.Clone(it.Key()), Value: append([]byte{}, it.Value()...)})
	}
	version := append([]byte{upgradetypes.VersionMapByte}, module...)
	versions := at(upgradetypes.StoreKey).Pairs
	i := slices.IndexFunc(versions, func(p used.Pair) bool { return bytes.Equal(p.Key, version) })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, sdk.Uint64ToBigEndian(1), versions[i].Value)
	versions[i].Value = sdk.Uint64ToBigEndian(2)
}

// open starts the node's software after its last block.
func (n *node) open(opts ...testutil.Option) *testutil.App {
	n.t.Helper()
	height, now := n.state.Height, n.state.Time
	if len(n.blocks) > 0 {
		last := n.blocks[len(n.blocks)-1]
		height, now = last.Height, last.Time
	}
	opts = append(append([]testutil.Option{
		testutil.WithDB(n.db), testutil.WithChainID(n.state.ChainID), testutil.WithInvariants(),
		testutil.WithNodeOption(flags.FlagHome, n.home),
		testutil.WithRecorder(func(b testutil.Block) { n.blocks = append(n.blocks, b) }),
	}, n.opts...), opts...)
	return testutil.OpenApp(n.t, height, now, opts...)
}

// openOld starts the software of v0.1.0.
func (n *node) openOld(opts ...testutil.Option) *testutil.App {
	n.t.Helper()
	return n.open(append(opts, testutil.WithNodeOption(app.ReleaseOption, app.FirstRelease()))...)
}

// planned lets the chain's governance schedule the upgrade, and returns its height.
func planned(t *testing.T, a *testutil.App, name string) int64 {
	t.Helper()
	a.Block() // what the application answers before its first block is nothing
	validator := a.Account(testutil.ValidatorName)
	params, err := a.GovKeeper.Params.Get(a.Ctx())
	require.NoError(t, err)
	height := a.Height() + 8
	plan := &upgradetypes.MsgSoftwareUpgrade{Authority: app.Authority(), Plan: upgradetypes.Plan{Name: name, Height: height}}
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{plan}, params.MinDeposit, validator.String(), "", "title", "summary", false)
	require.NoError(t, err)
	var made govv1.MsgSubmitProposalResponse
	a.MsgResponse(a.MustDeliver(validator, proposal), 0, &made)
	a.MustDeliver(validator, govv1.NewMsgVote(validator.Address, made.ProposalId, govv1.OptionYes, ""))
	a.BlockAfter(*params.VotingPeriod + time.Second)
	a.Block()
	scheduled, err := a.UpgradeKeeper.GetUpgradePlan(a.Ctx())
	require.NoError(t, err, "%s has passed", govtypes.ModuleName)
	require.Equal(t, height, scheduled.Height)
	for a.Height() < height-1 {
		a.Block()
	}
	return height
}

func exportOf(t *testing.T, a *testutil.App) map[string]json.RawMessage {
	t.Helper()
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.Export().AppState, &modules))
	return modules
}

// The rehearsal of v0.2.0: the used chain of v0.1.0 is upgraded by its governance,
// loses nothing, and goes on with IBC.
func TestUpgradeToV020(t *testing.T) {
	n := newNode(t)
	before := n.openOld()
	height := planned(t, before, "v0.2.0")
	open := openRequests(t, before)
	require.ErrorContains(t, before.TryBlock(), `UPGRADE "v0.2.0" NEEDED`)
	_, err := os.Stat(filepath.Join(n.home, "data", upgradetypes.UpgradeInfoFilename))
	require.NoError(t, err, "left for the new software")

	// A node that skips the upgrade, with the old software, is what the chain would
	// be without it.
	skipping := newNode(t)
	skipped := skipping.openOld(testutil.WithNodeOption(server.FlagUnsafeSkipUpgrades, []int{int(height)}))
	for _, block := range n.blocks {
		require.Equal(t, block.AppHash, skipped.Replay(block).AppHash)
	}
	skipped.Block()

	a := n.open()
	upgraded := a.Block()
	require.Equal(t, height, upgraded.Height)
	done, err := a.UpgradeKeeper.GetDoneHeight(a.Ctx(), "v0.2.0")
	require.NoError(t, err)
	require.Equal(t, height, done)
	versions, err := a.UpgradeKeeper.GetModuleVersionMap(a.Ctx())
	require.NoError(t, err)
	require.Equal(t, a.ModuleManager.GetVersionMap(), versions)
	require.EqualValues(t, 2, versions[proverstypes.ModuleName])
	require.EqualValues(t, 2, versions[markettypes.ModuleName])
	require.EqualValues(t, 2, versions[verifiertypes.ModuleName])
	want, got := exportOf(t, skipped), exportOf(t, a)
	for module := range want {
		require.Equal(t, string(want[module]), string(got[module]), "the upgrade changes nothing in %s", module)
	}
	require.Len(t, got, len(want)+2, "and adds two modules")
	require.Contains(t, got, ibcexported.ModuleName)
	require.Contains(t, got, transfertypes.ModuleName)

	// A second node does the same, in parallel, and agrees.
	requireSecondNode(t, n, height)

	// Every request ends, unless its verifier is suspended.
	require.NotEmpty(t, open, "a used chain has open requests")
	for range 200 {
		a.BlockAfter(5 * time.Second)
	}
	for _, view := range openRequests(t, a) {
		require.Equal(t, verifiertypes.VERIFIER_STATUS_SUSPENDED, view.VerifierStatus, "%s has not ended", view.Request.Id)
	}
	a.RequireStableExport("verifier", "provers", "market")
	requireConnects(t, n)
}

// requireSecondNode replays what the first node did, with another executor.
func requireSecondNode(t *testing.T, first *node, height int64) {
	t.Helper()
	second := newNode(t, testutil.WithBlockSTM(4))
	var a *testutil.App
	for i, block := range first.blocks {
		switch {
		case i == 0:
			a = second.open(testutil.WithNodeOption(app.ReleaseOption, app.FirstRelease()), testutil.WithBlockSTM(4))
		case block.Height == height:
			require.Error(t, a.TryBlock())
			a = second.open()
		}
		got := a.Replay(block)
		require.Equal(t, hex.EncodeToString(block.AppHash), hex.EncodeToString(got.AppHash), "height %d", block.Height)
		require.Equal(t, block.ResultsHash, got.ResultsHash, "height %d", block.Height)
	}
}

// requireConnects lets the upgraded chain connect with a new one, and send to it.
func requireConnects(t *testing.T, n *node) {
	t.Helper()
	a := ibc.Open(t, func(record testutil.Option) *testutil.App {
		opened := n.open(record)
		validator, relayer := opened.Account(testutil.ValidatorName), opened.Account("relayer")
		opened.Block()
		opened.MustDeliver(validator, banktypes.NewMsgSend(validator.Address, relayer.Address, coins(1_000_000)))
		return opened
	})
	b := ibc.New(t, "beta-1", testutil.WithStart(a.Now()))
	ibc.Connect(t, a, b)
	bob := b.Account("bob")
	a.Pay(b, a.Relayer(), uproof(5), bob.String())
	require.EqualValues(t, 5, b.BalanceOf(bob.Address, b.Voucher(chain.Denom)).Int64())
	require.NoError(t, a.CheckInvariants(a.Ctx()))
}

// openRequests lists the open requests.
func openRequests(t *testing.T, a *testutil.App) []markettypes.RequestView {
	t.Helper()
	response, err := markettypes.NewQueryClient(a.Conn()).Requests(a.Context(), &markettypes.QueryRequestsRequest{
		Status: markettypes.REQUEST_STATUS_PENDING,
	})
	require.NoError(t, err)
	return response.Views
}

// The new software does not run over the old state before the upgrade's height, with
// or without a plan, and says what to do.
func TestNewSoftwareTooEarly(t *testing.T) {
	refused := func(n *node) {
		t.Helper()
		_, err := app.New(log.NewNopLogger(), n.db, true, executorOption(""))
		require.ErrorIs(t, err, app.ErrTooEarly)
		require.ErrorContains(t, err, `upgrade "v0.2.0"`)
	}
	n := newNode(t)
	refused(n)
	height := planned(t, n.openOld(), "v0.2.0")
	refused(n)
	require.Equal(t, height-1, n.blocks[len(n.blocks)-1].Height)
}

// A chain that has the stores, but not the plan's height, is stopped too: the handler
// is there before its time.
func TestUpgradeScheduledAgainStopsTheChain(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithQuickVotes())
	a.Govern(&upgradetypes.MsgSoftwareUpgrade{
		Authority: app.Authority(), Plan: upgradetypes.Plan{Name: "other", Height: a.Height() + 100},
	})
	require.NoError(t, a.SetUpgrades([]app.Upgrade{{Name: "other"}}))
	require.ErrorContains(t, a.TryBlock(), "BINARY UPDATED BEFORE TRIGGER")
}
