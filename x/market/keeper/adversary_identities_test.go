package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// duel is an auction in which one owner has two identities: alice asks low, bob high
// and offers to stand by. Fees of 0 are no bid. carol and dave are honest, and don't
// offer to stand by.
type duel struct{ low, high, carol, dave int64 }

// play lets the owner do with alice's bid what hold does once it has seen carol's and
// dave's reveals; nil reveals it. If the winner is the owner's low identity and misses
// is true, it does not deliver. It gives the owner's gain over both identities.
func (d duel) play(f *fixture, hold func(f *fixture, id string, fee int64), misses bool) int64 {
	before := f.riches()
	id := f.request(withStandby)
	bids := []struct {
		who     sdk.AccAddress
		fee     int64
		standby []bool // any for yes
	}{{carol, d.carol, nil}, {dave, d.dave, nil}, {alice, d.low, nil}, {bob, d.high, []bool{true}}}
	for _, b := range bids {
		if b.fee > 0 {
			f.bid(id, b.who, b.fee, b.standby...)
		}
	}
	f.toReveal(id)
	for _, b := range bids {
		if b.fee > 0 && b.who.Equals(alice) && hold != nil {
			hold(f, id, b.fee)
		} else if b.fee > 0 {
			f.reveal(id, b.who, b.fee, b.standby...)
		}
	}
	for f.view(id).Stage == types.STAGE_REVEALING {
		f.blocks(1)
	}
	if misses && f.view(id).Auction.Assignment.Prover == alice.String() {
		for f.view(id).Stage == types.STAGE_ASSIGNED {
			f.pass(gaps{20 * time.Second})
		}
	}
	if f.view(id).Auction.Status == types.REQUEST_STATUS_PENDING {
		f.proves(id)
	}
	f.finish(id)
	gains := f.gains(before)
	return gains["alice"] + gains["bob"]
}

// Two identities (defect 7, laws M6 and M9): the owner sees what others reveal, and
// holds its better bid back, by not opening it or by becoming ineligible first; or it
// wins with one, misses, and has its other stand by. Whatever it does, both together
// never get more than the better of its bids would have got alone.
func TestAdversaryTwoIdentitiesGainNothing(t *testing.T) {
	hold := map[string]func(f *fixture, id string, fee int64){
		"keeps it sealed": func(*fixture, string, int64) {},
		"stops itself": func(f *fixture, id string, fee int64) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
			require.False(f.t, f.reveal(id, alice, fee).Ranked)
		},
		"unstakes": func(f *fixture, id string, fee int64) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets = minStake - 1 })
			require.False(f.t, f.reveal(id, alice, fee).Ranked)
		},
		"lowers its limit": func(f *fixture, id string, fee int64) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.MaxExposure = 1 })
			require.False(f.t, f.reveal(id, alice, fee).Ranked)
		},
		"registers again": func(f *fixture, id string, fee int64) {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Generation++ })
			require.False(f.t, f.reveal(id, alice, fee).Ranked)
		},
	}
	const m = 1_000_000
	for _, d := range []duel{
		{2 * m, 5 * m, 0, 0},
		{2 * m, 5 * m, 3 * m, 0},
		{2 * m, 5 * m, 9 * m, 0},
		{2 * m, 5 * m, 1 * m, 9 * m},
		{2 * m, 5 * m, 5 * m, 0},
		{2 * m, 5*m + bond, 5 * m, 0},
		{2 * m, 5*m + bond + 1, 5 * m, 0},
		{2 * m, maxFee, 9 * m, 9*m + 5},
		{5, 6, maxFee, maxFee},
		{5, maxFee, 7, 9},
	} {
		t.Run(fmt.Sprintf("%+v", d), func(t *testing.T) {
			low := duel{d.low, 0, d.carol, d.dave}.play(setup(t), nil, false)
			high := duel{0, d.high, d.carol, d.dave}.play(setup(t), nil, false)
			best := max(low, high)
			require.LessOrEqual(t, d.play(setup(t), nil, false), best, "both open")
			for name, how := range hold {
				require.Equal(t, high-bond, d.play(setup(t), how, false), "%s: as if it had never bid, but for its bond", name)
			}
			require.LessOrEqual(t, d.play(setup(t), nil, true), best, "its own standby")
			if d.carol == 0 || d.carol > d.low {
				require.Less(t, d.play(setup(t), nil, true), d.play(setup(t), nil, false), "delivering pays better")
			}
		})
	}
}

// The tightest case: no penalty, no protocol fee, and a standby fee of exactly price +
// bond. The owner's two identities come out even with one that delivers; one uproof
// more is too expensive, and the request is refunded.
func TestAdversaryOwnStandbyAtTheLimit(t *testing.T) {
	outcome := func(d duel, misses bool) int64 {
		f := setup(t)
		f.set(func(p *types.Params) { p.SlashBps, p.ProtocolFeeBps = 0, 0 })
		return d.play(f, nil, misses)
	}
	const price = 5_000_000
	honest := outcome(duel{2_000_000, 0, price, 0}, false)
	require.Equal(t, int64(price), honest)
	require.Equal(t, honest, outcome(duel{2_000_000, price + bond, price, 0}, true))
	require.Equal(t, int64(-bond), outcome(duel{2_000_000, price + bond + 1, price, 0}, true))
}

// law M6: the bond of a bid held back comes back only if the authority struck the
// prover. To be slashed for a job of one's own that one misses is no way around it: it
// costs its penalty and bond, and saves nothing.
func TestAdversarySlashesItselfForItsBonds(t *testing.T) {
	f := setup(t)
	before := f.riches()
	own := f.request(func(m *types.MsgRequest) { m.Requester, m.TimeLimit = stranger.String(), time.Second })
	f.bid(own, alice, 1)
	f.toReveal(own)
	f.reveal(own, alice, 1)
	f.blocks(1)
	held := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.bid(held, alice, 2_000_000)
	f.bid(held, bob, 5_000_000)
	f.blocks(3) // the job of its own is missed: slashed since the bid
	require.Equal(t, int64(penalty), f.slashed(alice))
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
	require.False(t, f.reveal(held, alice, 2_000_000).Ranked)
	f.reveal(held, bob, 5_000_000)
	f.blocks(1)
	f.proves(held)
	f.finish(own, held)
	require.Equal(t, map[string]int64{
		"requester": -5_000_000 - requestFee, "stranger": -requestFee, "alice": -2*bond - penalty, "bob": 4_750_000,
		chest: 250_000 + 2*requestFee + 2*bond + penalty,
	}, f.gains(before))
}
