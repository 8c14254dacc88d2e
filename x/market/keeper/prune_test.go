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

// set changes the parameters.
func (f *fixture) set(change func(*types.Params)) {
	params, err := f.keeper.GetParams(f.Ctx)
	require.NoError(f.t, err)
	change(&params)
	_, err = run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(f.t, err)
}

// receipt gives the receipt of a request.
func (f *fixture) receipt(id string) types.ReceiptView {
	response, err := f.queries.Receipt(f.Ctx, &types.QueryReceiptRequest{RequestId: id})
	require.NoError(f.t, err)
	return response.Receipt
}

func (f *fixture) cancel(id string) {
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id})
	require.NoError(f.t, err)
}

// bidders makes n more provers.
func (f *fixture) bidders(n int) (list []sdk.AccAddress) {
	for i := range n {
		p := account(fmt.Sprint("bidder", i))
		f.Fund(f.tb, p, wealth)
		f.provers.add(f, p, 100_000_000)
		list = append(list, p)
	}
	return list
}

// records counts the keys of the market's store by their prefix.
func (f *fixture) records() map[byte]int {
	n := map[byte]int{}
	for key := range f.marketKeys() {
		n[key[0]]++
	}
	return n
}

// of is the prefix of a collection.
func of(prefix interface{ Bytes() []byte }) byte { return prefix.Bytes()[0] }

// law M15: a request is kept as long as market time has not passed the end of its
// retention.
func TestRetention(t *testing.T) {
	for name, tc := range map[string]struct {
		retention time.Duration
		gaps      gaps
		want      bool
	}{
		"one before":   {10 * time.Second, gaps{10*time.Second - 1}, false},
		"the moment":   {10 * time.Second, gaps{10 * time.Second}, false},
		"one past":     {10 * time.Second, gaps{10*time.Second + 1}, true},
		"none":         {0, gaps{}, false},
		"none, later":  {0, gaps{1}, true},
		"a halt stops": {10 * time.Second, gaps{72 * time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.set(func(p *types.Params) { p.Retention = tc.retention })
			id := f.request()
			f.cancel(id)
			require.Equal(t, f.marketTime().Add(tc.retention), *f.view(id).Auction.RetainedUntil)
			f.set(func(p *types.Params) { p.Retention = types.MaxRetention }) // too late for this one
			f.pass(tc.gaps)
			f.endBlock()
			require.Equal(t, !tc.want, f.receipt(id).Retained)
			_, err := f.queries.Request(f.Ctx, &types.QueryRequestRequest{Id: id})
			if tc.want {
				require.ErrorIs(t, err, types.ErrRequestNotFound)
				return
			}
			require.NoError(t, err)
		})
	}
}

// endings end a request in every way.
var endings = map[string]struct {
	end    func(f *fixture) string
	reason types.EndReason
}{
	"proved": {func(f *fixture) string {
		id := f.assigned()
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
		require.NoError(f.t, err)
		return id
	}, types.END_REASON_PROVED},
	"cancelled": {func(f *fixture) string { id := f.request(); f.cancel(id); return id }, types.END_REASON_CANCELLED},
	"no bids":   {func(f *fixture) string { id := f.request(); f.blocks(5); return id }, types.END_REASON_NO_BIDS},
	"none ranked": {func(f *fixture) string {
		id := f.request()
		f.bid(id, alice, 5)
		f.blocks(15)
		return id
	}, types.END_REASON_NONE_RANKED},
	"missed": {func(f *fixture) string {
		id := f.assigned(withStandby)
		f.pass(gaps{50 * time.Second, 50 * time.Second, 50 * time.Second, 50 * time.Second})
		return id
	}, types.END_REASON_MISSED},
	"revoked": {func(f *fixture) string { id := f.assigned(); f.revoke(onFamily); f.blocks(1); return id }, types.END_REASON_REVOKED},
}

// law M15: the receipt is the same before and after the request has shrunk; nothing
// else is left of it, and its id is taken for good.
func TestReceipts(t *testing.T) {
	for name, tc := range endings {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.set(func(p *types.Params) { p.Retention = time.Hour })
			id := tc.end(f)
			request := f.view(id).Request
			before := f.receipt(id)
			require.True(t, before.Retained)
			require.Equal(t, tc.reason, before.EndReason)
			require.Equal(t, f.view(id).Auction.Status, before.Status)
			proved := tc.reason == types.END_REASON_PROVED
			require.Equal(t, proved, before.Prover == bob.String())
			require.Equal(t, proved, before.Price.Equal(math.NewInt(6_000_000)))
			require.Equal(t, proved, len(before.ProofHash) == 64)
			f.set(func(p *types.Params) { p.MaxBlockGap = types.MaxMaxBlockGap })
			f.pass(gaps{time.Hour + time.Second})
			f.blocks(1)

			shrunk := f.receipt(id)
			require.False(t, shrunk.Retained)
			before.Retained = false
			require.Equal(t, before, shrunk)
			n := f.records()
			for _, gone := range []byte{
				of(types.RequestsPrefix), of(types.AuctionsPrefix), of(types.PlacesPrefix), of(types.BidsPrefix),
				of(types.StandbyIndexPrefix), of(types.ProofsPrefix), of(types.InputsPrefix), of(types.LitterPrefix), of(types.DrainedPrefix),
			} {
				require.Zero(t, n[gone], "prefix %d", gone)
			}
			require.Equal(t, 1, n[of(types.ReceiptsPrefix)])

			again := f.requestMsg()
			again.Nonce = request.Nonce
			fails(f, f.msgs.Request, again, types.ErrRequestExists)
			fails(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id}, types.ErrRequestNotFound)
			fails(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 5, false), types.ErrRequestNotFound)
			require.False(t, f.refund(id).Applied)
			for _, err := range []error{
				errOf(f.queries.Request(f.Ctx, &types.QueryRequestRequest{Id: id})),
				errOf(f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: id})),
				errOf(f.queries.Bid(f.Ctx, &types.QueryBidRequest{RequestId: id, Prover: alice.String()})),
				errOf(f.queries.Proof(f.Ctx, &types.QueryProofRequest{RequestId: id})),
			} {
				require.ErrorIs(t, err, types.ErrRequestNotFound)
			}
			byStatement, err := f.queries.ReceiptByStatement(f.Ctx, &types.QueryReceiptByStatementRequest{
				Verifier: request.Statement.Verifier, Program: request.Statement.Program, Digest: request.Statement.Digest,
			})
			if !proved {
				require.ErrorIs(t, err, types.ErrNoReceipt)
				return
			}
			require.NoError(t, err)
			require.Equal(t, shrunk, byStatement.Receipt)
			f.roundTrip()
		})
	}
}

func TestReceiptRefused(t *testing.T) {
	f := setup(t)
	open := f.request()
	require.ErrorIs(t, errOf(f.queries.Receipt(f.Ctx, &types.QueryReceiptRequest{RequestId: open})), types.ErrNoReceipt)
	require.ErrorIs(t, errOf(f.queries.Receipt(f.Ctx, &types.QueryReceiptRequest{RequestId: types.FormatID(account32("none"))})), types.ErrRequestNotFound)
	require.ErrorIs(t, errOf(f.queries.Receipt(f.Ctx, &types.QueryReceiptRequest{RequestId: "x"})), types.ErrInvalidID)
	require.ErrorIs(t, errOf(f.queries.ReceiptByStatement(f.Ctx, &types.QueryReceiptByStatementRequest{Verifier: "pico/v1"})), types.ErrInvalidQuery)
	require.Error(t, errOf(f.queries.Receipt(f.Ctx, nil)))
	require.Error(t, errOf(f.queries.ReceiptByStatement(f.Ctx, nil)))
	f.endBlock()
}

// roundTrip exports, imports and exports again, and gives the imported chain, one
// block later (invariant 7).
func (f *fixture) roundTrip() *fixture {
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(f.t, err)
	require.NoError(f.t, g.Validate())
	before := f.Codec.MustMarshalJSON(g)
	var read types.GenesisState
	f.Codec.MustUnmarshalJSON(before, &read)
	next := beside(f.tb.(*testing.T), f)
	next.nonce = f.nonce
	next.verifier.status, next.verifier.laid, next.verifier.revocations = f.verifier.status, f.verifier.laid, f.verifier.revocations
	next.Bank.AppendSendRestriction(next.restrict)
	next.refuse = map[string]bool{}
	require.NoError(f.t, next.keeper.InitGenesis(next.Ctx, &read))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(f.t, err)
	require.Equal(f.t, string(before), string(next.Codec.MustMarshalJSON(again)))
	next.Ctx = next.Ctx.WithBlockHeight(f.Ctx.BlockHeight()).WithBlockTime(f.Ctx.BlockTime())
	next.beginBlock(time.Second)
	return next
}

// law M15: what a request with many bids leaves behind goes in pages, a block at a
// time, out of sight of queries and exports.
func TestPruneInPages(t *testing.T) {
	const bids, limit = 1_000, 150
	f := setup(t)
	f.set(func(p *types.Params) { p.Retention, p.PruneCap = 0, limit })
	crowded := f.request(withStandby, func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	for i, p := range f.bidders(bids) {
		f.bid(crowded, p, int64(i), true)
	}
	f.toReveal(crowded)
	for i := range 300 {
		f.reveal(crowded, account(fmt.Sprint("bidder", i)), int64(i), true)
	}
	quiet := f.request()
	f.cancel(quiet)
	for f.view(crowded).Stage != types.STAGE_ASSIGNED {
		f.blocks(1)
	}
	require.False(t, f.receipt(quiet).Retained, "it did not wait for the other")
	winner := sdk.MustAccAddressFromBech32(f.view(crowded).Auction.Assignment.Prover)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(crowded, winner))
	require.NoError(t, err)
	f.blocks(1)
	after := f.request()
	f.cancel(after)

	blocks := 0
	for n := f.records(); n[of(types.ReceiptsPrefix)] < 3; n = f.records() {
		was := len(f.marketKeys())
		f.endBlock()
		require.LessOrEqual(t, was-len(f.marketKeys()), limit+2, "no more than prune_cap a block")
		require.ErrorIs(t, errOf(f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: crowded})), types.ErrRequestNotFound)
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		require.Empty(t, g.Bids, "litter stays out")
		if blocks%3 == 0 {
			next := f.roundTrip()
			require.Zero(t, next.records()[of(types.BidsPrefix)])
		}
		f.beginBlock(time.Second)
		blocks++
	}
	require.Equal(t, (bids+300+limit-1)/limit, blocks, "the next one is shrunk when the litter is gone")
	n := f.records()
	require.Zero(t, n[of(types.BidsPrefix)]+n[of(types.StandbyIndexPrefix)]+n[of(types.LitterPrefix)])
}

// laws M11, M12, M15: of a revoked request with more sealed bids than a page, every
// bond is paid before the request shrinks, or waits in the claims account.
func TestPruneRevokedPaysEveryBond(t *testing.T) {
	const bids = 3*types.BondPage + 5
	f := setup(t)
	f.set(func(p *types.Params) { p.Retention, p.PruneCap = 5*time.Second, types.MinPruneCap })
	id := f.request()
	bidders := f.bidders(bids)
	for i, p := range bidders {
		f.bid(id, p, int64(i))
	}
	shy, quick := bidders[7], bidders[11]
	f.refuse[shy.String()] = true
	f.revoke(onVerifier)
	f.blocks(1)
	a := f.view(id).Auction
	require.Equal(t, types.END_REASON_REVOKED, a.EndReason)
	require.Equal(t, int64(bids-types.BondPage)*bond, a.UnrevealedBonds.Int64())
	if owed, err := f.queries.Bid(f.Ctx, &types.QueryBidRequest{RequestId: id, Prover: quick.String()}); err == nil && !owed.Bid.BondReturned {
		_, err := run(f, f.msgs.Claim, &types.MsgClaim{Owner: quick.String(), Bids: []types.BidRef{{RequestId: id, Prover: quick.String()}}})
		require.NoError(t, err)
	}
	finish := func(f *fixture) {
		for range bids {
			f.blocks(1)
		}
		require.False(t, f.receipt(id).Retained)
		for _, p := range bidders {
			claim, err := f.queries.Claim(f.Ctx, &types.QueryClaimRequest{Address: p.String()})
			require.NoError(t, err)
			require.Equal(t, int64(wealth), f.Balance(p).Add(claim.Amount).Int64(), "nothing is lost")
			require.Equal(t, p.Equals(shy), claim.Amount.IsPositive())
		}
		raw, err := types.ParseID(id)
		require.NoError(t, err)
		require.Nil(t, f.Account.GetAccount(f.Ctx, types.RequestAccount(raw)))
		require.Zero(t, f.records()[of(types.BidsPrefix)])
	}
	f.blocks(6)
	left := f.view(id).Auction.UnrevealedBonds
	f.blocks(1)
	now := f.view(id).Auction.UnrevealedBonds
	require.True(t, now.IsPositive() && now.LT(left), "in the middle of it")
	bidsBefore := f.records()[of(types.BidsPrefix)]
	require.Equal(t, bids, bidsBefore, "bids stay until every bond is paid")
	next := f.roundTrip()
	next.refuse[shy.String()] = true
	finish(next)
	finish(f)
	f.refuse = map[string]bool{}
	_, err := run(f, f.msgs.Claim, &types.MsgClaim{Owner: shy.String()})
	require.NoError(t, err)
	fails(f, f.msgs.Claim, &types.MsgClaim{Owner: shy.String(), Bids: []types.BidRef{{RequestId: id, Prover: shy.String()}}}, types.ErrRequestNotFound)
}

// What can't be paid even to the claims account is tried again later, and nobody else
// waits for it.
func TestPruneFailureStopsNothing(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.Retention = 5 * time.Second })
	id := f.request()
	for i, p := range f.bidders(types.BondPage + 2) {
		f.bid(id, p, int64(i))
	}
	f.revoke(onVerifier)
	f.blocks(1)
	other := f.request(ofCircuit)
	f.cancel(other)
	for i := range types.BondPage + 2 {
		f.refuse[account(fmt.Sprint("bidder", i)).String()] = true
	}
	f.refuse[types.ClaimsAccount().String()] = true
	before := *f.view(id).Auction.RetainedUntil
	f.blocks(8)
	require.False(t, f.receipt(other).Retained)
	v := f.view(id)
	require.True(t, v.Auction.UnrevealedBonds.IsPositive())
	require.True(t, v.Auction.RetainedUntil.Sub(before) >= types.PruneRetry)
	f.roundTrip()
	delete(f.refuse, types.ClaimsAccount().String())
	f.set(func(p *types.Params) { p.MaxBlockGap = types.MaxMaxBlockGap })
	f.pass(gaps{types.PruneRetry})
	f.blocks(1)
	require.False(t, f.receipt(id).Retained)
	var claimable int64
	for i := range types.BondPage + 2 {
		claim, err := f.queries.Claim(f.Ctx, &types.QueryClaimRequest{Address: account(fmt.Sprint("bidder", i)).String()})
		require.NoError(t, err)
		claimable += claim.Amount.Int64()
	}
	require.Equal(t, int64(2*bond), claimable)
}
