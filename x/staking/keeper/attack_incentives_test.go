package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// reopen retires a prover and registers it again, with all rewards for itself.
func (f *fixture) reopen(t require.TestingT, prover sdk.AccAddress) {
	require.NoError(t, f.retire(prover))
	f.fund(t, prover, 1000*proof)
	require.NoError(t, f.tryRegister(prover, 1000*proof, 10_000))
}

// What stakers earned in an epoch is paid late. Their prover retires before that
// and registers again, with a vault in which they have nothing and at a rate that
// nobody was told of: the incentive goes to the vault that earned it, all of it to
// the holders, for the rates of that vault are gone.
func TestAttackIncentivesByRegisteringAgain(t *testing.T) {
	for _, when := range []string{"never", "within the epoch", "between its end and the payout"} {
		t.Run(when, func(t *testing.T) {
			f := newFixture(t)
			f.setParams(t, incentiveParams)
			f.setParams(t, func(p *types.Params) { p.IncentiveBudget, p.EndBlockCap = math.NewInt(1000), 1 })
			f.fundIncentives(t, 5000)
			mallory := f.register(t, "mallory", 1000*proof, 0)
			bob := f.account(t, "bob", 9000*proof)
			require.NoError(t, f.stake(bob, mallory, 9000*proof))
			f.deliver(t, mallory, f.account(t, "payer", proof), 1, 100_000)
			f.endBlock(t, day-time.Second)
			if when == "within the epoch" {
				f.reopen(t, mallory)
			}
			f.endBlock(t, 2*time.Second)
			f.endBlock(t, 0) // the epoch ends; the payout takes a block for each item
			if when == "between its end and the payout" {
				f.reopen(t, mallory)
			}
			for range 5 {
				f.requireSound(t)
				f.endBlock(t, time.Second)
			}
			first := f.vault(t, mallory, 1)
			require.EqualValues(t, 4000, f.pooled(), "the whole budget was paid")
			require.EqualValues(t, 10_000*proof+1+1000, first.Assets.Add(first.Figures().Unvested()).Int64(), "and is the stakers'")
			require.Zero(t, first.Commission.Int64())
			if when != "never" {
				second := f.vault(t, mallory, 2)
				require.EqualValues(t, 1000*proof, second.Assets.Add(second.Figures().Unvested()).Int64())
				require.Zero(t, second.Commission.Int64(), "nothing for who changed the rate")
			}
			f.requireSound(t)
			requireSameAfterImport(t, f)

			// The new vault earns from the next epoch on.
			f.endBlock(t, 2*day)
			for range 6 {
				f.endBlock(t, time.Second)
			}
			f.requireSound(t)
			if when != "never" {
				require.Positive(t, f.vault(t, mallory, 2).Commission.Int64())
			}
		})
	}
}
