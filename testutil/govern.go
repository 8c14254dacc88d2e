package testutil

import (
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
)

const (
	// VotingPeriod is how long governance votes under WithQuickVotes.
	VotingPeriod = 5 * time.Second
	// proposalDeposit is enough for a proposal to be voted on, in uproof.
	proposalDeposit = 10_000_000
)

// WithQuickVotes makes governance vote for VotingPeriod.
func WithQuickVotes() Option {
	return WithGenesis(func(cdc codec.Codec, genesis app.GenesisState) {
		MutateGenesis(cdc, genesis, govtypes.ModuleName, func(s *govv1.GenesisState) {
			period, expedited := VotingPeriod, VotingPeriod/2
			s.Params.VotingPeriod, s.Params.ExpeditedVotingPeriod = &period, &expedited
		})
	})
}

// Govern lets the only validator propose msgs and vote for them, and runs blocks
// until the vote is over; the proposal must pass and its messages succeed.
func (a *App) Govern(msgs ...sdk.Msg) {
	a.t.Helper()
	validator := a.Account(ValidatorName)
	deposit := sdk.NewCoins(sdk.NewCoin(chain.Denom, math.NewInt(proposalDeposit)))
	proposal, err := govv1.NewMsgSubmitProposal(msgs, deposit, validator.String(), "", "title", "summary", false)
	require.NoError(a.t, err)
	var made govv1.MsgSubmitProposalResponse
	a.MsgResponse(a.MustDeliver(validator, proposal), 0, &made)
	a.MustDeliver(validator, govv1.NewMsgVote(validator.Address, made.ProposalId, govv1.OptionYes, ""))
	a.AdvanceFor(VotingPeriod + time.Second)
	done, err := a.GovKeeper.Proposals.Get(a.Ctx(), made.ProposalId)
	require.NoError(a.t, err)
	require.Equal(a.t, govv1.StatusPassed, done.Status, done.FailedReason)
}
