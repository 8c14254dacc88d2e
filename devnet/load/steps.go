package load

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"slices"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// prover is one that the generator plays. Its first submitter signs all its work; in
// ModeSpam there are more, which send spam.
type prover struct {
	stake, submitter *account
	submitters       []*account
	// What leaves after the block.
	bids, reveals []*bid
	proofs        []*flow
}

// bid draws a fee and a salt, and lays the bid ready.
func (p *prover) bid(f *flow) *bid {
	salt := make([]byte, markettypes.CommitmentBytes)
	_, _ = rand.Read(salt) // never fails: package crypto/rand
	// Between a fifth and four fifths of the most that is paid.
	fee := f.maxFee/5 + mathrand.Int64N(f.maxFee*3/5+1)
	b := &bid{flow: f, prover: p, fee: math.NewInt(fee), salt: salt}
	p.bids = append(p.bids, b)
	return b
}

// request sends n new requests, in transactions of at most Batch of one requester.
func (g *generator) request(ctx context.Context, n int) error {
	for n > 0 {
		from := g.requesters[0]
		for _, a := range g.requesters {
			if a.open < from.open {
				from = a
			}
		}
		j := &job{from: from, kind: kindRequest, items: min(n, g.o.Batch)}
		flows := make([]*flow, j.items)
		for i := range flows {
			f, msg, err := g.newFlow(from)
			if err != nil {
				return err
			}
			flows[i], j.msgs = f, append(j.msgs, msg)
		}
		j.done = func(_ *job, o outcome) {
			for _, f := range flows {
				if o.err != nil {
					g.refuse(f, o.reason)
				}
			}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
		for _, f := range flows {
			f.sentAt, f.sentHeight = j.sentAt, j.sentHeight
		}
		if g.firstSent.IsZero() {
			g.firstSent = j.sentAt
		}
		g.lastSent = j.sentAt
		n -= j.items
	}
	return nil
}

// newFlow makes a request and its message.
func (g *generator) newFlow(from *account) (*flow, *markettypes.MsgRequest, error) {
	f := &flow{requester: from}
	msg := &markettypes.MsgRequest{
		Requester: from.name, MaxFee: g.o.MaxFee, MinStake: g.minStake, TimeLimit: g.o.TimeLimit,
		BiddingBlocks: g.o.BiddingBlocks, RevealBlocks: g.o.RevealBlocks, Nonce: g.nonce,
	}
	g.nonce++
	if g.o.Mode == ModeBuy {
		g.o.Job.apply(msg)
	} else {
		f.claim = g.proofs[int(msg.Nonce%uint64(len(g.proofs)))]
		msg.Statement = f.claim.Statement
		msg.Image = markettypes.Image{Url: "https://proofmarket.invalid/load", Sha256: f.claim.Statement.Program}
	}
	program, digest, err := msg.Statement.Decode()
	if err != nil {
		return nil, nil, err
	}
	id, err := auction.RequestID(g.o.ChainID, from.addr, msg.Nonce, msg.Statement.Verifier, program[:], digest[:])
	if err != nil {
		return nil, nil, err
	}
	f.raw, f.id, f.maxFee = id[:], hex.EncodeToString(id[:]), clamp(msg.MaxFee)
	g.flows[f.id] = f
	from.open++
	g.open++
	g.report.Requests.Sent++
	return f, msg, nil
}

// reveal lays the reveals ready of bids whose window closed with the block.
func (g *generator) reveal(height int64) {
	for _, f := range g.byEnd[height] {
		for _, b := range f.bids {
			if !b.bond.IsNil() {
				b.prover.reveals = append(b.prover.reveals, b)
			}
		}
	}
	delete(g.byEnd, height)
}

// flush sends what is laid ready, the most urgent first.
func (g *generator) flush(ctx context.Context) error {
	for _, p := range g.provers {
		for _, send := range []func(context.Context, *prover) error{g.sendProofs, g.sendReveals, g.sendBids} {
			if err := send(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendBids sends a prover's sealed bids.
func (g *generator) sendBids(ctx context.Context, p *prover) error {
	for len(p.bids) > 0 {
		some := p.bids[:min(len(p.bids), g.o.Batch)]
		p.bids = p.bids[len(some):]
		msg := &markettypes.MsgBidBatch{Signer: p.submitter.name}
		for _, b := range some {
			c, err := auction.Commitment(g.o.ChainID, b.flow.raw, p.stake.addr, b.fee, false, b.salt)
			if err != nil {
				return fmt.Errorf("seal a bid: %w", err)
			}
			msg.Items = append(msg.Items, markettypes.BidItem{RequestId: b.flow.id, Commitment: c[:], MaxBond: math.ZeroInt()})
		}
		j := &job{from: p.submitter, kind: kindBid, msgs: []sdk.Msg{msg}, items: len(some), done: func(_ *job, o outcome) { g.itemFaults(o) }}
		if g.o.Batch == 1 {
			item := msg.Items[0]
			j.msgs[0] = &markettypes.MsgBid{Signer: msg.Signer, RequestId: item.RequestId, Commitment: item.Commitment, MaxBond: item.MaxBond}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
	}
	p.bids = nil
	return nil
}

// sendReveals opens a prover's bids.
func (g *generator) sendReveals(ctx context.Context, p *prover) error {
	for len(p.reveals) > 0 {
		some := p.reveals[:min(len(p.reveals), g.o.Batch)]
		p.reveals = p.reveals[len(some):]
		msg := &markettypes.MsgRevealBatch{Signer: p.submitter.name}
		for _, b := range some {
			msg.Items = append(msg.Items, markettypes.RevealItem{RequestId: b.flow.id, Fee: b.fee, Salt: b.salt})
		}
		j := &job{from: p.submitter, kind: kindReveal, msgs: []sdk.Msg{msg}, items: len(some), done: func(j *job, o outcome) {
			g.itemFaults(o)
			if o.err == nil {
				g.waits.reveal.add(o.seen.Sub(j.sentAt), o.height-j.sentHeight)
			}
		}}
		if g.o.Batch == 1 {
			item := msg.Items[0]
			j.msgs[0] = &markettypes.MsgReveal{Signer: msg.Signer, RequestId: item.RequestId, Fee: item.Fee, Salt: item.Salt}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
	}
	p.reveals = nil
	return nil
}

// sendProofs delivers. One that failed before goes by itself: a transaction whose
// messages do not all succeed does nothing.
func (g *generator) sendProofs(ctx context.Context, p *prover) error {
	waiting := slices.DeleteFunc(p.proofs, func(f *flow) bool { return f.ended || f.assignee != p })
	p.proofs = nil
	for len(waiting) > 0 {
		n := 1
		for waiting[0].proofTries == 0 && n < min(len(waiting), g.o.Batch) && waiting[n].proofTries == 0 {
			n++
		}
		some := waiting[:n]
		waiting = waiting[n:]
		j := &job{from: p.submitter, kind: kindProof, items: n}
		for _, f := range some {
			f.proofTries++
			j.msgs = append(j.msgs, &markettypes.MsgSubmitProof{
				Signer: p.submitter.name, RequestId: f.id, PublicValues: f.claim.PublicValues, Proof: f.claim.Proof,
			})
		}
		j.done = func(_ *job, o outcome) {
			for _, f := range some {
				// It is asked for again after the next block, as long as it is owed.
				if o.err != nil && !f.ended && f.assignee == p && f.proofTries < maxProofTries {
					p.proofs = append(p.proofs, f)
				}
			}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
		for _, f := range some {
			if f.proofAt.IsZero() {
				f.proofAt, f.proofHeight = j.sentAt, j.sentHeight
			}
		}
	}
	return nil
}

// itemFaults counts the items of a batch that failed.
func (g *generator) itemFaults(o outcome) {
	if o.err != nil {
		return
	}
	var d sdk.TxMsgData
	if proto.Unmarshal(o.data, &d) != nil {
		return
	}
	for _, res := range d.MsgResponses {
		switch res.TypeUrl {
		case sdk.MsgTypeURL(&markettypes.MsgBidBatchResponse{}):
			var r markettypes.MsgBidBatchResponse
			if proto.Unmarshal(res.Value, &r) == nil {
				for _, item := range r.Results {
					g.itemFault(item.Error)
				}
			}
		case sdk.MsgTypeURL(&markettypes.MsgRevealBatchResponse{}):
			var r markettypes.MsgRevealBatchResponse
			if proto.Unmarshal(res.Value, &r) == nil {
				for _, item := range r.Results {
					g.itemFault(item.Error)
				}
			}
		}
	}
}

func (g *generator) itemFault(e *markettypes.ItemError) {
	if e != nil {
		g.fault(errorName(e.Codespace, e.Code, e.Text))
	}
}
