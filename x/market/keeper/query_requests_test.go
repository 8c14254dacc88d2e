package keeper_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// list follows the pages of a query to their end.
func (f *fixture) list(req types.QueryRequestsRequest, limit uint64, reverse bool) (views []types.RequestView) {
	var key []byte
	for pages := 0; ; pages++ {
		req.Pagination = &query.PageRequest{Key: key, Limit: limit, Reverse: reverse}
		response, err := f.queries.Requests(f.Ctx, &req)
		require.NoError(f.t, err)
		require.LessOrEqual(f.t, len(response.Views), int(limit))
		views = append(views, response.Views...)
		if key = response.Pagination.NextKey; key == nil {
			return views
		}
		require.Less(f.t, pages, 1000)
	}
}

func idsOf(views []types.RequestView) (ids []string) {
	for _, v := range views {
		ids = append(ids, v.Request.Id)
	}
	return ids
}

// mixed has requests of two requesters, in every stage and ended in several ways, and
// a dead letter.
func mixed(t *testing.T) *fixture {
	f := setup(t)
	f.verifier.status["pico/v2"] = verifiertypes.VERIFIER_STATUS_ACTIVE
	dead := f.assigned(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	f.provers.panicOnSlash = true
	f.blocks(3)
	f.provers.panicOnSlash = false
	require.Equal(t, []string{dead}, f.deadLetters())
	for _, name := range []string{"proved", "cancelled", "none ranked"} {
		endings[name].end(f)
	}
	f.assigned(withStandby)
	f.assigned(circuit("a"))
	long := func(m *types.MsgRequest) { m.BiddingBlocks = 50 }
	f.cancel(f.request(circuit("a")))
	f.request(circuit("a"), long)
	f.request(circuit("b"), long)
	f.request(on("pico/v2"), func(m *types.MsgRequest) { m.BiddingBlocks = 70 })
	f.request(func(m *types.MsgRequest) { m.Requester = stranger.String() }, long)
	revealing := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.bid(revealing, alice, 5)
	f.bid(revealing, carol, 6)
	f.toReveal(revealing)
	f.reveal(revealing, carol, 6)
	f.endBlock()
	return f
}

// Every filter gives what the list of all requests holds of it, in pages of any size
// and in both directions.
func TestRequestsFilters(t *testing.T) {
	f := mixed(t)
	all := f.list(types.QueryRequestsRequest{}, 200, false)
	require.Len(t, all, 12)
	isOf := func(v types.RequestView, prover sdk.AccAddress) bool {
		a := v.Auction
		switch {
		case a.Status == types.REQUEST_STATUS_FULFILLED || a.Status == types.REQUEST_STATUS_PENDING && a.Assignment != nil:
			return a.Assignment.Prover == prover.String()
		case a.Status == types.REQUEST_STATUS_PENDING && a.Leader != nil:
			return a.Leader.Prover == prover.String()
		}
		return false
	}
	program := types.FormatID(account32("a"))
	for name, tc := range map[string]struct {
		req  types.QueryRequestsRequest
		want func(types.RequestView) bool
	}{
		"all":       {types.QueryRequestsRequest{}, func(types.RequestView) bool { return true }},
		"requester": {types.QueryRequestsRequest{Requester: requester.String()}, func(v types.RequestView) bool { return v.Request.Requester == requester.String() }},
		"stranger":  {types.QueryRequestsRequest{Requester: stranger.String()}, func(v types.RequestView) bool { return v.Request.Requester == stranger.String() }},
		"bob":       {types.QueryRequestsRequest{Prover: bob.String()}, func(v types.RequestView) bool { return isOf(v, bob) }},
		"carol":     {types.QueryRequestsRequest{Prover: carol.String()}, func(v types.RequestView) bool { return isOf(v, carol) }},
		"nobody":    {types.QueryRequestsRequest{Prover: dave.String()}, func(v types.RequestView) bool { return isOf(v, dave) }},
		"verifier":  {types.QueryRequestsRequest{Verifier: "pico/v1"}, func(v types.RequestView) bool { return v.Request.Statement.Verifier == "pico/v1" }},
		"circuits":  {types.QueryRequestsRequest{Verifier: "circuit"}, func(v types.RequestView) bool { return v.Request.Statement.IsCircuit() }},
		"circuit a": {types.QueryRequestsRequest{Verifier: "circuit", Program: program}, func(v types.RequestView) bool { return v.Request.Statement.Program == program }},
		"unknown":   {types.QueryRequestsRequest{Verifier: "pico/v9"}, func(types.RequestView) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			for status := range types.RequestStatus_name {
				var want []string
				for _, v := range all {
					if tc.want(v) && (status == 0 || v.Auction.Status == types.RequestStatus(status)) {
						want = append(want, v.Request.Id)
					}
				}
				slices.Sort(want)
				req := tc.req
				req.Status = types.RequestStatus(status)
				var first []string
				for _, limit := range []uint64{1, 2, 3, 200} {
					forward := idsOf(f.list(req, limit, false))
					backward := idsOf(f.list(req, limit, true))
					slices.Reverse(backward)
					require.Equal(t, forward, backward)
					if first == nil {
						first = forward
					}
					require.Equal(t, first, forward, "the size of pages decides nothing")
				}
				slices.Sort(first)
				require.Equal(t, want, first, "status %d", status)
			}
		})
	}
}

// Pending requests come by the block or time at which something falls due on them, dead
// letters after them, and finished ones by their ending.
func TestRequestsOrder(t *testing.T) {
	f := mixed(t)
	all := f.list(types.QueryRequestsRequest{}, 3, false)
	rank := func(v types.RequestView) int {
		_, waits := v.Auction.QueueHeight()
		switch {
		case v.Request.Id == f.deadLetters()[0]:
			return 2
		case v.Auction.Status != types.REQUEST_STATUS_PENDING:
			return 3
		case waits:
			return 0
		default:
			return 1
		}
	}
	require.True(t, slices.IsSortedFunc(all, func(a, b types.RequestView) int {
		if c := rank(a) - rank(b); c != 0 {
			return c
		}
		switch rank(a) {
		case 0:
			at, _ := a.Auction.QueueHeight()
			bt, _ := b.Auction.QueueHeight()
			return int(at) - int(bt)
		case 1:
			at, _ := a.Auction.QueueTime()
			bt, _ := b.Auction.QueueTime()
			return at.Compare(bt)
		default:
			return int(a.Auction.EndHeight) - int(b.Auction.EndHeight)
		}
	}))
	require.Equal(t, []int{0, 1, 2, 3}, slices.Compact(func() (r []int) {
		for _, v := range all {
			r = append(r, rank(v))
		}
		return r
	}()), "there are some of each")
	second, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{Pagination: &query.PageRequest{Offset: 2, Limit: 4}})
	require.NoError(t, err)
	require.Equal(t, idsOf(all)[2:6], idsOf(second.Views))
}

// due lists what is due: exactly what MsgRefund applies in the next block, and
// refundable exactly what it refunds.
func TestRequestsDue(t *testing.T) {
	f := mixed(t)
	f.beginBlock(time.Second)
	f.set(func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap })
	for range 3 {
		f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
		bidden := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
		f.bid(bidden, alice, 5)
	}
	// A dead letter that has a standby prover, as long as alice is eligible.
	f.assigned(withStandby, func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	f.provers.panicOnSlash = true
	f.blocks(4)
	f.provers.panicOnSlash = false
	seen := map[types.Due]int{}
	for step := range 12 {
		if step == 6 {
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED })
		}
		gap := time.Second
		if step%4 == 3 {
			gap = 45 * time.Second
		}
		f.endBlock()
		lists := map[types.Due]map[string]bool{}
		for _, due := range []types.Due{types.DUE_ANY, types.DUE_OVERDUE, types.DUE_REFUNDABLE} {
			lists[due] = map[string]bool{}
			for _, id := range idsOf(f.list(types.QueryRequestsRequest{Due: due}, 3, false)) {
				lists[due][id] = true
			}
			seen[due] += len(lists[due])
		}
		pending := f.list(types.QueryRequestsRequest{Status: types.REQUEST_STATUS_PENDING}, 200, false)
		now := f.Ctx
		f.beginBlock(0)
		for _, v := range pending {
			id, start := v.Request.Id, f.Ctx
			f.Ctx, _ = start.CacheContext()
			result := f.refund(id)
			if v.Auction.Stage != types.STAGE_BIDDING || v.Auction.Bids == 0 {
				// Views show a bidding window that is over as the reveal window.
				require.Equal(t, result.Applied, lists[types.DUE_ANY][id])
			}
			require.Equal(t, result.Status == types.REQUEST_STATUS_REFUNDED, lists[types.DUE_REFUNDABLE][id])
			missed := v.Auction.Assignment != nil && (result.Status == types.REQUEST_STATUS_REFUNDED || result.Stage == types.STAGE_STANDBY)
			require.Equal(t, missed, lists[types.DUE_OVERDUE][id])
			f.Ctx = start
		}
		f.Ctx = now
		f.beginBlock(gap)
	}
	for due, n := range seen {
		require.Positive(t, n, due)
	}
	require.Less(t, seen[types.DUE_REFUNDABLE], seen[types.DUE_ANY])
}

func TestRequestsRefused(t *testing.T) {
	f := mixed(t)
	own, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{Requester: requester.String(), Pagination: &query.PageRequest{Limit: 1}})
	require.NoError(t, err)
	key := own.Pagination.NextKey
	require.NotEmpty(t, key)
	for name, req := range map[string]*types.QueryRequestsRequest{
		"two filters":        {Requester: requester.String(), Prover: bob.String()},
		"bad requester":      {Requester: "x"},
		"bad prover":         {Prover: "x"},
		"bad verifier":       {Verifier: "A B"},
		"bad program":        {Verifier: "circuit", Program: "x"},
		"program alone":      {Program: types.FormatID(account32("a"))},
		"unknown status":     {Status: 9},
		"unknown due":        {Due: 9},
		"due, and ended":     {Due: types.DUE_ANY, Status: types.REQUEST_STATUS_FULFILLED},
		"another query's":    {Requester: stranger.String(), Pagination: &query.PageRequest{Key: key}},
		"another kind's":     {Pagination: &query.PageRequest{Key: key}},
		"no key":             {Pagination: &query.PageRequest{Key: []byte{0}}},
		"far past every key": {Requester: requester.String(), Pagination: &query.PageRequest{Key: append(slices.Clone(key), make([]byte, 1000)...)}},
		"offset and key":     {Requester: requester.String(), Pagination: &query.PageRequest{Key: key, Offset: 1}},
		"far offset":         {Pagination: &query.PageRequest{Offset: keeper.MaxPageOffset + 1}},
		"total":              {Pagination: &query.PageRequest{CountTotal: true}},
	} {
		_, err := f.queries.Requests(f.Ctx, req)
		require.Error(t, err, name)
		if req.Requester != "x" && req.Prover != "x" {
			require.ErrorIs(t, err, types.ErrInvalidQuery, name)
		}
	}
	_, err = f.queries.DeadLetters(f.Ctx, &types.QueryDeadLettersRequest{Pagination: &query.PageRequest{Key: key}})
	require.ErrorIs(t, err, types.ErrInvalidQuery)
}

// A page reads no more than its limit, however few records it is to hold.
func TestRequestsPagesAreBounded(t *testing.T) {
	f := setup(t)
	for range 30 {
		f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 100 })
	}
	f.endBlock()
	f.verifier.asked = 0
	page, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{Due: types.DUE_ANY, Pagination: &query.PageRequest{Limit: 7}})
	require.NoError(t, err)
	require.Empty(t, page.Views)
	require.NotEmpty(t, page.Pagination.NextKey)
	require.Equal(t, 7, f.verifier.asked)
}

// The clock's query tells the block, whether the next is in the grace after a halt, and
// a request's deadline as block time, as long as no halt comes before it.
func TestExpectedDeadline(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	v := f.view(id)
	require.Equal(t, *v.Deadline, *v.ExpectedDeadline)
	f.pass(gaps{72 * time.Hour})
	v = f.view(id)
	require.Equal(t, v.Deadline.Add(72*time.Hour), *v.ExpectedDeadline)
	for i := range 21 {
		clock, err := f.queries.Clock(f.Ctx, &types.QueryClockRequest{})
		require.NoError(t, err)
		require.Equal(t, uint64(f.Ctx.BlockHeight()), clock.Height)
		require.Equal(t, i < 19, clock.InGrace, "the next of %d", i)
		f.blocks(1)
	}
	require.Nil(t, f.view(f.request()).ExpectedDeadline)
}

func TestWork(t *testing.T) {
	f := setup(t)
	work := func(p sdk.AccAddress) *types.QueryWorkResponse {
		response, err := f.queries.Work(f.Ctx, &types.QueryWorkRequest{Prover: p.String()})
		require.NoError(t, err)
		return response
	}
	idle := work(bob)
	require.Equal(t, int64(100_000_000), idle.FreeStake.Int64())
	require.Nil(t, idle.NextDeadline)
	first := f.assigned()
	second := f.assigned(func(m *types.MsgRequest) { m.TimeLimit = 5 * time.Minute })
	leading := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.bid(leading, bob, 5)
	f.bid(leading, alice, 5)
	f.toReveal(leading)
	f.reveal(leading, bob, 5)
	busy := work(bob)
	require.Equal(t, []uint64{1, 2, 0}, []uint64{busy.Leading, busy.Assigned, busy.Overdue})
	require.Equal(t, *f.view(first).Deadline, *busy.NextDeadline)
	require.Equal(t, int64(3*minStake), busy.AssignedStake.Int64())
	require.Equal(t, int64(3*penalty), busy.Exposure.Int64())
	require.Equal(t, int64(100_000_000), busy.VaultAssets.Int64())
	require.Equal(t, int64(100_000_000-3*minStake/20), busy.FreeStake.Int64())
	require.False(t, busy.More)
	f.provers.panicOnSlash = true
	f.pass(gaps{50 * time.Second, 50 * time.Second})
	late := work(bob)
	require.Equal(t, uint64(1), late.Overdue)
	require.Equal(t, *f.view(second).Deadline, *late.NextDeadline)
	f.suspend(onVerifier)
	require.Zero(t, work(bob).Overdue, "nothing is overdue while the verifier is suspended")
	f.provers.change(f.Ctx, bob, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_JAILED })
	require.True(t, work(bob).FreeStake.IsZero(), "not eligible")
	require.Error(t, errOf(f.queries.Work(f.Ctx, nil)))
	require.Error(t, errOf(f.queries.Work(f.Ctx, &types.QueryWorkRequest{Prover: stranger.String()})))
	require.ErrorIs(t, errOf(f.queries.Work(f.Ctx, &types.QueryWorkRequest{Prover: "x"})), types.ErrInvalidAddress)
}

// A prover's work is told of as many requests as a page may hold.
func TestWorkIsBounded(t *testing.T) {
	f := setup(t)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets, p.SelfStake = 1<<40, 1<<40 })
	f.Fund(t, requester, 300*maxFee)
	var ids []string
	for range types.WorkPage + 1 {
		id := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
		f.bid(id, alice, 5)
		ids = append(ids, id)
	}
	f.toReveal(ids[0])
	for i, id := range ids {
		f.reveal(id, alice, 5)
		work, err := f.queries.Work(f.Ctx, &types.QueryWorkRequest{Prover: alice.String()})
		require.NoError(t, err)
		require.Equal(t, uint64(min(i+1, types.WorkPage)), work.Leading)
		require.Equal(t, i == types.WorkPage, work.More)
	}
}
