package keeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// statsOf gives a prover's statistics.
func (f *fixture) statsOf(prover sdk.AccAddress) *types.QueryProverStatsResponse {
	response, err := f.queries.ProverStats(f.Ctx, &types.QueryProverStatsRequest{Prover: prover.String()})
	require.NoError(f.t, err)
	return response
}

// stats gives the market's statistics.
func (f *fixture) stats() *types.QueryStatsResponse {
	response, err := f.queries.Stats(f.Ctx, &types.QueryStatsRequest{})
	require.NoError(f.t, err)
	return response
}

// marketStore is the market's store.
func (f *fixture) marketStore() storetypes.KVStore {
	return f.Ctx.KVStore(storeKeys(f.Ctx.MultiStore())[types.StoreKey])
}

// blockDeltas holds the deltas of this block.
func (f *fixture) blockDeltas() storetypes.ObjKVStore {
	return f.Ctx.ObjectStore(storeKeys(f.Ctx.MultiStore())[types.ObjectStoreKey])
}

// fresh counts the deltas of this block that wait to be folded.
func (f *fixture) fresh() int { return len(objectKeys(f.t, f.blockDeltas())) }

// left counts the deltas of earlier blocks that wait to be folded.
func (f *fixture) left() int {
	prefix := types.StatsDeltasPrefix.Bytes()
	it := f.marketStore().Iterator(prefix, storetypes.PrefixEndBytes(prefix))
	defer it.Close()
	n := 0
	for ; it.Valid(); it.Next() {
		n++
	}
	return n
}

// prover makes figures from counts and amounts; last_active is left out.
func prover(bids, reveals, won, promoted, fulfilled, missed uint64, fees, protocolFees, slashed, bondsLost int64) types.ProverStats {
	return types.ProverStats{
		Bids: bids, Reveals: reveals, Won: won, Promoted: promoted, Fulfilled: fulfilled, Missed: missed,
		Fees: math.NewInt(fees), ProtocolFees: math.NewInt(protocolFees), Slashed: math.NewInt(slashed), BondsLost: math.NewInt(bondsLost),
	}
}

// market makes the market's own figures of one request.
func market(change func(*types.MarketStats), refunds int64) types.MarketStats {
	m := types.NoMarketStats()
	m.Requests, m.RequestFees, m.Refunds = 1, math.NewInt(10_000), math.NewInt(refunds)
	if change != nil {
		change(&m)
	}
	return m
}

// law M14: every figure, after every way in which a request can go.
func TestStatisticsOfEveryLifecycle(t *testing.T) {
	deliver := func(f *fixture, id string, by sdk.AccAddress) {
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, by))
		require.NoError(t, err)
	}
	type figures struct{ alice, bob, carol types.ProverStats }
	nothing := types.NoProverStats()
	bidOnly, shown := prover(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), prover(1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
	for name, tc := range map[string]struct {
		play   func(f *fixture)
		market types.MarketStats
		want   figures
	}{
		"open": {func(f *fixture) { f.request() }, market(nil, 0), figures{nothing, nothing, nothing}},
		"cancelled": {func(f *fixture) {
			_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: f.request()})
			require.NoError(t, err)
		}, market(func(m *types.MarketStats) { m.Cancelled = 1 }, maxFee), figures{nothing, nothing, nothing}},
		"no bids": {
			func(f *fixture) { f.request(); f.blocks(5) },
			market(func(m *types.MarketStats) { m.NoBids = 1 }, maxFee),
			figures{nothing, nothing, nothing},
		},
		"a bid replaced counts once": {func(f *fixture) {
			id := f.request()
			f.bid(id, alice, 5)
			f.blocks(1)
			f.bid(id, alice, 6)
			f.bid(id, alice, 7)
		}, market(nil, 0), figures{bidOnly, nothing, nothing}},
		"none revealed": {func(f *fixture) {
			id := f.request()
			f.bid(id, alice, 5)
			f.bid(id, bob, 6)
			f.blocks(15)
		}, market(func(m *types.MarketStats) { m.NoneRanked = 1 }, maxFee), figures{bidOnly, bidOnly, nothing}},
		"not eligible any more": {func(f *fixture) {
			id := f.request()
			f.bid(id, alice, 5)
			f.toReveal(id)
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
			f.reveal(id, alice, 5)
			f.blocks(1)
		}, market(func(m *types.MarketStats) { m.NoneRanked = 1 }, maxFee), figures{prover(1, 1, 0, 0, 0, 0, 0, 0, 0, bond), nothing, nothing}},
		"assigned": {
			func(f *fixture) { f.assigned() },
			market(nil, 0),
			figures{shown, prover(1, 1, 1, 0, 0, 0, 0, 0, 0, 0), shown},
		},
		"fulfilled": {
			func(f *fixture) { deliver(f, f.assigned(), bob) },
			market(nil, 4_000_000),
			figures{shown, prover(1, 1, 1, 0, 1, 0, 6_000_000, 300_000, 0, 0), shown},
		},
		"missed": {
			func(f *fixture) { f.assigned(); f.blocks(63) },
			market(func(m *types.MarketStats) { m.Failed = 1 }, maxFee),
			figures{shown, prover(1, 1, 1, 0, 0, 1, 0, 0, penalty, bond), shown},
		},
		"missed, looked at by a message": {func(f *fixture) {
			id := f.assigned()
			f.blocks(58)
			f.endBlock()
			f.beginBlock(5 * time.Second)
			require.True(t, f.refund(id).Applied)
		}, market(func(m *types.MarketStats) { m.Failed = 1 }, maxFee), figures{shown, prover(1, 1, 1, 0, 0, 1, 0, 0, penalty, bond), shown}},
		"the standby prover delivers": {
			func(f *fixture) { id := f.assigned(withStandby); f.blocks(63); deliver(f, id, alice) },
			market(nil, 4_000_000),
			figures{
				prover(1, 1, 0, 1, 1, 0, 6_000_000, 300_000, 0, 0), prover(1, 1, 1, 0, 0, 1, 0, 0, penalty, bond), shown,
			},
		},
		"the standby prover misses too": {
			func(f *fixture) { f.assigned(withStandby); f.blocks(100) },
			market(func(m *types.MarketStats) { m.Failed = 1 }, maxFee),
			figures{prover(1, 1, 0, 1, 0, 1, 0, 0, penalty, 0), prover(1, 1, 1, 0, 0, 1, 0, 0, penalty, bond), shown},
		},
		"revoked": {
			func(f *fixture) { f.assigned(); f.revoke(onVerifier); f.blocks(63) },
			market(func(m *types.MarketStats) { m.Revoked = 1 }, maxFee),
			figures{shown, prover(1, 1, 1, 0, 0, 0, 0, 0, 0, 0), shown},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			tc.play(f)
			f.blocks(1)
			market := f.stats().Lifetime
			want := tc.market
			for i, p := range []sdk.AccAddress{alice, bob, carol} {
				figures := []types.ProverStats{tc.want.alice, tc.want.bob, tc.want.carol}[i]
				have := f.statsOf(p).Lifetime
				require.Equal(t, figures.Bids > 0, have.LastActive > 0)
				have.LastActive = 0
				require.Equal(t, figures, have, "%d", i)
				var err error
				want.Provers, err = want.Provers.Plus(figures)
				require.NoError(t, err)
			}
			require.Positive(t, market.Provers.LastActive)
			market.Provers.LastActive = 0
			require.Equal(t, want, market)
		})
	}
}

// law M14: last_active follows bids, bids replaced, reveals and proofs, and nothing
// that merely befalls a prover.
func TestLastActive(t *testing.T) {
	f := setup(t)
	id := f.request()
	at := func(p sdk.AccAddress) uint64 { return f.statsOf(p).Lifetime.LastActive }
	height := func() uint64 { return uint64(f.Ctx.BlockHeight()) }
	f.bid(id, alice, 5)
	f.bid(id, bob, 6)
	first := height()
	f.blocks(1)
	require.Equal(t, first, at(alice))
	f.bid(id, alice, 7)
	replaced := height()
	f.toReveal(id)
	require.Equal(t, replaced, at(alice))
	require.Equal(t, first, at(bob))
	f.reveal(id, alice, 7)
	f.reveal(id, bob, 6)
	revealed := height()
	f.blocks(1)
	require.Equal(t, revealed, at(alice))
	f.blocks(70)
	require.Equal(t, uint64(1), f.statsOf(bob).Lifetime.Missed)
	require.Equal(t, revealed, at(bob), "missing a deadline is no activity")
}

// Defect 1 of the reference: statistics were inflated by revealing twice.
func TestDefect1StatisticsAreNotInflated(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, bob, 9)
	f.toReveal(id)
	f.reveal(id, alice, 5)
	for range 3 {
		fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrAlreadyRevealed)
		f.blocks(1)
		fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrAlreadyRevealed)
	}
	require.Equal(t, uint64(1), f.statsOf(alice).Lifetime.Reveals)
	require.Equal(t, uint64(1), f.stats().Lifetime.Provers.Reveals)
}

// A bond that is lost because its bid was never revealed counts when the record of
// the bid goes: the closing looks at no bids (law M6).
func TestBondsOfForgottenBids(t *testing.T) {
	f := setup(t)
	params := types.DefaultParams()
	params.Retention = 20 * time.Second
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, bob, 6)
	f.toReveal(id)
	f.reveal(id, bob, 6)
	f.blocks(12)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err)
	f.blocks(1)
	require.True(t, f.statsOf(alice).Lifetime.BondsLost.IsZero())
	f.blocks(25)
	require.Equal(t, int64(bond), f.statsOf(alice).Lifetime.BondsLost.Int64())
	require.True(t, f.statsOf(bob).Lifetime.BondsLost.IsZero())
	require.Equal(t, int64(bond), f.stats().Lifetime.Provers.BondsLost.Int64())

	revoked := f.request()
	f.bid(revoked, carol, 5)
	f.revoke(onVerifier)
	f.blocks(40)
	require.True(t, f.statsOf(carol).Lifetime.BondsLost.IsZero(), "law M11: it came back")
	require.Equal(t, uint64(1), f.stats().Lifetime.Revoked)
}

// law M14: success rate = fulfilled / (fulfilled + missed + overdue), where overdue is
// what nobody has applied yet.
func TestSuccessRate(t *testing.T) {
	f := setup(t)
	require.Equal(t, uint32(10_000), f.statsOf(bob).SuccessBps, "nothing was to be delivered")
	id := f.assigned()
	require.Equal(t, uint32(10_000), f.statsOf(bob).SuccessBps)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
	require.NoError(t, err)
	f.assigned()
	f.blocks(58)
	f.endBlock()
	f.beginBlock(5 * time.Second)
	s := f.statsOf(bob)
	require.Equal(t, uint64(1), s.Overdue)
	require.Equal(t, uint64(0), s.Lifetime.Missed)
	require.Equal(t, uint32(5_000), s.SuccessBps)
	require.Zero(t, f.statsOf(alice).Overdue)
	f.blocks(1)
	s = f.statsOf(bob)
	require.Equal(t, uint64(0), s.Overdue)
	require.Equal(t, uint64(1), s.Lifetime.Missed)
	require.Equal(t, uint32(5_000), s.SuccessBps)
}

// Figures of an epoch are those of its blocks; the latest MaxStatsEpochs in which
// there was anything are kept, the lifetime forgets nothing.
func TestEpochs(t *testing.T) {
	f := setup(t)
	const more = 3
	for i := range uint64(types.MaxStatsEpochs + more) {
		f.provers.epoch = 100 + 2*i
		for range i%2 + 1 {
			f.bid(f.request(), alice, 5)
		}
		f.blocks(1)
	}
	s, m := f.statsOf(alice), f.stats()
	require.Len(t, s.Epochs, types.MaxStatsEpochs)
	require.Len(t, m.Epochs, types.MaxStatsEpochs)
	for i := range s.Epochs {
		n := uint64(i + more)
		require.Equal(t, 100+2*n, s.Epochs[i].Epoch)
		require.Equal(t, 100+2*n, m.Epochs[i].Epoch)
		require.Equal(t, n%2+1, s.Epochs[i].Stats.Bids)
		require.Equal(t, n%2+1, m.Epochs[i].Stats.Requests)
		require.Equal(t, n%2+1, m.Epochs[i].Stats.Provers.Bids)
	}
	require.Equal(t, uint64(64+more+32+1), s.Lifetime.Bids)
	require.Equal(t, uint64(64+more+32+1), m.Lifetime.Requests)
	require.Empty(t, f.statsOf(bob).Epochs)

	f.provers.epoch = ^uint64(0)
	f.bid(f.request(), alice, 5)
	f.blocks(1)
	require.Equal(t, ^uint64(0)-1, f.statsOf(alice).Epochs[types.MaxStatsEpochs-1].Epoch, "the last number that a key has room for")
}

func TestStatsQueriesRefused(t *testing.T) {
	f := setup(t)
	for _, err := range []error{
		errOf(f.queries.ProverStats(f.Ctx, nil)), errOf(f.queries.Stats(f.Ctx, nil)), errOf(f.queries.Quote(f.Ctx, nil)),
	} {
		require.Error(t, err)
	}
	_, err := f.queries.ProverStats(f.Ctx, &types.QueryProverStatsRequest{Prover: "x"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	program := types.FormatID(account32("program"))
	for name, req := range map[string]*types.QueryQuoteRequest{
		"no verifier":       {Program: program},
		"a bad verifier":    {Verifier: "pico\x00v1", Program: program},
		"a long verifier":   {Verifier: strings.Repeat("a", 65), Program: program},
		"no program":        {Verifier: "pico/v1"},
		"a short program":   {Verifier: "pico/v1", Program: program[1:]},
		"upper-case digits": {Verifier: "pico/v1", Program: strings.ToUpper(program)},
	} {
		_, err := f.queries.Quote(f.Ctx, req)
		require.ErrorIs(t, err, types.ErrInvalidQuery, name)
	}
}
