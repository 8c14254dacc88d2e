package prover

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestOutcomes(t *testing.T) {
	const (
		fulfilled = markettypes.REQUEST_STATUS_FULFILLED
		refunded  = markettypes.REQUEST_STATUS_REFUNDED
	)
	toRevealed := func(r *rig, id string) {
		r.round()
		r.round()
		r.chain.stage(id, markettypes.STAGE_REVEALING)
		r.round()
		r.round()
		require.Equal(r.t, store.Revealed, r.job(id).State)
	}
	cases := map[string]struct {
		play func(*rig, string)
		want store.Outcome
	}{
		"another wins": {func(r *rig, id string) { toRevealed(r, id); r.chain.assign(id, rivalAddr, false) }, store.Lost},
		"the bid never arrives": {func(r *rig, id string) {
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
			r.round()
			r.chain.stage(id, markettypes.STAGE_REVEALING)
		}, store.NotPlaced},
		"the reveal never arrives": {func(r *rig, id string) {
			r.round()
			r.round()
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
			r.chain.stage(id, markettypes.STAGE_REVEALING)
			r.round()
			r.chain.assign(id, rivalAddr, false)
		}, store.NotRevealed},
		"not ranked": {func(r *rig, id string) {
			r.round()
			r.round()
			r.chain.stage(id, markettypes.STAGE_REVEALING)
			r.chain.bids[id].State = markettypes.BID_STATE_UNRANKED
		}, store.Lost},
		"the proof never arrives": {func(r *rig, id string) {
			toRevealed(r, id)
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
			r.chain.assign(id, proverAddr, false)
			r.round()
			r.round()
			require.Equal(r.t, store.Submitting, r.job(id).State)
			r.chain.end(id, refunded, markettypes.END_REASON_MISSED)
		}, store.Missed},
		"the assignment passes to another": {func(r *rig, id string) {
			toRevealed(r, id)
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
			r.chain.assign(id, proverAddr, false)
			r.round()
			r.round()
			r.chain.assign(id, rivalAddr, true)
		}, store.Missed},
		"the verifier is revoked": {func(r *rig, id string) {
			toRevealed(r, id)
			r.chain.end(id, refunded, markettypes.END_REASON_REVOKED)
		}, store.Ended},
		"the request is gone": {func(r *rig, id string) { r.round(); delete(r.chain.views, id) }, store.Ended},
		"another delivers at once": {func(r *rig, id string) {
			toRevealed(r, id)
			r.chain.assign(id, rivalAddr, false)
			r.chain.end(id, fulfilled, markettypes.END_REASON_PROVED)
		}, store.Lost},
		"another bid of ours stands": {func(r *rig, id string) {
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
			r.round()
			r.chain.bids[id] = &markettypes.Bid{Commitment: bytes.Repeat([]byte{9}, 32), State: markettypes.BID_STATE_SEALED}
		}, store.NotPlaced},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.add(0xa1)
			tc.play(r, id)
			r.round()
			require.Equal(t, store.Done, r.job(id).State)
			require.Equal(t, tc.want, r.job(id).Outcome)
		})
	}
}

func TestStandsBy(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.Standby = true })
	id := r.add(0xa1, func(r *markettypes.Request) { r.StandbyWindow = time.Minute })
	r.round()
	r.round()
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	r.round()
	r.chain.assign(id, rivalAddr, false)
	r.round()
	require.Equal(t, store.Revealed, r.job(id).State, "the winner may fail")
	r.chain.stage(id, markettypes.STAGE_STANDBY)
	r.round()
	require.Equal(t, store.Revealed, r.job(id).State, "the chain has not chosen yet")
	r.chain.assign(id, proverAddr, true)
	for range 4 {
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
}

// A proof that the chain does not take while its verifier is suspended is kept,
// and sent when the suspension ends (law M11).
func TestKeepsTheProofWhileTheVerifierIsSuspended(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	r.round()
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	r.round()
	r.chain.assign(id, proverAddr, false)
	r.chain.verifierStatus(id, verifiertypes.VERIFIER_STATUS_SUSPENDED)
	for range 5 {
		r.round()
	}
	require.Equal(t, store.Proved, r.job(id).State)
	require.Len(t, r.chain.signed, 2, "the bid and the reveal")
	r.chain.verifierStatus(id, verifiertypes.VERIFIER_STATUS_ACTIVE)
	for range 3 {
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
}

func TestUrgency(t *testing.T) {
	view := func(stage markettypes.Stage, blocks uint64, left time.Duration) *markettypes.RequestView {
		return &markettypes.RequestView{Stage: stage, BlocksLeft: blocks, TimeLeft: left}
	}
	views := map[string]*markettypes.RequestView{
		"bidding":  view(markettypes.STAGE_BIDDING, 1, 0),
		"late":     view(markettypes.STAGE_ASSIGNED, 0, time.Second),
		"early":    view(markettypes.STAGE_ASSIGNED, 0, time.Hour),
		"reveal 1": view(markettypes.STAGE_REVEALING, 1, 0),
		"reveal 9": view(markettypes.STAGE_REVEALING, 9, 0),
	}
	var jobs []*store.Job
	for _, id := range []string{"gone", "bidding", "early", "reveal 9", "late", "reveal 1"} {
		jobs = append(jobs, &store.Job{RequestID: id})
	}
	byUrgency(jobs, views)
	var order []string
	for _, j := range jobs {
		order = append(order, j.RequestID)
	}
	require.Equal(t, []string{"reveal 1", "reveal 9", "late", "early", "gone", "bidding"}, order)
}

func TestTickSaysThatTheContextEnded(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, r.engine.Tick(ctx), context.Canceled)
}
