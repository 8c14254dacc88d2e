package keeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) heads(t require.TestingT) []uint64 {
	heads, err := f.k.Heads(f.ctx)
	require.NoError(t, err)
	return heads
}

func nanos(t time.Time) uint64 { return uint64(t.UnixNano()) }

// The head of the queue follows what was worked off: to the last entry while more are
// due, past the block's time when none is.
func TestHeadFollowsTheQueue(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
	alice, bob := f.register(t, "alice", 1000*proof, 0), f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	for range 5 { // one second apart
		_, err := f.unstake(bob, alice, 100*proof)
		require.NoError(t, err)
		f.endBlock(t, time.Second)
	}
	require.Equal(t, []uint64{0, 0, 0}, f.heads(t), "nothing was due yet")
	ready, err := f.k.QueuedAt(f.ctx)
	require.NoError(t, err)
	require.Len(t, ready, 5)
	f.later(8 * day)
	for _, want := range []uint64{uint64(ready[1]), uint64(ready[3])} {
		f.endBlock(t, time.Second)
		require.Equal(t, want, f.heads(t)[0])
		f.requireSound(t)
	}
	last := nanos(f.ctx.BlockTime())
	f.endBlock(t, time.Second)
	require.Equal(t, last+1, f.heads(t)[0], "all that was due is gone")
	require.EqualValues(t, 1000*proof, f.balance(bob))

	// It goes on moving now and then, and not in every block.
	moved := 0
	for range 2 * 64 {
		before := f.heads(t)[0]
		f.endBlock(t, time.Second)
		if f.heads(t)[0] != before {
			moved++
		}
	}
	require.Equal(t, 2, moved)
	f.requireSound(t)
}

// What a cancelled unstaking leaves may have waited beyond its time, behind the head:
// the next block takes it out all the same.
func TestCancelledRestEntersBehindTheHead(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.register(t, "alice", 1000*proof, 0), f.account(t, "bob", 1000*proof)
	work, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	require.NoError(t, f.stake(bob, alice, 1000*proof))
	id, err := f.unstake(bob, alice, 1000*proof)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, day) // parked: the assignment is open
	require.EqualValues(t, 1, f.provers(t, alice).Load.ParkedUnstakes)
	ready := nanos(f.unstakes(t, bob)[0].Unstake.ReadyAt)
	require.Greater(t, f.heads(t)[0], ready)

	// A share costs more than a uproof by now, so that cancelling keeps a rest.
	f.reward(t, alice, 333*proof)
	f.endBlock(t, 60*day)
	var kept math.Int
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.CancelUnstake(ctx, &types.MsgCancelUnstake{
			Staker: bob.String(), Prover: alice.String(), Ids: []uint64{id}, MinSharesOut: math.ZeroInt(),
		})
		return err
	}))
	f.requireSound(t)
	for _, u := range f.unstakes(t, bob) {
		kept = u.Unstake.PoolShares
	}
	require.True(t, !kept.IsNil() && kept.IsPositive(), "a rest waits")
	require.Equal(t, ready, f.heads(t)[0], "the head makes room")
	require.NoError(t, f.closeWork(alice, work))
	f.endBlock(t, time.Second)
	require.Empty(t, f.unstakes(t, bob))
	require.Greater(t, f.heads(t)[0], ready)
	f.requireSound(t)
}

// A change of commission without notice is due in the block that it comes in.
func TestRateWithoutNoticeIsWrittenDown(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.CommissionNotice = 0 })
	alice := f.register(t, "alice", 1000*proof, 1000)
	for bps := uint32(1100); bps < 1500; bps += 100 {
		_, err := f.setCommission(alice, "", bps)
		require.NoError(t, err)
		f.endBlock(t, 0) // blocks of one time
		require.EqualValues(t, bps, f.charged(t, alice, "market"))
		require.Empty(t, f.pendingOf(t))
		f.requireSound(t)
	}
}

// Epochs that are forgotten are not looked for again.
func TestHeadOfEpochs(t *testing.T) {
	f := newFixture(t)
	f.register(t, "alice", 1000*proof, 0)
	length := time.Duration(0)
	f.setParams(t, func(p *types.Params) { length = p.EpochLength })
	for range types.MaxEpochs + 5 {
		f.later(length)
		f.endBlock(t, time.Second)
		f.endBlock(t, time.Second)
	}
	g := f.requireSound(t)
	require.Equal(t, g.Payouts[0].Epoch, f.heads(t)[2])
	require.Equal(t, g.ProverEpochs[0].Epoch, f.heads(t)[2])
}

// The migration finds the heads of a store of version 1 and removes its ranking of all
// states; the store goes on as if it had always been one of version 2.
func TestMigration(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.register(t, "alice", 1000*proof, 1000), f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	f.endBlock(t, 0)
	migrate := func() []uint64 {
		before := f.ranking(t, 0, 10)
		require.NoError(t, f.k.ForgetHeads(f.ctx))
		require.NoError(t, f.k.RankTwice(f.ctx))
		require.Len(t, f.ranking(t, 0, 10), 2*len(before))
		require.ErrorContains(t, f.k.CheckInvariants(f.ctx), "places in the ranking")
		defer func() { require.Equal(t, before, f.ranking(t, 0, 10)) }()
		require.NoError(t, keeper.NewMigrator(f.k).Migrate1to2(f.ctx))
		require.NoError(t, f.k.CheckInvariants(f.ctx))
		return f.heads(t)
	}
	next := nanos(f.ctx.BlockTime()) + 1
	require.Equal(t, []uint64{next, next, 0}, migrate(), "of empty queues; there was no epoch yet")

	_, err := f.unstake(bob, alice, 100*proof)
	require.NoError(t, err)
	_, err = f.setCommission(alice, "", 2000)
	require.NoError(t, err)
	require.Equal(t, []uint64{next, next, 0}, migrate(), "entries ahead do not pull the heads past the next block")

	f.later(8 * day) // both are due, and an epoch is over
	queued, err := f.k.QueuedAt(f.ctx)
	require.NoError(t, err)
	heads := migrate()
	require.Equal(t, uint64(queued[0]), heads[0])
	require.Equal(t, uint64(queued[0]), heads[1], "the notice is as long as the delay")
	require.NoError(t, f.k.ForgetHeads(f.ctx))
	f.endBlock(t, time.Second)
	g := f.requireSound(t)
	require.Equal(t, g.Payouts[0].Epoch, migrate()[2])
	require.EqualValues(t, 600*proof, f.balance(bob))
	require.EqualValues(t, 2000, f.charged(t, alice, "market"))
	require.Equal(t, heads[2], uint64(0))
}

// A place before the head of its queue would wait for ever: the invariants name it.
func TestPlaceBeforeTheHeadIsBroken(t *testing.T) {
	for index, name := range []string{"unstakings", "rates", "epochs"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			alice, bob := f.register(t, "alice", 1000*proof, 1000), f.account(t, "bob", 1000*proof)
			require.NoError(t, f.stake(bob, alice, 500*proof))
			f.later(8 * day)
			f.endBlock(t, time.Second)
			_, err := f.unstake(bob, alice, 100*proof)
			require.NoError(t, err)
			_, err = f.setCommission(alice, "", 2000)
			require.NoError(t, err)
			f.requireSound(t)
			require.NoError(t, f.k.SetHead(f.ctx, index, 1<<62))
			require.ErrorIs(t, f.k.CheckInvariants(f.ctx), types.ErrInvariant)
		})
	}
}
