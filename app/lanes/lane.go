// Package lanes decides in which order transactions enter a block (law M17): proofs
// and reveals first, then bids, then everything else, each with a share of the block
// that the others can't take. It holds the pool in which transactions wait for that,
// the handlers that propose blocks and judge the proposals of others, and the check
// that lets a transaction into the first two lanes.
package lanes

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// Lane is a class of transactions. Blocks have them in rising order.
type Lane int

// The lanes.
const (
	// Critical is for proofs and reveals: late ones cost their senders money.
	Critical Lane = iota
	// Bids is for bids, beside which there may be proofs and reveals.
	Bids
	// Rest is for everything else.
	Rest

	lanes = int(Rest) + 1
)

// String names the lane in errors and metrics.
func (l Lane) String() string {
	switch l {
	case Critical:
		return "critical"
	case Bids:
		return "bids"
	default:
		return "rest"
	}
}

// Of returns the lane of a transaction with these messages: the last lane of any of
// them, so that a transaction has a class only if all its messages do. It reads their
// types only, so that every node comes to the same answer. Messages that carry others,
// such as those of x/authz, belong to the rest.
func Of(msgs []sdk.Msg) Lane {
	if len(msgs) == 0 {
		return Rest
	}
	lane := Critical
	for _, msg := range msgs {
		lane = max(lane, laneOf(msg))
	}
	return lane
}

func laneOf(msg sdk.Msg) Lane {
	switch msg.(type) {
	case *markettypes.MsgSubmitProof, *markettypes.MsgReveal, *markettypes.MsgRevealBatch:
		return Critical
	case *markettypes.MsgBid, *markettypes.MsgBidBatch:
		return Bids
	default:
		return Rest
	}
}
