package keeper_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// deserted brings a request to where the winner must deliver and nobody of the
// n candidates after it is eligible any more.
func (f *fixture) deserted(n int) string {
	id := f.request(withStandby)
	var crowd []sdk.AccAddress
	for i := range n + 1 {
		p := account(fmt.Sprint("crowd", f.nonce, i))
		f.Fund(f.tb, p, wealth)
		f.provers.add(f, p, 100_000_000)
		crowd = append(crowd, p)
		f.bid(id, p, int64(i), true)
	}
	f.toReveal(id)
	for i, p := range crowd {
		f.reveal(id, p, int64(i), true)
	}
	f.blocks(1)
	for _, p := range crowd {
		f.provers.change(f.Ctx, p, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
	}
	return id
}

// law M9: a search among many candidates goes to the back of the queue after each
// page, so that nobody buys the front of the queue with a crowd of provers.
func TestAttackLongSearchesHoldUpNobody(t *testing.T) {
	f := setup(t)
	id := f.deserted(3 * types.StandbyPage)
	deadline := f.view(id).Auction.Assignment.Deadline
	for f.view(id).Auction.Search == nil {
		f.blocks(1)
	}
	first := f.view(id).Auction.Search.Since
	require.True(t, first.After(deadline), "behind what fell due with it")
	f.blocks(1)
	require.True(t, f.view(id).Auction.Search.Since.After(first), "and again behind what fell due meanwhile")
	f.blocks(2)
	require.Equal(t, types.END_REASON_MISSED, f.view(id).Auction.EndReason)
}

// law M9: a search that MsgRefund brings back from the dead letters goes on by
// itself.
func TestDeadSearchGoesOnByItself(t *testing.T) {
	f := setup(t)
	id := f.deserted(2 * types.StandbyPage)
	f.provers.panicOnSlash = true
	f.blocks(65)
	require.Equal(t, types.STAGE_ASSIGNED, f.view(id).Stage, "a dead letter")
	f.provers.panicOnSlash = false
	require.True(t, f.refund(id).Applied)
	require.NotNil(t, f.view(id).Auction.Search)
	f.blocks(4)
	require.Equal(t, types.END_REASON_MISSED, f.view(id).Auction.EndReason)
}

// Section 8: no query reads more than a page, whatever it asks for.
func TestAttackQueriesReadAPageAtMost(t *testing.T) {
	f := setup(t)
	for range 5 {
		f.request()
	}
	id := f.request()
	for name, tc := range map[string]struct {
		page query.PageRequest
		want error
	}{
		"count of everything":  {query.PageRequest{CountTotal: true}, types.ErrInvalidQuery},
		"offset at the limit":  {query.PageRequest{Offset: keeper.MaxPageOffset}, nil},
		"offset one too large": {query.PageRequest{Offset: keeper.MaxPageOffset + 1}, types.ErrInvalidQuery},
		"reverse":              {query.PageRequest{Reverse: true, Limit: 1 << 63}, nil},
	} {
		for _, req := range []*types.QueryRequestsRequest{
			{}, {Status: types.REQUEST_STATUS_PENDING}, {Requester: requester.String(), Status: types.REQUEST_STATUS_PENDING},
		} {
			req.Pagination = &tc.page
			res, err := f.queries.Requests(f.Ctx, req)
			require.ErrorIs(t, err, tc.want, name)
			if err == nil {
				require.Zero(t, res.Pagination.Total)
			}
		}
		_, err := f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: id, Pagination: &tc.page})
		require.ErrorIs(t, err, tc.want, name)
	}

	// Two conditions that an index knows fill a page.
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id})
	require.NoError(t, err)
	req := &types.QueryRequestsRequest{
		Requester: requester.String(), Status: types.REQUEST_STATUS_CANCELLED, Pagination: &query.PageRequest{Limit: 2},
	}
	found, pages := 0, 0
	for ; pages == 0 || req.Pagination.Key != nil; pages++ {
		res, err := f.queries.Requests(f.Ctx, req)
		require.NoError(t, err)
		found += len(res.Views)
		req.Pagination.Key = res.Pagination.NextKey
	}
	require.Equal(t, []int{1, 1}, []int{found, pages})
}

// Every bound of a message, at the limit and one past.
func TestAttackOversizedMessages(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	for n, want := range map[int]error{types.MaxBatch: types.ErrInvalidAddress, types.MaxBatch + 1: types.ErrTooManyItems} {
		fails(f, f.msgs.Claim, &types.MsgClaim{Owner: alice.String(), Bids: make([]types.BidRef, n)}, want)
	}
	values := f.proofMsg(id, bob)
	values.PublicValues = make([]byte, types.MaxPublicValuesBytes+1)
	fails(f, f.msgs.SubmitProof, values, types.ErrInvalidSize)
	require.NoError(t, (&types.MsgSubmitProof{Proof: make([]byte, types.MaxProofBytes), PublicValues: values.PublicValues[1:]}).Validate())

	limit := math.NewIntFromUint64(1 << 63).MulRaw(1 << 62).MulRaw(8) // 2^128
	require.ErrorIs(t, types.CheckAmount("x", limit), types.ErrInvalidAmount)
	require.NoError(t, types.CheckAmount("x", limit.SubRaw(1)))

	// A name that is no name comes back short and as text.
	name := strings.Repeat("a", types.MaxErrorBytes-1) + "é"
	result := f.refund(name)
	require.Len(t, result.RequestId, types.MaxErrorBytes-1)
	require.True(t, utf8.ValidString(result.RequestId))
	require.Len(t, f.refund(strings.Repeat("a", types.MaxErrorBytes)).RequestId, types.MaxErrorBytes)
}

// law M7: a proof, a reveal and a bid for one request do nothing for another, not
// even one that asks for the same statement.
func TestAttackReplayOnATwin(t *testing.T) {
	f := setup(t)
	one, two := f.request(), f.request()
	f.bid(one, alice, 5)
	stolen := f.bidMsg(one, alice, alice, 5, false)
	stolen.RequestId = two
	_, err := run(f, f.msgs.Bid, stolen)
	require.NoError(t, err, "a commitment is opaque")
	f.toReveal(one)
	fails(f, f.msgs.Reveal, f.revealMsg(two, alice, alice, 5, false), types.ErrWrongReveal)

	// Bob copies alice's commitment, and her reveal as soon as he sees it.
	three := f.request()
	copied := f.bidMsg(three, alice, alice, 7, false)
	_, err = run(f, f.msgs.Bid, copied)
	require.NoError(t, err)
	copied.Signer = bob.String()
	_, err = run(f, f.msgs.Bid, copied)
	require.NoError(t, err)
	f.toReveal(three)
	f.reveal(three, alice, 7)
	opened := f.revealMsg(three, bob, bob, 7, false)
	opened.Salt = bytes.Clone(salt(alice.String()))
	fails(f, f.msgs.Reveal, opened, types.ErrWrongReveal)
	f.blocks(12)
}

// law M6: a small miss on purpose excuses nothing, or it would make every sealed bid
// of the prover a free option.
func TestAttackMissOnPurposeSavesNoBond(t *testing.T) {
	f := setup(t)
	small := f.request(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	f.bid(small, alice, 1)
	f.toReveal(small)
	f.reveal(small, alice, 1)
	big := f.request()
	f.bid(big, alice, 5)
	f.bid(big, bob, 9)
	for f.view(small).Auction.Status == types.REQUEST_STATUS_PENDING {
		f.blocks(1)
	}
	require.Equal(t, types.END_REASON_MISSED, f.view(small).Auction.EndReason)
	f.toReveal(big)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
	before := f.Balance(alice)
	require.False(t, f.reveal(big, alice, 5).Ranked)
	require.Equal(t, before, f.Balance(alice), "the bond of the sealed bid is lost")
	f.blocks(1)
}
