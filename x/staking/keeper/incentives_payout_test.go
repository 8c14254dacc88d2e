package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Thousands of provers: no block handles more than the cap, transactions of the
// new epoch change nothing about the old one, and the sums are exact.
func TestPayoutInPages(t *testing.T) {
	const provers, limit = 1200, 100
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap, p.IncentiveBudget = limit, math.NewInt(600*proof) })
	f.fundIncentives(t, 600*proof)
	payer := f.account(t, "payer", 100_000*proof)
	list := make([]sdk.AccAddress, provers)
	for i := range list {
		list[i] = f.register(t, fmt.Sprintf("p%04d", i*7919%provers), 1000*proof, 10_000)
		if i%2 == 0 {
			f.deliver(t, list[i], payer, 5*proof, proof)
		}
		if i%100 == 0 {
			f.commit()
		}
	}
	f.endBlock(t, day)
	f.endBlock(t, time.Second) // the epoch ends
	blocks := 0
	for done := false; !done; blocks++ {
		// Both sides of the cursor are touched while pages run.
		for _, i := range []int{blocks * 13 % provers, (provers - 1 - blocks*17%provers) % provers} {
			f.deliver(t, list[i], payer, 700*proof, 100*proof)
			require.NoError(t, f.stake(payer, list[i], 50*proof))
		}
		before := len(f.ctx.EventManager().Events())
		ctx := f.ctx
		f.endBlock(t, time.Second)
		payments := 0
		for _, e := range ctx.EventManager().Events()[before:] {
			if e.Type == "proofmarket.provers.v1.EventIncentivePaid" {
				payments++
			}
		}
		require.LessOrEqual(t, payments, limit)
		done = !f.incentives(t).Payout.Open()
		f.commit()
		if blocks == 5 || blocks == 20 { // scoring, paying
			f.requireSound(t)
		}
		require.Less(t, blocks, 100)
	}
	f.requireSound(t)
	require.GreaterOrEqual(t, blocks+1, 2*provers/limit, "a page is scored or paid in a block")
	p := f.incentives(t).Payout
	require.EqualValues(t, provers, p.Scored)
	require.EqualValues(t, provers, p.Handled)
	// By fees 240 PROOF over 600 provers, below κ of half a PROOF; by stake 360 over
	// 1200, all alike.
	require.EqualValues(t, 400_000, f.paid(t, list[0])-f.paid(t, list[1]))
	require.EqualValues(t, 300_000, f.paid(t, list[1]))
	require.EqualValues(t, 600*proof, p.Paid.Int64())
	require.Zero(t, f.pooled())
	// The figures of the new epoch are whole.
	running := f.epochs(t, list[provers-1]).Running
	require.EqualValues(t, 800*proof, running.Fees.Int64())
	require.EqualValues(t, 100*proof, running.ProtocolFees.Int64())
}

// Export and import in the middle of a payout, in each of its phases: the chain
// goes on to the same coins (invariant 7).
func TestGenesisInMidPayout(t *testing.T) {
	for blocks := 1; blocks <= 9; blocks++ {
		t.Run(fmt.Sprint(blocks), func(t *testing.T) {
			f := newFixture(t)
			f.setParams(t, incentiveParams)
			f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
			f.fundIncentives(t, 10_000)
			payer := f.account(t, "payer", proof)
			provers := make([]sdk.AccAddress, 7)
			for i := range provers {
				provers[i] = f.register(t, fmt.Sprintf("p%d", i), 1000*proof+int64(i), 100)
				f.deliver(t, provers[i], payer, 100, int64(10+i))
			}
			f.endBlock(t, day)
			for range blocks {
				f.endBlock(t, time.Minute)
				f.deliver(t, provers[blocks%7], payer, 1000, 100)
			}
			f.requireSound(t)
			requireSameAfterImport(t, f)
			g, err := f.k.ExportGenesis(f.ctx)
			require.NoError(t, err)
			fresh := f.withEmptyStore(t)
			require.NoError(t, fresh.k.InitGenesis(fresh.ctx, g))
			var paid [2][]int64
			for i, x := range []*fixture{fresh, f} {
				for range 25 {
					x.endBlock(t, time.Minute)
				}
				x.endBlock(t, 2*day)
				for range 15 {
					x.endBlock(t, time.Minute)
				}
				x.requireSound(t)
				for _, prover := range provers {
					paid[i] = append(paid[i], x.wealth(t, prover), x.paid(t, prover))
				}
			}
			require.Equal(t, paid[1], paid[0])
		})
	}
}

// An epoch of thousands of provers may outlast its successor's length: the next
// one waits, and nothing mixes.
func TestAnEpochWaitsForThePayoutBeforeIt(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.setParams(t, func(p *types.Params) { p.EpochLength, p.EndBlockCap = time.Minute, 1 })
	f.fundIncentives(t, 5000)
	for i := range 5 {
		f.register(t, fmt.Sprintf("p%d", i), 1000*proof, 10_000)
	}
	f.endBlock(t, time.Minute)
	last, done := f.incentives(t).Clock, 0
	for range 30 {
		f.endBlock(t, time.Minute)
		f.requireSound(t)
		in := f.incentives(t)
		if in.Clock.Number != last.Number {
			require.Equal(t, last.Number, in.Clock.Last)
			require.Greater(t, in.Clock.Number, last.Number)
			last = in.Clock
		}
		if in.Payout != nil && !in.Payout.Open() {
			require.EqualValues(t, 600, in.Payout.Paid.Int64())
			done++
		}
	}
	require.Positive(t, done)
}
