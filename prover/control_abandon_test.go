package prover

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

func TestJobsAbandonBeforeTheBid(t *testing.T) {
	both(t, nil, func(t *testing.T, r *rig, open func() Jobs) {
		r.chain.signErr = chain.ErrUnavailable // nothing is sent
		id := r.add(0xa1)
		r.round()
		require.Equal(t, store.Decided, r.job(id).State)
		jobs := open()
		report, err := jobs.Abandon(t.Context(), id, false)
		require.NoError(t, err)
		require.True(t, report.Done)
		require.True(t, report.Cost.Free)
		require.Equal(t, store.NotPlaced, report.Outcome)
		d, err := jobs.Show(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, store.NotPlaced, d.Outcome)
		require.Equal(t, abandonedBy, d.LastError)
	})
}

func TestJobsAbandonCostsWhatItSays(t *testing.T) {
	broken := true
	fails := func(r *rig) { r.wrap = func(b backend.Backend) backend.Backend { return mendable{b, &broken} } }
	for name, c := range map[string]struct {
		play    func(*rig, byte) string
		state   store.State
		penalty bool
	}{
		"bid":      {bidFor, store.Bid, false},
		"assigned": {assigned, store.Assigned, true},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, fails, func(t *testing.T, r *rig, open func() Jobs) {
				id := c.play(r, 0xa1)
				sent := len(r.chain.signed)
				jobs := open()
				report, err := jobs.Abandon(t.Context(), id, false)
				require.NoError(t, err)
				require.False(t, report.Done)
				require.Equal(t, c.state, report.State)
				require.Equal(t, "1", report.Cost.Bond.String())
				require.Equal(t, c.penalty, report.Cost.Penalty != nil)
				require.Contains(t, report.Cost.Text, "bond of 1 uproof")
				d, err := jobs.Show(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, c.state, d.State, "nothing was done")

				report, err = jobs.Abandon(t.Context(), id, true)
				require.NoError(t, err)
				require.True(t, report.Done)
				require.Equal(t, store.Abandoned, report.Outcome)
				d, err = jobs.Show(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, store.Abandoned, d.Outcome)
				require.Positive(t, d.FinishedAt)

				// Nothing more is sent for it, whatever the chain does.
				if !jobs.Running() {
					r.open()
					defer r.store.Close()
				}
				r.chain.stage(id, markettypes.STAGE_REVEALING)
				r.round()
				r.chain.assign(id, proverAddr, false)
				r.round()
				require.Len(t, r.chain.signed, sent)
				require.Equal(t, store.Abandoned, r.job(id).Outcome)
			})
		})
	}
}

// A proof under way is stopped, and what it made is dropped.
func TestJobsAbandonStopsTheProof(t *testing.T) {
	proving := make(chan struct{})
	r := newRig(t, func(r *rig) {
		r.wrap = func(b backend.Backend) backend.Backend { return endlessProof{b, proving} }
	})
	id := bidFor(r, 0xa1)
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	r.round()
	r.chain.assign(id, proverAddr, false)
	require.NoError(t, r.engine.Tick(t.Context()))
	<-proving
	jobs := serveRig(t, r)
	report, err := jobs.Abandon(t.Context(), id, true)
	require.NoError(t, err)
	require.True(t, report.Done)
	r.engine.Wait() // it would not return while the proof goes on
	require.Equal(t, store.Abandoned, r.job(id).Outcome)
	require.Equal(t, 0, r.engine.machines.list["cpu"].Breaker.Proving, "that is no fault of the backend")
}

// endlessProof is a backend whose proofs end with their context only.
type endlessProof struct {
	backend.Backend
	proving chan struct{}
}

func (e endlessProof) Prove(ctx context.Context, _ backend.Task) (backend.Result, error) {
	close(e.proving)
	<-ctx.Done()
	return backend.Result{}, ctx.Err()
}

// An order waits for the block's work, and gives up in time.
func TestOrdersWaitForTheirTurn(t *testing.T) {
	r := newRig(t)
	id := bidFor(r, 0xa1)
	release, err := r.engine.baton.take(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = engineJobs{r.engine}.Retry(ctx, id)
	require.ErrorIs(t, err, ErrBusy)
	_, err = engineJobs{r.engine}.Abandon(ctx, id, true)
	require.ErrorIs(t, err, ErrBusy)
	release()
	require.Equal(t, store.Bid, r.job(id).State)
	_, err = engineJobs{r.engine}.Retry(t.Context(), id)
	require.NoError(t, err)
}

// What was told to cost nothing is not done once it costs something.
func TestAbandonmentOfAnotherStateIsRefused(t *testing.T) {
	r := newRig(t)
	id := bidFor(r, 0xa1)
	_, err := r.store.Update(id, abandonment(store.Decided, true, 7))
	require.ErrorIs(t, err, ErrOrder)
	require.Equal(t, store.Bid, r.job(id).State)
}
