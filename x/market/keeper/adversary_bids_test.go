package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// A commitment covers its prover: who copies another's can never open it, not even
// with everything that the other has revealed, and loses the bond.
func TestAdversaryCopiesACommitment(t *testing.T) {
	f := setup(t)
	before := f.riches()
	id := f.request()
	f.bid(id, alice, 4_000_000)
	copied := f.bidMsg(id, alice, alice, 4_000_000, false)
	copied.Signer = bob.String()
	_, err := run(f, f.msgs.Bid, copied)
	require.NoError(t, err, "sealed, it looks like any other")
	f.toReveal(id)
	f.reveal(id, alice, 4_000_000)
	opened := f.revealMsg(id, alice, alice, 4_000_000, false)
	fails(f, f.msgs.Reveal, opened, types.ErrAlreadyRevealed)
	opened.Signer = bob.String()
	fails(f, f.msgs.Reveal, opened, types.ErrWrongReveal)
	f.blocks(10)
	f.proves(id)
	f.blocks(1)
	require.Equal(t, map[string]int64{
		"requester": -4_000_000 - requestFee, "alice": 3_800_000, "bob": -bond, chest: 200_000 + requestFee + bond,
	}, f.gains(before))

	// Neither does it fit another request, of the same requester and statement.
	first, second := f.request(), f.request()
	f.bid(first, alice, 5)
	again := f.bidMsg(first, alice, alice, 5, false)
	again.RequestId = second
	_, err = run(f, f.msgs.Bid, again)
	require.NoError(t, err)
	f.toReveal(first)
	fails(f, f.msgs.Reveal, f.revealMsg(second, alice, alice, 5, false), types.ErrWrongReveal)
	f.finish(first, second)
}

// A bid may be replaced up to the last block of its window, several times in it; the
// latest counts, whoever sent it, and all others are void. One bond is paid.
func TestAdversaryReplacesABidInTheLastBlock(t *testing.T) {
	for name, tc := range map[string]struct {
		fees   []int64 // of alice's bids in the last block, by turns her own and gpu's
		winner string
		price  int64
	}{
		"lower":           {[]int64{3_000_000}, "alice", 4_000_000},
		"higher":          {[]int64{7_000_000}, "bob", 7_000_000},
		"the same again":  {[]int64{5_000_000}, "bob", 5_000_000},
		"down and up":     {[]int64{1_000_000, 9_000_000}, "bob", 9_000_000},
		"up and down":     {[]int64{9_000_000, 1_000_000, 2_000_000}, "alice", 4_000_000},
		"to what bob has": {[]int64{9_000_000, 4_000_000}, "alice", 4_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.link()
			before := f.riches()
			id := f.request()
			f.bid(id, alice, 5_000_000)
			f.bid(id, bob, 4_000_000)
			for uint64(f.Ctx.BlockHeight()) < f.view(id).Auction.BiddingEnd {
				f.blocks(1)
			}
			for i, fee := range tc.fees {
				signer := []sdk.AccAddress{alice, gpu}[i%2]
				response, err := run(f, f.msgs.Bid, f.bidMsg(id, signer, alice, fee, false))
				require.NoError(t, err)
				require.Equal(t, int64(bond), response.Bond.Int64())
			}
			require.Equal(t, int64(wealth), f.Balance(gpu).Int64())
			require.Equal(t, int64(maxFee+2*bond), f.Balance(f.account(id)).Int64())
			f.blocks(1)
			fails(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 1, false), types.ErrBiddingClosed)
			latest := tc.fees[len(tc.fees)-1]
			for _, fee := range append([]int64{5_000_000}, tc.fees...) {
				if fee != latest {
					fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, fee, false), types.ErrWrongReveal)
				}
			}
			f.reveal(id, alice, latest)
			f.reveal(id, bob, 4_000_000)
			f.blocks(1)
			f.proves(id)
			f.blocks(1)
			require.Equal(t, map[string]int64{
				"requester": -tc.price - requestFee, tc.winner: tc.price - tc.price/20, chest: tc.price/20 + requestFee,
			}, f.gains(before))
		})
	}
}

// Revealing twice, in every state of the bid and of the request, as the prover and as
// its submitter, changes nothing.
func TestAdversaryRevealsTwice(t *testing.T) {
	f := setup(t)
	f.link()
	before := f.riches()
	id := f.request(withStandby)
	_, err := run(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 6_000_000, true))
	require.NoError(t, err)
	f.bid(id, bob, 4_000_000)
	f.bid(id, carol, 7_000_000)
	f.toReveal(id)
	f.reveal(id, alice, 6_000_000, true)
	twice := func(want error) {
		for _, signer := range []sdk.AccAddress{alice, gpu} {
			fails(f, f.msgs.Reveal, f.revealMsg(id, signer, alice, 6_000_000, true), want)
		}
	}
	twice(types.ErrAlreadyRevealed) // leads
	f.reveal(id, bob, 4_000_000)
	twice(types.ErrAlreadyRevealed) // ranked, its bond is back
	f.blocks(3)
	twice(types.ErrAlreadyRevealed)
	f.reveal(id, carol, 7_000_000)
	twice(types.ErrAlreadyRevealed) // the window closes at the end of this block
	f.blocks(1)
	twice(types.ErrRevealClosed) // assigned to bob
	f.pass(gaps{59 * time.Second, 2 * time.Second})
	f.blocks(1)
	twice(types.ErrRevealClosed) // standing by
	f.proves(id)
	twice(types.ErrRequestEnded)
	f.blocks(1)
	require.Equal(t, calm(true), f.gains(before))
	require.Equal(t, uint64(1), f.statsOf(alice).Lifetime.Reveals)
}

// tries sends a message of dave's bid, alice's replacement or reveal, bob's proof, or
// the requester's cancelling.
func (f *fixture) tries(what, id string) error {
	switch what {
	case "bid":
		return errOf(run(f, f.msgs.Bid, f.bidMsg(id, dave, dave, 8_000_000, false)))
	case "replace":
		return errOf(run(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 6_000_000, false)))
	case "reveal":
		return errOf(run(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 6_000_000, false)))
	case "proof":
		return errOf(run(f, f.msgs.SubmitProof, f.proofMsg(id, bob)))
	default:
		return errOf(run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id}))
	}
}

// Each window to the block: blocks are counted from the request, with three of bidding
// and ten of reveals. The first and the last take the message, one past does not.
func TestAdversaryAtTheEdgesOfEachWindow(t *testing.T) {
	for _, tc := range []struct {
		what  string
		block int
		want  error
	}{
		{"bid", 0, nil},
		{"bid", 3, nil},
		{"bid", 4, types.ErrBiddingClosed},
		{"bid", 13, types.ErrBiddingClosed},
		{"bid", 14, types.ErrBiddingClosed},
		{"replace", 0, nil},
		{"replace", 3, nil},
		{"replace", 4, types.ErrBiddingClosed},
		{"reveal", 0, types.ErrRevealNotOpen},
		{"reveal", 3, types.ErrRevealNotOpen},
		{"reveal", 4, nil},
		{"reveal", 13, nil},
		{"reveal", 14, types.ErrRevealClosed},
		{"reveal", 75, types.ErrRequestEnded},
		{"proof", 4, types.ErrNotAssigned},
		{"proof", 13, types.ErrNotAssigned},
		{"proof", 14, nil},
		{"proof", 73, nil},
		{"proof", 74, types.ErrOverdue},
		{"proof", 75, types.ErrRequestEnded},
		{"cancel", 0, types.ErrBidsStand},
		{"cancel", 14, types.ErrBidsStand},
		{"cancel", 75, types.ErrRequestEnded},
	} {
		t.Run(fmt.Sprint(tc.what, " in block ", tc.block), func(t *testing.T) {
			f := setup(t)
			before := f.riches()
			id := f.request() // in block 0; the closing comes at the end of block 13
			f.bid(id, alice, 6_000_000)
			f.bid(id, bob, 4_000_000)
			f.bid(id, carol, 9_000_000) // never revealed: the window stays open to its end
			for i := range tc.block {
				if i == 4 {
					f.reveal(id, bob, 4_000_000)
					if tc.what != "reveal" {
						f.reveal(id, alice, 6_000_000)
					}
				}
				f.blocks(1)
			}
			state := f.export()
			require.ErrorIs(t, f.tries(tc.what, id), tc.want)
			if tc.want != nil {
				require.Equal(t, state, f.export())
			}
			if tc.block <= 4 {
				f.toReveal(id)
				f.reveal(id, bob, 4_000_000)
				if tc.what != "reveal" || tc.want != nil {
					f.reveal(id, alice, 6_000_000)
				}
			}
			f.finish(id)

			lost := []string{"carol"}
			if tc.what == "bid" && tc.want == nil {
				lost = append(lost, "dave")
			}
			if tc.what == "reveal" && tc.want != nil && tc.block > 3 {
				lost = append(lost, "alice")
			}
			want := map[string]int64{"requester": -requestFee, "bob": -bond - penalty, chest: requestFee + bond + penalty}
			if tc.what == "proof" && tc.want == nil {
				want = map[string]int64{"requester": -6_000_000 - requestFee, "bob": 5_700_000, chest: 300_000 + requestFee}
			}
			for _, who := range lost {
				want[who] -= bond
				want[chest] += bond
			}
			require.Equal(t, want, f.gains(before))
		})
	}
}

// The standby prover's window to the second, and the block of an early closing.
func TestAdversaryAtTheEdgesOfStandbyAndEarlyClosing(t *testing.T) {
	for late, want := range map[time.Duration]error{0: nil, time.Nanosecond: types.ErrOverdue} {
		f := setup(t)
		before := f.riches()
		id := f.request(withStandby)
		f.sealAndOpen(id)
		f.pass(gaps{59 * time.Second}) // the deadline itself
		fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrNotAssignedToYou)
		f.pass(gaps{time.Second})
		fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrOverdue)
		f.pass(gaps{time.Second}) // promoted at the end of the block before
		fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrNotAssignedToYou)
		fails(f, f.msgs.SubmitProof, f.proofMsg(id, carol), types.ErrNotAssignedToYou)
		f.pass(gaps{29*time.Second + late})
		require.ErrorIs(t, errOf(run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))), want)
		f.finish(id)
		if want == nil {
			require.Equal(t, calm(true), f.gains(before))
			continue
		}
		require.Equal(t, map[string]int64{
			"requester": -requestFee, "alice": -penalty, "bob": -bond - penalty, chest: requestFee + bond + 2*penalty,
		}, f.gains(before))
	}

	f := setup(t)
	before := f.riches()
	id := f.request()
	f.bid(id, alice, 6_000_000)
	f.bid(id, bob, 4_000_000)
	f.toReveal(id)
	f.reveal(id, alice, 6_000_000)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrNotAssigned)
	f.reveal(id, bob, 4_000_000) // the last one: it closes at the end of this block
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrNotAssigned)
	fails(f, f.msgs.Reveal, f.revealMsg(id, carol, carol, 5, false), types.ErrBidNotFound)
	f.blocks(1)
	f.proves(id)
	f.blocks(1)
	require.Equal(t, calm(false), f.gains(before))
}
