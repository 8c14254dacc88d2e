package load

import (
	"context"
	"crypto/rand"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// maxSpamWaiting is the number of spam transactions under way: more than a node's
	// pool holds by default.
	maxSpamWaiting = 12_000
	// spamBurst is the number of them that are made at a time, so that blocks are read
	// in between.
	spamBurst = 50
)

// spam sends n transactions: bids on one request, each of which takes the place of the
// prover's last, and sends from one account to the next. Pools hold one bid of a prover
// on a request at a time, so the others are sent again until it is in a block.
func (g *generator) spam(ctx context.Context, n int) error {
	for range min(n, spamBurst) {
		from := g.spammers[g.turn%len(g.spammers)]
		g.turn++
		to := g.spammers[g.turn%len(g.spammers)]
		j := &job{from: from, kind: kindSend, done: func(*job, outcome) {}}
		// Evenly mixed: the percentage that is due rises with every transaction.
		bids := g.turn*g.o.SpamBids/100 != (g.turn-1)*g.o.SpamBids/100
		if bids && g.target != nil && !g.target.ended {
			j.kind = kindBid
			j.msgs = []sdk.Msg{&markettypes.MsgBid{Signer: from.name, RequestId: g.target.id, Commitment: random32(), MaxBond: math.ZeroInt()}}
		} else {
			j.msgs = []sdk.Msg{&banktypes.MsgSend{FromAddress: from.name, ToAddress: to.name, Amount: coins(1)}}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// openTarget makes the request that spam bids on. Its bidding is open for as long as
// the chain allows, so it is open still when the run ends; nobody reveals, and the
// chain refunds it then.
func (g *generator) openTarget(ctx context.Context) error {
	g.o.BiddingBlocks = g.params.MaxBiddingBlocks
	f, msg, err := g.newFlow(g.requesters[0])
	if err != nil {
		return err
	}
	g.target = f
	if err := g.all(ctx, []*job{{from: f.requester, kind: kindRequest, msgs: []sdk.Msg{msg}}}); err != nil {
		return fmt.Errorf("make a request to bid on: %w", err)
	}
	return nil
}

func random32() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: package crypto/rand
	return b
}
