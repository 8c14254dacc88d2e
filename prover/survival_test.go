package prover

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// fillDisk makes every write to the job store fail; what is on disk stays.
func (r *rig) fillDisk() {
	r.t.Helper()
	require.NoError(r.t, r.store.Close())
	var err error
	r.store, err = store.OpenReadOnly(filepath.Join(r.home, jobsFile))
	require.NoError(r.t, err)
	r.engine.store = r.store
}

// law P6: a full disk stops bidding, not revealing and submitting.
func TestFullDisk(t *testing.T) {
	for name, at := range map[string]int{"after the bid was sent": 1, "with the bid on the chain": 2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.add(0xa1)
			for range at {
				r.round()
			}
			r.fillDisk()
			r.round()
			other := r.add(0xb2)
			play(r, id, func() { r.chain.views[other].BlocksLeft = 5 })
			require.Equal(t, store.Fulfilled, r.job(id).Outcome)
			require.Len(t, r.chain.signed, 3, "one bid, one reveal, one proof")
			_, err := r.store.Get(other)
			require.ErrorIs(t, err, store.ErrNotFound)
			require.Contains(t, r.log.String(), "no new bids until it can")

			// The process dies before the disk is repaired, and catches up.
			r.restart()
			r.round()
			require.Equal(t, store.Fulfilled, r.job(id).Outcome)
			require.Len(t, r.chain.bidsSigned(), 2, "and it bids again")
		})
	}
}

func TestFullDiskLetsNoBidLeave(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.chain.signErr = chain.ErrUnavailable // nothing leaves yet
	r.round()
	require.Equal(t, store.Decided, r.job(id).State)
	r.fillDisk()
	r.chain.signErr = nil
	r.round()
	require.Zero(t, r.chain.sent)
	require.Equal(t, store.Decided, r.job(id).State)
}

// stuck is a backend that hangs in its first proofs.
type stuck struct {
	backend.Backend
	hangs   int
	hanging chan struct{}
	tasks   []string // ids, in order
}

func (s *stuck) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	s.tasks = append(s.tasks, task.ID)
	if s.hangs == 0 {
		return s.Backend.Prove(ctx, task)
	}
	s.hangs--
	s.hanging <- struct{}{}
	<-ctx.Done()
	return backend.Result{}, ctx.Err()
}

// toHangingProof brings a request to where its proof hangs.
func toHangingProof(t *testing.T, r *rig) (id string, s *stuck) {
	s = &stuck{hangs: 1, hanging: make(chan struct{})}
	r.wrap = func(b backend.Backend) backend.Backend { s.Backend = b; return s }
	r.restart()
	id = r.add(0xa1)
	r.round()
	r.round()
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.round()
	r.round()
	require.Equal(t, store.Revealed, r.job(id).State)
	r.chain.assign(id, proverAddr, false)
	return id, s
}

func TestStopsAtOnceWhileProving(t *testing.T) {
	r := newRig(t)
	id, s := toHangingProof(t, r)
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(t, r.engine.Tick(ctx))
	<-s.hanging
	cancel()
	r.engine.Wait()
	require.Equal(t, store.Assigned, r.job(id).State)
	r.restart()
	for range 4 {
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Equal(t, []string{id + "-0", id + "-0"}, s.tasks, "a service that outlives us recognises its task")
}

func TestAHangingBackendIsTriedAgain(t *testing.T) {
	r := newRig(t, func(r *rig) { r.limits.ProveTimeout = 500 * time.Millisecond })
	id, s := toHangingProof(t, r)
	require.NoError(t, r.engine.Tick(context.Background()))
	<-s.hanging
	r.engine.Wait()
	require.Equal(t, store.Assigned, r.job(id).State)
	for range 5 {
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Equal(t, []string{id + "-0", id + "-1"}, s.tasks, "a failed task is given up for another one")
}

func TestAProofThatNobodyWaitsForIsStopped(t *testing.T) {
	r := newRig(t)
	id, s := toHangingProof(t, r)
	require.NoError(t, r.engine.Tick(context.Background()))
	<-s.hanging
	r.chain.end(id, markettypes.REQUEST_STATUS_REFUNDED, markettypes.END_REASON_REVOKED)
	require.NoError(t, r.engine.Tick(context.Background()))
	r.engine.Wait()
	require.Equal(t, store.Ended, r.job(id).Outcome)
}

func TestAttempt(t *testing.T) {
	l := backend.Limits{ProveTimeout: time.Hour, UnitsPerSecond: 10}
	require.Equal(t, time.Hour, attempt(l, l.UnitsPerSecond, 10, 0))
	require.Equal(t, 30*time.Second, attempt(l, l.UnitsPerSecond, 10, time.Minute), "half of what is left")
	require.Equal(t, 3*time.Minute, attempt(l, l.UnitsPerSecond, 600, time.Minute), "but enough for the work")
	require.Equal(t, time.Hour, attempt(l, l.UnitsPerSecond, 1<<63, 1<<62), "and never more than configured")
}

// Balances that do not cover bond and gas: no crash, no loop, and the bid goes
// out once there are coins.
func TestWaitsForCoins(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.chain.signErr = fmt.Errorf("account: %w: send it some coins", chain.ErrNotFound)
	for range 2 * maxBidTries {
		r.round()
	}
	require.Equal(t, store.Decided, r.job(id).State)
	require.Contains(t, r.log.String(), "send it some coins")
	r.chain.signErr = nil
	r.round()
	r.round()
	require.Equal(t, store.Bid, r.job(id).State)

	// A reveal is tried as long as its window is open, since the bond hangs on it.
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	r.chain.signErr = fmt.Errorf("%w: insufficient funds", chain.ErrRefused)
	for range 2 * maxBidTries {
		r.round()
	}
	r.chain.signErr = nil
	r.round()
	r.round()
	require.Equal(t, store.Revealed, r.job(id).State)
}

// Files that were pruned between inspection and decision are fetched again
// before the bid (law P1).
func TestFilesAreOnDiskBeforeTheBid(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.chain.mayBid = false
	r.round()
	require.NoError(t, os.RemoveAll(filepath.Join(r.home, blobsDir, sum(testCircuit().image))))
	r.chain.mayBid = true
	for range 4 {
		r.round()
	}
	require.Equal(t, store.Bid, r.job(id).State)
	require.FileExists(t, filepath.Join(r.home, blobsDir, sum(testCircuit().image)))
}

// law P5.
func TestRefusesTheStakeKey(t *testing.T) {
	jobs, err := store.Open(filepath.Join(t.TempDir(), jobsFile))
	require.NoError(t, err)
	defer jobs.Close()
	kr := keyring.NewInMemory(chain.NewEncoding().Codec)
	record, _, err := kr.NewMnemonic("stake", keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	require.NoError(t, err)
	own, err := record.GetAddress()
	require.NoError(t, err)
	require.ErrorIs(t, checkProver(own.String(), kr, jobs), ErrStakeKey)
	require.NoError(t, checkProver(proverAddr, kr, jobs))

	salt, err := store.NewSalt()
	require.NoError(t, err)
	require.NoError(t, jobs.Create(&store.Job{RequestID: "aa", Prover: rivalAddr, Fee: math.OneInt(), Salt: salt, State: store.Decided}))
	require.ErrorContains(t, checkProver(proverAddr, kr, jobs), "was begun for prover "+rivalAddr)
}
