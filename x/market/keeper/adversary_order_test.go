package keeper_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// orders are all orders of n things.
func orders(n int) (list [][]int) {
	var extend func(order []int)
	extend = func(order []int) {
		if len(order) == n {
			list = append(list, slices.Clone(order))
			return
		}
		for i := range n {
			if !slices.Contains(order, i) {
				extend(append(order, i))
			}
		}
	}
	extend(nil)
	return list
}

// message is one of a block's messages.
type message struct {
	name string
	send func(f *fixture, id string) error
}

// outcome is what came of one order.
type outcome struct {
	order []string
	// failed holds what each message failed with.
	failed map[string]error
	gains  map[string]int64
}

// first tells whether all that are named came in this order.
func (o outcome) first(names ...string) bool {
	at := -1
	for _, name := range names {
		i := slices.Index(o.order, name)
		if i < at {
			return false
		}
		at = i
	}
	return true
}

// inEveryOrder sends the messages in one block, in every order; each block ends with
// the invariants holding, and each order with every coin in its place. after goes on
// with the request, check looks at what came of it.
func inEveryOrder(t *testing.T, prepare func(f *fixture) string, list []message, after func(f *fixture, id string), check func(t *testing.T, o outcome)) {
	for _, order := range orders(len(list)) {
		f := setup(t)
		before := f.riches()
		id := prepare(f)
		o := outcome{failed: map[string]error{}}
		for _, i := range order {
			o.order = append(o.order, list[i].name)
			o.failed[list[i].name] = list[i].send(f, id)
		}
		f.blocks(1)
		if after != nil {
			after(f, id)
		}
		f.finish(id)
		o.gains = f.gains(before)
		t.Run(strings.Join(o.order, ", "), func(t *testing.T) { check(t, o) })
	}
}

// bidBy and the like are messages of a block.
func bidBy(name string, fee int64, standby ...bool) message {
	return message{"bid " + name, func(f *fixture, id string) error {
		return errOf(run(f, f.msgs.Bid, f.bidMsg(id, people[name], people[name], fee, len(standby) > 0)))
	}}
}

func revealBy(name string, fee int64) message {
	return message{"reveal " + name, func(f *fixture, id string) error {
		return errOf(run(f, f.msgs.Reveal, f.revealMsg(id, people[name], people[name], fee, false)))
	}}
}

func proofBy(name string) message {
	return message{"proof " + name, func(f *fixture, id string) error {
		return errOf(run(f, f.msgs.SubmitProof, f.proofMsg(id, people[name])))
	}}
}

var (
	refundIt = message{"refund", func(f *fixture, id string) error {
		if result := f.refund(id); !result.Applied {
			return types.ErrNothingDue
		}
		return nil
	}}
	cancelIt = message{"cancel", func(f *fixture, id string) error {
		return errOf(run(f, f.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: id}))
	}}
	raiseIt = message{"raise", func(f *fixture, id string) error {
		return errOf(run(f, f.msgs.RaiseFee, &types.MsgRaiseFee{Requester: requester.String(), RequestId: id, MaxFee: math.NewInt(2 * maxFee)}))
	}}
)

// A request, its cancelling, raising and first bids, in the block that it is made in.
func TestAdversaryOrderOfABeginning(t *testing.T) {
	msg := &types.MsgRequest{}
	prepare := func(f *fixture) string {
		msg = f.requestMsg()
		program, digest, err := msg.Statement.Decode()
		require.NoError(t, err)
		id, err := auction.RequestID(f.Ctx.ChainID(), requester, msg.Nonce, msg.Statement.Verifier, program[:], digest[:])
		require.NoError(t, err)
		return types.FormatID(id[:])
	}
	request := message{"request", func(f *fixture, _ string) error { return errOf(run(f, f.msgs.Request, msg)) }}
	inEveryOrder(t, prepare, []message{request, cancelIt, raiseIt, bidBy("alice", 5), bidBy("bob", 6)}, nil, func(t *testing.T, o outcome) {
		cancelled := o.first("request", "cancel") && !o.first("request", "bid alice", "cancel") && !o.first("request", "bid bob", "cancel")
		require.NoError(t, o.failed["request"])
		require.Equal(t, cancelled, o.failed["cancel"] == nil)
		raised := o.first("request", "raise") && (!cancelled || !o.first("cancel", "raise"))
		require.Equal(t, raised, o.failed["raise"] == nil)
		want := map[string]int64{"requester": -requestFee, chest: requestFee}
		for _, who := range []string{"alice", "bob"} { // none reveals
			stands := o.first("request", "bid "+who) && !cancelled
			require.Equal(t, stands, o.failed["bid "+who] == nil)
			paid := int64(bond)
			if raised && o.first("raise", "bid "+who) {
				paid = 2 * bond
			}
			if stands {
				want[who], want[chest] = -paid, want[chest]+paid
			}
		}
		require.Equal(t, want, o.gains)
	})
}

// The last block of the bidding: two replacements, two first bids and a raise.
func TestAdversaryOrderInTheLastBlockOfTheBidding(t *testing.T) {
	down, up := bidBy("alice", 3_000_000), bidBy("alice", 5_000_000)
	down.name, up.name = "down", "up"
	prepare := func(f *fixture) string {
		id := f.request()
		f.bid(id, alice, 9_000_000)
		for uint64(f.Ctx.BlockHeight()) < f.view(id).Auction.BiddingEnd {
			f.blocks(1)
		}
		return id
	}
	after := func(f *fixture, id string) {
		for _, m := range []message{revealBy("bob", 4_000_000), revealBy("carol", 7_000_000)} {
			require.NoError(t, m.send(f, id))
		}
		opened := 0
		for _, fee := range []int64{9_000_000, 3_000_000, 5_000_000} {
			if revealBy("alice", fee).send(f, id) == nil {
				opened++
			}
		}
		require.Equal(t, 1, opened)
		f.blocks(1)
		f.proves(id)
	}
	inEveryOrder(t, prepare, []message{down, up, bidBy("bob", 4_000_000), bidBy("carol", 7_000_000), raiseIt}, after, func(t *testing.T, o outcome) {
		for name, err := range o.failed {
			require.NoError(t, err, name)
		}
		winner, price := "alice", int64(4_000_000)
		if o.first("down", "up") {
			winner, price = "bob", 5_000_000
		}
		require.Equal(t, map[string]int64{"requester": -price - requestFee, winner: price - price/20, chest: price/20 + requestFee}, o.gains)
	})
}

// revealing brings a request to its first block of reveals.
func revealing(fees map[string]int64) func(f *fixture) string {
	return func(f *fixture) string {
		id := f.request()
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			if fee, bids := fees[name]; bids {
				f.bid(id, people[name], fee)
			}
		}
		f.toReveal(id)
		return id
	}
}

// Reveals, with a refund that nobody is owed: without a tie the order does not matter
// to anybody; among equals the first revealed wins.
func TestAdversaryOrderOfReveals(t *testing.T) {
	list := []message{revealBy("alice", 6_000_000), revealBy("bob", 4_000_000), revealBy("carol", 6_000_000), revealBy("dave", 9_000_000), refundIt}
	fees := map[string]int64{"alice": 6_000_000, "bob": 4_000_000, "carol": 6_000_000, "dave": 9_000_000}
	prove := func(f *fixture, id string) { f.proves(id) }
	inEveryOrder(t, revealing(fees), list, prove, func(t *testing.T, o outcome) {
		require.Error(t, o.failed["refund"])
		require.Equal(t, calm(false), o.gains)
	})
	list = []message{revealBy("alice", 6_000_000), revealBy("bob", 6_000_000), revealBy("carol", 6_000_000), proofBy("alice")}
	fees = map[string]int64{"alice": 6_000_000, "bob": 6_000_000, "carol": 6_000_000}
	inEveryOrder(t, revealing(fees), list, prove, func(t *testing.T, o outcome) {
		require.ErrorIs(t, o.failed["proof alice"], types.ErrNotAssigned)
		winner := strings.TrimPrefix(o.order[slices.IndexFunc(o.order, func(s string) bool { return strings.HasPrefix(s, "reveal") })], "reveal ")
		require.Equal(t, map[string]int64{"requester": -6_000_000 - requestFee, winner: 5_700_000, chest: 300_000 + requestFee}, o.gains)
	})
}

// The block of the deadline: the winner delivers, whatever else is tried around it.
func TestAdversaryOrderAtTheDeadline(t *testing.T) {
	prepare := func(f *fixture) string {
		id := f.request(withStandby)
		f.sealAndOpen(id)
		f.pass(gaps{59 * time.Second})
		require.Equal(t, *f.view(id).Deadline, f.marketTime())
		return id
	}
	again := proofBy("bob")
	again.name = "again"
	inEveryOrder(t, prepare, []message{proofBy("bob"), again, proofBy("alice"), refundIt, cancelIt}, nil, func(t *testing.T, o outcome) {
		require.Equal(t, o.first("proof bob", "again"), o.failed["proof bob"] == nil)
		require.Equal(t, o.first("again", "proof bob"), o.failed["again"] == nil)
		for _, name := range []string{"proof alice", "refund", "cancel"} {
			require.Error(t, o.failed[name])
		}
		require.Equal(t, calm(false), o.gains)
	})
}

// The block after the deadline, before the queue comes: refund, late proof, the proof
// of the standby prover, and the authority that jails it.
func TestAdversaryOrderPastTheDeadline(t *testing.T) {
	prepare := func(f *fixture) string {
		id := f.request(withStandby)
		f.sealAndOpen(id)
		f.pass(gaps{59*time.Second + 1})
		return id
	}
	jail := message{"jail alice", func(f *fixture, _ string) error {
		f.strike(alice, blow{state: stakingtypes.PROVER_STATE_JAILED, blameless: true})
		return nil
	}}
	inEveryOrder(t, prepare, []message{refundIt, proofBy("bob"), proofBy("alice"), jail, cancelIt}, nil, func(t *testing.T, o outcome) {
		require.Error(t, o.failed["proof bob"])
		require.Error(t, o.failed["cancel"])
		require.NoError(t, o.failed["refund"])
		promoted := o.first("refund", "jail alice")
		delivered := promoted && o.first("refund", "proof alice")
		require.Equal(t, delivered, o.failed["proof alice"] == nil)
		want := map[string]int64{"requester": -requestFee, "bob": -bond - penalty, chest: requestFee + bond + penalty}
		switch {
		case delivered:
			want = calm(true)
		case promoted: // and nobody asks her again
			want["alice"], want[chest] = -penalty, want[chest]+penalty
		}
		require.Equal(t, want, o.gains)
	})
}

// Consent, registration and its end around bids of both sides: who bids first pays.
func TestAdversaryOrderOfSubmitters(t *testing.T) {
	list := []message{
		{"consent", func(f *fixture, _ string) error {
			return errOf(run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, alice)))
		}},
		{"register", func(f *fixture, _ string) error {
			return errOf(run(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu)))
		}},
		{"end", func(f *fixture, _ string) error { return errOf(run(f, f.msgs.UnregisterSubmitter, endMsg(gpu, gpu))) }},
		{"bid gpu", func(f *fixture, id string) error {
			return errOf(run(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 5, false)))
		}},
		bidBy("alice", 6),
	}
	inEveryOrder(t, func(f *fixture) string { return f.request() }, list, nil, func(t *testing.T, o outcome) {
		linked := o.first("consent", "register")
		ended := linked && o.first("register", "end")
		acts := linked && o.first("register", "bid gpu") && (!ended || !o.first("end", "bid gpu"))
		require.Equal(t, linked, o.failed["register"] == nil)
		require.Equal(t, ended, o.failed["end"] == nil)
		require.Equal(t, acts, o.failed["bid gpu"] == nil)
		require.NoError(t, o.failed["bid alice"])
		payer := "alice"
		if acts && o.first("bid gpu", "bid alice") {
			payer = "gpu"
		}
		require.Equal(t, map[string]int64{"requester": -requestFee, payer: -bond, chest: requestFee + bond}, o.gains)
	})
}

// A revocation in the block of the proof, with a claim and a refund: all or nothing,
// and nobody is slashed.
func TestAdversaryOrderOfARevocation(t *testing.T) {
	prepare := func(f *fixture) string {
		id := f.request(withStandby)
		f.sealAndOpen(id)
		f.refuse[requester.String()] = true
		return id
	}
	revoke := message{"revoke", func(f *fixture, _ string) error { f.revoke(onVerifier); return nil }}
	claim := message{"claim", func(f *fixture, _ string) error {
		f.refuse = map[string]bool{}
		defer func() { f.refuse[requester.String()] = true }()
		return errOf(run(f, f.msgs.Claim, &types.MsgClaim{Owner: requester.String()}))
	}}
	inEveryOrder(t, prepare, []message{revoke, proofBy("bob"), refundIt, claim}, nil, func(t *testing.T, o outcome) {
		proved := o.first("proof bob", "revoke")
		refunded := o.first("revoke", "refund") && !proved
		require.Equal(t, proved, o.failed["proof bob"] == nil)
		require.Equal(t, refunded, o.failed["refund"] == nil)
		require.Equal(t, proved && o.first("proof bob", "claim") || refunded && o.first("refund", "claim"), o.failed["claim"] == nil)
		if proved {
			require.Equal(t, calm(false), o.gains)
			return
		}
		require.Equal(t, map[string]int64{"requester": -requestFee, chest: requestFee}, o.gains)
	})
}
