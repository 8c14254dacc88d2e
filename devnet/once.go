package devnet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// pollEvery is how often the node is asked for a new block.
	pollEvery = 50 * time.Millisecond
	// onceTimeout bounds one demonstration, on a busy machine too.
	onceTimeout = 10 * time.Minute

	demoMaxFee      = 10 * proof
	demoMinStake    = 1_000 * proof
	demoBidding     = 16
	demoReveal      = 20
	demoTimeLimit   = 60 * time.Second
	missedTimeLimit = 5 * time.Second
)

// once sends one request, shows how it goes and checks who got what.
func (n *Localnet) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, onceTimeout)
	defer cancel()
	id, sent, err := n.sendRequest(ctx)
	if err != nil {
		return err
	}
	before, err := n.takeSnapshot(ctx)
	if err != nil {
		return err
	}
	n.say("· request %s in block %d: max fee %s, stake %s, %d blocks to bid, up to %d to reveal",
		id, sent.Height, amount(math.NewInt(demoMaxFee)), amount(math.NewInt(demoMinStake)), n.bidding, demoReveal)
	end, err := n.follow(ctx, id)
	if err != nil {
		return err
	}
	after, err := n.takeSnapshot(ctx)
	if err != nil {
		return err
	}
	return n.conclude(ctx, id, end, before, after)
}

// sendRequest requests a proof of the published circuit and returns the id.
func (n *Localnet) sendRequest(ctx context.Context) (string, TxResult, error) {
	limit := demoTimeLimit
	if n.failWinner {
		limit = missedTimeLimit
	}
	res, err := n.cli.tx(ctx, "requester", "market", "request", "--job", n.jobPath(),
		"--min-stake", strconv.Itoa(demoMinStake), "--time-limit", limit.String(),
		"--bidding-blocks", strconv.Itoa(n.bidding), "--reveal-blocks", strconv.Itoa(demoReveal))
	if err != nil {
		return "", res, err
	}
	list, err := n.chain.market.Requests(ctx, &markettypes.QueryRequestsRequest{Requester: n.keys["requester"]})
	if err != nil {
		return "", res, err
	}
	for _, v := range list.Views {
		if v.Request.Height == uint64(res.Height) {
			return v.Request.Id, res, nil
		}
	}
	return "", res, fmt.Errorf("the requester has no request of block %d", res.Height)
}

// follow shows each block's news of the request until it ends.
func (n *Localnet) follow(ctx context.Context, id string) (markettypes.RequestView, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	node := n.nodes[0].alive()
	if node == nil {
		return markettypes.RequestView{}, ErrNotRunning
	}
	show := &narrator{n: n, id: id, seen: map[string]markettypes.BidState{}}
	for {
		view, err := n.chain.request(ctx, id)
		if err != nil {
			return view, err
		}
		if err := show.news(ctx, view); err != nil {
			return view, err
		}
		if view.Stage == markettypes.STAGE_DONE && view.Auction.Status != markettypes.REQUEST_STATUS_PENDING {
			return view, nil
		}
		select {
		case <-ctx.Done():
			return view, fmt.Errorf("the request has not ended in %s (stage %s): %w", onceTimeout, view.Stage, ctx.Err())
		case <-node.Done():
			return view, node.Failure()
		case <-tick.C:
		}
	}
}

// narrator prints what is new since the last look.
type narrator struct {
	n     *Localnet
	id    string
	stage markettypes.Stage
	left  uint64
	since time.Time // when the assignment was first seen
	seen  map[string]markettypes.BidState
}

func (s *narrator) news(ctx context.Context, view markettypes.RequestView) error {
	if err := s.bids(ctx); err != nil {
		return err
	}
	a := view.Auction
	if view.Stage != s.stage {
		switch view.Stage {
		case markettypes.STAGE_BIDDING:
			s.n.say("  bidding: sealed bids until block %d", a.BiddingEnd)
		case markettypes.STAGE_REVEALING:
			s.n.say("  revealing: %d sealed bids may be opened until block %d", a.Bids, a.RevealEnd)
		case markettypes.STAGE_ASSIGNED:
			s.since = time.Now()
			s.n.say("  assigned: %s wins at %s (second price), to deliver by %s market time", s.n.name(a.Assignment.Prover),
				amount(a.Assignment.Price), view.Deadline.Format(time.TimeOnly))
			if s.n.failWinner {
				s.n.say("  its sidecar has %s for a proof, so nobody will deliver", noTimeToProve)
			}
		}
		s.stage = view.Stage
	} else if view.BlocksLeft != s.left && view.BlocksLeft > 0 {
		s.n.say("    %d blocks left, %d bids, %d revealed", view.BlocksLeft, a.Bids, a.Reveals)
	}
	s.left = view.BlocksLeft
	return nil
}

func (s *narrator) bids(ctx context.Context) error {
	res, err := s.n.chain.market.Bids(ctx, &markettypes.QueryBidsRequest{RequestId: s.id})
	if err != nil {
		return err
	}
	for _, b := range res.Bids {
		before, known := s.seen[b.Prover]
		s.seen[b.Prover] = b.Bid.State
		if !known {
			s.n.say("    %s placed a sealed bid (bond %s)", s.n.name(b.Prover), amount(b.Bid.Bond))
		}
		if b.Bid.State != before && b.Bid.State == markettypes.BID_STATE_RANKED {
			s.n.say("    %s revealed its fee: %s", s.n.name(b.Prover), amount(b.Bid.Fee))
		}
		if b.Bid.State != before && b.Bid.State == markettypes.BID_STATE_UNRANKED {
			s.n.say("    %s revealed %s, but is not eligible", s.n.name(b.Prover), amount(b.Bid.Fee))
		}
	}
	return nil
}

// name gives an address the name of its key.
func (n *Localnet) name(addr string) string {
	for _, p := range n.specs {
		if n.keys[p.Name] == addr {
			return p.Name
		}
	}
	return addr
}

// amount prints uproof as PROOF, for people.
func amount(a math.Int) string {
	whole, rest := a.QuoRaw(proof), a.ModRaw(proof)
	if rest.IsZero() {
		return whole.String() + " " + chain.DisplayDenom
	}
	return fmt.Sprintf("%s.%0*d %s", whole, chain.Exponent, rest.Int64(), chain.DisplayDenom)
}

// snapshot is who held what at one moment, in uproof.
type snapshot struct {
	requester math.Int
	vaults    map[string]math.Int // prover key name → everything in its vault's account
}

func (n *Localnet) takeSnapshot(ctx context.Context) (s snapshot, err error) {
	if s.requester, err = n.chain.balance(ctx, n.keys["requester"]); err != nil {
		return s, err
	}
	s.vaults = map[string]math.Int{}
	for _, p := range n.specs {
		if s.vaults[p.Name], err = n.chain.vaultTotal(ctx, n.keys[p.Name]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// conclude checks that every coin went where the rules say and prints the last
// line.
func (n *Localnet) conclude(ctx context.Context, id string, end markettypes.RequestView, before, after snapshot) error {
	held, err := n.chain.balance(ctx, end.Account)
	if end.Account != "" && err != nil {
		return err
	}
	if end.Account != "" && !held.IsZero() {
		return fmt.Errorf("the request's account still holds %s%s", held, chain.Denom)
	}
	switch end.Auction.Status {
	case markettypes.REQUEST_STATUS_FULFILLED:
		return n.concludeFulfilled(ctx, id, end, before, after)
	case markettypes.REQUEST_STATUS_REFUNDED:
		return n.concludeRefunded(id, end, before, after)
	default:
		return fmt.Errorf("the request ended as %s", end.Auction.Status)
	}
}

func (n *Localnet) concludeFulfilled(ctx context.Context, id string, end markettypes.RequestView, before, after snapshot) error {
	if n.failWinner {
		return fmt.Errorf("the winner delivered, in less than %s", noTimeToProve)
	}
	a := end.Auction.Assignment
	winner := n.name(a.Prover)
	protocolFee := a.Price.MulRaw(int64(end.Request.Terms.ProtocolFeeBps)).QuoRaw(10_000)
	paid := a.Price.Sub(protocolFee)
	refunded := end.Request.MaxFee.Sub(a.Price)
	gas, err := n.chain.gasOf(ctx, fmt.Sprintf("proofmarket.market.v1.EventFulfilled.request_id='%q'", id))
	if err != nil {
		return err
	}
	delivered, err := n.chain.market.Proof(ctx, &markettypes.QueryProofRequest{RequestId: id})
	if err != nil {
		return err
	}
	if err := n.expect(before, after, refunded, winner, paid); err != nil {
		return err
	}
	n.say("· fulfilled in block %d: the chain verified the proof itself for %d gas, of %d for the whole transaction",
		end.Auction.EndHeight, delivered.Proof.VerificationGas, gas)
	if took, err := n.provingTime(ctx, winner, id); err == nil {
		n.say("  %s made the proof in %s", winner, took)
	} else {
		return err
	}
	n.say("  %s got %s, the treasury %s, the requester %s back; all bonds returned",
		winner, amount(paid), amount(protocolFee), amount(refunded))
	n.say("  balances and vaults add up; the node checked the invariants after every block")
	n.say("fulfilled request=%s winner=%s price=%suproof paid=%suproof refunded=%suproof", id, a.Prover, a.Price, paid, refunded)
	return nil
}

func (n *Localnet) concludeRefunded(id string, end markettypes.RequestView, before, after snapshot) error {
	leader := end.Auction.Leader
	if !n.failWinner || leader == nil || end.Auction.EndReason != markettypes.END_REASON_MISSED {
		return fmt.Errorf("the request was refunded (%s): see the logs in %s", end.Auction.EndReason, n.logs())
	}
	loser := n.name(leader.Prover)
	slashed := end.Request.Terms.Penalty
	if err := n.expect(before, after, end.Request.MaxFee, loser, slashed.Neg()); err != nil {
		return err
	}
	n.say("· refunded in block %d: %s lost %s of its vault and its bond of %s to the treasury; the requester has its %s back",
		end.Auction.EndHeight, loser, amount(slashed), amount(leader.Bond), amount(end.Request.MaxFee))
	n.say("  balances and vaults add up; the node checked the invariants after every block")
	n.say("refunded request=%s slashed=%suproof", id, slashed)
	return nil
}

// expect checks that the requester got back what it should, that one vault
// changed by delta and that no other changed.
func (n *Localnet) expect(before, after snapshot, back math.Int, changed string, delta math.Int) error {
	if want := before.requester.Add(back); !after.requester.Equal(want) {
		return fmt.Errorf("the requester holds %s%s, want %s", after.requester, chain.Denom, want)
	}
	for _, p := range n.specs {
		want := before.vaults[p.Name]
		if p.Name == changed {
			want = want.Add(delta)
		}
		if got := after.vaults[p.Name]; !got.Equal(want) {
			return fmt.Errorf("the vault of %s holds %s%s, want %s", p.Name, got, chain.Denom, want)
		}
	}
	return nil
}

// provingTime asks the sidecar's store how long the proof took.
func (n *Localnet) provingTime(ctx context.Context, prover, id string) (time.Duration, error) {
	for _, p := range n.provers {
		if p.spec.Name != prover {
			continue
		}
		out, err := run(ctx, n.opts.Proverd, "status", "--home", n.proverHome(p.spec), "--output", "json")
		if err != nil {
			return 0, err
		}
		var status struct {
			Jobs []struct {
				RequestID   string        `json:"request_id"`
				ProvingTime time.Duration `json:"proving_time"`
			} `json:"jobs"`
		}
		if err := json.Unmarshal(out, &status); err != nil {
			return 0, fmt.Errorf("unreadable status %q: %w", out, err)
		}
		for _, j := range status.Jobs {
			if j.RequestID == id {
				return j.ProvingTime, nil
			}
		}
	}
	return 0, fmt.Errorf("%s knows no job for request %s", prover, id)
}
