package lanes

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// Urgent is what the market says about messages that wait (law M17). Its answers are
// about the next block.
type Urgent interface {
	// UrgentProof says that the signer may deliver on the request in the next block.
	UrgentProof(ctx context.Context, msg *markettypes.MsgSubmitProof) (markettypes.Urgency, error)
	// UrgentReveal says that the reveal opens a sealed bid in the next block.
	UrgentReveal(ctx context.Context, msg *markettypes.MsgReveal) (markettypes.Urgency, error)
	// UrgentBid says that the request takes bids in the next block, and that the signer
	// acts for a prover.
	UrgentBid(ctx context.Context, msg *markettypes.MsgBid) (markettypes.Urgency, error)
}

// urgency is what the decorator found out about a transaction, for the pool.
type urgency struct {
	lane Lane
	// order puts transactions of a lane in order, lowest first.
	order int64
	// keys are the proofs and reveals that it is for: one of each may wait.
	keys []string
}

type urgencyKey struct{}

// Decorator is the last step of the ante handler in CheckTx: it lets transactions into
// the first two lanes that are what they say, and refuses those that are not. A block's
// validity does not depend on it.
type Decorator struct {
	market Urgent
	proven Proven
}

// Proven verifies a proof that is urgent.
type Proven func(ctx sdk.Context, u markettypes.Urgency, msg *markettypes.MsgSubmitProof) error

// NewDecorator returns the step.
func NewDecorator(market Urgent, proven Proven) Decorator {
	return Decorator{market: market, proven: proven}
}

// AnteHandle notes in the context in which lane and where the transaction waits.
func (d Decorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if !ctx.IsCheckTx() || simulate {
		return next(ctx, tx, simulate)
	}
	u := urgency{lane: Of(tx.GetMsgs())}
	if ctx.IsReCheckTx() && u.lane != Critical {
		// Thousands may wait, and what has become of them is found out when they run.
		return next(ctx, tx, simulate)
	}
	if err := checkGas(ctx, tx, u.lane); err != nil {
		return ctx, err
	}
	if u.lane == Rest {
		u.order = -ctx.Priority() // the gas price
	} else if err := d.judge(ctx, tx.GetMsgs(), &u); err != nil {
		return ctx, err
	}
	return next(ctx.WithValue(urgencyKey{}, u), tx, simulate)
}

// checkGas refuses what its lane's share of a block will never hold.
func checkGas(ctx sdk.Context, tx sdk.Tx, lane Lane) error {
	most := limitsOf(ctx.ConsensusParams().Block).ownGas(lane)
	if asks, ok := tx.(sdk.GasTx); ok && asks.GetGas() > most {
		return ErrTooMuchGas.Wrapf("%d for lane %s, it has %d", asks.GetGas(), lane, most)
	}
	return nil
}

// judge asks the market about every message. The earliest deadline counts. Of a batch
// one item must be what it says: items fail alone when it runs, too.
func (d Decorator) judge(ctx sdk.Context, msgs []sdk.Msg, u *urgency) error {
	first := true
	note := func(m markettypes.Urgency, keyed bool) {
		if at := m.Deadline.UnixNano(); first || at < u.order {
			u.order, first = at, false
		}
		if keyed {
			u.keys = append(u.keys, string(m.Key))
		}
	}
	for _, msg := range msgs {
		switch msg := msg.(type) {
		case *markettypes.MsgSubmitProof:
			m, err := d.market.UrgentProof(ctx, msg)
			if err != nil {
				return err
			}
			note(m, true)
			if !ctx.IsReCheckTx() {
				if err := d.proven(ctx, m, msg); err != nil {
					return err
				}
			}
		default:
			list, keyed := d.each(ctx, msg)
			if err := anyOf(list, func(m markettypes.Urgency) { note(m, keyed) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer is what the market says about one bid or reveal.
type answer struct {
	urgency markettypes.Urgency
	err     error
}

// each asks about the bids or reveals of a message; keyed tells whether only one of
// each may wait.
func (d Decorator) each(ctx sdk.Context, msg sdk.Msg) (list []answer, keyed bool) {
	reveal := func(msg *markettypes.MsgReveal) {
		u, err := d.market.UrgentReveal(ctx, msg)
		list = append(list, answer{u, err})
	}
	bid := func(msg *markettypes.MsgBid) {
		u, err := d.market.UrgentBid(ctx, msg)
		list = append(list, answer{u, err})
	}
	switch msg := msg.(type) {
	case *markettypes.MsgReveal:
		reveal(msg)
		return list, true
	case *markettypes.MsgRevealBatch:
		for _, item := range msg.Items[:min(len(msg.Items), markettypes.MaxBatch)] {
			reveal(&markettypes.MsgReveal{
				Signer: msg.Signer, RequestId: item.RequestId, Fee: item.Fee, Standby: item.Standby, Salt: item.Salt,
			})
		}
		return list, true
	case *markettypes.MsgBid:
		bid(msg)
	case *markettypes.MsgBidBatch:
		for _, item := range msg.Items[:min(len(msg.Items), markettypes.MaxBatch)] {
			bid(&markettypes.MsgBid{Signer: msg.Signer, RequestId: item.RequestId, Commitment: item.Commitment, MaxBond: item.MaxBond})
		}
	}
	return list, false
}

// anyOf notes the answers without an error. If there is none it returns the first error.
func anyOf(list []answer, note func(markettypes.Urgency)) error {
	var first error
	good := 0
	for _, a := range list {
		if a.err == nil {
			good++
			note(a.urgency)
		} else if first == nil {
			first = a.err
		}
	}
	if good == 0 && first == nil {
		return markettypes.ErrInvalidSize.Wrapf("no item is given, give 1 to %d", markettypes.MaxBatch)
	}
	if good > 0 {
		return nil
	}
	return first
}
