package prover

import (
	"context"
	"errors"
	"log/slog"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
)

// send signs a message, writes the transaction down and sends it, in this
// order (law P1). The job goes to state on, and back to state back if the node
// refuses it outright.
func (e *Engine) send(ctx context.Context, j *store.Job, on, back store.State, msg sdk.Msg) (*store.Job, error) {
	signed, err := e.chain.Sign(ctx, msg)
	if errors.Is(err, chain.ErrRefused) {
		e.metrics.tx(on, "refused")
		e.say(j.RequestID, slog.LevelWarn, "the chain would refuse our transaction", "kind", on, "error", err)
		return e.fail(j, back, err)
	}
	if err != nil {
		return nil, err
	}
	tx := &store.Tx{Hash: signed.Hash, Raw: signed.Raw, Expires: signed.Expires}
	now, err := e.move(j, on, func(j *store.Job) { j.Pending = tx }, "tx", signed.Hash)
	if err != nil {
		return nil, err // a bid that is not on disk: it does not leave
	}

	err = e.chain.Broadcast(ctx, signed.Raw)
	switch {
	case err == nil:
		e.metrics.tx(on, "sent")
		return now, errStop
	case errors.Is(err, chain.ErrRefused):
		e.metrics.tx(on, "refused")
		e.say(j.RequestID, slog.LevelWarn, "the node refused our transaction", "kind", on, "tx", signed.Hash, "error", err)
		return e.fail(now, back, err)
	default:
		// It may have arrived or not: settle finds out.
		e.metrics.tx(on, "unclear")
		e.say(j.RequestID, slog.LevelWarn, "sent a transaction with an unclear result, looking it up", "kind", on, "tx", signed.Hash, "error", err)
		return now, errStop
	}
}

// fail takes a job back to before its transaction. It ends the chain of steps:
// the next block tries again.
func (e *Engine) fail(j *store.Job, back store.State, why error) (*store.Job, error) {
	now, err := e.update(j.RequestID, func(j *store.Job) error {
		j.State, j.Pending = back, nil
		j.Tries++
		j.LastError = why.Error()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return now, errStop
}

// errFailed is what a block says about a transaction of ours.
type errFailed struct{ log string }

func (e errFailed) Error() string { return "the transaction failed on the chain: " + e.log }

// settle finds out what became of the transaction under way, when the chain's
// state does not show its effect: it failed, or waits still, or expired. The
// same bytes are sent again until then, which harms nothing: a block takes them
// once at most.
func (e *Engine) settle(ctx context.Context, head chain.Head, j *store.Job, back store.State) (*store.Job, error) {
	res, err := e.chain.LookUp(ctx, j.Pending.Hash)
	switch {
	case err != nil:
		return nil, err
	case res.Found && res.Code != 0:
		e.metrics.tx(j.State, "failed")
		e.say(j.RequestID, slog.LevelWarn, "our transaction failed", "kind", j.State, "tx", j.Pending.Hash, "log", res.Log)
		return e.fail(j, back, errFailed{res.Log})
	case res.Found:
		return j, errStop // in a block newer than what we looked at
	case !head.Time.Before(j.Pending.Expires):
		e.metrics.tx(j.State, "expired")
		e.say(j.RequestID, slog.LevelWarn, "our transaction expired", "kind", j.State, "tx", j.Pending.Hash)
		return e.move(j, back, func(j *store.Job) { j.Pending = nil })
	}
	if err := e.chain.Broadcast(ctx, j.Pending.Raw); err != nil {
		e.log.Debug("sent again", "request", j.RequestID, "tx", j.Pending.Hash, "answer", err)
	}
	return j, errStop
}
