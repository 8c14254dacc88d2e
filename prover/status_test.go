package prover

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

func TestStatus(t *testing.T) {
	r := newRig(t)
	done, open := r.add(0xa1), r.add(0xb2)
	play(r, done, func() { r.chain.views[open].BlocksLeft = 5 })
	require.Equal(t, store.Fulfilled, r.job(done).Outcome)
	writeStatus(r.home, r.store, r.engine.log)
	running, err := ReadStatus(r.home)
	require.NoError(t, err)
	require.Len(t, running.Jobs, 2)
	require.Equal(t, open, running.Jobs[0].RequestID, "open jobs come first")
	require.Zero(t, running.Jobs[0].ProvingTime)
	got := running.Jobs[1]
	require.Equal(t, done, got.RequestID)
	require.Equal(t, store.Fulfilled, got.Outcome)
	require.Equal(t, r.job(done).ProvingTime, got.ProvingTime)
	require.NotEmpty(t, got.ProvingTimeText)
	require.Equal(t, map[store.Outcome]int{store.Fulfilled: 1}, running.Finished)

	raw, err := os.ReadFile(filepath.Join(r.home, statusFile))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "salt")
	info, err := os.Stat(filepath.Join(r.home, statusFile))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "fees of sealed bids are for the operator only")

	require.NoError(t, r.store.Close())
	stopped, err := ReadStatus(r.home)
	require.NoError(t, err)
	require.True(t, running.Running)
	require.False(t, stopped.Running)
	running.Running = false
	require.Equal(t, running, stopped)
	r.open()
}

func TestTotals(t *testing.T) {
	amount := func(v int64) math.Int { return math.NewInt(v) }
	open := []*store.Job{
		{State: store.Bid, Fee: amount(10), MinStake: amount(100), Penalty: amount(1)},
		{State: store.Assigned, Fee: amount(20), MinStake: amount(200), Penalty: amount(2)},
		{State: store.Submitting, Fee: amount(40)}, // of an older version
		{State: store.Proved, Fee: amount(80), MinStake: amount(400), Penalty: amount(4)},
	}
	done := []*store.Job{
		{State: store.Done, Outcome: store.Fulfilled, Paid: amount(7), Estimate: amount(3)},
		{State: store.Done, Outcome: store.Lost, Paid: amount(1), Estimate: amount(3)},
		{State: store.Done, Outcome: store.Fulfilled},
	}
	got := totalsOf(open, done, map[store.Outcome]int{store.Fulfilled: 9, store.Lost: 2})
	require.Equal(t, Totals{
		Open: 4, States: map[store.State]int{store.Bid: 1, store.Assigned: 1, store.Submitting: 1, store.Proved: 1},
		Fees: amount(150), MinStake: amount(700), Penalties: amount(6), Finished: 11, Paid: amount(7), Cost: amount(3),
	}, got)
}

func TestBiddingOn(t *testing.T) {
	closed, open := BackendStatus{State: strategy.Closed}, BackendStatus{State: strategy.Open, Cause: "it fails"}
	tried, trial := BackendStatus{State: strategy.HalfOpen}, BackendStatus{State: strategy.HalfOpen, Trial: "ab"}
	for _, c := range []struct {
		list []BackendStatus
		bids bool
	}{
		{nil, true},
		{[]BackendStatus{closed}, true},
		{[]BackendStatus{open, closed}, true},
		{[]BackendStatus{tried}, true},
		{[]BackendStatus{open}, false},
		{[]BackendStatus{open, trial}, false},
	} {
		bids, why := biddingOn(c.list)
		require.Equal(t, c.bids, bids)
		require.Equal(t, c.bids, why == "")
	}
}

// The form that programs read: nanoseconds, whatever the state.
func TestStatusJSON(t *testing.T) {
	r := newRig(t, func(r *rig) { r.limits.TrialProofs = TrialAlways })
	id := r.add(0xa1)
	r.round()
	s, err := statusOf(r.store)
	require.NoError(t, err)
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	var got struct {
		Jobs []struct {
			RequestID   string        `json:"request_id"`
			State       string        `json:"state"`
			Fee         string        `json:"fee"`
			ProvingTime time.Duration `json:"proving_time"`
		} `json:"jobs"`
	}
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, id, got.Jobs[0].RequestID)
	require.Equal(t, r.job(id).Fee.String(), got.Jobs[0].Fee)
	require.Equal(t, r.job(id).ProvingTime, got.Jobs[0].ProvingTime, "of the trial proof")
	require.Positive(t, got.Jobs[0].ProvingTime)
}

func TestStatusListsABoundedNumberOfFinishedJobs(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.MaxJobs = 1 })
	for i := range MaxFinishedShown + 2 {
		id := r.add(byte(i))
		for range 2 {
			r.round()
		}
		r.chain.end(id, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
		r.round()
	}
	s, err := statusOf(r.store)
	require.NoError(t, err)
	require.Len(t, s.Jobs, MaxFinishedShown)
	require.Equal(t, MaxFinishedShown+2, s.Finished[store.Ended])
	for i, j := range s.Jobs[1:] {
		require.Less(t, j.FinishedAt, s.Jobs[i].FinishedAt, "newest first")
	}
}
