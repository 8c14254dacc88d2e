package keeper_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

func TestQueries(t *testing.T) {
	f, alice, bob := busy(t)
	params, err := f.query.Params(f.ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	defaults := types.DefaultParams()
	require.Equal(t, defaults.String(), params.Params.String())

	one, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: alice.String()})
	require.NoError(t, err)
	require.Equal(t, types.PROVER_STATE_ACTIVE, one.Prover.State)
	require.Equal(t, "prover", one.Prover.Profile.Name)
	require.EqualValues(t, 2300*proof, one.Prover.Assets.Int64())
	require.EqualValues(t, 2000*proof, one.Prover.SelfStake.Int64())
	require.EqualValues(t, 1, one.Prover.Prover.Load.OpenAssignments)

	v, err := f.query.Vault(f.ctx, &types.QueryVaultRequest{Prover: alice.String()})
	require.NoError(t, err)
	require.Equal(t, types.VaultAddress(alice, 1).String(), v.Account)
	require.Equal(t, types.ShareDenom(alice.String(), 1), v.Denom)
	require.EqualValues(t, 9_300_000, v.Unvested.Int64())
	require.EqualValues(t, 700_000, v.Vault.Commission.Int64())

	for _, req := range []*types.QueryUnstakesRequest{
		{Staker: bob.String()}, {Prover: alice.String()}, {Staker: bob.String(), Prover: alice.String()},
	} {
		res, err := f.query.Unstakes(f.ctx, req)
		require.NoError(t, err)
		require.Len(t, res.Unstakes, 2)
		require.EqualValues(t, 100*proof, res.Unstakes[0].Value.Int64())
		require.Equal(t, types.UNSTAKE_STATUS_PARKED, res.Unstakes[0].Unstake.Status)
		require.Equal(t, types.UNSTAKE_STATUS_QUEUED, res.Unstakes[1].Unstake.Status)
	}
	work, err := f.query.Assignments(f.ctx, &types.QueryAssignmentsRequest{Prover: alice.String()})
	require.NoError(t, err)
	require.Len(t, work.Assignments, 1)
	require.EqualValues(t, proof, work.Assignments[0].Penalty.Int64())

	f.endBlock(t, 0) // ranks carol, who registered in this block
	page, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{Limit: 1}})
	require.NoError(t, err)
	require.Len(t, page.Provers, 1)
	require.Zero(t, page.Pagination.Total, "nothing is counted")
	rest, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{Key: page.Pagination.NextKey}})
	require.NoError(t, err)
	require.Len(t, rest.Provers, 1)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, rest.Provers[0].State)
}

func TestQueriesRefused(t *testing.T) {
	f := newFixture(t)
	nobody := sdk.AccAddress("nobody______________").String()
	big := &query.PageRequest{Limit: keeper.MaxPageLimit + 1}
	calls := []struct {
		name string
		call func() error
		err  error
	}{
		{"no prover", func() error { _, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: nobody}); return err }, types.ErrProverNotFound},
		{"no address", func() error { _, err := f.query.Prover(f.ctx, &types.QueryProverRequest{}); return err }, types.ErrInvalidAddress},
		{"no vault", func() error { _, err := f.query.Vault(f.ctx, &types.QueryVaultRequest{Prover: nobody}); return err }, types.ErrProverNotFound},
		{"nobody's unstakes", func() error { _, err := f.query.Unstakes(f.ctx, &types.QueryUnstakesRequest{}); return err }, types.ErrInvalidQuery},
		{"page one too large", func() error {
			_, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: big})
			return err
		}, types.ErrInvalidQuery},
		{"count of everything", func() error {
			_, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{CountTotal: true}})
			return err
		}, types.ErrInvalidQuery},
		{"offset one too large", func() error {
			_, err := f.query.Unstakes(f.ctx, &types.QueryUnstakesRequest{Staker: nobody, Pagination: &query.PageRequest{Offset: keeper.MaxPageOffset + 1}})
			return err
		}, types.ErrInvalidQuery},
		{"empty params", func() error { _, err := f.query.Params(f.ctx, nil); return err }, types.ErrInvalidQuery},
		{"empty prover", func() error { _, err := f.query.Prover(f.ctx, nil); return err }, types.ErrInvalidQuery},
		{"empty provers", func() error { _, err := f.query.Provers(f.ctx, nil); return err }, types.ErrInvalidQuery},
		{"empty vault", func() error { _, err := f.query.Vault(f.ctx, nil); return err }, types.ErrInvalidQuery},
		{"empty unstakes", func() error { _, err := f.query.Unstakes(f.ctx, nil); return err }, types.ErrInvalidQuery},
		{"empty assignments", func() error { _, err := f.query.Assignments(f.ctx, nil); return err }, types.ErrInvalidQuery},
	}
	for _, c := range calls {
		require.ErrorIs(t, c.call(), c.err, c.name)
	}
	big.Limit = keeper.MaxPageLimit
	_, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: big})
	require.NoError(t, err, "a page at the limit")
	none, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{Offset: keeper.MaxPageOffset}})
	require.NoError(t, err, "an offset at the limit")
	require.Zero(t, none.Pagination.Total)
}

// written returns the keys of a store that run changes.
func (f *fixture) written(t *testing.T, key storetypes.StoreKey, run func(*fixture)) map[string]bool {
	dump := func(ctx sdk.Context) map[string]string {
		all := map[string]string{}
		it := ctx.KVStore(key).Iterator(nil, nil)
		defer func() { require.NoError(t, it.Close()) }()
		for ; it.Valid(); it.Next() {
			all[string(it.Key())] = string(it.Value())
		}
		return all
	}
	branch := *f
	branch.ctx, _ = f.ctx.CacheContext()
	before := dump(branch.ctx)
	run(&branch)
	after := dump(branch.ctx)
	changed := map[string]bool{}
	for k, v := range after {
		if before[k] != v {
			changed[k] = true
		}
	}
	for k := range before {
		if _, kept := after[k]; !kept {
			changed[k] = true
		}
	}
	return changed
}

// Laws M18 and S12: messages on two provers write no common key of this module.
func TestTwoProversShareNoKey(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 1000)
	bob := f.register(t, "bob", 3000*proof, 1000)
	carol, dave := f.account(t, "carol", 100*proof), f.account(t, "dave", 100*proof)
	everything := func(prover, staker sdk.AccAddress) func(*fixture) {
		return func(f *fixture) {
			require.NoError(t, f.stake(staker, prover, 50*proof))
			_, err := f.unstake(staker, prover, 10*proof)
			require.NoError(t, err)
			_, _, err = f.cancel(staker, prover, 1)
			require.NoError(t, err)
			require.NoError(t, f.transfer(prover, staker, proof))
			_, err = f.completes(prover, 1, 2)
			require.NoError(t, err)
			number, err := f.open(prover, proof, proof)
			require.NoError(t, err)
			f.slash(t, prover, proof)
			require.NoError(t, f.closeWork(prover, number))
			require.NoError(t, f.tx(func(ctx context.Context) error {
				return f.k.AddRewards(ctx, prover, staker, "market", math.NewInt(proof), math.NewInt(0))
			}))
			_, err = f.claim(prover, 0)
			require.NoError(t, err)
			require.NoError(t, f.deactivate(prover))
		}
	}
	for name, key := range map[string]storetypes.StoreKey{"provers": f.key, "bank": f.bankKey} {
		one := f.written(t, key, everything(alice, carol))
		two := f.written(t, key, everything(bob, dave))
		require.NotEmpty(t, one)
		for k := range one {
			require.False(t, two[k], "%s: both write %x", name, k)
		}
	}
}
