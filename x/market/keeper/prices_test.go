package keeper_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// proving asks for a proof of the named digest.
func proving(digest string) func(*types.MsgRequest) {
	return func(m *types.MsgRequest) {
		m.Statement.Digest = types.FormatID(account32(digest))
		m.MinStake, m.TimeLimit = math.NewInt(1_000_000), time.Hour
	}
}

// bought lets alice prove each digest at its fee, in the order given, one block each.
func (f *fixture) bought(fees []int64, digest func(i int) string) {
	for _, id := range f.awarded(fees, digest) {
		f.delivered(id)
		f.blocks(1)
	}
}

// awarded brings requests for the digests to where alice must deliver, at her fees.
func (f *fixture) awarded(fees []int64, digest func(i int) string) (ids []string) {
	for i, fee := range fees {
		ids = append(ids, f.request(proving(digest(i))))
		f.bid(ids[i], alice, fee)
	}
	f.toReveal(ids[0])
	for i, fee := range fees {
		f.reveal(ids[i], alice, fee)
	}
	f.blocks(1)
	return ids
}

// delivered lets alice deliver.
func (f *fixture) delivered(ids ...string) {
	for _, id := range ids {
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
		require.NoError(f.t, err)
	}
}

func numbered(i int) string { return fmt.Sprint("digest ", i) }

// quote asks for the prices of the fixture's program.
func (f *fixture) quote(verifier string) *types.QueryQuoteResponse {
	response, err := f.queries.Quote(f.Ctx, &types.QueryQuoteRequest{Verifier: verifier, Program: types.FormatID(account32("program"))})
	require.NoError(f.t, err)
	return response
}

func TestQuote(t *testing.T) {
	for _, tc := range []struct {
		fees          []int64
		p10, p50, p90 int64
	}{
		{nil, 0, 0, 0},
		{[]int64{7}, 7, 7, 7},
		{[]int64{9, 3}, 3, 3, 9},
		{[]int64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}, 1, 5, 9},
		{[]int64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5, 11}, 2, 6, 10},
	} {
		t.Run(fmt.Sprint(len(tc.fees)), func(t *testing.T) {
			f := setup(t)
			if len(tc.fees) > 0 {
				f.bought(tc.fees, numbered)
			}
			q := f.quote("pico/v1")
			require.Equal(t, []int64{tc.p10, tc.p50, tc.p90}, []int64{q.P10.Int64(), q.P50.Int64(), q.P90.Int64()})
			require.Equal(t, uint32(len(tc.fees)), q.Samples)
			require.Len(t, q.Prices, len(tc.fees))
			for i, fee := range tc.fees {
				require.Equal(t, fee, q.Prices[i].Price.Int64(), "oldest first")
			}
			if len(tc.fees) == 0 {
				require.Nil(t, q.Oldest)
				require.Nil(t, q.Newest)
				require.True(t, q.Last.IsZero())
				return
			}
			require.Equal(t, tc.fees[len(tc.fees)-1], q.Last.Int64())
			require.Equal(t, time.Duration(len(tc.fees)-1)*time.Second, q.Newest.Sub(*q.Oldest))
			require.Zero(t, f.quote("pico/v2").Samples, "prices of another verifier")
		})
	}
}

// law M14: whoever buys one proof over and over moves the price once.
func TestAStatementCountsOnce(t *testing.T) {
	f := setup(t)
	f.bought([]int64{5, 9_000_000, 9_000_000}, func(int) string { return "digest" })
	q := f.quote("pico/v1")
	require.Equal(t, uint32(1), q.Samples)
	require.Equal(t, int64(5), q.P90.Int64())
	require.Equal(t, uint64(3), f.statsOf(alice).Lifetime.Fulfilled, "the work itself counts each time")

	// Two proofs of one new statement in one block count once as well.
	ids := f.awarded([]int64{6, 6}, func(int) string { return "other" })
	f.delivered(ids...)
	f.blocks(1)
	q = f.quote("pico/v1")
	require.Equal(t, uint32(2), q.Samples)
	require.Equal(t, slices.Min(ids), q.Prices[1].RequestId, "the first in the order of the keys")
}

// A program keeps its latest 128 prices; an export keeps them in their order.
func TestPricesKept(t *testing.T) {
	f := setup(t)
	f.Fund(t, requester, wealth)
	f.bought([]int64{1000, 1001}, numbered)
	f.delivered(f.awarded(make([]int64, types.MaxPrices-2), func(i int) string { return numbered(i + 2) })...)
	f.blocks(1)
	q := f.quote("pico/v1")
	require.Equal(t, uint32(types.MaxPrices), q.Samples)
	require.Equal(t, int64(1000), q.Prices[0].Price.Int64())

	f.bought([]int64{5000}, func(int) string { return "one more" })
	q = f.quote("pico/v1")
	require.Equal(t, uint32(types.MaxPrices), q.Samples)
	require.Equal(t, int64(1001), q.Prices[0].Price.Int64(), "the oldest went")
	require.Equal(t, int64(5000), q.Last.Int64())

	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, g))
	require.Equal(t, q, next.quote("pico/v1"))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(f.Codec.MustMarshalJSON(g)), string(next.Codec.MustMarshalJSON(again)))

	for i, f := range []*fixture{f, next} { // the ring goes on from wherever it is
		require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
		f.bought([]int64{6000 + int64(i), 7000}, func(n int) string { return fmt.Sprint("later ", i, n) })
		later := f.quote("pico/v1")
		require.Equal(t, q.Prices[2:], later.Prices[:types.MaxPrices-2])
		require.Equal(t, int64(7000), later.Last.Int64())
		require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
		f.reimported(t)
	}

	g.Prices = append(g.Prices[:1:1], g.Prices...)
	require.ErrorIs(t, g.Validate(), types.ErrInvalidGenesis, "129 prices")
}

// Version 1 numbered prices without end. The latest ones keep their order.
func TestMigrationRingsPrices(t *testing.T) {
	f := setup(t)
	f.Fund(t, requester, wealth)
	f.delivered(f.awarded(make([]int64, types.MaxPrices), numbered)...)
	f.blocks(1)
	want, all := f.quote("pico/v1"), f.marketKeys()
	for key := range all {
		switch key[0] {
		case types.PricesPrefix.Bytes()[0]:
			slot := len(key) - 8
			f.marketStore().Delete([]byte(key))
			f.marketStore().Set(binary.BigEndian.AppendUint64([]byte(key[:slot]), 300+binary.BigEndian.Uint64([]byte(key[slot:]))), []byte(all[key]))
		case types.PriceCountsPrefix.Bytes()[0]:
			f.marketStore().Delete([]byte(key))
		}
	}
	require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant)
	f.storeLifetimes(alice)
	require.NoError(t, keeper.NewMigrator(f.keeper).Migrate1to2(f.Ctx))
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	require.Equal(t, want, f.quote("pico/v1"))

	f.bought([]int64{5000}, func(int) string { return "one more" })
	later := f.quote("pico/v1")
	require.Equal(t, want.Prices[1:], later.Prices[:types.MaxPrices-1])
	require.Equal(t, int64(5000), later.Last.Int64())
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
}

// Law M14: prices that are not counted, or counted and not there, are no state of a chain.
func TestPricesThatDoNotAddUp(t *testing.T) {
	for name, spoil := range map[string]func(f *fixture, key string){
		"no count": func(f *fixture, key string) { f.marketStore().Delete([]byte(key)) },
		"too many": func(f *fixture, key string) { f.marketStore().Set([]byte(key), binary.BigEndian.AppendUint64(nil, 3)) },
		"too few":  func(f *fixture, key string) { f.marketStore().Set([]byte(key), binary.BigEndian.AppendUint64(nil, 1)) },
		"far ahead": func(f *fixture, key string) {
			f.marketStore().Set([]byte(key), binary.BigEndian.AppendUint64(nil, 1<<40))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.bought([]int64{1000, 1001}, numbered)
			require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
			for key := range f.marketKeys() {
				if key[0] == types.PriceCountsPrefix.Bytes()[0] {
					spoil(f, key)
				}
			}
			require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant)
			_, err := f.queries.Quote(f.Ctx, &types.QueryQuoteRequest{Verifier: "pico/v1", Program: types.FormatID(account32("program"))})
			require.ErrorIs(t, err, types.ErrInvariant)
		})
	}
}
