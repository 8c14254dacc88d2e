package used_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/used"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// store finds a store of a state.
func store(t *testing.T, state used.State, name string) *used.Store {
	i := slices.IndexFunc(state.Stores, func(s used.Store) bool { return s.Name == name })
	require.GreaterOrEqual(t, i, 0, "no store %s", name)
	return &state.Stores[i]
}

// heads counts the records of where the provers' queues begin.
func heads(s *used.Store) (n int) {
	for _, p := range s.Pairs {
		if bytes.HasPrefix(p.Key, proverstypes.HeadsPrefix.Bytes()) {
			n++
		}
	}
	return n
}

// The very stores that v0.1.0 left are upgraded by their next block: no later software
// has run on them, so that the provers' queues have no heads before their migration, and
// the market has lifetimes where statistics of earlier epochs belong. The chain goes on
// until every request has ended.
func TestStoresOfV010Upgrade(t *testing.T) {
	state, err := used.Read("v0.1.0")
	require.NoError(t, err)
	require.Zero(t, heads(store(t, state, proverstypes.StoreKey)), "v0.1.0 had none")
	plan := upgradetypes.Plan{Name: "v0.2.0", Height: state.Height + 1}
	scheduled, err := plan.Marshal()
	require.NoError(t, err)
	upgrades := store(t, state, upgradetypes.StoreKey)
	upgrades.Pairs = append(upgrades.Pairs, used.Pair{Key: upgradetypes.PlanKey(), Value: scheduled})
	db, home := dbm.NewMemDB(), t.TempDir()
	require.NoError(t, state.Restore(db))
	stopped, err := json.Marshal(plan)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(home, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "data", upgradetypes.UpgradeInfoFilename), stopped, 0o600))

	a := testutil.OpenApp(t, state.Height, state.Time, testutil.WithDB(db), testutil.WithChainID(state.ChainID),
		testutil.WithInvariants(), testutil.WithNodeOption(flags.FlagHome, home))
	a.Block()
	done, err := a.UpgradeKeeper.GetDoneHeight(a.Ctx(), plan.Name)
	require.NoError(t, err)
	require.Equal(t, plan.Height, done)
	upgraded := used.State{Stores: used.Dump(a.CommitMultiStore())}
	require.Positive(t, heads(store(t, upgraded, proverstypes.StoreKey)))
	requireStats(t, state, a)
	goOn(t, a)
}

// requireStats requires of statistics after the block of the upgrade what the chain has
// without it: an import of what v0.1.0 exported, one block later.
func requireStats(t *testing.T, state used.State, a *testutil.App) {
	t.Helper()
	imported := testutil.NewApp(t, testutil.WithExported(state.Exported()), testutil.WithChainID(state.ChainID),
		testutil.WithStart(state.Time.Add(time.Second)), testutil.WithInvariants())
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(state.AppState, &modules))
	var left markettypes.GenesisState
	a.AppCodec().MustUnmarshalJSON(modules[markettypes.ModuleName], &left)
	require.NotEmpty(t, left.ProverStats)
	one, other := markettypes.NewQueryClient(a.Conn()), markettypes.NewQueryClient(imported.Conn())
	market, err := one.Stats(a.Context(), &markettypes.QueryStatsRequest{})
	require.NoError(t, err)
	require.NotEmpty(t, market.Epochs)
	want, err := other.Stats(imported.Context(), &markettypes.QueryStatsRequest{})
	require.NoError(t, err)
	require.Equal(t, want.String(), market.String())
	for _, p := range left.ProverStats {
		req := &markettypes.QueryProverStatsRequest{Prover: p.Prover}
		prover, err := one.ProverStats(a.Context(), req)
		require.NoError(t, err)
		want, err := other.ProverStats(imported.Context(), req)
		require.NoError(t, err)
		require.Equal(t, want.String(), prover.String())
	}
}

// The proposal of docs/operations/upgrades.md gives a chain from v0.1.0 the windows of
// one that begins today.
func TestProposalOfWindows(t *testing.T) {
	state, err := used.Read("v0.1.0")
	require.NoError(t, err)
	a := testutil.NewApp(t, testutil.WithExported(state.Exported()), testutil.WithChainID(state.ChainID), testutil.WithStart(state.Time.Add(time.Second)))
	a.Block()
	guide, err := os.ReadFile("../../docs/operations/upgrades.md")
	require.NoError(t, err)
	_, rest, found := bytes.Cut(guide, []byte("```json\n"))
	require.True(t, found)
	text, _, _ := bytes.Cut(rest, []byte("```"))
	var proposal struct {
		Messages []json.RawMessage `json:"messages"`
	}
	require.NoError(t, json.Unmarshal(text, &proposal))
	require.Len(t, proposal.Messages, 2)

	ctx, want := a.Ctx(), app.DefaultConsensusParams().ToProto()
	before, err := a.ConsensusKeeper.ParamsStore.Get(ctx)
	require.NoError(t, err)
	require.NotEqual(t, want.Evidence, before.Evidence, "v0.1.0 had others")
	for _, raw := range proposal.Messages {
		var msg sdk.Msg
		require.NoError(t, a.AppCodec().UnmarshalInterfaceJSON(raw, &msg))
		_, err := a.MsgServiceRouter().Handler(msg)(ctx, msg)
		require.NoError(t, err)
	}
	after, err := a.ConsensusKeeper.ParamsStore.Get(ctx)
	require.NoError(t, err)
	require.Equal(t, want.Evidence, after.Evidence)
	require.Equal(t, before.Block, after.Block)
	require.Equal(t, before.Validator, after.Validator)
	var fresh slashingtypes.GenesisState
	a.AppCodec().MustUnmarshalJSON(a.DefaultGenesis()[slashingtypes.ModuleName], &fresh)
	windows, err := a.SlashingKeeper.GetParams(ctx)
	require.NoError(t, err)
	require.Equal(t, fresh.Params, windows)
}
