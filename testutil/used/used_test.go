package used_test

import (
	"encoding/json"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/used"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// modules are those whose export must not change by an import.
var modules = []string{"verifier", "provers", "market"}

// each runs a test over the state of every version.
func each(t *testing.T, test func(*testing.T, used.State)) {
	for _, version := range used.Versions {
		t.Run(version, func(t *testing.T) {
			state, err := used.Read(version)
			require.NoError(t, err)
			test(t, state)
		})
	}
}

// A node that stopped goes on over its stores, and every request ends.
func TestStoresGoOn(t *testing.T) {
	each(t, func(t *testing.T, state used.State) {
		db := dbm.NewMemDB()
		require.NoError(t, state.Restore(db))
		a := testutil.OpenApp(t, state.Height, state.Time, testutil.WithDB(db), testutil.WithChainID(state.ChainID), testutil.WithInvariants())
		requireExport(t, state, a)
		goOn(t, a)
	})
}

// An export starts a chain, and exports as it was.
func TestExportGoesOn(t *testing.T) {
	each(t, func(t *testing.T, state used.State) {
		a := testutil.NewApp(t, testutil.WithExported(state.Exported()), testutil.WithChainID(state.ChainID),
			testutil.WithStart(state.Time.Add(time.Second)), testutil.WithInvariants())
		a.RequireStableExport(modules...)
		goOn(t, a)
	})
}

// requireExport holds the stores against the export of the same block.
func requireExport(t *testing.T, state used.State, a *testutil.App) {
	var want, got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(state.AppState, &want))
	require.NoError(t, json.Unmarshal(a.Export().AppState, &got))
	for _, module := range modules {
		require.JSONEq(t, string(want[module]), string(got[module]), module)
	}
}

// goOn runs blocks until every request has ended but those whose verifier is
// suspended, which wait.
func goOn(t *testing.T, a *testutil.App) {
	a.Block()
	supply, before := a.Supply(), open(t, a)
	require.NotEmpty(t, before, "a used chain has open requests")
	for range 200 {
		a.BlockAfter(5 * time.Second)
	}
	after := open(t, a)
	require.Less(t, len(after), len(before))
	for _, v := range after {
		require.Equal(t, verifiertypes.VERIFIER_STATUS_SUSPENDED, v.VerifierStatus, "%s has not ended", v.Request.Id)
	}
	require.Equal(t, supply, a.Supply())
	a.RequireStableExport(modules...)
}

// open lists the open requests.
func open(t *testing.T, a *testutil.App) []markettypes.RequestView {
	response, err := markettypes.NewQueryClient(a.Conn()).Requests(a.Context(), &markettypes.QueryRequestsRequest{Status: markettypes.REQUEST_STATUS_PENDING})
	require.NoError(t, err)
	return response.Views
}
