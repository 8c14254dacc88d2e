package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// ChangeKind says what a block did to a request.
type ChangeKind int

// The kinds of changes.
const (
	// Moved: the request is at another stage, or owed by another prover.
	Moved ChangeKind = iota
	// Requested: it was made; Change.Request holds it.
	Requested
	// FeeRaised: its max_fee was raised to Change.MaxFee.
	FeeRaised
	// Ended: it was fulfilled, refunded or cancelled.
	Ended
	// Shifted: deadlines or the standing of verifiers changed, of any requests.
	Shifted
)

// Change is what a block did to the market: to one request, or, where Shifted, to
// many.
type Change struct {
	Kind ChangeKind
	ID   string
	// Request is a new request as it stands after its block.
	Request *markettypes.RequestView
	// MaxFee is in uproof.
	MaxFee math.Int
}

const marketEvents = "proofmarket.market.v1."

// kinds says what events mean; nil where nothing changes that a bidder goes by.
// Others' bids and reveals do not: what they lead to has events of its own.
var kinds = map[string]*ChangeKind{
	proto.MessageName(&markettypes.EventRequested{}):          kind(Requested),
	proto.MessageName(&markettypes.EventFeeRaised{}):          kind(FeeRaised),
	proto.MessageName(&markettypes.EventClosed{}):             kind(Moved),
	proto.MessageName(&markettypes.EventAssigned{}):           kind(Moved),
	proto.MessageName(&markettypes.EventMissed{}):             kind(Moved),
	proto.MessageName(&markettypes.EventBondReturned{}):       kind(Moved),
	proto.MessageName(&markettypes.EventDeadLetter{}):         kind(Moved),
	proto.MessageName(&markettypes.EventFulfilled{}):          kind(Ended),
	proto.MessageName(&markettypes.EventRefunded{}):           kind(Ended),
	proto.MessageName(&markettypes.EventCancelled{}):          kind(Ended),
	proto.MessageName(&markettypes.EventPruned{}):             kind(Ended),
	proto.MessageName(&markettypes.EventBid{}):                nil,
	proto.MessageName(&markettypes.EventRevealed{}):           nil,
	proto.MessageName(&markettypes.EventClaimable{}):          nil,
	proto.MessageName(&markettypes.EventHalt{}):               kind(Shifted),
	proto.MessageName(&markettypes.EventParamsUpdated{}):      kind(Shifted),
	proto.MessageName(&verifiertypes.EventStatusChanged{}):    kind(Shifted),
	proto.MessageName(&verifiertypes.EventVerifierAdded{}):    kind(Shifted),
	proto.MessageName(&verifiertypes.EventCircuitWithdrawn{}): kind(Shifted),
}

func kind(k ChangeKind) *ChangeKind { return &k }

// Block returns what a block did to the market, in order. It fails where no node
// has the results of that block: not yet, or not any more.
func (c *Client) Block(ctx context.Context, height int64) (changes []Change, err error) {
	err = c.each(ctx, func(n *node) error {
		changes = nil
		cc, err := n.ctx.GetNode()
		if err != nil {
			return err
		}
		res, err := cc.BlockResults(ctx, &height)
		if err != nil {
			return err
		}
		if res.Height != height {
			return fmt.Errorf("it gave block %d for block %d", res.Height, height)
		}
		for _, tx := range res.TxsResults {
			if tx == nil || tx.Code != 0 {
				continue // it changed nothing in the market
			}
			if changes, err = appendChanges(changes, tx.Events, height); err != nil {
				return err
			}
		}
		changes, err = appendChanges(changes, res.FinalizeBlockEvents, height)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("results of block %d: %w", height, err)
	}
	return changes, nil
}

// appendChanges adds what events tell.
func appendChanges(to []Change, events []abci.Event, height int64) ([]Change, error) {
	for _, e := range events {
		k, known := kinds[e.Type]
		switch {
		case known && k == nil, !known && !strings.HasPrefix(e.Type, marketEvents):
			continue
		case known && *k == Shifted:
			to = append(to, Change{Kind: Shifted})
			continue
		}
		c := Change{Kind: Moved} // what an event of a later version says of a request
		if known {
			c.Kind = *k
		}
		if c.ID = requestOf(e); c.ID == "" {
			if known {
				return nil, fmt.Errorf("event %s names no request", e.Type)
			}
			continue
		}
		var err error
		switch c.Kind {
		case Requested:
			c.Request, err = newRequest(e, height)
		case FeeRaised:
			c.MaxFee, err = newMaxFee(e)
		}
		if err != nil {
			return nil, fmt.Errorf("event %s of request %s: %w", e.Type, c.ID, err)
		}
		to = append(to, c)
	}
	return to, nil
}

// requestOf is the request that an event names; empty for none.
func requestOf(e abci.Event) (id string) {
	for _, a := range e.Attributes {
		if a.Key == "request_id" && json.Unmarshal([]byte(a.Value), &id) == nil {
			return id
		}
	}
	return ""
}

// typed reads a typed event, without what the SDK adds to its attributes.
func typed(e abci.Event) (proto.Message, error) {
	e.Attributes = slices.DeleteFunc(slices.Clone(e.Attributes), func(a abci.EventAttribute) bool {
		return a.Key == "msg_index" || a.Key == "mode"
	})
	return sdk.ParseTypedEvent(e)
}

func newMaxFee(e abci.Event) (math.Int, error) {
	msg, err := typed(e)
	if err != nil {
		return math.Int{}, err
	}
	raised, ok := msg.(*markettypes.EventFeeRaised)
	if !ok || raised.MaxFee.IsNil() || raised.MaxFee.IsNegative() {
		return math.Int{}, fmt.Errorf("no max_fee in %v", msg)
	}
	return raised.MaxFee, nil
}

// newRequest is a request as its event tells of it: all but its inline input, and
// how its verifier stands.
func newRequest(e abci.Event, height int64) (*markettypes.RequestView, error) {
	msg, err := typed(e)
	if err != nil {
		return nil, err
	}
	r, ok := msg.(*markettypes.EventRequested)
	if !ok || r.MaxFee.IsNil() || r.MinStake.IsNil() || r.Terms.Penalty.IsNil() || r.Terms.MinBidBond.IsNil() {
		return nil, fmt.Errorf("an amount is missing in %v", msg)
	}
	v := &markettypes.RequestView{
		Request: markettypes.Request{
			Id: r.RequestId, Requester: r.Requester, Statement: r.Statement, Image: r.Image, Input: r.Input,
			MaxFee: r.MaxFee, MinStake: r.MinStake, TimeLimit: r.TimeLimit, StandbyWindow: r.StandbyWindow,
			BiddingBlocks: r.BiddingBlocks, RevealBlocks: r.RevealBlocks, Nonce: r.Nonce, Terms: r.Terms, Height: uint64(height),
		},
		Auction: markettypes.Auction{
			Status: markettypes.REQUEST_STATUS_PENDING, Stage: markettypes.STAGE_BIDDING,
			BiddingEnd: r.BiddingEnd, RevealEnd: r.RevealEnd, UnrevealedBonds: math.ZeroInt(), SecondFee: math.ZeroInt(),
		},
		Stage: markettypes.STAGE_BIDDING, Account: r.Account,
	}
	if r.BiddingEnd > uint64(height) {
		v.BlocksLeft = r.BiddingEnd - uint64(height)
	}
	return v, nil
}
