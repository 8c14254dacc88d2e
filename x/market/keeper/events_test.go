package keeper_test

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// indexer rebuilds requests, auctions and bids from events alone: what a client
// that never asks the chain knows.
type indexer struct {
	t          *testing.T
	requests   map[string]*types.Request
	auctions   map[string]*types.Auction
	bids       map[string]types.Bid
	submitters map[string]types.SubmitterLink
	consents   map[string]string
	claims     map[string]math.Int
	dead       map[string]bool
	halts      []types.EventHalt
	params     types.Params
	pause      types.Pause
}

// read reads the events of one block.
func (x *indexer) read(height int64, at time.Time, events sdk.Events) {
	for _, e := range events {
		msg, err := sdk.ParseTypedEvent(abci.Event(e))
		if err != nil {
			continue // bank's and others'
		}
		switch e := msg.(type) {
		case *types.EventRequested:
			x.requests[e.RequestId] = &types.Request{
				Id: e.RequestId, Requester: e.Requester, Statement: e.Statement, Image: e.Image, Input: e.Input, MaxFee: e.MaxFee,
				MinStake: e.MinStake, TimeLimit: e.TimeLimit, StandbyWindow: e.StandbyWindow, BiddingBlocks: e.BiddingBlocks,
				RevealBlocks: e.RevealBlocks, Nonce: e.Nonce, Terms: e.Terms, Height: uint64(height), Time: at,
			}
			x.auctions[e.RequestId] = &types.Auction{
				Status: types.REQUEST_STATUS_PENDING, Stage: types.STAGE_BIDDING, BiddingEnd: e.BiddingEnd, RevealEnd: e.RevealEnd,
				UnrevealedBonds: math.ZeroInt(), SecondFee: math.ZeroInt(),
			}
		case *types.EventFeeRaised:
			x.requests[e.RequestId].MaxFee = e.MaxFee
		case *types.EventPauseSet:
			x.pause = e.Pause
		case *types.EventSubmitterRegistered:
			delete(x.consents, e.Submitter) // it is used
			x.submitters[e.Submitter] = types.SubmitterLink{Prover: e.Prover, Generation: e.Generation}
		case *types.EventSubmitterUnregistered:
			require.Equal(x.t, x.submitters[e.Submitter], types.SubmitterLink{Prover: e.Prover, Generation: e.Generation})
			delete(x.submitters, e.Submitter)
		default:
			x.readRest(msg)
			x.readAuction(uint64(height), msg)
		}
	}
}

// readRest reads consents, claims, halts, parameters and dead letters.
func (x *indexer) readRest(msg any) {
	switch e := msg.(type) {
	case *types.EventSubmitterConsented:
		x.consents[e.Submitter] = e.Prover
	case *types.EventConsentWithdrawn:
		require.Equal(x.t, x.consents[e.Submitter], e.Prover)
		delete(x.consents, e.Submitter)
	case *types.EventClaimable:
		if have, some := x.claims[e.Owner]; some {
			e.Amount = e.Amount.Add(have)
		}
		x.claims[e.Owner] = e.Amount
	case *types.EventClaimed:
		delete(x.claims, e.Owner)
	case *types.EventHalt:
		x.halts = append(x.halts, *e)
	case *types.EventParamsUpdated:
		x.params = e.Params
	case *types.EventDeadLetter:
		x.dead[e.RequestId] = true
	case *types.EventMissed: // what failed before has been applied
		delete(x.dead, e.RequestId)
	}
}

// checkRest compares what readRest knows with the state.
func (x *indexer) checkRest(f *fixture) {
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(x.t, err)
	require.Equal(x.t, x.params, g.Params)
	require.Len(x.t, g.Consents, len(x.consents))
	for _, c := range g.Consents {
		require.Equal(x.t, x.consents[c.Submitter], c.Prover)
	}
	require.Len(x.t, g.Claims, len(x.claims))
	for _, c := range g.Claims {
		require.Equal(x.t, x.claims[c.Owner].String(), c.Amount.String())
	}
	require.Len(x.t, g.Halts, len(x.halts))
	for i, h := range g.Halts {
		require.Equal(x.t, []time.Duration{x.halts[i].Gap, x.halts[i].Lost}, []time.Duration{h.Gap, h.Lost})
	}
	if n := len(x.halts); n > 0 {
		require.Equal(x.t, x.halts[n-1].GraceUntilHeight, g.Clock.GraceUntilHeight)
	}
	for _, r := range g.Requests {
		require.Equal(x.t, x.dead[r.Request.Id], r.DeadLetter)
	}
}

// readAuction reads what happens in an auction.
func (x *indexer) readAuction(height uint64, msg any) {
	switch e := msg.(type) {
	case *types.EventBid:
		a, key := x.auctions[e.RequestId], e.RequestId+e.Prover
		if !e.Replaced {
			a.UnrevealedBonds = a.UnrevealedBonds.Add(e.Bond)
		}
		a.Bids = e.Bids
		x.bids[key] = types.Bid{
			Commitment: e.Commitment, Generation: e.Generation, Faults: e.Faults, Bond: e.Bond, Payer: e.Payer,
			State: types.BID_STATE_SEALED, Fee: math.ZeroInt(),
		}
	case *types.EventRevealed:
		x.revealed(e)
	case *types.EventClosed:
		a := x.auctions[e.RequestId]
		require.Equal(x.t, []uint64{a.Bids, a.Reveals, a.Ranked}, []uint64{e.Bids, e.Reveals, e.Ranked})
		require.Equal(x.t, a.UnrevealedBonds.String(), e.BondsLost.String())
		a.UnrevealedBonds = math.ZeroInt()
	case *types.EventAssigned:
		a := x.auctions[e.RequestId]
		a.Stage, a.Search = types.STAGE_ASSIGNED, nil
		if e.Standby {
			a.Stage = types.STAGE_STANDBY
		}
		a.Assignment = &types.Assignment{
			Prover: e.Prover, Generation: e.Generation, Price: e.Price, Bond: e.Bond, Payer: e.BondPayer, Number: e.Number,
			Deadline: e.Deadline, Standby: e.Standby,
		}
	case *types.EventMissed:
		a := x.auctions[e.RequestId]
		require.Equal(x.t, a.Assignment.Standby, e.Standby)
		require.Equal(x.t, a.Assignment.Deadline, e.Deadline)
		a.Assignment = nil
		if e.Searching {
			a.Stage = types.STAGE_STANDBY
		}
	case *types.EventFulfilled:
		require.Equal(x.t, x.auctions[e.RequestId].Assignment.Standby, e.Standby)
		require.Equal(x.t, x.auctions[e.RequestId].Assignment.Payer, e.BondPayer)
		x.end(height, e.RequestId, types.REQUEST_STATUS_FULFILLED, types.END_REASON_PROVED)
	case *types.EventRefunded:
		x.end(height, e.RequestId, types.REQUEST_STATUS_REFUNDED, e.Reason)
	case *types.EventCancelled:
		x.end(height, e.RequestId, types.REQUEST_STATUS_CANCELLED, types.END_REASON_CANCELLED)
	case *types.EventBondReturned:
		a, key := x.auctions[e.RequestId], e.RequestId+e.Prover
		bid := x.bids[key]
		require.Equal(x.t, bid.Payer, e.Payer)
		bid.BondReturned = true
		x.bids[key] = bid
		a.UnrevealedBonds = a.UnrevealedBonds.Sub(e.Bond)
	}
}

// revealed ranks a bid.
func (x *indexer) revealed(e *types.EventRevealed) {
	a, key := x.auctions[e.RequestId], e.RequestId+e.Prover
	bid := x.bids[key]
	bid.Fee, bid.Standby, bid.Order, bid.State = e.Fee, e.Standby, e.Order, types.BID_STATE_UNRANKED
	a.Stage, a.RevealEnd = types.STAGE_REVEALING, e.RevealEnd
	a.Reveals++
	a.UnrevealedBonds = a.UnrevealedBonds.Sub(bid.Bond)
	if e.Ranked {
		bid.State = types.BID_STATE_RANKED
		a.Ranked++
		old := a.Leader
		switch {
		case e.Leads && old != nil:
			require.Equal(x.t, old.Prover, e.Displaced)
			a.SecondFee = old.Fee
		case !e.Leads && (a.Ranked == 2 || e.Fee.LT(a.SecondFee)):
			a.SecondFee = e.Fee
		}
		if e.Leads {
			a.Leader = &types.Leader{
				Prover: e.Prover, Generation: bid.Generation, Fee: e.Fee, Order: e.Order, Number: e.Number, Bond: bid.Bond, Payer: bid.Payer,
			}
		}
	}
	x.bids[key] = bid
}

// end ends a request.
func (x *indexer) end(height uint64, id string, status types.RequestStatus, reason types.EndReason) {
	a := x.auctions[id]
	a.Status, a.Stage, a.EndReason, a.EndHeight, a.Search = status, types.STAGE_DONE, reason, height, nil
}

// check compares what the indexer knows with the state.
func (x *indexer) check(f *fixture) {
	page := &query.PageRequest{Limit: 200}
	for id, request := range x.requests {
		v := f.view(id)
		require.True(x.t, request.Equal(v.Request), "%v\n%v", request, v.Request)
		got, want := *x.auctions[id], v.Auction
		// These follow from the parameters and from the clock.
		want.RetainedUntil = nil
		if got.Stage == types.STAGE_BIDDING && uint64(f.Ctx.BlockHeight()) >= got.BiddingEnd {
			got.Stage = types.STAGE_REVEALING
		}
		require.True(x.t, want.Equal(got), "%v\n%v", want, got)
		bids, err := f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: id, Pagination: page})
		require.NoError(x.t, err)
		require.Len(x.t, bids.Bids, int(got.Bids))
		for _, b := range bids.Bids {
			require.True(x.t, b.Bid.Equal(x.bids[id+b.Prover]), "%v\n%v", b.Bid, x.bids[id+b.Prover])
		}
	}
	require.NotEmpty(x.t, x.requests)
	pause, err := f.keeper.GetPause(f.Ctx)
	require.NoError(x.t, err)
	require.Equal(x.t, pause, x.pause)
	for submitter, link := range x.submitters {
		res, err := f.queries.Submitter(f.Ctx, &types.QuerySubmitterRequest{Address: submitter})
		require.NoError(x.t, err)
		require.Equal(x.t, &link, res.Link)
	}
	x.checkRest(f)
}

// A client that reads events alone knows every request, auction, bid, link, consent,
// claim, halt and dead letter, the parameters and the pause as the state has them.
func TestEventsTellTheWholeState(t *testing.T) {
	f := setup(t)
	x := &indexer{
		t: t, requests: map[string]*types.Request{}, auctions: map[string]*types.Auction{}, bids: map[string]types.Bid{},
		submitters: map[string]types.SubmitterLink{}, consents: map[string]string{}, claims: map[string]math.Int{},
		dead: map[string]bool{}, params: types.DefaultParams(),
	}
	read := 0
	f.onBlock = func() {
		events := f.Ctx.EventManager().Events()
		x.read(f.Ctx.BlockHeight(), f.Ctx.BlockTime(), events)
		read += len(events)
		x.check(f)
	}
	f.link()
	f.pause(types.Pause{Bids: true})
	f.pause(types.Pause{Requests: true})
	f.pause(types.Pause{})
	byURL := func(m *types.MsgRequest) { m.Input = types.Input{Url: "https://x", Sha256: m.Image.Sha256} }
	cancelled, unbidden := f.request(byURL), f.request(withStandby)
	f.raise(cancelled, maxFee+1)
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: cancelled})
	require.NoError(t, err)

	proved := f.assigned(withStandby)
	require.Equal(t, types.END_REASON_NO_BIDS, f.view(unbidden).Auction.EndReason)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(proved, bob))
	require.NoError(t, err)
	f.blocks(1)

	// Nobody ranked: one does not reveal, one is not eligible any more.
	none := f.request()
	_, err = run(f, f.msgs.BidBatch, &types.MsgBidBatch{Signer: gpu.String(), Items: []types.BidItem{
		{RequestId: none, Commitment: f.bidMsg(none, gpu, alice, 5, false).Commitment},
	}})
	require.NoError(t, err)
	f.bid(none, bob, 5)
	f.bid(none, bob, 6)
	f.toReveal(none)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.SelfStake = 0 })
	_, err = run(f, f.msgs.RevealBatch, &types.MsgRevealBatch{Signer: gpu.String(), Items: []types.RevealItem{
		{RequestId: none, Fee: math.NewInt(5), Salt: salt(alice.String())},
	}})
	require.NoError(t, err)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.SelfStake = 100_000_000 })
	f.blocks(11)
	require.Equal(t, types.END_REASON_NONE_RANKED, f.view(none).Auction.EndReason)

	missed, promoted := f.assigned(), f.assigned(withStandby)
	f.blocks(62)
	require.Equal(t, types.END_REASON_MISSED, f.view(missed).Auction.EndReason)
	require.True(t, f.view(promoted).Auction.Assignment.Standby)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(promoted, alice))
	require.NoError(t, err)
	_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(gpu, gpu))
	require.NoError(t, err)
	f.blocks(1)

	// What somebody consents to, what can't be paid, a halt, and what fails.
	_, err = run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, carol))
	require.NoError(t, err)
	f.blocks(1)
	_, err = run(f, f.msgs.WithdrawConsent, &types.MsgWithdrawConsent{Submitter: gpu.String()})
	require.NoError(t, err)
	f.set(func(p *types.Params) { p.HaltGraceBlocks = 3 })
	f.pass(gaps{24 * time.Hour})
	f.refuse[requester.String()] = true
	f.cancel(f.request(byURL))
	f.cancel(f.request(byURL))
	f.blocks(1)
	clear(f.refuse)
	_, err = run(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()})
	require.NoError(t, err)
	failing := f.assigned()
	f.provers.panicOnSlash = true
	f.blocks(62)
	require.True(t, x.dead[failing])
	f.provers.panicOnSlash = false
	require.True(t, f.refund(failing).Applied)
	f.blocks(1)
	require.Equal(t, types.END_REASON_MISSED, f.view(failing).Auction.EndReason)

	revoked := []string{f.request(), f.assigned()}
	late := f.request()
	f.crowd(late, types.BondPage+1)
	f.revoke(onVerifier)
	for _, id := range append(revoked, late) {
		f.refund(id)
	}
	f.blocks(1)
	for _, b := range mustBids(f, late) {
		if !b.Bid.BondReturned {
			_, err = run(f, f.msgs.Claim, &types.MsgClaim{Owner: b.Prover, Bids: []types.BidRef{{RequestId: late, Prover: b.Prover}}})
			require.NoError(t, err)
		}
	}
	f.blocks(1)
	require.True(t, f.view(late).Auction.UnrevealedBonds.IsZero())
	require.Positive(t, read)
}

// mustBids lists the bids for a request.
func mustBids(f *fixture, id string) []types.BidView {
	res, err := f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: id})
	require.NoError(f.t, err)
	return res.Bids
}
