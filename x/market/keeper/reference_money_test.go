package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// The reference: protocolFee = price × protocolFeeBps / 10000, the rest of the price
// is the reward, maxFee − price goes back. With one bidder the price is its own fee,
// with more the second lowest.
func TestReferenceFeeSplits(t *testing.T) {
	for bps, fee := range map[uint32]int64{0: 0, 1: 600, 500: 300_000, 3333: 1_999_800, 9999: 5_999_400, 10_000: 6_000_001} {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprint(bps, " bps, alone ", alone), func(t *testing.T) {
				f := setup(t)
				before := f.riches()
				f.set(func(p *types.Params) { p.ProtocolFeeBps = bps })
				id := f.request()
				f.set(func(p *types.Params) { p.ProtocolFeeBps = 10_000 - bps }) // too late for this one
				const price = 6_000_001
				f.bid(id, alice, price)
				if !alone {
					f.bid(id, bob, 4_000_000)
				}
				f.toReveal(id)
				winner := "alice"
				f.reveal(id, alice, price)
				if !alone {
					f.reveal(id, bob, 4_000_000)
					winner = "bob"
				}
				f.blocks(1)
				response, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, people[winner]))
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(price, fee, price-fee, maxFee-price), fmt.Sprint(response.Price, response.ProtocolFee, response.Reward, response.Refund))
				f.blocks(1)
				require.Equal(t, some(map[string]int64{
					"requester": -price - requestFee, winner: price - fee, chest: fee + requestFee,
				}), f.gains(before))
			})
		}
	}
}

// The winner, and what it is paid: lowest fee, ties to the first revealed, the
// second-lowest fee, however many ask the same, from zero to max_fee.
func TestReferenceWinnerAndPrice(t *testing.T) {
	type bid struct {
		who string
		fee int64
	}
	for name, tc := range map[string]struct {
		bids   []bid // in the order of their reveals
		winner string
		price  int64
	}{
		"one bidder":           {[]bid{{"alice", 5}}, "alice", 5},
		"one bidder, for free": {[]bid{{"alice", 0}}, "alice", 0},
		"one bidder, the most": {[]bid{{"alice", maxFee}}, "alice", maxFee},
		"falling":              {[]bid{{"alice", 9}, {"bob", 7}, {"carol", 5}}, "carol", 7},
		"rising":               {[]bid{{"alice", 5}, {"bob", 7}, {"carol", 9}}, "alice", 7},
		"second comes last":    {[]bid{{"alice", 5}, {"bob", 9}, {"carol", 7}}, "alice", 7},
		"lowest comes between": {[]bid{{"alice", 7}, {"bob", 5}, {"carol", 9}}, "bob", 7},
		"tie for the lead":     {[]bid{{"bob", 5}, {"alice", 5}}, "bob", 5},
		"tie of three":         {[]bid{{"carol", 5}, {"bob", 5}, {"alice", 5}}, "carol", 5},
		"tie taken over":       {[]bid{{"alice", 6}, {"dave", 6}, {"carol", 5}, {"bob", 5}}, "carol", 5},
		"tie for the second":   {[]bid{{"alice", 7}, {"bob", 7}, {"carol", 5}}, "carol", 7},
		"tie at nothing":       {[]bid{{"dave", 0}, {"alice", 0}}, "dave", 0},
		"tie at the most":      {[]bid{{"dave", maxFee}, {"alice", maxFee}}, "dave", maxFee},
		"nothing and the most": {[]bid{{"dave", maxFee}, {"alice", 0}}, "alice", maxFee},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			before := f.riches()
			id := f.request()
			for i := range tc.bids { // bids come the other way round: only reveals count
				b := tc.bids[len(tc.bids)-1-i]
				f.bid(id, people[b.who], b.fee)
			}
			f.toReveal(id)
			for _, b := range tc.bids {
				f.reveal(id, people[b.who], b.fee)
			}
			f.blocks(1)
			require.Equal(t, people[tc.winner], f.proves(id))
			f.blocks(1)
			fee := tc.price / 20
			require.Equal(t, some(map[string]int64{
				"requester": -tc.price - requestFee, tc.winner: tc.price - fee, chest: fee + requestFee,
			}), f.gains(before))
		})
	}
}

// The reference's three refunds: deadline passed; bidding over with no bids; reveal
// over and none revealed. Each comes by itself, or by MsgRefund where the queue has not
// come, whole, once, and not a block too early. A reveal that is not ranked is none.
func TestReferenceRefunds(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(f *fixture, id string)
		// window is its last block, counted from the request; 0 for a deadline.
		window int64
		reason types.EndReason
		want   map[string]int64
	}{
		"no bids": {func(*fixture, string) {}, 3, types.END_REASON_NO_BIDS, nil},
		"none revealed": {func(f *fixture, id string) {
			f.bid(id, alice, 5)
			f.bid(id, bob, 9)
		}, 13, types.END_REASON_NONE_RANKED, map[string]int64{"alice": -bond, "bob": -bond, chest: 2 * bond}},
		"none ranked": {func(f *fixture, id string) {
			f.bid(id, alice, 5)
			f.bid(id, bob, 9)
			f.toReveal(id)
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.SelfStake = 0 })
			require.False(f.t, f.reveal(id, alice, 5).Ranked)
		}, 13, types.END_REASON_NONE_RANKED, map[string]int64{"alice": -bond, "bob": -bond, chest: 2 * bond}},
		"deadline passed": {
			func(f *fixture, id string) { f.sealAndOpen(id) }, 0, types.END_REASON_MISSED,
			map[string]int64{"bob": -bond - penalty, chest: bond + penalty},
		},
	} {
		for _, asked := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", asked ", asked), func(t *testing.T) {
				f := setup(t)
				before := f.riches()
				id, made := f.request(), f.Ctx.BlockHeight()
				ids := []string{id}
				if asked { // the queue has others before it
					f.set(func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap })
					for range 8 {
						ids = append(ids, f.request(func(m *types.MsgRequest) { m.BiddingBlocks = uint64(max(tc.window, 3) - 1) }))
					}
				}
				tc.prepare(f, id)
				for asked && f.refund(id).Error != "" {
					early := tc.window > 0 && f.Ctx.BlockHeight() <= made+tc.window ||
						tc.window == 0 && !f.marketTime().After(*f.view(id).Deadline)
					require.True(t, early)
					require.Contains(t, f.refund(id).Error, types.ErrNothingDue.Error())
					f.blocks(1)
				}
				if !asked && tc.window > 0 {
					for f.Ctx.BlockHeight() < made+tc.window {
						f.blocks(1)
					}
					require.Equal(t, types.REQUEST_STATUS_PENDING, f.view(id).Auction.Status)
					f.blocks(1)
					require.Equal(t, types.REQUEST_STATUS_REFUNDED, f.view(id).Auction.Status)
				}
				f.finish(ids...)
				require.Contains(t, f.refund(id).Error, types.ErrRequestEnded.Error(), "once")
				require.Equal(t, tc.reason, f.view(id).Auction.EndReason)
				fees := int64(len(ids)) * requestFee
				want := map[string]int64{"requester": -fees, chest: fees + tc.want[chest]}
				for who, n := range tc.want {
					if who != chest {
						want[who] = n
					}
				}
				require.Equal(t, want, f.gains(before))
			})
		}
	}
}

// The reference: a miss slashes minStake × slashBps / 10000, rounded down, to the
// treasury; never more than the vault has.
func TestReferenceSlashAfterAMiss(t *testing.T) {
	const stake = 2_000_019
	for name, tc := range map[string]struct {
		bps     uint32
		left    int64 // what the vault has left by then; 0 for all
		slashed int64
	}{
		"0 bps":             {0, 0, 0},
		"1 bps":             {1, 0, 200},
		"1000 bps":          {1000, 0, 200_001},
		"9999 bps":          {9999, 0, 1_999_818},
		"10000 bps":         {10_000, 0, stake},
		"just enough":       {10_000, stake, stake},
		"one less":          {10_000, stake - 1, stake - 1},
		"next to nothing":   {10_000, 1, 1},
		"more than it owes": {10_000, stake + 1, stake},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.set(func(p *types.Params) { p.SlashBps = tc.bps })
			id := f.request(func(m *types.MsgRequest) { m.MinStake = math.NewInt(stake) })
			f.set(func(p *types.Params) { p.SlashBps = 5_000 }) // too late for this one
			f.bid(id, alice, 5)
			f.toReveal(id)
			f.reveal(id, alice, 5)
			f.blocks(1)
			if tc.left > 0 {
				f.takes(alice, 100_000_000-tc.left)
				f.blocks(1)
			}
			before := f.riches()
			f.finish(id)
			require.Equal(t, some(map[string]int64{
				"requester": maxFee, "alice": -tc.slashed, chest: tc.slashed + bond,
			}), f.gains(before))
			prover, _ := f.provers.get(f.Ctx, alice)
			require.Empty(t, prover.Open)
		})
	}
}

// law M12: a requester, a bidder or all of them can't be paid: every way to end goes
// on, what is theirs waits for them as a claim, and nobody is poorer for it.
func TestNobodyIsPoorerForAPayoutThatFails(t *testing.T) {
	for name, end := range map[string]func(f *fixture, id string){
		"cancelled": func(f *fixture, id string) { f.cancel(id) },
		"no bids":   func(*fixture, string) {},
		"none revealed": func(f *fixture, id string) {
			f.bid(id, alice, 5)
		},
		"fulfilled": func(f *fixture, id string) {
			f.sealAndOpen(id)
			f.proves(id)
		},
		"missed": func(f *fixture, id string) { f.sealAndOpen(id) },
		"standby": func(f *fixture, id string) {
			f.sealAndOpen(id)
			f.pass(gaps{59 * time.Second, 2 * time.Second})
			f.blocks(1)
			f.proves(id)
		},
		"revoked":        func(f *fixture, id string) { f.sealAndOpen(id); f.revoke(onVerifier) },
		"revoked sealed": func(f *fixture, id string) { f.bid(id, alice, 5); f.bid(id, bob, 6); f.revoke(onVerifier) },
	} {
		t.Run(name, func(t *testing.T) {
			outcome := func(refuse ...sdk.AccAddress) map[string]int64 {
				f := setup(t)
				before := f.riches()
				id := f.request(withStandby)
				for _, a := range refuse {
					f.refuse[a.String()] = true
				}
				end(f, id)
				f.finish(id)
				gains := f.gains(before)
				f.refuse = map[string]bool{}
				for _, a := range refuse {
					_, _ = run(f, f.msgs.Claim, &types.MsgClaim{Owner: a.String()})
				}
				f.blocks(1)
				require.Equal(t, gains, f.gains(before), "a claim moves it, no more")
				require.True(t, f.Balance(types.ClaimsAccount()).IsZero(), "and nothing is left there")
				return gains
			}
			want := outcome()
			for _, refuse := range [][]sdk.AccAddress{{requester}, {alice}, {bob}, {requester, alice, bob, carol}} {
				require.Equal(t, want, outcome(refuse...))
			}
		})
	}
}

// sealAndOpen has alice, bob and carol bid and reveal as in assigned.
func (f *fixture) sealAndOpen(id string) {
	f.bid(id, alice, 6_000_000, true)
	f.bid(id, bob, 4_000_000)
	f.bid(id, carol, 7_000_000, true)
	f.toReveal(id)
	f.reveal(id, alice, 6_000_000, true)
	f.reveal(id, bob, 4_000_000)
	f.reveal(id, carol, 7_000_000, true)
	f.blocks(1)
}
