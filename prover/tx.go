package prover

import (
	"context"
	"errors"
	"log/slog"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// fail takes a job back to before its transaction: the next block tries again. A
// bid whose bond has become too high has no second try: its fee was fixed for less.
func (e *Engine) fail(head chain.Head, j *store.Job, back store.State, why error) error {
	if errors.Is(why, markettypes.ErrBondTooHigh) {
		return e.finish(head, j, store.NotPlaced, why.Error())
	}
	_, err := e.update(j.RequestID, func(j *store.Job) error {
		j.State, j.Pending = back, nil
		j.Tries++
		j.LastError = why.Error()
		return nil
	})
	return err
}

// errNoEffect is why a transaction in a block did nothing for a job, where its items'
// results cannot be had.
var errNoEffect = errors.New("the batch is in a block, but this item of it failed")

// settle finds out what became of the transaction under way, when the chain's
// state, of the height asOf or later, does not show its effect: it failed, or its
// item of a batch did, or it waits still, or expired. The same bytes are sent again
// until then, which harms nothing: a block takes them once at most.
func (e *Engine) settle(ctx context.Context, head chain.Head, j *store.Job, back store.State, asOf int64) (*store.Job, error) {
	tx := j.Pending
	res, seen := e.turn.looked[tx.Hash]
	if !seen {
		var err error
		if res, err = e.chain.LookUp(ctx, tx.Hash); err != nil {
			return nil, err
		}
		e.turn.looked[tx.Hash] = res
	}
	failed := res.Err()
	if failed == nil && res.Items[j.RequestID] != nil {
		failed = res.Items[j.RequestID]
	}
	if failed == nil && res.Found && tx.Shared && res.Items == nil && res.Height <= asOf {
		failed = errNoEffect
	}
	switch {
	case res.Found && failed != nil:
		e.metrics.tx(j.State, "failed")
		e.say(j.RequestID, slog.LevelWarn, "our transaction failed", "kind", j.State, "tx", tx.Hash, "log", failed)
		if err := e.fail(head, j, back, failed); err != nil {
			return nil, err
		}
		return nil, errStop
	case res.Found:
		return j, errStop // in a block newer than what we looked at
	case !head.Time.Before(tx.Expires):
		e.metrics.tx(j.State, "expired")
		e.say(j.RequestID, slog.LevelWarn, "our transaction expired", "kind", j.State, "tx", tx.Hash)
		return e.move(j, back, func(j *store.Job) { j.Pending = nil })
	}
	if e.turn.resent[tx.Hash] {
		return j, errStop
	}
	e.turn.resent[tx.Hash] = true
	raw, err := e.store.Raw(tx)
	if err != nil {
		e.log.Debug("cannot be sent again", "request", j.RequestID, "tx", tx.Hash, "error", err)
		return j, errStop
	}
	if err := e.chain.Broadcast(ctx, raw); err != nil {
		e.log.Debug("sent again", "request", j.RequestID, "tx", tx.Hash, "answer", err)
	}
	return j, errStop
}
