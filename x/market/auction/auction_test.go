package auction_test

import (
	"bytes"
	"encoding/hex"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

func amount(n int64) math.Int { return math.NewInt(n) }

// tooLarge is one past the largest amount.
func tooLarge() math.Int { return pow2(auction.MaxAmountBits) }

func pow2(n int) math.Int {
	p := math.OneInt()
	for range n {
		p = p.MulRaw(2)
	}
	return p
}

// badAmounts are the amounts that every function must refuse.
func badAmounts() map[string]math.Int {
	return map[string]math.Int{"nil": {}, "negative": amount(-1), "too large": tooLarge()}
}

func TestCheckAmount(t *testing.T) {
	require.NoError(t, auction.CheckAmount(math.ZeroInt()))
	require.NoError(t, auction.CheckAmount(tooLarge().SubRaw(1)))
	for name, n := range badAmounts() {
		require.ErrorIs(t, auction.CheckAmount(n), auction.ErrAmount, name)
	}
}

func TestCommitmentCoversEveryPart(t *testing.T) {
	id, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	seal := func(chain string, id, prover []byte, fee int64, standby bool, salt []byte) string {
		c, err := auction.Commitment(chain, id, prover, amount(fee), standby, salt)
		require.NoError(t, err)
		return hex.EncodeToString(c[:])
	}
	seen := map[string]bool{}
	for _, c := range []string{
		seal("a", id, []byte("p"), 1, false, id),
		seal("b", id, []byte("p"), 1, false, id),
		seal("a", other, []byte("p"), 1, false, id),
		seal("a", id, []byte("q"), 1, false, id),
		seal("a", id, []byte("p"), 2, false, id),
		seal("a", id, []byte("p"), 1, true, id),
		seal("a", id, []byte("p"), 1, false, other),
	} {
		require.False(t, seen[c], "two bids share a commitment")
		seen[c] = true
	}
}

// The two vectors pin the byte format: a change would cut every sidecar off.
func TestIdentityVectors(t *testing.T) {
	id, err := auction.RequestID("proofmarket-devnet-1", bytes.Repeat([]byte{7}, 20), 42, "pico/v1.2.2",
		bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)
	require.Equal(t, "8e76b01c75093775df4ed8e7ce65b479864f3001d58f054efc2da5e007de9bfe", hex.EncodeToString(id[:]))
	c, err := auction.Commitment("proofmarket-devnet-1", id[:], bytes.Repeat([]byte{9}, 20), amount(1_500_000), true, bytes.Repeat([]byte{3}, 32))
	require.NoError(t, err)
	require.Equal(t, "e733c270b3b1e05890370004b65a6da56871c27f6e9fb04338861ed68bde2994", hex.EncodeToString(c[:]))
}

func TestIdentityRefusesBadParts(t *testing.T) {
	ok := make([]byte, 32)
	_, err := auction.RequestID("c", nil, 0, "v", ok[:31], ok)
	require.ErrorIs(t, err, auction.ErrSize)
	_, err = auction.RequestID("c", nil, 0, "v", ok, append(ok, 0))
	require.ErrorIs(t, err, auction.ErrSize)
	_, err = auction.Commitment("c", ok[:31], nil, amount(1), false, ok)
	require.ErrorIs(t, err, auction.ErrSize)
	_, err = auction.Commitment("c", ok, nil, amount(1), false, ok[:31])
	require.ErrorIs(t, err, auction.ErrSize)
	for name, n := range badAmounts() {
		_, err = auction.Commitment("c", ok, nil, n, false, ok)
		require.ErrorIs(t, err, auction.ErrAmount, name)
	}
}

func TestRankingRules(t *testing.T) {
	for name, tc := range map[string]struct {
		fees   []int64
		leader uint64
		price  int64
	}{
		"alone, at its own fee":     {[]int64{7}, 0, 7},
		"second price":              {[]int64{7, 5, 9}, 1, 7},
		"tie goes to the earlier":   {[]int64{7, 7}, 0, 7},
		"tie for the second place":  {[]int64{3, 8, 8}, 0, 8},
		"improving last":            {[]int64{9, 8, 1}, 2, 8},
		"second improves, no lead":  {[]int64{1, 9, 4}, 0, 4},
		"zero fee is a fee":         {[]int64{5, 0}, 1, 5},
		"third does not move price": {[]int64{1, 2, 3, 4}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var r auction.Ranking
			for i, fee := range tc.fees {
				var err error
				r, _, err = r.Insert(auction.Entry{Fee: amount(fee), Order: uint64(i)})
				require.NoError(t, err)
			}
			price, err := r.Price()
			require.NoError(t, err)
			require.Equal(t, tc.leader, r.Leader.Order)
			require.Equal(t, amount(tc.price).String(), price.String())
		})
	}
	_, err := auction.Ranking{}.Price()
	require.ErrorIs(t, err, auction.ErrUnranked)
	for name, n := range badAmounts() {
		_, _, err := auction.Ranking{}.Insert(auction.Entry{Fee: n})
		require.ErrorIs(t, err, auction.ErrAmount, name)
	}
}

// law M7: the incremental ranking equals sorting all reveals at the end.
func TestRankingEqualsSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fees := rapid.SliceOfN(rapid.Int64Range(0, 6), 1, 30).Draw(t, "fees")
		var r auction.Ranking
		var entries []auction.Entry
		for i, fee := range fees {
			e := auction.Entry{Fee: amount(fee), Order: uint64(i)}
			entries = append(entries, e)
			next, leads, err := r.Insert(e)
			require.NoError(t, err)
			require.Equal(t, leads, next.Leader == e)
			if !leads {
				require.Equal(t, r.Leader, next.Leader)
			}
			r = next
		}
		sort.SliceStable(entries, func(i, j int) bool { return entries[i].Fee.LT(entries[j].Fee) })
		price, err := r.Price()
		require.NoError(t, err)
		require.Equal(t, entries[0], r.Leader)
		require.Equal(t, uint64(len(fees)), r.Count)
		if len(entries) > 1 {
			require.Equal(t, entries[1].Fee, price)
		} else {
			require.Equal(t, entries[0].Fee, price)
		}
	})
}

func TestEligibility(t *testing.T) {
	base := auction.Figures{
		Active: true, SelfStake: amount(100), MinSelfStake: amount(100), Assets: amount(1050),
		AssignedStake: amount(1000), Exposure: amount(950), MaxExposure: amount(1050),
	}
	ask := auction.Ask{MinStake: amount(1000), Penalty: amount(100), OvercommitBps: 500}
	for name, tc := range map[string]struct {
		malleate func(*auction.Figures, *auction.Ask)
		reason   auction.Reason
	}{
		"every figure at its limit": {func(*auction.Figures, *auction.Ask) {}, ""},
		"not active":                {func(f *auction.Figures, _ *auction.Ask) { f.Active = false }, auction.ReasonState},
		"self stake one short":      {func(f *auction.Figures, _ *auction.Ask) { f.SelfStake = amount(99) }, auction.ReasonSelfStake},
		"vault one short":           {func(_ *auction.Figures, a *auction.Ask) { a.MinStake = amount(1001) }, auction.ReasonVault},
		"exposure one over":         {func(f *auction.Figures, _ *auction.Ask) { f.Exposure = amount(951) }, auction.ReasonExposure},
		"own limit one over":        {func(f *auction.Figures, _ *auction.Ask) { f.MaxExposure = amount(1049) }, auction.ReasonMaxExposure},
		"no limit of its own":       {func(f *auction.Figures, _ *auction.Ask) { f.MaxExposure = amount(0) }, ""},
		"overcommit rounds down":    {func(f *auction.Figures, _ *auction.Ask) { f.AssignedStake = amount(1019) }, ""},
		"overcommit reaches one":    {func(f *auction.Figures, _ *auction.Ask) { f.AssignedStake = amount(1020) }, auction.ReasonVault},
	} {
		t.Run(name, func(t *testing.T) {
			f, a := base, ask
			tc.malleate(&f, &a)
			conditions, err := auction.Eligibility(f, a)
			require.NoError(t, err)
			require.Len(t, conditions, 5)
			unmet, some := auction.FirstUnmet(conditions)
			require.Equal(t, tc.reason != "", some)
			require.Equal(t, tc.reason, unmet.Reason)
		})
	}
	for name, n := range badAmounts() {
		f := base
		f.Exposure = n
		_, err := auction.Eligibility(f, ask)
		require.ErrorIs(t, err, auction.ErrAmount, name)
	}
	for name, n := range badAmounts() {
		f := base
		f.MaxExposure = n
		_, err := auction.Eligibility(f, ask)
		require.ErrorIs(t, err, auction.ErrAmount, name)
	}
	ask.OvercommitBps = 10_001
	_, err := auction.Eligibility(base, ask)
	require.ErrorIs(t, err, auction.ErrBps)
}

func TestBondAndPenalty(t *testing.T) {
	for _, tc := range []struct{ maxFee, minBond, want int64 }{{1000, 5, 10}, {1000, 10, 10}, {1000, 11, 11}, {1099, 0, 10}, {0, 0, 0}} {
		bond, err := auction.Bond(amount(tc.maxFee), amount(tc.minBond), 100)
		require.NoError(t, err)
		require.Equal(t, amount(tc.want).String(), bond.String())
	}
	penalty, err := auction.Penalty(amount(1009), 1000)
	require.NoError(t, err)
	require.Equal(t, amount(100), penalty)
	_, err = auction.Bond(amount(1), amount(1), 10_001)
	require.ErrorIs(t, err, auction.ErrBps)
	_, err = auction.Penalty(amount(1), 10_001)
	require.ErrorIs(t, err, auction.ErrBps)
	for name, n := range badAmounts() {
		_, err = auction.Bond(n, amount(1), 0)
		require.ErrorIs(t, err, auction.ErrAmount, name)
		_, err = auction.Penalty(n, 0)
		require.ErrorIs(t, err, auction.ErrAmount, name)
	}
}

func drawAmount(t *rapid.T, name string) math.Int {
	return math.NewIntFromUint64(rapid.Uint64().Draw(t, name))
}

// law M8: coins in = coins out, exactly, whatever the figures.
func TestSettleConservesCoins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price, extra, bond := drawAmount(t, "price"), drawAmount(t, "extra"), drawAmount(t, "bond")
		h := auction.Holdings{MaxFee: price.Add(extra), HeldBond: bond, SealedBonds: math.ZeroInt()}
		s, err := auction.Settle(h, price, rapid.Uint32Range(0, 10_000).Draw(t, "bps"))
		require.NoError(t, err)
		require.Equal(t, h.Total().String(), s.ProtocolFee.Add(s.Reward).Add(s.Refund).Add(s.Bond).String())
		require.Equal(t, extra.String(), s.Refund.String())
		require.False(t, s.Reward.IsNegative())
	})
}

func TestSettleRefusesWhatDoesNotAddUp(t *testing.T) {
	h := auction.Holdings{MaxFee: amount(10), HeldBond: amount(1), SealedBonds: math.ZeroInt()}
	s, err := auction.Settle(h, amount(10), 999)
	require.NoError(t, err)
	require.True(t, s.ProtocolFee.IsZero(), "the protocol fee rounds down")
	_, err = auction.Settle(h, amount(11), 500)
	require.ErrorIs(t, err, auction.ErrUnbalanced)
	_, err = auction.Settle(h, amount(10), 10_001)
	require.ErrorIs(t, err, auction.ErrBps)
	_, err = auction.Settle(h, tooLarge(), 0)
	require.ErrorIs(t, err, auction.ErrAmount)
	h.SealedBonds = amount(1)
	_, err = auction.Settle(h, amount(10), 500)
	require.ErrorIs(t, err, auction.ErrUnbalanced)
	h.SealedBonds = math.Int{}
	_, err = auction.Settle(h, amount(10), 500)
	require.ErrorIs(t, err, auction.ErrAmount)
}

func TestPlanMiss(t *testing.T) {
	miss, err := auction.PlanMiss(amount(70), amount(5), amount(100))
	require.NoError(t, err)
	require.Equal(t, amount(100), miss.Penalty)
	require.Equal(t, amount(5), miss.LostBond)
	require.True(t, miss.Allows(amount(75)))
	require.False(t, miss.Allows(amount(76)))
	_, err = auction.PlanMiss(amount(70), amount(-5), amount(100))
	require.ErrorIs(t, err, auction.ErrAmount)
}

func TestRefundConservesCoins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := auction.Holdings{MaxFee: drawAmount(t, "fee"), HeldBond: drawAmount(t, "held"), SealedBonds: drawAmount(t, "sealed")}
		cause := rapid.SampledFrom([]auction.Cause{auction.NobodyAtFault, auction.BiddersAtFault}).Draw(t, "cause")
		r, err := auction.PlanRefund(h, cause)
		require.NoError(t, err)
		require.Equal(t, h.Total().String(), r.Requester.Add(r.HeldBond).Add(r.SealedBonds).Add(r.Treasury).String())
		require.Equal(t, h.MaxFee, r.Requester, "law M9: refunded in full")
		require.Equal(t, cause == auction.NobodyAtFault || h.SealedBonds.IsZero(), r.Treasury.IsZero())
	})
	_, err := auction.PlanRefund(auction.Holdings{}, auction.NobodyAtFault)
	require.ErrorIs(t, err, auction.ErrAmount)
}
