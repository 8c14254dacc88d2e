package keeper_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// doBlock ends a block, which is checked on its own, and lets time pass.
func (m *machine) doBlock(t *rapid.T) {
	machineTally.accepted["(blocks)"]++
	m.endBlock(t, 0)
	m.check(t)
	m.later(rapid.SampledFrom([]time.Duration{
		time.Second, 0, time.Nanosecond, time.Hour, day, 8 * day, 31 * day, time.Minute,
	}).Draw(t, "time"))
}

// doRefuse makes payments to one account fail for a while.
func (m *machine) doRefuse(*rapid.T) {
	name := m.name(m.accs[len(m.accs)-1])
	m.refuses[name] = !m.refuses[name]
}

// doRestart exports the module's state and goes on with what an import makes of
// it (invariant 7).
func (m *machine) doRestart(t *rapid.T) {
	machineTally.accepted["(imports)"]++
	first, err := m.k.ExportGenesis(m.ctx)
	require.NoError(t, err)
	one, err := first.Marshal()
	require.NoError(t, err)
	m.ctx = m.ctx.WithMultiStore(m.ctx.MultiStore().(memStores).clone(m.key, &memStore{}))
	m.watch()
	require.NoError(t, m.k.InitGenesis(m.ctx, first))
	second, err := m.k.ExportGenesis(m.ctx)
	require.NoError(t, err)
	two, err := second.Marshal()
	require.NoError(t, err)
	require.Equal(t, one, two, "invariant 7")
}

// leave is the end of everything: work ends, all who can unstake all, time
// passes, what blocks could not pay is asked for, commissions are claimed. Nothing but dust is left (law S2).
func (m *machine) leave(t *rapid.T) {
	machineTally.exits++
	clear(m.refuses)
	params := m.model.terms
	params.IncentiveBudget, params.EndBlockCap, params.MaxUnstakes = math.ZeroInt(), 10_000, types.MaxMaxUnstakes
	_, err := send(m, t, m.msg.UpdateParams, &types.MsgUpdateParams{Authority: m.authority, Params: params})
	require.NoError(t, err)
	for _, a := range m.accs {
		for _, number := range m.proverNow(a).open() {
			require.NoError(t, m.call(t, "CloseAssignment", func(ctx context.Context) error {
				return m.k.CloseAssignment(ctx, a, number)
			}))
		}
	}
	for range 3 { // the payout of the last epoch that pays, and all that vests
		m.nextBlock(t, 31*day)
	}
	for _, v := range m.model.order {
		m.allLeave(t, v)
	}
	m.nextBlock(t, types.MaxUnstakeDelay)
	m.nextBlock(t, time.Second)
	for _, v := range m.model.order {
		m.payFailed(t, v)
		_, _ = send(m, t, m.msg.ClaimCommission, &types.MsgClaimCommission{Prover: v.prover, Generation: v.generation})
	}
	m.check(t)
	for _, v := range m.model.order {
		m.requireEmpty(t, v)
	}
}

func (m *machine) nextBlock(t *rapid.T, later time.Duration) {
	m.endBlock(t, 0)
	m.check(t)
	m.later(later)
	m.check(t)
}

// allLeave unstakes all that anybody holds of a vault. Less than a uproof cannot
// leave.
func (m *machine) allLeave(t *rapid.T, v *modelVault) {
	for _, a := range m.accs {
		if v.closed || !m.holding(v.denom(), a).IsPositive() {
			continue
		}
		_, err := send(m, t, m.msg.RequestUnstake, &types.MsgRequestUnstake{
			Staker: m.name(a), Prover: v.prover, Generation: v.generation, All: true, Shares: math.ZeroInt(), MinOut: math.ZeroInt(),
		})
		if err != nil {
			require.ErrorIs(t, err, types.ErrAmountTooSmall)
		}
		m.check(t)
	}
}

// payFailed pays by message what blocks could not pay, to whom refused it then.
func (m *machine) payFailed(t *rapid.T, v *modelVault) {
	for _, id := range slices.Sorted(maps.Keys(v.entries)) {
		_, err := send(m, t, m.msg.CompleteUnstake, &types.MsgCompleteUnstake{
			Signer: m.name(m.accs[0]), Prover: v.prover, Generation: v.generation, Id: id,
		})
		require.NoError(t, err)
		m.check(t)
	}
}

// requireEmpty: less than a uproof for each holder who could not leave.
func (m *machine) requireEmpty(t *rapid.T, v *modelVault) {
	left, err := m.k.VaultOf(m.ctx, m.addrs[v.prover], v.generation)
	require.NoError(t, err)
	stuck := int64(0)
	for _, shares := range m.held[v.denom()] {
		if shares.IsPositive() && !v.closed {
			stuck++
		}
	}
	require.True(t, left.Assets.LTE(math.NewInt(stuck)), "vault %s keeps %s uproof of %d", v.denom(), left.Assets, stuck)
	require.True(t, left.PoolAssets.IsZero() && left.PoolShares.IsZero() && left.Commission.IsZero() && len(v.entries) == 0,
		"vault %s still owes %s, %s", v.denom(), left.PoolAssets, left.Commission)
}
