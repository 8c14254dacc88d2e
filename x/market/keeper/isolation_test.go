package keeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// marketKeys lists the keys of the market's store with their values.
func (f *fixture) marketKeys() map[string]string {
	all := map[string]string{}
	it := f.marketStore().Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	return all
}

// side is one of two parties that share nothing but the market: who buys, two who
// prove, who acts for the first of them, what is bought, and the requests made.
type side struct {
	buyer, one, two, hand sdk.AccAddress
	program               string
	ids                   [4]string
	seen                  []*touched
}

// act is a message that both sides send in the same block; before runs ahead of both.
type act struct {
	name   string
	before func(f *fixture, s *side)
	send   func(f *fixture, s *side) func() error
}

// sent makes the sending of a message; its making may read what the message does not.
func sent[M, R any](f *fixture, handler func(contextT, M) (R, error), msg M) func() error {
	return func() error {
		_, err := run(f, handler, msg)
		return err
	}
}

// asks makes the n-th request of a side.
func asks(n int) func(*fixture, *side) func() error {
	return func(f *fixture, s *side) func() error {
		msg := f.requestMsg()
		msg.Requester, msg.Statement.Program = s.buyer.String(), types.FormatID(account32(s.program))
		msg.Statement.Digest = types.FormatID(account32(s.program + " digest"))
		withStandby(msg)
		return func() error {
			res, err := run(f, f.msgs.Request, msg)
			if err == nil {
				s.ids[n] = res.Id
			}
			return err
		}
	}
}

// acts has every message of people but those of the authority. The first request is
// proved by the winner, the second by a standby prover, the third and the fourth are
// cancelled.
func acts() []act {
	list := []act{
		{"consent", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.ConsentSubmitter, consentMsg(s.hand, s.one))
		}},
		{"withdraw consent", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.WithdrawConsent, &types.MsgWithdrawConsent{Submitter: s.hand.String()})
		}},
		{"consent again", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.ConsentSubmitter, consentMsg(s.hand, s.one))
		}},
		{"register", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.RegisterSubmitter, registerMsg(s.one, s.hand))
		}},
	}
	for n := range 4 {
		list = append(list, act{"request", nil, asks(n)})
	}
	return append(append(list, buying()...), delivering()...)
}

// buying are the messages of an auction up to its end.
func buying() []act {
	bid := func(n int, standby bool) func(f *fixture, s *side) func() error {
		return func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.Bid, f.bidMsg(s.ids[n], s.two, s.two, 4_000_000, standby))
		}
	}
	reveal := func(n int) func(f *fixture, s *side) func() error {
		return func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.Reveal, f.revealMsg(s.ids[n], s.two, s.two, 4_000_000, false))
		}
	}
	return []act{
		{"raise", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: s.buyer.String(), RequestId: s.ids[0], MaxFee: math.NewInt(maxFee + 1)})
		}},
		{"cancel", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.Cancel, &types.MsgCancel{Requester: s.buyer.String(), RequestId: s.ids[2]})
		}},
		{"bid batch", nil, func(f *fixture, s *side) func() error {
			msg := &types.MsgBidBatch{Signer: s.hand.String()}
			for _, id := range s.ids[:2] {
				msg.Items = append(msg.Items, types.BidItem{RequestId: id, Commitment: f.bidMsg(id, s.hand, s.one, 6_000_000, true).Commitment})
			}
			return sent(f, f.msgs.BidBatch, msg)
		}},
		{"bid", nil, bid(0, true)},
		{"bid again", nil, bid(0, false)},
		{"bid for the other", nil, bid(1, false)},
		{"reveal batch", func(f *fixture, s *side) { f.toReveal(s.ids[0]) }, func(f *fixture, s *side) func() error {
			msg := &types.MsgRevealBatch{Signer: s.hand.String()}
			for _, id := range s.ids[:2] {
				msg.Items = append(msg.Items, types.RevealItem{RequestId: id, Fee: math.NewInt(6_000_000), Standby: true, Salt: salt(s.one.String())})
			}
			return sent(f, f.msgs.RevealBatch, msg)
		}},
		{"reveal", nil, reveal(0)},
		{"reveal for the other", nil, reveal(1)},
	}
}

// delivering are the messages after an auction.
func delivering() []act {
	proof := func(n int, prover func(*side) sdk.AccAddress) func(f *fixture, s *side) func() error {
		return func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.SubmitProof, f.proofMsg(s.ids[n], prover(s)))
		}
	}
	return []act{
		{"proof", func(f *fixture, _ *side) { f.blocks(1) }, proof(0, func(s *side) sdk.AccAddress { return s.two })},
		// The deadline has passed, and no end of a block has come to it.
		{"refund", func(f *fixture, _ *side) { f.pass(gaps{59 * time.Second, 2 * time.Second}) }, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.Refund, &types.MsgRefund{Signer: s.hand.String(), RequestIds: []string{s.ids[1]}})
		}},
		{"standby proof", nil, proof(1, func(s *side) sdk.AccAddress { return s.one })},
		{"unregister", nil, func(f *fixture, s *side) func() error {
			return sent(f, f.msgs.UnregisterSubmitter, endMsg(s.one, s.hand))
		}},
	}
}

// play lets all sides act, and notes what each message touched.
func play(f *fixture, list []act, sides ...*side) {
	for _, a := range list {
		if a.before != nil {
			a.before(f, sides[0])
		}
		for _, s := range sides {
			do := a.send(f, s)
			s.seen = append(s.seen, f.touches(s.program+"'s "+a.name, func() { require.NoError(f.t, do(), a.name) }))
		}
	}
}

// twoSides are two parties with provers of their own.
func twoSides(f *fixture) (*side, *side) {
	f.Fund(f.tb, account("rig"), wealth)
	return &side{buyer: requester, one: alice, two: bob, hand: gpu, program: "red"},
		&side{buyer: stranger, one: carol, two: dave, hand: account("rig"), program: "blue"}
}

// law M18: two requests that share nothing touch no common key, in any store: what a
// message of one side writes no message of the other side reads or writes.
func TestRequestsThatShareNothingTouchNoCommonKey(t *testing.T) {
	f := setup(t)
	red, blue := twoSides(f)
	play(f, acts(), red, blue)
	for i, one := range []*side{red, blue} {
		for _, a := range one.seen {
			require.NotEmpty(t, a.writes, a.message)
			for _, b := range []*side{blue, red}[i].seen {
				require.Empty(t, a.meets(b), "%s and %s", a.message, b.message)
			}
		}
	}
	// The watch sees what messages share that do share something.
	require.NotEmpty(t, red.seen[0].meets(red.seen[1]))
	for _, s := range []*side{red, blue} {
		require.Equal(t, types.END_REASON_PROVED, f.view(s.ids[0]).Auction.EndReason)
		require.True(t, f.view(s.ids[1]).Auction.Assignment.Standby)
		require.Equal(t, types.END_REASON_PROVED, f.view(s.ids[1]).Auction.EndReason)
	}
	f.blocks(1)
}

// What can't be paid lies in the claims account (law M12), and that is all that two
// requests share whose owners can't be paid.
func TestFailedPayoutsMeetAtTheClaimsAccountOnly(t *testing.T) {
	f := setup(t)
	f.handmade = true
	red, blue := twoSides(f)
	play(f, []act{{"request", nil, asks(0)}}, red, blue)
	f.refuse[requester.String()], f.refuse[stranger.String()] = true, true
	cancel := act{"cancel", nil, func(f *fixture, s *side) func() error {
		return sent(f, f.msgs.Cancel, &types.MsgCancel{Requester: s.buyer.String(), RequestId: s.ids[0]})
	}}
	claim := act{"claim", func(f *fixture, _ *side) { clear(f.refuse) }, func(f *fixture, s *side) func() error {
		return sent(f, f.msgs.Claim, &types.MsgClaim{Owner: s.buyer.String()})
	}}
	play(f, []act{cancel, claim}, red, blue)
	shared := 0
	for _, a := range red.seen {
		for _, b := range blue.seen {
			for _, key := range append(a.meets(b), b.meets(a)...) {
				require.Contains(t, key, string(types.ClaimsAccount()), "%s and %s share %q", a.message, b.message, key)
				shared++
			}
		}
	}
	require.Positive(t, shared)
	f.blocks(1)
}

// law M18: every key of the market's own that a message writes holds the request's id
// or an address of the signer's side.
func TestMessagesWriteTheirOwnKeysOnly(t *testing.T) {
	f := setup(t)
	red, blue := twoSides(f)
	play(f, acts(), red, blue)
	for _, s := range []*side{red, blue} {
		var own []string
		for _, id := range s.ids {
			raw, err := types.ParseID(id)
			require.NoError(t, err)
			own = append(own, string(raw))
		}
		for _, addr := range []sdk.AccAddress{s.buyer, s.one, s.two, s.hand} {
			own = append(own, string(addr))
		}
		for _, m := range s.seen {
			for _, key := range m.writes {
				if strings.HasPrefix(key, types.StoreKey+"/") {
					require.True(t, containsAny(key, own), "%s wrote %q", m.message, key)
				}
			}
		}
	}
	f.blocks(1)
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}
