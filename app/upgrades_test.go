package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
)

// votingPeriod is how long tests vote.
const votingPeriod = 5 * time.Second

func withQuickVotes(cdc codec.Codec, genesis app.GenesisState) {
	testutil.MutateGenesis(cdc, genesis, govtypes.ModuleName, func(s *govv1.GenesisState) {
		period, expedited := votingPeriod, votingPeriod/2
		s.Params.VotingPeriod, s.Params.ExpeditedVotingPeriod = &period, &expedited
	})
}

// govern lets the only validator propose msgs and vote for them, and runs blocks
// until the vote is over.
func govern(t *testing.T, a *testutil.App, msgs ...sdk.Msg) {
	t.Helper()
	validator := a.Account(testutil.ValidatorName)
	proposal, err := govv1.NewMsgSubmitProposal(msgs, coins(10_000_000), validator.String(), "", "title", "summary", false)
	require.NoError(t, err)
	var made govv1.MsgSubmitProposalResponse
	a.MsgResponse(a.MustDeliver(validator, proposal), 0, &made)
	a.MustDeliver(validator, govv1.NewMsgVote(validator.Address, made.ProposalId, govv1.OptionYes, ""))
	a.AdvanceFor(votingPeriod + time.Second)
	done, err := a.GovKeeper.Proposals.Get(a.Ctx(), made.ProposalId)
	require.NoError(t, err)
	require.Equal(t, govv1.StatusPassed, done.Status, done.FailedReason)
}

func schedule(t *testing.T, a *testutil.App, name string) (height int64) {
	t.Helper()
	height = a.Height() + 15
	govern(t, a, &upgradetypes.MsgSoftwareUpgrade{
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
	a := testutil.NewApp(t, testutil.WithGenesis(withQuickVotes))
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
	a := testutil.NewApp(t, testutil.WithGenesis(withQuickVotes))
	height := schedule(t, a, "next")
	wrong := errors.New("wrong state")
	runUntil(t, a, height, app.Upgrade{
		Name: "next", Migrate: func(context.Context, app.Keepers) error { return wrong },
	})
	require.ErrorIs(t, a.TryBlock(), wrong)
}

func TestOldBinaryStopsAtTheUpgrade(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithGenesis(withQuickVotes))
	height := schedule(t, a, "next")
	for a.Height() < height-1 {
		a.Block()
	}
	require.ErrorContains(t, a.TryBlock(), "next")
}
