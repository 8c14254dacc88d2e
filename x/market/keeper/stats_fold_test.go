package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// endUnfolded ends the block where something cannot be folded: that waits in the store.
// What it holds in object stores goes with its commit.
func (f *fixture) endUnfolded(left int) {
	require.NoError(f.t, f.Bank.CreditVirtualAccounts(f.Ctx))
	require.NoError(f.t, f.keeper.EndBlock(f.Ctx))
	require.Zero(f.t, f.fresh(), "what is kept must not be counted twice")
	require.Equal(f.t, left, f.left())
	f.clearObjects()
}

// breakStats makes the figures of a prover's running epoch unreadable until the returned
// function has mended them. The prover must have some.
func (f *fixture) breakStats(prover sdk.AccAddress) (mend func()) {
	store, key := f.marketStore(), f.statsKey(prover, f.provers.epoch+1)
	sound := store.Get(key)
	require.NotEmpty(f.t, sound)
	store.Set(key, []byte{0xff})
	return func() { store.Set(key, sound) }
}

// broken is a market where alice's second bid cannot be counted, until mend was called.
func broken(t *testing.T) (f *fixture, id string, mend func()) {
	t.Helper()
	f = setup(t)
	f.bid(f.request(), alice, 5)
	f.blocks(1)
	mend = f.breakStats(alice)
	id = f.request()
	f.bid(id, alice, 5)
	return f, id, mend
}

// What cannot be folded stops neither the chain nor the rest, and is not lost.
func TestFoldIsIsolated(t *testing.T) {
	f, id, mend := broken(t)
	f.bid(id, bob, 6)
	f.endUnfolded(1) // alice's
	require.Equal(t, uint64(1), f.statsOf(bob).Lifetime.Bids)
	require.Equal(t, uint64(2), f.stats().Lifetime.Provers.Bids, "hers is in neither figure")
	_, err := f.keeper.ExportGenesis(f.Ctx)
	require.Error(t, err, "an export would lose it")

	mend()
	f.beginBlock(time.Second)
	f.blocks(1)
	require.Equal(t, uint64(2), f.statsOf(alice).Lifetime.Bids)
	require.Equal(t, uint64(3), f.stats().Lifetime.Provers.Bids)

	f.provers.failEpoch = true
	f.bid(f.request(), carol, 5)
	f.endUnfolded(2) // nothing can be folded, all of it waits
	f.provers.failEpoch = false
	f.beginBlock(time.Second)
	f.blocks(1)
	require.Equal(t, uint64(1), f.statsOf(carol).Lifetime.Bids)
}

// What several blocks could not fold for one request and prover adds up, and an export
// counts it with what the running block adds.
func TestWhatWaitsAddsUp(t *testing.T) {
	f, id, mend := broken(t)
	f.endUnfolded(1)
	f.beginBlock(time.Second)
	f.bid(id, alice, 6)
	f.endUnfolded(1)
	for f.Ctx.BlockHeight() <= int64(f.view(id).Auction.BiddingEnd) {
		f.beginBlock(time.Second)
		f.endUnfolded(1)
	}
	f.beginBlock(time.Second)
	f.reveal(id, alice, 6)
	revealed := uint64(f.Ctx.BlockHeight())
	require.Equal(t, []int{1, 1}, []int{f.fresh(), f.left()})

	mend()
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{f.fresh(), f.left()}, "an export changes nothing")
	f.blocks(1)
	have := f.statsOf(alice).Lifetime
	require.Equal(t, []uint64{2, 1, revealed}, []uint64{have.Bids, have.Reveals, have.LastActive})
	require.Equal(t, have.Bids, g.MarketStats[0].Stats.Provers.Bids)
	require.Equal(t, have.Reveals, g.MarketStats[0].Stats.Provers.Reveals)
}

// However often a block is ended, each delta counts once.
func TestDeltasCountOnce(t *testing.T) {
	f := setup(t)
	f.bid(f.request(), alice, 5)
	for range 2 {
		require.NoError(t, f.keeper.EndBlock(f.Ctx))
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		for _, s := range []types.MarketStats{f.stats().Lifetime, g.MarketStats[0].Stats} {
			require.Equal(t, []uint64{1, 1}, []uint64{s.Requests, s.Provers.Bids})
		}
		require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	}
}

// Of two requests for one statement the lower id counts, also if its proof came a block
// later, as long as neither was folded.
func TestFoldIsInTheOrderOfKeys(t *testing.T) {
	f := setup(t)
	ids := f.awarded([]int64{5, 6}, func(int) string { return "one" })
	fees := map[string]int64{ids[0]: 5, ids[1]: 6}
	low, high := min(ids[0], ids[1]), max(ids[0], ids[1])
	f.provers.failEpoch = true
	f.delivered(high)
	f.endUnfolded(2) // the prover's and the market's
	f.provers.failEpoch = false
	f.beginBlock(time.Second)
	f.delivered(low)
	f.blocks(1)
	require.Equal(t, fees[low], f.quote("pico/v1").P50.Int64())
	require.Equal(t, uint64(2), f.statsOf(alice).Lifetime.Fulfilled)
}

// What a transaction counts goes with it when it fails, and changes nothing that others
// hold: branches of the state share objects.
func TestDeltasOfFailedTransactions(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	objects := func() (list [][]byte) {
		store := f.blockDeltas()
		for _, key := range objectKeys(t, store) {
			delta := store.Get(key).(types.StatsDelta)
			raw, err := delta.Marshal()
			require.NoError(t, err)
			list = append(list, key, raw)
		}
		return list
	}
	before := objects()
	require.Len(t, before, 4)
	plain := f.Ctx
	branch, _ := plain.CacheContext()                       // that nobody writes
	f.Ctx = branch.WithBlockHeight(plain.BlockHeight() + 1) // last_active differs
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: f.request()})
	require.NoError(t, err)
	f.bid(id, bob, 5)
	_, err = run(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 6, false))
	require.NoError(t, err)
	f.Ctx = plain
	require.Equal(t, before, objects())
}

// Counting has its price, which pays for the end of the block: once for each prover and
// once for the market where either has something to count.
func TestStatsGas(t *testing.T) {
	f := setup(t)
	paid := func(do func()) uint64 {
		plain, m := f.Ctx, meter{storetypes.NewInfiniteGasMeter(), map[string]uint64{}}
		f.Ctx = plain.WithGasMeter(m)
		do()
		f.Ctx = plain
		require.Greater(t, m.GasConsumed(), m.of["statistics"])
		return m.of["statistics"]
	}
	var id string
	require.Equal(t, uint64(types.StatsGas), paid(func() { id = f.request() }))
	require.Equal(t, uint64(types.StatsGas), paid(func() { f.bid(id, alice, 6) }))
	require.Equal(t, uint64(types.StatsGas), paid(func() { f.bid(id, alice, 5) }), "a bid replaced")
	f.toReveal(id)
	require.Equal(t, uint64(types.StatsGas), paid(func() { f.reveal(id, alice, 5) }))
	f.blocks(1)
	require.Equal(t, uint64(2*types.StatsGas), paid(func() { f.delivered(id) }), "the prover's figures and the market's")
}

// A delta that cannot be read keeps back nothing that the block adds.
func TestUnreadableDeltaKeepsBackNobody(t *testing.T) {
	f := setup(t)
	f.marketStore().Set(types.StatsDeltasPrefix.Bytes(), []byte{0xff}) // before all others
	f.markAll()
	id := f.request()
	f.bid(id, alice, 5)
	f.endUnfolded(1)
	require.Equal(t, uint64(1), f.statsOf(alice).Lifetime.Bids)
	require.Equal(t, uint64(1), f.stats().Lifetime.Requests)
}
