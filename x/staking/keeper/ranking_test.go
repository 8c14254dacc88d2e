package keeper_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// ranking follows pages of one prover each and returns the names.
func (f *fixture) ranking(t require.TestingT, state types.ProverState, limit uint64) []string {
	var names []string
	page := &query.PageRequest{Limit: limit}
	for {
		res, err := f.query.Provers(f.ctx, &types.QueryProversRequest{State: state, Pagination: page})
		require.NoError(t, err)
		require.LessOrEqual(t, len(res.Provers), int(limit))
		for _, p := range res.Provers {
			if state != types.PROVER_STATE_UNSPECIFIED {
				require.Equal(t, state, p.State)
			}
			names = append(names, p.Prover.Address)
		}
		if len(res.Pagination.NextKey) == 0 {
			return names
		}
		page = &query.PageRequest{Limit: limit, Key: res.Pagination.NextKey}
	}
}

func texts(addrs ...sdk.AccAddress) []string {
	list := make([]string, len(addrs))
	for i, a := range addrs {
		list[i] = a.String()
	}
	return list
}

func (f *fixture) totals(t require.TestingT) *types.QueryTotalsResponse {
	res, err := f.query.Totals(f.ctx, &types.QueryTotalsRequest{})
	require.NoError(t, err)
	return res
}

// Law S9: provers by state and stake, of all states or one, in pages, as of the block's end.
func TestProversAreRankedByStake(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.register(t, "bob", 3000*proof, 0)
	carol := f.register(t, "carol", 2000*proof, 0)
	dave := f.register(t, "dave", 2000*proof, 0)
	require.Empty(t, f.ranking(t, 0, 10), "the block has not ended")
	f.endBlock(t, 0)
	for _, limit := range []uint64{1, 2, 3, 4, 1000} {
		require.Equal(t, texts(bob, carol, dave, alice), f.ranking(t, 0, limit), "limit %d", limit)
	}
	res, err := f.query.Provers(f.ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{Limit: 2, Reverse: true}})
	require.NoError(t, err)
	require.Equal(t, alice.String(), res.Provers[0].Prover.Address, "the smallest first")

	require.NoError(t, f.deactivate(bob))
	require.NoError(t, f.jail(carol))
	require.NoError(t, f.retire(dave))
	f.slash(t, bob, 2500*proof)
	require.Equal(t, texts(alice), f.ranking(t, types.PROVER_STATE_ACTIVE, 10), "never in the wrong list, though not counted yet")
	f.endBlock(t, 0)
	for _, limit := range []uint64{1, 2, 3, 4, 1000} {
		require.Equal(t, texts(alice, bob, carol, dave), f.ranking(t, 0, limit), "those who take work first")
	}
	require.Equal(t, texts(alice), f.ranking(t, types.PROVER_STATE_ACTIVE, 3))
	require.Equal(t, texts(bob), f.ranking(t, types.PROVER_STATE_DEACTIVATED, 3))
	require.Equal(t, texts(carol), f.ranking(t, types.PROVER_STATE_JAILED, 3))
	require.Equal(t, texts(dave), f.ranking(t, types.PROVER_STATE_RETIRED, 3))

	f.fund(t, dave, 9000*proof)
	require.NoError(t, f.tryRegister(dave, 9000*proof, 0))
	f.endBlock(t, 0)
	require.Equal(t, texts(dave, alice, bob, carol), f.ranking(t, 0, 3), "the new generation's vault, and only that")
	require.Empty(t, f.ranking(t, types.PROVER_STATE_RETIRED, 3))
	_, err = f.query.Provers(f.ctx, &types.QueryProversRequest{State: 9})
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	f.requireSound(t)

	// What was exported ranks the same after import.
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, g))
	require.Equal(t, f.ranking(t, 0, 3), fresh.ranking(t, 0, 3))
	require.Equal(t, f.totals(t), fresh.totals(t))
}

// Totals sum everything that vaults hold and say how many provers are in which
// state.
func TestTotals(t *testing.T) {
	f, alice, _ := busy(t)
	require.EqualValues(t, 2, f.totals(t).Pending, "both changed since the last block")
	f.endBlock(t, 0)
	got := f.totals(t)
	require.Zero(t, got.Pending)
	require.EqualValues(t, 1, got.Totals.Active)
	require.EqualValues(t, 1, got.Totals.Deactivated)
	require.EqualValues(t, 2300*proof, got.Totals.Assets.Int64())
	require.EqualValues(t, 9_300_000, got.Totals.Unvested.Int64())
	require.EqualValues(t, 200*proof, got.Totals.PoolAssets.Int64())
	require.EqualValues(t, 700_000, got.Totals.Commission.Int64())

	require.NoError(t, f.jail(alice))
	f.endBlock(t, 8*day)
	require.EqualValues(t, 1, f.totals(t).Totals.Jailed)
	require.EqualValues(t, 0, f.totals(t).Totals.Active)
	_, err := f.claim(alice, 1) // the vault changes: what vested counts
	require.NoError(t, err)
	f.endBlock(t, 0)
	require.EqualValues(t, 2300*proof+9_300_000, f.totals(t).Totals.Assets.Int64())
	require.EqualValues(t, 0, f.totals(t).Totals.Unvested.Int64())
	f.requireSound(t)
}

// More vaults change in each block than it counts: all get their turn, those
// whose address comes last too.
func TestTotalsComeInPages(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 3 })
	var all []sdk.AccAddress
	for i := range 10 {
		all = append(all, f.register(t, fmt.Sprintf("prover%d", i), 1000*proof, 0))
	}
	rich := f.account(t, "rich", 10_000*proof)
	// The first three change in every block; the others, once, at the start.
	for block := 1; f.totals(t).Totals.Active < 10; block++ {
		require.LessOrEqual(t, block, 4, "10 vaults, 3 a block, in turn")
		f.endBlock(t, 0)
		f.requireSound(t)
		require.EqualValues(t, min(3*block, 10), f.totals(t).Totals.Active)
		for _, prover := range all[:3] {
			require.NoError(t, f.stake(rich, prover, proof))
		}
	}
	for range 3 {
		f.endBlock(t, 0)
	}
	require.Zero(t, f.totals(t).Pending)
	require.EqualValues(t, 10_012*proof, f.totals(t).Totals.Assets.Int64())
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// A vault as people want to see it.
func TestVaultFigures(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	bob := f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 1000*proof))
	show := func(generation uint64) *types.QueryVaultResponse {
		res, err := f.query.Vault(f.ctx, &types.QueryVaultRequest{Prover: alice.String(), Generation: generation})
		require.NoError(t, err)
		return res
	}
	v := show(0)
	require.Equal(t, "1.000000000000000000", v.SharePrice)
	require.EqualValues(t, 3000*proof, v.FreeCapacity.Int64())

	f.reward(t, alice, 100*proof)
	_, err := f.open(alice, proof, 400*proof)
	require.NoError(t, err)
	_, err = f.unstake(bob, alice, 500*proof)
	require.NoError(t, err)
	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(12 * time.Hour)) // half a day: half vests
	v = show(1)
	require.EqualValues(t, 2550*proof, v.Vault.Assets.Int64())
	require.EqualValues(t, 50*proof, v.Unvested.Int64())
	require.Equal(t, "1.020000000000000000", v.SharePrice)
	require.EqualValues(t, 3050*proof, v.Slashable.Int64())
	require.EqualValues(t, 400*proof, v.Exposure.Int64())
	require.EqualValues(t, 2150*proof, v.FreeCapacity.Int64())

	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.SetBreaker(ctx, &types.MsgSetBreaker{
			Prover: alice.String(), MaxExposure: math.NewInt(1000 * proof), LossLimit: math.ZeroInt(),
		})
		return err
	}))
	require.EqualValues(t, 600*proof, show(0).FreeCapacity.Int64(), "its own max_exposure")
	f.slash(t, alice, 2900*proof)
	require.EqualValues(t, 0, show(0).FreeCapacity.Int64(), "not ACTIVE, and exposed beyond its assets")
	require.NoError(t, f.closeWork(alice, 1))
	f.slash(t, alice, 9000*proof)
	require.Equal(t, "0.000000000000000000", show(0).SharePrice)
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	require.EqualValues(t, 0, show(1).Exposure.Int64())
	require.EqualValues(t, 0, show(1).FreeCapacity.Int64(), "a generation that is over")
	require.EqualValues(t, 1000*proof, show(2).FreeCapacity.Int64())
}

// A staker's positions follow its shares, whichever way they came, over all
// vaults and generations, beside any other coins.
func TestPositions(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.RewardPeriod = 0 })
	bob, carol := f.account(t, "bob", 1000*proof), f.account(t, "carol", 0)
	for _, denom := range []string{"aaa", "vault", "vaulu", "zzz"} { // around the shares
		coins := sdk.NewCoins(sdk.NewInt64Coin(denom, 7))
		require.NoError(t, f.bk.MintCoins(f.ctx, faucet, coins))
		require.NoError(t, f.bk.SendCoinsFromModuleToAccount(f.ctx, faucet, bob, coins))
	}
	var provers []sdk.AccAddress
	for i := range 5 {
		prover := f.register(t, fmt.Sprintf("prover%d", i), 1000*proof, 0)
		provers = append(provers, prover)
		require.NoError(t, f.stake(bob, prover, 100*proof))
	}
	f.reward(t, provers[1], 110*proof) // 1100 become 1210
	f.slash(t, provers[2], 550*proof)  // 1100 become 550
	f.slash(t, provers[3], 1100*proof) // nothing
	f.sendShares(t, bob, carol, provers[4], 40*proof)

	page := func(staker sdk.AccAddress, p *query.PageRequest) *types.QueryPositionsResponse {
		res, err := f.query.Positions(f.ctx, &types.QueryPositionsRequest{Staker: staker.String(), Pagination: p})
		require.NoError(t, err)
		return res
	}
	value := func(p types.Position) int64 { return p.Value.Int64() / proof }
	all := page(bob, nil).Positions
	slices.SortFunc(all, func(a, b types.Position) int {
		return slices.Index(texts(provers...), a.Prover) - slices.Index(texts(provers...), b.Prover)
	})
	require.Len(t, all, 5)
	for i, want := range []int64{100, 110, 50, 0, 60} {
		require.EqualValues(t, want, value(all[i]), "prover %d", i)
		require.Equal(t, types.ShareDenom(provers[i].String(), 1), all[i].Denom)
		require.Equal(t, i == 3, all[i].Closed)
	}
	require.EqualValues(t, 40, value(page(carol, nil).Positions[0]), "after a transfer")
	require.EqualValues(t, 1000, value(page(provers[0], nil).Positions[0]), "its own")
	require.Empty(t, page(f.account(t, "erin", proof), nil).Positions)

	// In pages, with nothing else's coins in between or after.
	seen, next := 0, []byte(nil)
	for {
		res := page(bob, &query.PageRequest{Limit: 2, Key: next})
		require.LessOrEqual(t, len(res.Positions), 2)
		seen += len(res.Positions)
		if next = res.Pagination.NextKey; len(next) == 0 {
			break
		}
	}
	require.Equal(t, 5, seen)

	for _, bad := range []*query.PageRequest{
		{Key: []byte(chain.Denom)}, {Key: []byte{0xff}}, {Reverse: true}, {Offset: 1}, {Limit: keeper.MaxPageLimit + 1}, {CountTotal: true},
	} {
		_, err := f.query.Positions(f.ctx, &types.QueryPositionsRequest{Staker: bob.String(), Pagination: bad})
		require.ErrorIs(t, err, types.ErrInvalidQuery, bad.String())
	}
	_, err := f.query.Positions(f.ctx, &types.QueryPositionsRequest{})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	_, err = f.query.Positions(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	_, err = f.query.Totals(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
}
