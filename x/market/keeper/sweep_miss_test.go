package keeper_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// passCommitted passes a block whose changes are committed, and leaves out the checks
// of endBlock: iterating over much that is not committed is slow in the store itself,
// and so are checks of many requests.
func (f *fixture) passCommitted(gap time.Duration) {
	require.NoError(f.t, f.Bank.CreditVirtualAccounts(f.Ctx))
	require.NoError(f.t, f.keeper.EndBlock(f.Ctx))
	f.clearObjects()
	f.tx = 0
	f.Ctx.MultiStore().(storetypes.CommitMultiStore).Commit()
	f.beginBlock(gap)
}

// commitWithin commits what the running block has written so far, and leaves it the
// deltas that its end will fold.
func (f *fixture) commitWithin() {
	store := f.blockDeltas()
	keys := objectKeys(f.t, store)
	deltas := make([]any, len(keys))
	for i, key := range keys {
		deltas[i] = store.Get(key)
	}
	f.Ctx.MultiStore().(storetypes.CommitMultiStore).Commit()
	for i, key := range keys {
		store.Set(key, deltas[i])
	}
}

// law M9: a thousand deadlines missed in one block are worked off end_block_cap a
// block, oldest first: every winner is slashed and loses its bond, and every standby
// prover gets its window, which it misses as well.
func TestThousandMissInOneBlock(t *testing.T) {
	const n, crowd = 1_000, 100
	f := setup(t)
	f.Fund(t, requester, 2*n*maxFee)
	provers := f.bidders(2 * crowd)
	f.set(func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap }) // they are all assigned in one block
	var ids []string
	for range n {
		ids = append(ids, f.request(withStandby, func(m *types.MsgRequest) { m.BiddingBlocks = 1 }))
	}
	each := func(do func(id string, prover sdk.AccAddress, fee int64, standby ...bool)) {
		for i, id := range ids {
			do(id, provers[i%crowd], 4_000_000)
			do(id, provers[crowd+i%crowd], 5_000_000, true)
			if i%50 == 0 {
				f.commitWithin()
			}
		}
	}
	each(f.bid)
	f.passCommitted(time.Second)
	f.passCommitted(time.Second)
	each(func(id string, prover sdk.AccAddress, fee int64, standby ...bool) {
		f.reveal(id, prover, fee, standby...)
	})
	f.passCommitted(time.Second)
	f.set(func(p *types.Params) { p.EndBlockCap = types.DefaultParams().EndBlockCap })
	deadlines := f.queued(keeper.QueueTime)
	require.Len(t, deadlines, n)
	require.Equal(t, deadlines[0], deadlines[n-1])
	before := f.riches()

	f.passCommitted(30 * time.Second)
	f.passCommitted(31 * time.Second)
	perBlock := int(types.DefaultParams().EndBlockCap)
	for i := 1; i <= n/perBlock; i++ {
		f.passCommitted(time.Second)
		left := f.queued(keeper.QueueTime)
		require.Len(t, left, n, "whoever missed has a standby prover by now")
		first, _ := slices.BinarySearch(left, deadlines[0]+1)
		require.Equal(t, n-i*perBlock, first, "the oldest go first, whatever fell due since")
	}
	for _, p := range provers[:crowd] {
		require.EqualValues(t, n/crowd*penalty, f.slashed(p))
	}
	f.passCommitted(30 * time.Second)
	for range n / perBlock {
		f.passCommitted(time.Second)
	}
	require.Empty(t, f.queued(keeper.QueueTime))
	for _, p := range provers {
		require.EqualValues(t, n/crowd*penalty, f.slashed(p), "once each")
	}
	require.Equal(t, map[string]int64{"requester": n * maxFee, chest: n * (bond + 2*penalty)}, some(difference(f.riches(), before)))
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
}

// difference tells by how much everybody got richer, open requests or not.
func difference(now, before map[string]int64) map[string]int64 {
	for name := range now {
		now[name] -= before[name]
	}
	return now
}
