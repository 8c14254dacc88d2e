package lanes

import (
	"context"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
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
	// UrgentBid says that the request takes the bid in the next block, and that the
	// signer acts for a prover that may make it.
	UrgentBid(ctx context.Context, msg *markettypes.MsgBid) (markettypes.Urgency, error)
}

// urgency is what the decorator found out about a transaction, for the pool.
type urgency struct {
	lane Lane
	// order puts transactions of a lane in order, lowest first.
	order int64
	// keys are the proofs, reveals and bids that it is for: one of each may wait.
	keys []string
}

type urgencyKey struct{}

// Decorator is the last step of the ante handler in CheckTx: it lets transactions into
// the first two lanes that are what they say, and refuses those that are not. A block's
// validity does not depend on it.
type Decorator struct {
	market Urgent
	pool   *Pool
	proven Proven
}

// Proven verifies a proof that is urgent, with the context's gas meter.
type Proven func(ctx sdk.Context, u markettypes.Urgency, msg *markettypes.MsgSubmitProof) error

// NewDecorator returns the step.
func NewDecorator(market Urgent, pool *Pool, proven Proven) Decorator {
	return Decorator{market: market, pool: pool, proven: proven}
}

// AnteHandle notes in the context in which lane and where the transaction waits. Proofs
// are verified only when the pool is going to take the transaction: what it refuses costs
// its sender nothing.
func (d Decorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if !ctx.IsCheckTx() || simulate {
		return next(ctx, tx, simulate)
	}
	msgs := tx.GetMsgs()
	lane := Of(msgs)
	if ctx.IsReCheckTx() && lane != Critical {
		// Thousands may wait, and what has become of them is found out when they run.
		return next(ctx, tx, simulate)
	}
	limits := limitsOf(ctx.ConsensusParams().Block)
	if err := limits.check(lane, msgs, gasOf(tx, 0), uint64(len(ctx.TxBytes()))); err != nil {
		return ctx, err
	}
	j := judgement{urgency: urgency{lane: lane, order: -ctx.Priority()}} // the gas price, in the last lane
	if lane != Rest {
		if err := j.judge(ctx, d.market, msgs); err != nil {
			return ctx, err
		}
	}
	ctx = ctx.WithValue(urgencyKey{}, j.urgency)
	if ctx.IsReCheckTx() {
		return next(ctx, tx, simulate)
	}
	if err := d.pool.Admit(ctx, tx); err != nil {
		return ctx, err
	}
	// All proofs share what gas is left, as they do when the transaction runs.
	running := ctx.WithGasMeter(storetypes.NewGasMeter(ctx.GasMeter().GasRemaining()))
	for _, p := range j.proofs {
		if err := d.proven(running, p.urgency, p.msg); err != nil {
			return ctx, err
		}
	}
	return next(ctx, tx, simulate)
}

// judgement is what the market said about a transaction's messages.
type judgement struct {
	urgency
	proofs []judgedProof
	seen   map[string]bool
}

// judgedProof is a proof that is urgent, and not verified yet.
type judgedProof struct {
	urgency markettypes.Urgency
	msg     *markettypes.MsgSubmitProof
}

// judge asks the market about every message. The earliest deadline counts. Of a batch
// one item must be what it says: items fail alone when it runs, too.
func (j *judgement) judge(ctx sdk.Context, market Urgent, msgs []sdk.Msg) error {
	j.seen = map[string]bool{}
	for _, msg := range msgs {
		if m, is := msg.(*markettypes.MsgSubmitProof); is {
			u, err := market.UrgentProof(ctx, m)
			if err != nil {
				return err
			}
			if err := j.note(u); err != nil {
				return err
			}
			j.proofs = append(j.proofs, judgedProof{u, m})
			continue
		}
		if err := j.anyOf(each(ctx, market, msg)); err != nil {
			return err
		}
	}
	return nil
}

// note notes what a message is for. It returns ErrTwice.
func (j *judgement) note(u markettypes.Urgency) error {
	key := string(u.Key)
	if j.seen[key] {
		return ErrTwice
	}
	if at := u.Deadline.UnixNano(); len(j.keys) == 0 || at < j.order {
		j.order = at
	}
	j.seen[key] = true
	j.keys = append(j.keys, key)
	return nil
}

// answer is what the market says about one bid or reveal.
type answer struct {
	urgency markettypes.Urgency
	err     error
}

// each asks about the bids or reveals of a message. Their number is bounded already.
func each(ctx sdk.Context, market Urgent, msg sdk.Msg) (list []answer) {
	reveal := func(msg *markettypes.MsgReveal) {
		u, err := market.UrgentReveal(ctx, msg)
		list = append(list, answer{u, err})
	}
	bid := func(msg *markettypes.MsgBid) {
		u, err := market.UrgentBid(ctx, msg)
		list = append(list, answer{u, err})
	}
	switch msg := msg.(type) {
	case *markettypes.MsgReveal:
		reveal(msg)
	case *markettypes.MsgRevealBatch:
		for _, item := range msg.Items {
			reveal(&markettypes.MsgReveal{
				Signer: msg.Signer, RequestId: item.RequestId, Fee: item.Fee, Standby: item.Standby, Salt: item.Salt,
			})
		}
	case *markettypes.MsgBid:
		bid(msg)
	case *markettypes.MsgBidBatch:
		for _, item := range msg.Items {
			bid(&markettypes.MsgBid{Signer: msg.Signer, RequestId: item.RequestId, Commitment: item.Commitment, MaxBond: item.MaxBond})
		}
	}
	return list
}

// anyOf notes the answers without an error. If there is none it returns the first error.
func (j *judgement) anyOf(list []answer) error {
	var first error
	good := 0
	for _, a := range list {
		switch {
		case a.err == nil:
			good++
			if err := j.note(a.urgency); err != nil {
				return err
			}
		case first == nil:
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
