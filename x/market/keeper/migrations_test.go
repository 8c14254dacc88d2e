package keeper_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil/used"
	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// The migration makes of lifetimes, as version 1 kept them, what folds would have left.
func TestMigrationSplitsLifetimes(t *testing.T) {
	f := counted(t)
	want := f.recorded()
	f.storeLifetimes(alice, bob, carol)
	require.NotEqual(t, want, f.recorded())
	require.NoError(t, keeper.NewMigrator(f.keeper).Migrate1to2(f.Ctx))
	require.Equal(t, want, f.recorded())
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
}

// storeLifetimes puts lifetimes where version 1 had them.
func (f *fixture) storeLifetimes(provers ...sdk.AccAddress) {
	for _, p := range provers {
		f.setStats(p, 0, f.statsOf(p).Lifetime)
	}
	lifetime := f.stats().Lifetime
	raw, err := lifetime.Marshal()
	require.NoError(f.t, err)
	f.marketStore().Set(append(types.MarketStatsPrefix.Bytes(), make([]byte, 8)...), raw)
}

// The store that v0.1.0 left answers after the migration what v0.1.0 itself exported.
func TestMigrationOfV010(t *testing.T) {
	state, err := used.Read("v0.1.0")
	require.NoError(t, err)
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(state.AppState, &modules))
	f := setup(t)
	var exported types.GenesisState
	f.Codec.MustUnmarshalJSON(modules[types.ModuleName], &exported)
	require.NotEmpty(t, exported.MarketStats)
	require.NotEmpty(t, exported.ProverStats)
	f.fillMarket(state)
	require.NoError(t, keeper.NewMigrator(f.keeper).Migrate1to2(f.Ctx))

	m := f.stats()
	requireRecord(t, exported.MarketStats[0].Stats, m.Lifetime)
	require.Len(t, exported.MarketStats, 1+len(m.Epochs))
	for i, e := range m.Epochs {
		require.Equal(t, exported.MarketStats[1+i].Epoch, e.Epoch+1)
		requireRecord(t, exported.MarketStats[1+i].Stats, e.Stats)
	}
	seen := map[string]int{}
	for _, p := range exported.ProverStats {
		s := f.statsOf(sdk.MustAccAddressFromBech32(p.Prover))
		if p.Epoch == 0 {
			requireRecord(t, p.Stats, s.Lifetime)
			continue
		}
		e := s.Epochs[seen[p.Prover]]
		require.Equal(t, p.Epoch, e.Epoch+1)
		requireRecord(t, p.Stats, e.Stats)
		seen[p.Prover]++
	}
	again, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(modules[types.ModuleName]), string(f.Codec.MustMarshalJSON(again)))
}

// Version 1 looked at each request at the end of its bidding window, which now makes due
// only what has no bids. It had no marks of what is hardly ever there.
func TestMigrationMovesRequestsWithBids(t *testing.T) {
	f := setup(t)
	var wanted [][]byte // keys of places at the end of the reveal window
	for range 3 {
		id := f.request()
		before := f.marketKeys()
		f.bid(id, alice, 5)
		for key := range f.marketKeys() {
			if _, old := before[key]; !old && key[0] == types.PlacesPrefix.Bytes()[0] {
				wanted = append(wanted, []byte(key))
			}
		}
	}
	other := f.request() // without bids
	require.Len(t, wanted, 3)
	want := f.marketKeys()
	end := f.view(other).Auction.BiddingEnd
	for _, key := range wanted {
		f.marketStore().Delete(key)
		old := binary.BigEndian.AppendUint64(bytes.Clone(key[:2]), end)
		f.marketStore().Set(append(old, key[10:]...), []byte{})
	}
	require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant)
	require.NoError(t, keeper.NewMigrator(f.keeper).Migrate1to2(f.Ctx))
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	require.Len(t, f.marks(), 3)
	f.blocks(1)
	require.Empty(t, f.marks(), "nothing of the kind was found")
	for key := range want {
		if key[0] == types.PlacesPrefix.Bytes()[0] {
			require.True(t, f.marketStore().Has([]byte(key)), "%X", key)
		}
	}
	f.blocks(3)
	require.Equal(t, types.REQUEST_STATUS_REFUNDED, f.view(other).Auction.Status)
}

// fillMarket gives the market the store of a state, and nothing else.
func (f *fixture) fillMarket(state used.State) {
	store := f.marketStore()
	for key := range f.marketKeys() {
		store.Delete([]byte(key))
	}
	for _, s := range state.Stores {
		if s.Name == types.StoreKey {
			fill(store, s.Pairs)
		}
	}
}

func fill(store storetypes.KVStore, pairs []used.Pair) {
	for _, p := range pairs {
		store.Set(p.Key, p.Value)
	}
}

// requireRecord compares figures by what they say.
func requireRecord[S any, P interface {
	*S
	String() string
}](t *testing.T, want, have S) {
	t.Helper()
	require.Equal(t, P(&want).String(), P(&have).String())
}
