package prover

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// serveRig takes orders for a rig's engine at a socket, and returns who gives them.
func serveRig(t *testing.T, r *rig) Jobs {
	t.Helper()
	stop, err := serveControl(r.home, r.engine, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(stop)
	jobs, err := OpenJobs(t.Context(), r.home, nil)
	require.NoError(t, err)
	require.True(t, jobs.Running())
	return jobs
}

// both runs a test against the socket of a running engine, and against the file of
// one that does not run.
func both(t *testing.T, change func(*rig), test func(t *testing.T, r *rig, open func() Jobs)) {
	t.Helper()
	changes := []func(*rig){}
	if change != nil {
		changes = append(changes, change)
	}
	t.Run("running", func(t *testing.T) {
		r := newRig(t, changes...)
		test(t, r, func() Jobs { return serveRig(t, r) })
	})
	t.Run("stopped", func(t *testing.T) {
		r := newRig(t, changes...)
		test(t, r, func() Jobs {
			require.NoError(t, r.store.Close())
			t.Cleanup(r.open)
			jobs, err := OpenJobs(t.Context(), r.home, nil)
			require.NoError(t, err)
			require.False(t, jobs.Running())
			file := jobs.(fileJobs)
			file.chain = r.chain
			return file
		})
	})
}

// bidFor brings a request's job to the state bid.
func bidFor(r *rig, seed byte) string {
	r.t.Helper()
	id := r.add(seed)
	r.round()
	r.round()
	require.Equal(r.t, store.Bid, r.job(id).State)
	return id
}

// assigned brings a request's job to the state assigned, with a backend that fails.
func assigned(r *rig, seed byte) string {
	r.t.Helper()
	id := bidFor(r, seed)
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	r.round()
	require.Equal(r.t, store.Revealed, r.job(id).State)
	r.chain.assign(id, proverAddr, false)
	r.round()
	return id
}

func TestJobsList(t *testing.T) {
	both(t, nil, func(t *testing.T, r *rig, open func() Jobs) {
		cancelled, first := r.add(0xa1), r.add(0xb2)
		r.round()
		r.chain.end(cancelled, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
		r.round()
		second := r.add(0xc3)
		r.round()
		jobs := open()
		for name, c := range map[string]struct {
			filter JobFilter
			want   []string
			left   int
		}{
			"open ones":         {JobFilter{Limit: 9}, []string{second, first}, 0},
			"all, open first":   {JobFilter{Limit: 9, All: true}, []string{second, first, cancelled}, 0},
			"a state":           {JobFilter{Limit: 9, States: []store.State{store.Bid}}, []string{first}, 0},
			"finished":          {JobFilter{Limit: 9, States: []store.State{store.Done}}, []string{cancelled}, 0},
			"an outcome":        {JobFilter{Limit: 9, Outcomes: []store.Outcome{store.Ended}}, []string{cancelled}, 0},
			"another outcome":   {JobFilter{Limit: 9, Outcomes: []store.Outcome{store.Missed}}, nil, 0},
			"state and outcome": {JobFilter{Limit: 9, States: []store.State{store.Bid}, Outcomes: []store.Outcome{store.Ended}}, nil, 0},
			"a few":             {JobFilter{Limit: 1, All: true}, []string{second}, 2},
		} {
			list, err := jobs.List(t.Context(), c.filter)
			require.NoError(t, err, name)
			var got []string
			for _, j := range list.Jobs {
				got = append(got, j.RequestID)
			}
			require.Equal(t, c.want, got, name)
			require.Equal(t, c.left, list.Left, name)
			require.Positive(t, list.Height)
		}
		for _, bad := range []JobFilter{{}, {Limit: MaxJobsListed + 1}, {Limit: 1, States: []store.State{"lunch"}}, {Limit: 1, Outcomes: []store.Outcome{"luck"}}} {
			_, err := jobs.List(t.Context(), bad)
			require.ErrorIs(t, err, ErrOrder)
		}
	})
}

func TestJobsShow(t *testing.T) {
	both(t, nil, func(t *testing.T, r *rig, open func() Jobs) {
		id := bidFor(r, 0xa1)
		job := r.job(id)
		head, err := r.chain.Head(t.Context())
		require.NoError(t, err)
		jobs := open()
		d, err := jobs.Show(t.Context(), id[:MinIDPrefix])
		require.NoError(t, err)
		require.Equal(t, id, d.RequestID)
		require.Equal(t, store.Bid, d.State)
		require.Equal(t, job.BidTx, d.BidTx)
		require.Equal(t, job.Fee, d.Fee)
		require.Equal(t, hex.EncodeToString(job.Commitment), d.Commitment)
		require.Equal(t, head.Height, d.Chain.Height)
		require.Equal(t, head.Time, d.Chain.Time)
		require.Equal(t, "1", d.Chain.Bond.String())
		require.Contains(t, d.Next, "revealed")
		require.Equal(t, head.Height+5, d.ByHeight)
		require.Equal(t, jobs.Running(), d.Work != nil)
		requireNoSalt(t, job, d)

		for digits, want := range map[string]error{
			strings.ToUpper(id): ErrJobID, id[:MinIDPrefix-1]: ErrJobID, id + "00": ErrJobID, "../../": ErrJobID, "": ErrJobID,
			"123456": store.ErrNotFound, strings.Repeat("ab", 32): store.ErrNotFound,
		} {
			_, err := jobs.Show(t.Context(), digits)
			require.ErrorIs(t, err, want, digits)
		}
	})
}

// requireNoSalt fails where a value's JSON holds a job's salt in any form, or its
// signed reveal.
func requireNoSalt(t *testing.T, j *store.Job, v any) {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	require.NotContains(t, string(raw), hex.EncodeToString(j.Salt))
	require.NotContains(t, string(raw), base64.StdEncoding.EncodeToString(j.Salt))
	require.NotContains(t, strings.ToLower(string(raw)), "salt")
	require.NotContains(t, strings.ToLower(string(raw)), `"raw"`)
}

// A reveal that waits for its block holds the salt.
func TestJobsShowHidesTheReveal(t *testing.T) {
	r := newRig(t)
	id := bidFor(r, 0xa1)
	r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, nil }
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	job := r.job(id)
	require.Equal(t, store.Revealing, job.State)
	d, err := serveRig(t, r).Show(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, job.Pending.Hash, d.PendingTx)
	require.Equal(t, job.Pending.Expires, d.PendingExpires)
	requireNoSalt(t, job, d)
}

func TestJobsAmbiguous(t *testing.T) {
	r := newRig(t)
	salt, err := store.NewSalt()
	require.NoError(t, err)
	for _, end := range []string{"01", "02"} {
		require.NoError(t, r.store.Create(&store.Job{
			RequestID: strings.Repeat("ab", 31) + end, Prover: proverAddr, Fee: math.OneInt(), Salt: salt, State: store.Decided,
		}))
	}
	jobs := serveRig(t, r)
	_, err = jobs.Show(t.Context(), "ababab")
	require.ErrorIs(t, err, ErrJobID)
	require.ErrorContains(t, err, "several")
	_, err = jobs.Show(t.Context(), strings.Repeat("ab", 31)+"02")
	require.NoError(t, err)
}

// mendable is a backend whose proofs fail until it is mended.
type mendable struct {
	backend.Backend
	broken *bool
}

func (f mendable) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	if *f.broken {
		return backend.Result{}, backend.ErrFailed
	}
	return f.Backend.Prove(ctx, task)
}

func TestJobsRetryAnAttempt(t *testing.T) {
	broken := true
	r := newRig(t, func(r *rig) {
		r.wrap = func(b backend.Backend) backend.Backend { return mendable{b, &broken} }
	})
	id := assigned(r, 0xa1)
	jobs := serveRig(t, r)
	d, err := jobs.Show(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 1, d.Attempts)
	require.Equal(t, 1, d.Work.Failures)
	require.Greater(t, d.Work.RetryAt, d.Chain.Height)
	require.Equal(t, "the proof is made", d.Next)

	broken = false
	tick := func() store.State {
		require.NoError(t, r.engine.Tick(t.Context()))
		r.engine.Wait()
		return r.job(id).State
	}
	require.Equal(t, store.Assigned, tick(), "it waits")
	report, err := jobs.Retry(t.Context(), id[:8])
	require.NoError(t, err)
	require.Equal(t, 1, report.Failures)
	require.Equal(t, d.Work.RetryAt, report.RetryAt)
	select {
	case <-r.engine.Wake():
	default:
		t.Fatal("nobody was woken")
	}
	require.Equal(t, store.Proved, tick())
	require.Equal(t, 1, r.job(id).Attempts, "the next attempt has another name")
}

func TestJobsRetryForgetsTries(t *testing.T) {
	both(t, nil, func(t *testing.T, r *rig, open func() Jobs) {
		id := r.add(0xa1)
		r.round()
		_, err := r.store.Update(id, func(j *store.Job) error {
			j.State, j.Pending, j.Tries = store.Bidding, &store.Tx{Hash: "AB"}, 0
			return nil
		})
		if err == nil {
			_, err = r.store.Update(id, func(j *store.Job) error { j.State, j.Pending, j.Tries = store.Decided, nil, maxBidTries; return nil })
		}
		require.NoError(t, err)
		jobs := open()
		report, err := jobs.Retry(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, maxBidTries, report.Tries)
		d, err := jobs.Show(t.Context(), id)
		require.NoError(t, err)
		require.Zero(t, d.Tries)
		require.Equal(t, store.Decided, d.State)
	})
}

func TestJobsRetryAndAbandonRefuseFinishedJobs(t *testing.T) {
	both(t, nil, func(t *testing.T, r *rig, open func() Jobs) {
		id := r.add(0xa1)
		r.round()
		r.chain.end(id, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
		r.round()
		require.Equal(t, store.Done, r.job(id).State)
		jobs := open()
		_, err := jobs.Retry(t.Context(), id)
		require.ErrorIs(t, err, ErrOrder)
		require.ErrorContains(t, err, "ended")
		_, err = jobs.Abandon(t.Context(), id, true)
		require.ErrorIs(t, err, ErrOrder)
		d, err := jobs.Show(t.Context(), id)
		require.NoError(t, err)
		require.Contains(t, d.Next, "nothing")
	})
}
