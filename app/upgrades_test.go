package app_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
)

func schedule(t *testing.T, a *testutil.App, name string) (height int64) {
	t.Helper()
	height = a.Height() + 15
	a.Govern(&upgradetypes.MsgSoftwareUpgrade{
		Authority: app.Authority(), Plan: upgradetypes.Plan{Name: name, Height: height},
	})
	return height
}

// runUntil runs blocks up to the one before height, as the old binary would, and
// then puts the new binary's upgrade in its place.
func runUntil(t *testing.T, a *testutil.App, height int64, upgrade app.Upgrade) {
	t.Helper()
	for a.Height() < height-1 {
		a.Block()
	}
	require.NoError(t, a.SetUpgrades([]app.Upgrade{upgrade}))
}

func TestGovernanceUpgradesTheChain(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithQuickVotes())
	height := schedule(t, a, "next")
	ran := 0
	runUntil(t, a, height, app.Upgrade{
		Name: "next", Migrate: func(context.Context, app.Keepers) error { ran++; return nil },
	})
	require.Zero(t, ran)
	a.Advance(3)
	require.Equal(t, 1, ran)
	done, err := a.UpgradeKeeper.GetDoneHeight(a.Ctx(), "next")
	require.NoError(t, err)
	require.Equal(t, height, done)
}

func TestFailingMigrationStopsTheBlock(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithQuickVotes())
	height := schedule(t, a, "next")
	wrong := errors.New("wrong state")
	runUntil(t, a, height, app.Upgrade{
		Name: "next", Migrate: func(context.Context, app.Keepers) error { return wrong },
	})
	require.ErrorIs(t, a.TryBlock(), wrong)
}

func TestOldBinaryStopsAtTheUpgrade(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithQuickVotes())
	height := schedule(t, a, "next")
	for a.Height() < height-1 {
		a.Block()
	}
	require.ErrorContains(t, a.TryBlock(), "next")
}
