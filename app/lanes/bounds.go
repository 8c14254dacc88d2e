package lanes

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// What a transaction of the first two lanes may ask for follows from its messages: twice
// to five times what they need, so that nobody holds a lane with a few large limits.
const (
	// txGas is for signatures, size and fee of a transaction.
	txGas = 200_000
	// itemGas is for a reveal or a bid, which need some 60,000.
	itemGas = 300_000
	// proofGas is for a proof under the most expensive key that package proof allows, with
	// the margin that the sidecar adds; proofByteGas for each of its bytes and those of
	// its public values, which are stored.
	proofGas     = 1_400_000
	proofByteGas = 60

	// txBytes is for signatures, fee and memo; itemBytes for a reveal or a bid.
	txBytes    = 8 << 10
	itemBytes  = 1 << 10
	proofBytes = proof.MaxProofSize + proof.MaxPublicValuesSize + itemBytes

	// severalBps of a block is the most gas that a transaction with more than one proof,
	// reveal or bid may ask for.
	severalBps = 1_500
)

// need is what the messages of a transaction of the first two lanes may ask for.
type need struct {
	items      int
	gas, bytes uint64
}

// needOf adds up what proofs, reveals and bids may ask for.
func needOf(msgs []sdk.Msg) need {
	n := need{gas: txGas, bytes: txBytes}
	for _, msg := range msgs {
		switch msg := msg.(type) {
		case *markettypes.MsgSubmitProof:
			n.items++
			n.gas += proofGas + proofByteGas*uint64(len(msg.Proof)+len(msg.PublicValues))
			n.bytes += proofBytes
		case *markettypes.MsgReveal, *markettypes.MsgBid:
			n.add(1)
		case *markettypes.MsgRevealBatch:
			n.add(len(msg.Items))
		case *markettypes.MsgBidBatch:
			n.add(len(msg.Items))
		}
	}
	return n
}

// add adds so many reveals or bids.
func (n *need) add(items int) {
	n.items += items
	n.gas += itemGas * uint64(items)
	n.bytes += itemBytes * uint64(items)
}

// check refuses a transaction that asks for more than its messages need, or than its
// lane has. Pools and blocks are held to it alike, so it looks at nothing but the
// transaction and the chain's parameters. It returns ErrTooMuchGas, ErrTooManyItems or
// ErrTooLarge.
func (l limits) check(lane Lane, msgs []sdk.Msg, gas, bytes uint64) error {
	most := l.gas[lane]
	if lane != Rest {
		n := needOf(msgs)
		if n.items > markettypes.MaxBatch {
			return ErrTooManyItems.Wrapf("%d, at most %d are allowed", n.items, markettypes.MaxBatch)
		}
		if bytes > n.bytes {
			return ErrTooLarge.Wrapf("%d, with %d proofs, reveals and bids it may have %d", bytes, n.items, n.bytes)
		}
		most = min(most, n.gas)
		if n.items > 1 {
			most = min(most, share(l.gas[Rest], severalBps))
		}
	}
	if gas > most {
		return ErrTooMuchGas.Wrapf("%d in lane %s, this one may ask for %d", gas, lane, most)
	}
	return nil
}
