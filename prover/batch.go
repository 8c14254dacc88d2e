package prover

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/crashpoint"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// bidPatience bounds what one Tick spends on bids, so that a node that hangs does
	// not keep the next block's reveals and proofs waiting for them.
	bidPatience = 5 * time.Second
	// hurryBlocks is how many blocks of a bidding window may be left for a bid that
	// waits for company.
	hurryBlocks = 3
)

// batchSizes is how many items go into one transaction, by the number of those that
// failed before: what makes a whole transaction fail shall not do so again.
var batchSizes = [...]int{markettypes.MaxBatch, 8, 1}

// kindOfTx is a kind of transaction, and what it does to a job.
type kindOfTx struct {
	// on is the state of a job while its transaction is under way, back the one that
	// it falls back to.
	on, back      store.State
	written, sent crashpoint.Point
	// message is what a signer sends for jobs.
	message func(signer string, jobs []*store.Job) sdk.Msg
}

var (
	bids = kindOfTx{
		on: store.Bidding, back: store.Decided, written: crashpoint.BidWritten, sent: crashpoint.BidSent,
		message: func(signer string, jobs []*store.Job) sdk.Msg {
			items := make([]markettypes.BidItem, len(jobs))
			for i, j := range jobs {
				items[i] = markettypes.BidItem{RequestId: j.RequestID, Commitment: j.Commitment, MaxBond: amountOr0(j.MaxBond)}
			}
			if len(items) == 1 {
				return &markettypes.MsgBid{
					Signer: signer, RequestId: items[0].RequestId, Commitment: items[0].Commitment, MaxBond: items[0].MaxBond,
				}
			}
			return &markettypes.MsgBidBatch{Signer: signer, Items: items}
		},
	}
	reveals = kindOfTx{
		on: store.Revealing, back: store.Bid, written: crashpoint.RevealWritten, sent: crashpoint.RevealSent,
		message: func(signer string, jobs []*store.Job) sdk.Msg {
			items := make([]markettypes.RevealItem, len(jobs))
			for i, j := range jobs {
				items[i] = markettypes.RevealItem{RequestId: j.RequestID, Fee: j.Fee, Standby: j.Standby, Salt: j.Salt}
			}
			if len(items) == 1 {
				return &markettypes.MsgReveal{
					Signer: signer, RequestId: items[0].RequestId, Fee: items[0].Fee, Standby: items[0].Standby, Salt: items[0].Salt,
				}
			}
			return &markettypes.MsgRevealBatch{Signer: signer, Items: items}
		},
	}
	proofs = kindOfTx{
		on: store.Submitting, back: store.Proved, written: crashpoint.SubmissionWritten, sent: crashpoint.SubmissionSent,
		message: func(signer string, jobs []*store.Job) sdk.Msg {
			return &markettypes.MsgSubmitProof{
				Signer: signer, RequestId: jobs[0].RequestID, PublicValues: jobs[0].PublicValues, Proof: jobs[0].Proof,
			}
		},
	}
)

// turn is what one Tick gathers.
type turn struct {
	// bids and reveals are jobs that want to send one.
	bids, reveals []*store.Job
	// hurry tells that the bids must not wait.
	hurry bool
	// moves are state changes that go to disk together.
	moves []stateMove
	// looked holds what became of transactions, by hash, resent those that were sent
	// again: many jobs may share one.
	looked map[string]chain.TxResult
	resent map[string]bool
}

func newTurn() *turn {
	return &turn{looked: make(map[string]chain.TxResult), resent: make(map[string]bool)}
}

// sendReveals sends the reveals that are due.
func (e *Engine) sendReveals(ctx context.Context, head chain.Head) {
	due := e.turn.reveals
	e.turn.reveals = nil
	e.sendAll(ctx, head, reveals, due)
}

// sendBids sends the bids that are due. While more requests are looked into they
// wait for those, within a block, so that they go together.
func (e *Engine) sendBids(ctx context.Context, head chain.Head) {
	due := e.turn.bids
	e.turn.bids = nil
	if !e.turn.hurry && e.bidAt == head.Height && len(due) < markettypes.MaxBatch && e.looking() {
		return
	}
	e.bidAt = head.Height
	e.sendAll(ctx, head, bids, due)
}

// looking reports whether requests are looked into now, or wait for that.
func (e *Engine) looking() bool {
	if len(e.book.fresh) > 0 || e.book.anyReady() {
		return true
	}
	for _, s := range e.slots {
		if len(s.evaluate) > 0 {
			return true
		}
	}
	return false
}

// sendAll sends one kind of transaction for many jobs, as few transactions as the
// chain allows (law M19), the most urgent jobs first.
func (e *Engine) sendAll(ctx context.Context, head chain.Head, kind kindOfTx, jobs []*store.Job) {
	size := func(j *store.Job) int { return batchSizes[min(j.Tries, len(batchSizes)-1)] }
	slices.SortStableFunc(jobs, func(a, b *store.Job) int { return -cmp.Compare(size(a), size(b)) })
	for len(jobs) > 0 && ctx.Err() == nil {
		n, most := 1, size(jobs[0])
		for n < len(jobs) && n < most && size(jobs[n]) == most {
			n++
		}
		e.send(ctx, head, kind, jobs[:n])
		jobs = jobs[n:]
	}
}

// send signs one message for jobs, writes the transaction down for all of them in
// one step, and sends it, in this order (law P1). Jobs that the chain would refuse
// are left out.
func (e *Engine) send(ctx context.Context, head chain.Head, kind kindOfTx, jobs []*store.Job) {
	signed, err := e.chain.Sign(ctx, kind.message(e.chain.Signer(), jobs))
	var items *chain.ItemsError
	switch {
	case errors.As(err, &items):
		rest := slices.DeleteFunc(slices.Clone(jobs), func(j *store.Job) bool {
			why := items.Items[j.RequestID]
			if why != nil {
				e.refused(head, kind, j, why)
			}
			return why != nil
		})
		if len(rest) > 0 && len(rest) < len(jobs) {
			e.send(ctx, head, kind, rest)
		}
		return
	case errors.Is(err, chain.ErrRefused):
		for _, j := range jobs {
			e.refused(head, kind, j, err)
		}
		return
	case err != nil:
		for _, j := range jobs {
			e.say(j.RequestID, slog.LevelWarn, "step failed, will try again", "state", j.State, "error", err)
		}
		return
	}

	tx := &store.Tx{Hash: signed.Hash, Raw: signed.Raw, Expires: signed.Expires}
	if err := e.begin(kind, tx, jobs); err != nil {
		e.log.Warn("transactions that are not on disk do not leave", "kind", kind.on, "jobs", len(jobs), "error", err)
		return
	}
	crashpoint.At(kind.written)
	err = e.chain.Broadcast(ctx, signed.Raw)
	switch {
	case err == nil:
		crashpoint.At(kind.sent)
		e.metrics.tx(kind.on, "sent")
	case errors.Is(err, chain.ErrRefused):
		for _, j := range jobs {
			e.refused(head, kind, j, err)
		}
	default:
		// It may have arrived or not: settle finds out.
		e.metrics.tx(kind.on, "unclear")
		for _, j := range jobs {
			e.say(j.RequestID, slog.LevelWarn, "sent a transaction with an unclear result, looking it up", "kind", kind.on, "tx", signed.Hash, "error", err)
		}
	}
}

// begin takes jobs to where a transaction of theirs is under way, all or none.
func (e *Engine) begin(kind kindOfTx, tx *store.Tx, jobs []*store.Job) error {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.RequestID
	}
	pending, shared := tx, (*store.Tx)(nil)
	if len(jobs) > 1 {
		pending, shared = tx.NamedTx(), tx
	}
	now, err := e.store.UpdateAll(ids, shared, func(j *store.Job) error {
		if j.Pending != nil || j.State != kind.back {
			return errMovedOn // someone else changed it meanwhile
		}
		j.State, j.Pending = kind.on, pending
		return nil
	})
	if errors.Is(err, store.ErrUnsaved) {
		e.log.Error("going on in memory", "kind", kind.on, "jobs", len(jobs), "error", err)
		err = nil
	}
	if err != nil {
		return err // bids that are not on disk: they do not leave
	}
	for _, j := range now {
		e.entered(j, "tx", tx.Hash)
	}
	return nil
}

// errMovedOn means that a job is not where it was when its transaction was signed.
var errMovedOn = errors.New("the job has moved on")

// refused deals with a job whose transaction, or item of one, the chain refuses.
func (e *Engine) refused(head chain.Head, kind kindOfTx, j *store.Job, why error) {
	e.metrics.tx(kind.on, "refused")
	e.say(j.RequestID, slog.LevelWarn, "the chain refuses our transaction", "kind", kind.on, "error", why)
	if err := e.fail(head, j, kind.back, why); err != nil {
		e.say(j.RequestID, slog.LevelWarn, "step failed, will try again", "state", j.State, "error", err)
	}
}
