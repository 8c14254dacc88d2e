package keeper_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) cancel(staker, prover sdk.AccAddress, ids ...uint64) (shares, value int64, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.CancelUnstake(ctx, &types.MsgCancelUnstake{Staker: staker.String(), Prover: prover.String(), Ids: ids})
		if err == nil {
			shares, value = res.Shares.Int64(), res.Value.Int64()
		}
		return err
	})
	return shares, value, err
}

func (f *fixture) completes(prover sdk.AccAddress, ids ...uint64) (results []types.UnstakeResult, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.CompleteUnstakes(ctx, &types.MsgCompleteUnstakes{
			Signer: sdk.AccAddress("a_stranger__________").String(), Prover: prover.String(), Ids: ids,
		})
		if err == nil {
			results = res.Results
		}
		return err
	})
	return results, err
}

// Law S4: cancelling stakes the present value again at today's price, from
// wherever the entries wait; they were slashable until then.
func TestCancelUnstake(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.RewardPeriod = 0 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 1000*proof))
	work, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	parked, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	failed, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	require.NoError(t, f.closeWork(alice, work))
	f.refuses[bob.String()] = true
	f.endBlock(t, 8*day) // the parked one fails
	f.endBlock(t, 0)     // and so does the other
	f.refuses[bob.String()] = false
	work, err = f.open(alice, proof, proof)
	require.NoError(t, err)
	again, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	queued, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	status := map[uint64]types.UnstakeStatus{}
	for _, u := range f.unstakes(t, bob) {
		status[u.Unstake.Id] = u.Unstake.Status
	}
	require.Equal(t, map[uint64]types.UnstakeStatus{
		parked: types.UNSTAKE_STATUS_FAILED, failed: types.UNSTAKE_STATUS_FAILED,
		again: types.UNSTAKE_STATUS_PARKED, queued: types.UNSTAKE_STATUS_QUEUED,
	}, status)

	// Half of everything goes: 400 of the pool's are 200, 1600 in the vault 800.
	require.EqualValues(t, 1000*proof, f.slash(t, alice, 1000*proof))
	f.fund(t, alice, 600*proof)
	require.NoError(t, f.stake(alice, alice, 600*proof))
	require.NoError(t, f.reactivate(alice))
	shares, value, err := f.cancel(bob, alice, queued, parked, failed, again)
	require.NoError(t, err)
	require.EqualValues(t, 200*proof, value)
	require.EqualValues(t, 400*proof, shares, "a share is half a uproof now")
	require.Empty(t, f.unstakes(t, bob))
	require.EqualValues(t, 1000*proof, f.shares(bob, alice, 1))
	v := f.vault(t, alice, 1)
	require.EqualValues(t, 1600*proof, v.Assets.Int64())
	require.True(t, v.PoolAssets.IsZero())
	require.NoError(t, f.closeWork(alice, work))
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// What makes no whole share stays in the pool as the last of the entries, with
// the longest wait of all.
func TestCancelKeepsWhatMakesNoShare(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) {
		p.MinSelfStake, p.MinStake, p.MinUnstake, p.RewardPeriod = math.NewInt(10), math.OneInt(), math.OneInt(), 0
	})
	alice := f.register(t, "alice", 10, 0)
	bob := f.account(t, "bob", 20)
	require.NoError(t, f.stake(bob, alice, 20))
	first, err := f.unstake(bob, alice, 8)
	require.NoError(t, err)
	f.setParams(t, func(p *types.Params) { p.UnstakeDelay = time.Hour }) // later entries are ready sooner
	_, err = f.open(alice, 1, 1)
	require.NoError(t, err)
	second, err := f.unstake(bob, alice, 3)
	require.NoError(t, err)
	f.reward(t, alice, 76) // 19 shares are worth 95: 5 each
	f.requireSound(t)

	shares, value, err := f.cancel(bob, alice, second, first)
	require.NoError(t, err)
	require.EqualValues(t, 2, shares)
	require.EqualValues(t, 10, value)
	left := f.unstakes(t, bob)
	require.Len(t, left, 1)
	require.EqualValues(t, second, left[0].Unstake.Id)
	require.EqualValues(t, 1, left[0].Value.Int64(), "8 + 3 - 2 × 5")
	require.EqualValues(t, 2, left[0].Unstake.Mark, "the highest mark")
	require.Equal(t, genesisTime.Add(7*day), left[0].Unstake.ReadyAt, "the latest time")
	require.Equal(t, types.UNSTAKE_STATUS_QUEUED, left[0].Unstake.Status)
	f.requireSound(t)

	_, _, err = f.cancel(bob, alice, second)
	require.ErrorIs(t, err, types.ErrAmountTooSmall, "the rest makes no share")
	require.NoError(t, f.closeWork(alice, 1))
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 1, f.balance(bob), "and is paid")
	f.requireSound(t)
}

// Law S4: the rights are those of staking.
func TestWhoMayCancel(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	entries := func() (own, other uint64) {
		own, err := f.unstake(alice, alice, 10*proof)
		require.NoError(t, err)
		other, err = f.unstake(bob, alice, 10*proof)
		require.NoError(t, err)
		return own, other
	}
	for _, change := range []func(sdk.AccAddress) error{f.deactivate, f.condemn, f.jail} {
		require.NoError(t, change(alice))
		own, other := entries()
		_, _, err := f.cancel(bob, alice, other)
		require.ErrorIs(t, err, types.ErrProverNotActive)
		_, _, err = f.cancel(alice, alice, own)
		require.NoError(t, err)
		f.requireSound(t)
	}
	require.NoError(t, f.unjail(alice))
	require.NoError(t, f.lift(alice))
	require.NoError(t, f.reactivate(alice))
	require.NoError(t, f.unstakeAll(alice, alice)) // a full exit, taken back
	_, own := f.vault(t, alice, 1), f.unstakes(t, alice)
	_, _, err := f.cancel(alice, alice, own[len(own)-1].Unstake.Id)
	require.NoError(t, err)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State, "its cause stands until it reactivates")
	require.NoError(t, f.reactivate(alice))

	mine, others := entries()
	require.NoError(t, f.retire(alice))
	_, _, err = f.cancel(alice, alice, mine)
	require.ErrorIs(t, err, types.ErrProverRetired)
	f.fund(t, alice, 1000*proof)
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	require.ErrorIs(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.CancelUnstake(ctx, &types.MsgCancelUnstake{
			Staker: bob.String(), Prover: alice.String(), Generation: 1, Ids: []uint64{others},
		})
		return err
	}), types.ErrVaultOver)
	f.requireSound(t)
}

func TestCancelRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	bob, carol := f.account(t, "bob", 500*proof), f.account(t, "carol", 10*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	require.NoError(t, f.stake(carol, alice, 10*proof))
	one, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	two, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	hers, err := f.unstake(carol, alice, 10*proof)
	require.NoError(t, err)
	dave := f.register(t, "dave", 1000*proof, 0)
	void, err := f.unstake(dave, dave, 1000*proof)
	require.NoError(t, err)
	f.slash(t, dave, 1000*proof) // the whole pool of an empty vault

	many := func(n int) []uint64 {
		ids := make([]uint64, n)
		for i := range ids {
			ids[i] = uint64(1000 + i)
		}
		return ids
	}
	good := types.MsgCancelUnstake{Staker: bob.String(), Prover: alice.String(), Ids: []uint64{one, two}, MinSharesOut: math.NewInt(200 * proof)}
	for _, c := range []struct {
		name   string
		change func(*types.MsgCancelUnstake)
		err    error
	}{
		{"no staker", func(m *types.MsgCancelUnstake) { m.Staker = "" }, types.ErrInvalidAddress},
		{"staker malformed", func(m *types.MsgCancelUnstake) { m.Staker = strings.Repeat("é", 999) }, types.ErrInvalidAddress},
		{"another signer", func(m *types.MsgCancelUnstake) { m.Staker = carol.String() }, types.ErrNotStaker},
		{"no prover", func(m *types.MsgCancelUnstake) { m.Prover = "" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgCancelUnstake) { m.Prover = bob.String() }, types.ErrProverNotFound},
		{"unknown generation", func(m *types.MsgCancelUnstake) { m.Generation = 2 }, types.ErrVaultNotFound},
		{"no ids", func(m *types.MsgCancelUnstake) { m.Ids = nil }, types.ErrInvalidIDs},
		{"one id too many", func(m *types.MsgCancelUnstake) { m.Ids = many(types.MaxUnstakeIDs + 1) }, types.ErrInvalidIDs},
		{"an id twice", func(m *types.MsgCancelUnstake) { m.Ids = []uint64{one, two, one} }, types.ErrInvalidIDs},
		{"the most ids, unknown", func(m *types.MsgCancelUnstake) { m.Ids = many(types.MaxUnstakeIDs) }, types.ErrUnstakeNotFound},
		{"id 0", func(m *types.MsgCancelUnstake) { m.Ids = []uint64{0} }, types.ErrUnstakeNotFound},
		{"the last id", func(m *types.MsgCancelUnstake) { m.Ids = []uint64{one, 1<<64 - 1} }, types.ErrUnstakeNotFound},
		{"one of somebody else", func(m *types.MsgCancelUnstake) { m.Ids = []uint64{one, hers} }, types.ErrNotStaker},
		{"void", func(m *types.MsgCancelUnstake) {
			m.Staker, m.Prover, m.Ids = dave.String(), dave.String(), []uint64{void}
		}, types.ErrUnstakeNotFound},
		{"negative minimum", func(m *types.MsgCancelUnstake) { m.MinSharesOut = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"minimum missed by one", func(m *types.MsgCancelUnstake) { m.MinSharesOut = math.NewInt(200*proof + 1) }, types.ErrMinOut},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg := good
			c.change(&msg)
			f.requireRefusal(t, c.err, func(ctx context.Context) error {
				_, err := f.msg.CancelUnstake(ctx, &msg)
				return err
			})
		})
	}
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.CancelUnstake(ctx, &good)
		return err
	}))
	f.requireSound(t)
}

// A vault that a slash closed takes nothing back, even where its pool kept a
// remainder.
func TestCancelIntoAClosedVault(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 3000*proof)
	require.NoError(t, f.stake(bob, alice, 3000*proof))
	id, err := f.unstake(bob, alice, 3000*proof)
	require.NoError(t, err)
	work, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	// One short of everything: the pool's part is rounded down, the vault's is all.
	f.slash(t, alice, 4000*proof-1)
	v := f.vault(t, alice, 1)
	require.True(t, v.Closed)
	require.EqualValues(t, 1, v.PoolAssets.Int64())
	require.NoError(t, f.closeWork(alice, work)) // retires it
	_, _, err = f.cancel(bob, alice, id)
	require.ErrorIs(t, err, types.ErrProverRetired)
	f.requireSound(t)
}

// A batch of completions: each entry on its own.
func TestCompleteUnstakes(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 100*proof), f.account(t, "carol", 100*proof)
	for _, staker := range []sdk.AccAddress{bob, carol} {
		require.NoError(t, f.stake(staker, alice, 100*proof))
	}
	var ids []uint64
	for _, staker := range []sdk.AccAddress{bob, carol, bob} {
		id, err := f.unstake(staker, alice, 10*proof)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(7 * day)) // due, and no block has ended since
	late, err := f.unstake(bob, alice, 10*proof)
	require.NoError(t, err)
	f.refuses[carol.String()] = true
	results, err := f.completes(alice, ids[2], ids[1], 99, late, ids[0])
	require.NoError(t, err)
	require.Len(t, results, 5)
	for i, want := range []struct {
		id   uint64
		paid int64
		text string
	}{
		{ids[2], 10 * proof, ""},
		{ids[1], 0, "internal error"},
		{99, 0, "no such unstaking"},
		{late, 0, "the unstake delay is not over"},
		{ids[0], 10 * proof, ""},
	} {
		require.EqualValues(t, want.id, results[i].Id)
		require.EqualValues(t, want.paid, results[i].Paid.Int64())
		if want.text == "" {
			require.Empty(t, results[i].Error)
		}
		require.Contains(t, results[i].Error, want.text)
	}
	require.EqualValues(t, 20*proof, f.balance(bob))
	require.EqualValues(t, 0, f.balance(carol))
	f.requireSound(t)

	delete(f.refuses, carol.String())
	f.panics[carol.String()] = true
	results, err = f.completes(alice, ids[1])
	require.NoError(t, err)
	require.Contains(t, results[0].Error, types.ErrItemPanicked.Error())
	delete(f.panics, carol.String())
	results, err = f.completes(alice, ids[1], ids[0])
	require.NoError(t, err)
	require.EqualValues(t, 10*proof, results[0].Paid.Int64())
	require.Contains(t, results[1].Error, types.ErrUnstakeNotFound.Error(), "paid once")
	f.requireSound(t)
}

func TestCompleteUnstakesRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	most := make([]uint64, types.MaxUnstakeIDs+1)
	for i := range most {
		most[i] = uint64(i)
	}
	good := types.MsgCompleteUnstakes{Signer: alice.String(), Prover: alice.String(), Ids: []uint64{1}}
	for _, c := range []struct {
		name   string
		change func(*types.MsgCompleteUnstakes)
		err    error
	}{
		{"no signer", func(m *types.MsgCompleteUnstakes) { m.Signer = "" }, types.ErrInvalidAddress},
		{"no prover", func(m *types.MsgCompleteUnstakes) { m.Prover = "" }, types.ErrInvalidAddress},
		{"prover malformed", func(m *types.MsgCompleteUnstakes) { m.Prover = "cosmos1" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgCompleteUnstakes) { m.Prover = sdk.AccAddress("nobody______________").String() }, types.ErrProverNotFound},
		{"unknown generation", func(m *types.MsgCompleteUnstakes) { m.Generation = 1<<64 - 1 }, types.ErrVaultNotFound},
		{"no ids", func(m *types.MsgCompleteUnstakes) { m.Ids = nil }, types.ErrInvalidIDs},
		{"an id twice", func(m *types.MsgCompleteUnstakes) { m.Ids = []uint64{5, 1, 5} }, types.ErrInvalidIDs},
		{"one id too many", func(m *types.MsgCompleteUnstakes) { m.Ids = most }, types.ErrInvalidIDs},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg := good
			c.change(&msg)
			f.requireRefusal(t, c.err, func(ctx context.Context) error {
				_, err := f.msg.CompleteUnstakes(ctx, &msg)
				return err
			})
		})
	}
	results, err := f.completes(alice, most[:types.MaxUnstakeIDs]...)
	require.NoError(t, err, "the most ids")
	require.Len(t, results, types.MaxUnstakeIDs)
}
