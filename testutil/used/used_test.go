package used_test

import (
	"testing"
	"time"

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

// An export starts a chain, and exports as it was.
func TestExportGoesOn(t *testing.T) {
	each(t, func(t *testing.T, state used.State) {
		a := testutil.NewApp(t, testutil.WithExported(state.Exported()), testutil.WithChainID(state.ChainID),
			testutil.WithStart(state.Time.Add(time.Second)), testutil.WithInvariants())
		a.RequireStableExport(modules...)
		goOn(t, a)
	})
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
