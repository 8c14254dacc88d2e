package keeper_test

import (
	"maps"
	stdmath "math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// statsKey is where a prover's figures are: of an epoch plus 1, or at 0.
func (f *fixture) statsKey(prover sdk.AccAddress, epoch uint64) []byte {
	codec := collections.PairKeyCodec(sdk.AccAddressKey, collections.Uint64Key)
	key, err := collections.EncodeKeyWithPrefix(types.ProverStatsPrefix.Bytes(), codec, collections.Join(prover, epoch))
	require.NoError(f.t, err)
	return key
}

// setStats writes a prover's figures of an epoch plus 1, or at 0.
func (f *fixture) setStats(prover sdk.AccAddress, epoch uint64, s types.ProverStats) {
	raw, err := s.Marshal()
	require.NoError(f.t, err)
	f.marketStore().Set(f.statsKey(prover, epoch), raw)
}

// recorded are the records of statistics.
func (f *fixture) recorded() map[string]string {
	all := f.marketKeys()
	maps.DeleteFunc(all, func(key, _ string) bool {
		return !strings.HasPrefix(key, string(types.ProverStatsPrefix.Bytes())) && !strings.HasPrefix(key, string(types.MarketStatsPrefix.Bytes()))
	})
	return all
}

// reimported is a chain that goes on from an export, whose own export is the same.
func (f *fixture) reimported(t *testing.T) *fixture {
	t.Helper()
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(f.Codec.MustMarshalJSON(g)), string(f.Codec.MustMarshalJSON(again)))
	require.Equal(t, f.recorded(), next.recorded())
	return next
}

// A new epoch, also after some in which there was nothing, leaves the lifetime as it was,
// and so does an export.
func TestEpochsRoll(t *testing.T) {
	f := setup(t)
	bids, total := []uint64{2, 1, 3}, uint64(0)
	for i, n := range bids {
		f.provers.epoch += uint64(1 + i*i) // 8, 10, 15
		for range n {
			f.bid(f.request(), alice, 5)
			f.blocks(1)
			total++
			s, m := f.statsOf(alice), f.stats()
			require.Equal(t, []uint64{total, total}, []uint64{s.Lifetime.Bids, m.Lifetime.Provers.Bids})
			require.Equal(t, total, m.Lifetime.Requests)
			require.Len(t, s.Epochs, i+1)
			require.Len(t, m.Epochs, i+1)
			f.reimported(t)
		}
	}
	for i, e := range f.statsOf(alice).Epochs {
		require.Equal(t, []uint64{[]uint64{8, 10, 15}[i], bids[i]}, []uint64{e.Epoch, e.Stats.Bids})
	}
}

// law M14: what befalls a prover in an epoch in which it does nothing makes it no less
// active before, nor more in that epoch.
func TestLastActiveOfEarlierEpochs(t *testing.T) {
	f := setup(t)
	f.assigned()
	f.blocks(1)
	active := f.statsOf(bob).Lifetime.LastActive
	f.provers.epoch++
	f.blocks(63)
	check := func(f *fixture, lifetime uint64, epochs ...uint64) {
		t.Helper()
		s := f.statsOf(bob)
		require.Equal(t, lifetime, s.Lifetime.LastActive)
		require.Len(t, s.Epochs, len(epochs))
		for i, e := range s.Epochs {
			require.Equal(t, epochs[i], e.Stats.LastActive)
		}
	}
	require.Equal(t, uint64(1), f.statsOf(bob).Lifetime.Missed)
	check(f, active, active, 0)
	check(f.reimported(t), active, active, 0)

	f.bid(f.request(), bob, 5)
	again := uint64(f.Ctx.BlockHeight())
	f.blocks(1)
	check(f, again, active, again)
	check(f.reimported(t), again, active, again)
	f.provers.epoch++
	f.bid(f.request(), bob, 5)
	last := uint64(f.Ctx.BlockHeight())
	f.blocks(1)
	check(f, last, active, again, last)
	check(f.reimported(t), last, active, again, last)
}

// Epochs only rise. Should an earlier one run all the same, what it counts is in the
// latest recorded, once.
func TestEpochsDoNotFall(t *testing.T) {
	f := setup(t)
	f.provers.epoch = 3
	f.bid(f.request(), carol, 5)
	f.blocks(1)
	f.provers.epoch = 9
	f.bid(f.request(), alice, 5)
	f.blocks(1)
	for _, running := range []uint64{3, 0} {
		f.provers.epoch = running
		id := f.request()
		for _, p := range []sdk.AccAddress{alice, bob, carol} {
			f.bid(id, p, 5)
		}
		f.blocks(1)
	}
	for p, want := range map[string][]uint64{string(alice): {3}, string(bob): {2}, string(carol): {1, 2}} {
		s := f.statsOf(sdk.AccAddress(p))
		sum := uint64(0)
		require.Len(t, s.Epochs, len(want))
		for i, e := range s.Epochs {
			require.Equal(t, want[i], e.Stats.Bids)
			sum += e.Stats.Bids
		}
		require.Equal(t, sum, s.Lifetime.Bids)
		require.Equal(t, uint64(9), s.Epochs[len(want)-1].Epoch)
	}
	m := f.stats()
	require.Len(t, m.Epochs, 2)
	require.Equal(t, uint64(8), m.Lifetime.Provers.Bids)
	require.Equal(t, uint64(4), m.Lifetime.Requests)
}

// Records keep to half of a lifetime's bounds, so that two of them always add up to one:
// what would pass that waits, and queries go on.
func TestLifetimeDoesNotOverflow(t *testing.T) {
	f := setup(t)
	f.bid(f.request(), alice, 5)
	f.blocks(1)
	sound := f.statsOf(alice).Epochs[0]
	full := sound.Stats
	full.Bids = types.MaxStatCount
	f.setStats(alice, sound.Epoch+1, full)
	for i := range uint64(2) { // in the epoch that has a record, and in a new one, which closes it
		before := f.recorded()
		id := f.request()
		f.bid(id, alice, 5)
		f.bid(id, bob, 5)
		f.endUnfolded(f.left() + 1)
		require.Equal(t, types.MaxStatCount+i, f.statsOf(alice).Lifetime.Bids)
		require.Len(t, f.statsOf(alice).Epochs, 1)
		for _, epoch := range []uint64{0, sound.Epoch + 1} {
			key := f.statsKey(alice, epoch)
			require.Equal(t, before[string(key)], string(f.marketStore().Get(key)))
		}
		f.provers.epoch++
		one := types.NoProverStats()
		one.Bids = 1
		f.setStats(alice, 0, one)
		f.beginBlock(time.Second)
	}
	require.Equal(t, uint64(2), f.statsOf(bob).Lifetime.Bids)

	f.setStats(alice, 0, types.NoProverStats())
	f.setStats(alice, sound.Epoch+1, sound.Stats)
	f.blocks(1)
	require.Equal(t, uint64(3), f.statsOf(alice).Lifetime.Bids)
	require.Equal(t, uint64(5), f.stats().Lifetime.Provers.Bids)

	full.Bids = stdmath.MaxUint64
	f.setStats(alice, 0, full)
	_, err := f.queries.ProverStats(f.Ctx, &types.QueryProverStatsRequest{Prover: alice.String()})
	require.ErrorIs(t, err, types.ErrInvalidAmount)
	_, err = f.keeper.ExportGenesis(f.Ctx)
	require.ErrorIs(t, err, types.ErrInvalidAmount)
}
