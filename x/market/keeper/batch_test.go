package keeper_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// many makes n requests.
func (f *fixture) many(n int) (ids []string) {
	for range n {
		ids = append(ids, f.request())
	}
	return ids
}

// bidBatch makes a batch of alice's bids for the requests.
func (f *fixture) bidBatch(ids ...string) *types.MsgBidBatch {
	msg := &types.MsgBidBatch{Signer: alice.String()}
	for i, id := range ids {
		msg.Items = append(msg.Items, types.BidItem{RequestId: id, Commitment: f.bidMsg(id, alice, alice, int64(i), false).Commitment})
	}
	return msg
}

// revealBatch makes the matching reveals.
func (f *fixture) revealBatch(ids ...string) *types.MsgRevealBatch {
	msg := &types.MsgRevealBatch{Signer: alice.String()}
	for i, id := range ids {
		msg.Items = append(msg.Items, types.RevealItem{RequestId: id, Fee: math.NewInt(int64(i)), Salt: salt(alice.String())})
	}
	return msg
}

// failed checks that an item failed with the error; none for nil.
func failed(t *testing.T, got *types.ItemError, want error) {
	t.Helper()
	if want == nil {
		require.Nil(t, got)
		return
	}
	require.NotNil(t, got)
	codespace, code, _ := errorsmod.ABCIInfo(want, false)
	require.Equal(t, codespace, got.Codespace)
	require.Equal(t, code, got.Code, got.Text)
	require.Contains(t, got.Text, want.Error())
	require.LessOrEqual(t, len(got.Text), types.MaxErrorBytes)
}

// apart runs do on a branch of the state, and gives the state that it leads to.
func (f *fixture) apart(do func()) string {
	main := f.Ctx
	defer func() { f.Ctx = main }()
	f.Ctx, _ = main.CacheContext()
	do()
	return f.export()
}

// law M19: a bad item fails alone, and the others do just what single messages do.
func TestBatchesDoWhatSingleMessagesDo(t *testing.T) {
	f := setup(t)
	ids := f.many(types.MaxBatch)
	ended := f.request()
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: ended})
	require.NoError(t, err)

	bids := f.bidBatch(ids...)
	wants := make([]error, len(ids))
	spoil := func(i int, want error, change func(item *types.BidItem)) {
		change(&bids.Items[i])
		wants[i] = want
	}
	spoil(3, types.ErrInvalidSize, func(i *types.BidItem) { i.Commitment = nil })
	spoil(17, types.ErrRequestNotFound, func(i *types.BidItem) { i.RequestId = types.FormatID(account32("none")) })
	spoil(30, types.ErrInvalidID, func(i *types.BidItem) { i.RequestId = "nonsense\xff" })
	spoil(49, types.ErrRequestEnded, func(i *types.BidItem) { i.RequestId = ended })
	singles := f.apart(func() {
		for i, item := range bids.Items {
			_, err := run(f, f.msgs.Bid, &types.MsgBid{Signer: bids.Signer, RequestId: item.RequestId, Commitment: item.Commitment})
			require.ErrorIs(t, err, wants[i])
		}
	})
	response, err := run(f, f.msgs.BidBatch, bids)
	require.NoError(t, err)
	require.Equal(t, singles, f.export())
	for i, r := range response.Results {
		failed(t, r.Error, wants[i])
		require.Equal(t, types.Truncate(bids.Items[i].RequestId), r.RequestId)
		if r.Error == nil {
			require.Equal(t, alice.String(), r.Prover)
			require.Equal(t, int64(bond), r.Bond.Int64())
		} else {
			require.Empty(t, r.Prover)
			require.True(t, r.Bond.IsZero())
		}
	}
	_, err = f.Codec.MarshalJSON(response)
	require.NoError(t, err, "a response that cannot be read")

	f.toReveal(ids[0])
	// Alice can carry 45 such requests or so: the vault sets the end.
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets = 2_000_000_000 })
	f.Fund(t, vault(alice), 1_900_000_000)
	reveals := f.revealBatch(ids...)
	wants = make([]error, len(ids))
	for i, id := range ids {
		if i == 3 || i == 17 || i == 30 || i == 49 {
			wants[i] = types.ErrRequestEnded // nobody bid
			if f.view(id).Stage == types.STAGE_REVEALING {
				wants[i] = types.ErrBidNotFound
			}
		}
	}
	reveals.Items[5].Salt, wants[5] = salt("other"), types.ErrWrongReveal
	reveals.Items[6].Fee, wants[6] = math.Int{}, types.ErrInvalidAmount
	reveals.Items[7].Fee, wants[7] = math.NewInt(maxFee+1), types.ErrFeeTooHigh
	singles = f.apart(func() {
		for i, item := range reveals.Items {
			_, err := run(f, f.msgs.Reveal, &types.MsgReveal{
				Signer: reveals.Signer, RequestId: item.RequestId, Fee: item.Fee, Standby: item.Standby, Salt: item.Salt,
			})
			require.ErrorIs(t, err, wants[i])
		}
	})
	opened, err := run(f, f.msgs.RevealBatch, reveals)
	require.NoError(t, err)
	require.Equal(t, singles, f.export())
	for i, r := range opened.Results {
		failed(t, r.Error, wants[i])
		require.Equal(t, ids[i], r.RequestId)
		require.Equal(t, r.Error == nil, r.Ranked && r.Leads)
	}
	f.blocks(1)
}

// law M19: a batch of nothing but bad items succeeds and changes nothing.
func TestBatchOfBadItems(t *testing.T) {
	f := setup(t)
	ids := f.many(3)
	before, keys, events := f.export(), f.marketKeys(), len(f.Ctx.EventManager().Events())
	bids := f.bidBatch(ids...)
	bids.Signer = stranger.String()
	response, err := run(f, f.msgs.BidBatch, bids)
	require.NoError(t, err)
	reveals, err := run(f, f.msgs.RevealBatch, f.revealBatch(ids...))
	require.NoError(t, err)
	for i := range ids {
		failed(t, response.Results[i].Error, types.ErrNotAProver)
		failed(t, reveals.Results[i].Error, types.ErrRevealNotOpen)
	}
	require.Equal(t, before, f.export())
	require.Equal(t, keys, f.marketKeys())
	require.Len(t, f.Ctx.EventManager().Events(), events, "what failed left events behind")
	f.blocks(1)
}

func TestBadInputOfBatches(t *testing.T) {
	f := setup(t)
	ids := f.many(types.MaxBatch + 1)
	refusesAll(f, f.msgs.BidBatch, func() *types.MsgBidBatch { return f.bidBatch(ids[:types.MaxBatch]...) }, table[*types.MsgBidBatch]{
		"none":          {func(m *types.MsgBidBatch) { m.Items = nil }, types.ErrInvalidSize},
		"one past":      {func(m *types.MsgBidBatch) { m.Items = f.bidBatch(ids...).Items }, types.ErrTooManyItems},
		"twice":         {func(m *types.MsgBidBatch) { m.Items = f.bidBatch(ids[0], ids[1], ids[0]).Items }, types.ErrDuplicateItem},
		"nothing twice": {func(m *types.MsgBidBatch) { m.Items = make([]types.BidItem, 2) }, types.ErrDuplicateItem},
	}.addresses("signer", func(m *types.MsgBidBatch, a string) { m.Signer = a }))
	f.toReveal(ids[0])
	refusesAll(f, f.msgs.RevealBatch, func() *types.MsgRevealBatch { return f.revealBatch(ids[:types.MaxBatch]...) }, table[*types.MsgRevealBatch]{
		"none":          {func(m *types.MsgRevealBatch) { m.Items = nil }, types.ErrInvalidSize},
		"one past":      {func(m *types.MsgRevealBatch) { m.Items = f.revealBatch(ids...).Items }, types.ErrTooManyItems},
		"twice":         {func(m *types.MsgRevealBatch) { m.Items = f.revealBatch(ids[0], ids[1], ids[0]).Items }, types.ErrDuplicateItem},
		"nothing twice": {func(m *types.MsgRevealBatch) { m.Items = make([]types.RevealItem, 2) }, types.ErrDuplicateItem},
	}.addresses("signer", func(m *types.MsgRevealBatch, a string) { m.Signer = a }))
	f.blocks(1)
}

// law M19: running out of gas is no fault of an item: the whole message fails,
// wherever it happens.
func TestBatchOutOfGas(t *testing.T) {
	f := setup(t)
	msg := f.bidBatch(f.many(4)...)
	need := uint64(0)
	f.apart(func() {
		f.Ctx = f.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
		_, err := f.msgs.BidBatch(f.Ctx, msg)
		require.NoError(t, err)
		need = f.Ctx.GasMeter().GasConsumed()
	})
	main, before := f.Ctx, f.export()
	for part := range uint64(16) {
		f.Ctx = main.WithGasMeter(storetypes.NewGasMeter(need * part / 16))
		_, err := run(f, f.msgs.BidBatch, msg)
		require.ErrorContains(t, err, "panicked", "%d/16 of the gas", part)
		f.Ctx = main
		require.Equal(t, before, f.export())
	}
	f.Ctx = main.WithGasMeter(storetypes.NewGasMeter(need))
	_, err := run(f, f.msgs.BidBatch, msg)
	require.NoError(t, err)
	f.Ctx = main
	f.blocks(1)
}

// Results become part of the block's, on which all nodes must agree: an error
// without a code does not speak for itself, and neither does a panic.
func TestResultsSayTheSameOnEveryNode(t *testing.T) {
	results := func(trouble func(*fakeProvers)) (list []string) {
		f := setup(t)
		ids := f.many(2)
		_, err := run(f, f.msgs.BidBatch, f.bidBatch(ids...))
		require.NoError(t, err)
		late := f.assigned()
		f.toReveal(ids[0])
		trouble(f.provers)
		opened, err := run(f, f.msgs.RevealBatch, f.revealBatch(ids...))
		require.NoError(t, err)
		for _, r := range opened.Results {
			failed(t, r.Error, types.ErrItemFailed)
			list = append(list, r.Error.Text)
		}
		for range 3 { // the deadline passes, and the queue comes in vain
			f.endBlock()
			f.beginBlock(30e9)
		}
		return append(list, f.refund(late).Error)
	}
	node := func(name string) func(*fakeProvers) {
		return func(p *fakeProvers) {
			p.openFails = fmt.Errorf("disk of %s is full", name)
			p.closeFails = errors.New("address 0x" + name)
		}
	}
	one, other := results(node("node-1")), results(node("node-2"))
	require.Equal(t, one, other)
	for _, text := range one {
		require.Equal(t, "item failed", text)
	}
	panics := results(func(p *fakeProvers) { p.openFails, p.panicOnSlash = errors.New("x"), true })
	require.Equal(t, "panicked: item failed", panics[2])
}

// law M16: pausing bids stops first ones, in batches too; one that stands is
// replaced and revealed, and all that ends or pays goes on.
func TestPause(t *testing.T) {
	f := setup(t)
	id := f.request(withStandby)
	f.bid(id, alice, 6, true)
	f.bid(id, bob, 5)
	other := f.request()
	delivered, cancelled := f.assigned(), f.request()
	f.pause(types.Pause{Requests: true, Bids: true})
	fails(f, f.msgs.Request, f.requestMsg(), types.ErrPaused)
	fails(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: requester.String(), RequestId: cancelled, MaxFee: math.NewInt(maxFee + 1)}, types.ErrPaused)
	fails(f, f.msgs.Bid, f.bidMsg(cancelled, alice, alice, 5, false), types.ErrPaused)
	response, err := run(f, f.msgs.BidBatch, f.bidBatch(cancelled))
	require.NoError(t, err)
	failed(t, response.Results[0].Error, types.ErrPaused)
	may := func(prover sdk.AccAddress) bool {
		res, err := f.queries.MayBid(f.Ctx, &types.QueryMayBidRequest{RequestId: cancelled, Prover: prover.String()})
		require.NoError(t, err)
		return res.MayBid
	}
	require.False(t, may(alice))
	params, err := f.queries.Params(f.Ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, types.Pause{Requests: true, Bids: true}, params.Pause)

	_, err = run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: cancelled})
	require.NoError(t, err)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(delivered, bob))
	require.NoError(t, err)
	f.blocks(1)
	require.Equal(t, types.END_REASON_NO_BIDS, f.view(other).Auction.EndReason)
	if f.view(id).Stage == types.STAGE_BIDDING {
		f.toReveal(id)
	}
	f.reveal(id, alice, 6, true)
	f.reveal(id, bob, 5)
	f.blocks(1)
	require.Equal(t, bob.String(), f.view(id).Auction.Assignment.Prover)
	f.blocks(62) // bob misses; alice is promoted
	require.Equal(t, alice.String(), f.view(id).Auction.Assignment.Prover)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	f.pause(types.Pause{})
	f.bid(f.request(), alice, 5)
	f.blocks(1)
}

// A bid that stands may be replaced while first bids are paused.
func TestPausedBidsMayBeReplaced(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 6)
	f.pause(types.Pause{Bids: true})
	f.bid(id, alice, 7)
	fails(f, f.msgs.Bid, f.bidMsg(id, bob, bob, 7, false), types.ErrPaused)
	f.request() // the other switch is off
	f.toReveal(id)
	f.reveal(id, alice, 7)
	f.blocks(1)
	require.Equal(t, int64(7), f.view(id).Auction.Assignment.Price.Int64())
}

// pause sets what is paused.
func (f *fixture) pause(p types.Pause) {
	_, err := run(f, f.msgs.SetPause, &types.MsgSetPause{Authority: f.Authority, Pause: p})
	require.NoError(f.t, err)
}
