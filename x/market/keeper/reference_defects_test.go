package keeper_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Defect 4 of the reference: slashing by basis points took nothing from a large vault,
// and failed once four fifths of it had gone. The market asks for an amount, each
// time the same, until the vault takes no more work or is empty.
func TestDefect4SlashIsAnAmount(t *testing.T) {
	for name, tc := range map[string]struct {
		assets       int64
		misses, left int64
	}{
		"large vault": {1_000_000_000_000_000, 3, 1_000_000_000_000_000 - 3_000_000},
		"to the end":  {10_000_000, 10, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.set(func(p *types.Params) { p.SlashBps = 10_000 })
			f.Fund(t, vault(alice), max(tc.assets-100_000_000, 1))
			f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets = tc.assets })
			for i := range tc.misses {
				id := f.request(func(m *types.MsgRequest) { m.MinStake = math.NewInt(1_000_000) })
				f.bid(id, alice, 5)
				f.toReveal(id)
				f.reveal(id, alice, 5)
				f.blocks(1)
				before := f.riches()
				f.finish(id)
				require.Equal(t, map[string]int64{"requester": maxFee, "alice": -1_000_000, chest: 1_000_000 + bond}, f.gains(before), "miss %d", i+1)
			}
			prover, _ := f.provers.get(f.Ctx, alice)
			require.Equal(t, tc.left, prover.Assets)
			if tc.left == 0 {
				id := f.request(func(m *types.MsgRequest) { m.MinStake = math.NewInt(1_000_000) })
				fails(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 5, false), types.ErrVaultTooSmall)
			}
		})
	}
}

// Defect 6: win, unstake, leave, miss. What the market asks of the module provers is
// an obligation that stands from the lead to the end, without a gap; one whose slash
// fails stands until it is slashed.
func TestDefect6ObligationStandsUntilTheSlash(t *testing.T) {
	f := setup(t)
	open := func(p sdk.AccAddress) int {
		prover, _ := f.provers.get(f.Ctx, p)
		return len(prover.Open)
	}
	id := f.request()
	f.bid(id, alice, 6)
	f.bid(id, bob, 5)
	f.bid(id, carol, 7)
	f.toReveal(id)
	require.Zero(t, open(alice), "a sealed bid is no obligation, its bond answers for it")
	f.reveal(id, alice, 6)
	require.Equal(t, 1, open(alice))
	f.reveal(id, bob, 5)
	require.Zero(t, open(alice))
	for uint64(f.Ctx.BlockHeight()) <= f.view(id).Auction.RevealEnd {
		require.Equal(t, 1, open(bob))
		f.blocks(1)
	}
	f.provers.panicOnSlash = true
	for range 70 {
		require.Equal(t, 1, open(bob))
		f.blocks(1)
	}
	require.False(t, f.refund(id).Applied)
	require.Equal(t, 1, open(bob), "overdue, and not slashed yet")
	f.provers.panicOnSlash = false
	require.True(t, f.refund(id).Applied)
	require.Zero(t, open(bob))
	require.Equal(t, int64(penalty), f.slashed(bob))
	f.blocks(1)
}

// Defect 9: 64-bit salts. The chain takes 32 bytes and nothing else, and a commitment
// tells nothing of the fee. Where salts come from, and that they are on disk before
// the bid leaves, is the sidecar's: prover/store.
func TestDefect9SaltsHave256Bits(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	one := f.bidMsg(id, alice, alice, 5, false).Commitment
	f.toReveal(id)
	for _, n := range []int{0, 8, 31, 33, 64} {
		msg := f.revealMsg(id, alice, alice, 5, false)
		msg.Salt = make([]byte, n)
		fails(f, f.msgs.Reveal, msg, types.ErrInvalidSize)
	}
	// Every fee is as good a guess as any other, even with all bits but one.
	near := f.revealMsg(id, alice, alice, 5, false)
	near.Salt = append([]byte(nil), near.Salt...)
	near.Salt[31] ^= 1
	fails(f, f.msgs.Reveal, near, types.ErrWrongReveal)
	bid, err := f.queries.Bid(f.Ctx, &types.QueryBidRequest{RequestId: id, Prover: alice.String()})
	require.NoError(t, err)
	require.Equal(t, one, bid.Bid.Commitment)
	require.True(t, bid.Bid.Fee.IsZero(), "a sealed bid shows no fee")
	f.reveal(id, alice, 5)
	f.blocks(1)
}

// Defect 11: the commission is raised just before a large reward. The market takes no
// commission and keeps no reward: it is in the vault, whole and under the market's own
// source, in the transaction of the proof. What the vault does with it, and the notice
// for a higher rate, is law S6.
func TestDefect11RewardIsInTheVaultAtOnce(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	before, _ := f.provers.get(f.Ctx, bob)
	f.proves(id)
	after, _ := f.provers.get(f.Ctx, bob)
	require.Equal(t, int64(5_700_000), after.Reward-before.Reward)
	require.Equal(t, int64(5_700_000), after.Assets-before.Assets)
	require.Equal(t, int64(100_000_000+5_700_000), f.Balance(vault(bob)).Int64())
	f.blocks(1)
}

// Defect 12: null provers counted as registered, any address accepted as an effective
// prover. Who never was a prover, or has retired, does nothing; neither does a link to one.
func TestDefect12NobodyActsForAnAddressThatIsNoProver(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	open := f.request()
	f.link()
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_RETIRED })
	for _, who := range []sdk.AccAddress{stranger, requester, alice, gpu, treasuryAddr, vault(bob), f.account(id), make(sdk.AccAddress, 20)} {
		fails(f, f.msgs.Bid, f.bidMsg(open, who, who, 5, false), types.ErrNotAProver)
		fails(f, f.msgs.SubmitProof, f.proofMsg(id, who), types.ErrNotAProver)
		fails(f, f.msgs.ConsentSubmitter, consentMsg(dave, who), types.ErrNotAProver)
	}
	f.blocks(1)
}

// Defect 12: oversized inputs bloated the state. Whatever has a size goes in at its limit,
// and one past it is refused with nothing changed.
func TestDefect12OversizedInputs(t *testing.T) {
	f := setup(t)
	link := func(n int) string { return "https://x/" + strings.Repeat("a", n-len("https://x/")) }
	for name, tc := range map[string]struct {
		limit int
		set   func(m *types.MsgRequest, n int)
	}{
		"image url":    {types.MaxURLBytes, func(m *types.MsgRequest, n int) { m.Image.Url = link(n) }},
		"input url":    {types.MaxURLBytes, func(m *types.MsgRequest, n int) { m.Input = types.Input{Url: link(n), Sha256: m.Image.Sha256} }},
		"inline input": {int(types.DefaultParams().MaxInlineInput), func(m *types.MsgRequest, n int) { m.Input = types.Input{Inline: make([]byte, n)} }},
	} {
		t.Run(name, func(*testing.T) {
			msg := f.requestMsg()
			tc.set(msg, tc.limit+1)
			fails(f, f.msgs.Request, msg, types.ErrInvalidSize)
			tc.set(msg, tc.limit)
			_, err := run(f, f.msgs.Request, msg)
			require.NoError(t, err)
		})
	}
	id := f.assigned()
	msg := f.proofMsg(id, bob)
	sound := msg.Proof
	msg.Proof = make([]byte, types.MaxProofBytes+1)
	fails(f, f.msgs.SubmitProof, msg, types.ErrInvalidSize)
	msg.Proof = msg.Proof[1:]
	fails(f, f.msgs.SubmitProof, msg, verifiertypes.ErrInvalidProof) // it was looked at
	msg.Proof, msg.PublicValues = sound, make([]byte, types.MaxPublicValuesBytes+1)
	fails(f, f.msgs.SubmitProof, msg, types.ErrInvalidSize)
	msg.PublicValues = msg.PublicValues[1:]
	_, err := run(f, f.msgs.SubmitProof, msg)
	require.NoError(t, err)
	f.blocks(1)
}

// Defect 12: no list is longer than its limit, whichever message carries it.
func TestDefect12OversizedLists(t *testing.T) {
	f := setup(t)
	var ids []string
	var submitters []sdk.AccAddress
	for i := range types.MaxBatch + 1 {
		ids = append(ids, f.request())
		submitters = append(submitters, account(fmt.Sprint("submitter", i)))
		_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(submitters[i], alice))
		require.NoError(t, err)
	}
	bids, reveals := &types.MsgBidBatch{Signer: bob.String()}, &types.MsgRevealBatch{Signer: bob.String()}
	for _, id := range ids {
		bids.Items = append(bids.Items, types.BidItem{RequestId: id, Commitment: f.bidMsg(id, bob, bob, 5, false).Commitment})
		reveals.Items = append(reveals.Items, types.RevealItem{RequestId: id, Fee: math.NewInt(5), Salt: salt(bob.String())})
	}
	fails(f, f.msgs.BidBatch, bids, types.ErrTooManyItems)
	fails(f, f.msgs.Refund, &types.MsgRefund{Signer: bob.String(), RequestIds: ids}, types.ErrTooManyItems)
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, submitters...), types.ErrTooManyItems)
	fails(f, f.msgs.UnregisterSubmitter, endMsg(alice, submitters...), types.ErrTooManyItems)
	_, err := run(f, f.msgs.RegisterSubmitter, registerMsg(alice, submitters[1:]...))
	require.NoError(t, err)
	_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(alice, submitters[1:]...))
	require.NoError(t, err)
	bids.Items = bids.Items[1:]
	_, err = run(f, f.msgs.BidBatch, bids)
	require.NoError(t, err)
	f.toReveal(ids[1])
	fails(f, f.msgs.RevealBatch, reveals, types.ErrTooManyItems)
	reveals.Items = reveals.Items[1:]
	_, err = run(f, f.msgs.RevealBatch, reveals)
	require.NoError(t, err)
	for _, id := range ids[1:] {
		require.Equal(t, uint64(1), f.view(id).Auction.Ranked)
	}
	f.blocks(1)
}

// From the peers' audits: one failing item must not stop the rest of a batch, and leaves
// nothing behind itself.
func TestPeersFailingBatchItemStopsNoOther(t *testing.T) {
	f := setup(t)
	first, ended, last := f.request(), f.request(), f.request()
	f.cancel(ended)
	bids := &types.MsgBidBatch{Signer: alice.String()}
	reveals := &types.MsgRevealBatch{Signer: alice.String()}
	for _, id := range []string{first, ended, last} {
		bids.Items = append(bids.Items, types.BidItem{RequestId: id, Commitment: f.bidMsg(id, alice, alice, 5, false).Commitment})
		reveals.Items = append(reveals.Items, types.RevealItem{RequestId: id, Fee: math.NewInt(5), Salt: salt(alice.String())})
	}
	before := f.Balance(alice)
	bid, err := run(f, f.msgs.BidBatch, bids)
	require.NoError(t, err)
	require.Equal(t, int64(-2*bond), f.gained(alice, before), "two bonds")
	f.toReveal(first)
	revealed, err := run(f, f.msgs.RevealBatch, reveals)
	require.NoError(t, err)
	for i, fails := range []bool{false, true, false} {
		require.Equal(t, fails, bid.Results[i].Error != nil)
		require.Equal(t, fails, revealed.Results[i].Error != nil)
		require.Equal(t, !fails, revealed.Results[i].Leads)
	}
	f.blocks(1)
	refunded, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: stranger.String(), RequestIds: []string{ended, first}})
	require.NoError(t, err)
	require.NotEmpty(t, refunded.Results[0].Error)
	require.NotEmpty(t, refunded.Results[1].Error, "nothing is due on it")
	f.proves(first)
	f.proves(last)
	f.blocks(1)
}

// From the peers' audits: a proof must be bound to the request that it pays for. One
// for another statement pays nothing; one for the same statement pays the assigned
// prover of the request that it is sent for, once, and nobody who copies it.
func TestPeersProofIsBoundToItsRequest(t *testing.T) {
	f := setup(t)
	before := f.riches()
	other := func(m *types.MsgRequest) { m.Statement.Digest = types.FormatID(account32("another digest")) }
	first, second, third := f.request(), f.request(), f.request(other)
	for id, p := range map[string]sdk.AccAddress{first: alice, second: bob, third: alice} {
		f.bid(id, p, 1_000_000)
	}
	f.toReveal(first)
	for id, p := range map[string]sdk.AccAddress{first: alice, second: bob, third: alice} {
		f.reveal(id, p, 1_000_000)
	}
	f.blocks(1)
	wrong := f.proofMsg(first, alice)
	wrong.RequestId = third
	fails(f, f.msgs.SubmitProof, wrong, verifiertypes.ErrInvalidProof)
	stolen := f.proofMsg(second, bob) // the same statement, and bob's own
	stolen.RequestId = first
	fails(f, f.msgs.SubmitProof, stolen, types.ErrNotAssignedToYou)
	f.proves(first)
	fails(f, f.msgs.SubmitProof, f.proofMsg(first, alice), types.ErrRequestEnded)
	f.blocks(1)
	require.Equal(t, types.REQUEST_STATUS_PENDING, f.view(second).Auction.Status, "its twin is not paid with it")
	copied, err := f.queries.Proof(f.Ctx, &types.QueryProofRequest{RequestId: first})
	require.NoError(t, err)
	_, err = run(f, f.msgs.SubmitProof, &types.MsgSubmitProof{Signer: bob.String(), RequestId: second, Proof: copied.Proof.Proof, PublicValues: copied.Proof.PublicValues})
	require.NoError(t, err, "a proof says that a statement is true; whose it is does not matter (law V8)")
	f.finish(first, second, third)
	require.Equal(t, map[string]int64{
		"requester": -2_000_000 - 3*requestFee, "alice": 950_000 - bond - penalty, "bob": 950_000,
		chest: 100_000 + 3*requestFee + bond + penalty,
	}, f.gains(before))
}

// From the peers' audits: an escrow withdrawn and closed in one block, with coins that
// come in again by hand, and by the same message once more.
func TestPeersEscrowWithdrawnAndClosedInOneBlock(t *testing.T) {
	f := setup(t)
	before := f.riches()
	msg := f.requestMsg()
	made, err := run(f, f.msgs.Request, msg)
	require.NoError(t, err)
	f.cancel(made.Id)
	require.Nil(t, f.Account.GetAccount(f.Ctx, f.account(made.Id)))
	fails(f, f.msgs.Request, msg, types.ErrRequestExists)
	fails(f, f.msgs.Bid, f.bidMsg(made.Id, alice, alice, 5, false), types.ErrRequestEnded)
	require.Contains(t, f.refund(made.Id).Error, types.ErrRequestEnded.Error())
	f.blocks(1)
	require.Equal(t, map[string]int64{"requester": -requestFee, chest: requestFee}, f.gains(before))

	// All of it in one block: the last proof, its claim and the close.
	before = f.riches()
	id := f.assigned()
	f.refuse[requester.String()] = true
	f.proves(id)
	f.refuse[requester.String()] = false
	_, err = run(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()})
	require.NoError(t, err)
	fails(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()}, types.ErrNothingToClaim)
	require.Nil(t, f.Account.GetAccount(f.Ctx, f.account(id)))
	f.blocks(1)
	require.Equal(t, calm(false), f.gains(before))
}

// From the peers' audits: a slasher that profits from a slash, and a settlement that
// waits for somebody's call. Whoever applies the miss gains nothing by it, and the
// same happens if nobody does.
func TestPeersNobodyGainsByApplyingAMiss(t *testing.T) {
	var want map[string]int64
	for _, caller := range []sdk.AccAddress{nil, stranger, requester, alice, bob, gpu} {
		f := setup(t)
		before := f.riches()
		id := f.assigned()
		f.pass(gaps{59 * time.Second})
		f.endBlock()
		f.beginBlock(2 * time.Second)
		if caller != nil {
			response, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: caller.String(), RequestIds: []string{id, id}})
			require.NoError(t, err)
			require.True(t, response.Results[0].Applied)
			require.False(t, response.Results[1].Applied, "once")
		}
		f.blocks(1)
		gains := f.gains(before)
		if want == nil {
			want = gains
		}
		require.Equal(t, want, gains)
	}
	require.Equal(t, map[string]int64{"requester": -requestFee, "bob": -bond - penalty, chest: requestFee + bond + penalty}, want)
}

// From the peers' audits: a limit that admits one too many. As many penalties as the
// vault covers, and not one more, however many bids were sealed before.
func TestPeersExposureAdmitsNotOneMore(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.OvercommitBps = 0 })
	const covered = 10
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets = covered * penalty })
	var ids []string
	for range covered + 2 {
		ids = append(ids, f.request())
		f.bid(ids[len(ids)-1], alice, 5)
	}
	before := f.Balance(alice)
	f.toReveal(ids[0])
	for i, id := range ids {
		require.Equal(t, i < covered, f.reveal(id, alice, 5).Ranked)
	}
	f.blocks(1)
	prover, _ := f.provers.get(f.Ctx, alice)
	require.Len(t, prover.Open, covered)
	f.finish(ids...)
	require.Equal(t, int64(0), f.gained(alice, before), "every bond is lost")
	require.Equal(t, int64(covered*penalty), f.slashed(alice), "and every penalty covered")
}
