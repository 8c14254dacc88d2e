package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

func testJob(t *testing.T, id string) *Job {
	t.Helper()
	salt, err := NewSalt()
	require.NoError(t, err)
	return &Job{
		RequestID: id, Prover: "proof1prover", Fee: math.NewInt(7), Salt: salt, Standby: true,
		MinStake: math.NewInt(5), Penalty: math.NewInt(2), TimeLimit: time.Minute,
		Commitment: []byte{1}, State: Decided, Cost: 9, Created: 3,
		Estimate: math.ZeroInt(), MaxBond: math.NewInt(4), Paid: math.ZeroInt(),
	}
}

// crash opens what is on disk at this moment, as a process would after kill -9:
// a copy of the file, since the dead process released nothing in order.
func crash(t *testing.T, path string) *Store {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(copied, raw, 0o600))
	s, err := Open(copied)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// law P1: whatever was written is there after a crash at that point.
func TestSurvivesACrashAfterEachStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()

	job := testJob(t, "aa")
	require.NoError(t, s.Create(job))
	got, err := crash(t, path).Get("aa")
	require.NoError(t, err)
	require.Equal(t, job, got)

	tx := &Tx{Hash: "AB", Raw: []byte{1, 2}, Expires: time.Unix(5, 6).UTC()}
	steps := []struct {
		to     State
		change func(*Job)
	}{
		{Bidding, func(j *Job) { j.Pending = tx }},
		{Bid, func(j *Job) { j.Pending = nil; j.BidTx = "AB" }},
		{Revealing, func(j *Job) { j.Pending = tx }},
		{Revealed, func(j *Job) { j.Pending = nil }},
		{Assigned, func(j *Job) { j.Deadline = time.Unix(99, 0).UTC() }},
		{Proved, func(j *Job) { j.Proof = []byte("proof"); j.PublicValues = []byte("values") }},
		{Submitting, func(j *Job) { j.Pending = tx }},
		{Done, func(j *Job) { j.Pending = nil; j.Outcome = Fulfilled; j.Finished = 12 }},
	}
	for _, step := range steps {
		want, err := s.Update("aa", func(j *Job) error {
			step.change(j)
			j.State = step.to
			return nil
		})
		require.NoError(t, err, step.to)
		got, err := crash(t, path).Get("aa")
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, step.to, got.State)
		require.Equal(t, job.Salt, got.Salt)
		require.True(t, job.Fee.Equal(got.Fee))
	}
	open, err := s.Open()
	require.NoError(t, err)
	require.Empty(t, open)
	done, err := s.Finished(10)
	require.NoError(t, err)
	require.Len(t, done, 1)
}

func TestRefusesWhatBreaksTheLaws(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Create(testJob(t, "aa")))
	require.ErrorIs(t, s.Create(testJob(t, "aa")), ErrExists)

	for name, change := range map[string]func(*Job){
		"another salt":             func(j *Job) { j.Salt = bytes.Repeat([]byte{1}, SaltSize) },
		"another fee":              func(j *Job) { j.Fee = math.NewInt(8) },
		"another standby":          func(j *Job) { j.Standby = false },
		"another prover":           func(j *Job) { j.Prover = "proof1other" },
		"a leap":                   func(j *Job) { j.State = Revealed },
		"no transaction":           func(j *Job) { j.State = Bidding },
		"an unknown state":         func(j *Job) { j.State = "lunch" },
		"an outcome too early":     func(j *Job) { j.Outcome = Lost },
		"an end without a outcome": func(j *Job) { j.State = Done },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Update("aa", func(j *Job) error { change(j); return nil })
			require.ErrorIs(t, err, ErrJob)
		})
	}
	for name, change := range map[string]func(*Job){
		"short salt":   func(j *Job) { j.Salt = j.Salt[:31] },
		"no fee":       func(j *Job) { j.Fee = math.Int{} },
		"negative fee": func(j *Job) { j.Fee = math.NewInt(-1) },
		"no request":   func(j *Job) { j.RequestID = "" },
		"late start":   func(j *Job) { j.State = Bid },
	} {
		t.Run(name, func(t *testing.T) {
			j := testJob(t, "bb")
			change(j)
			require.ErrorIs(t, s.Create(j), ErrJob)
		})
	}

	own := errors.New("mine")
	_, err = s.Update("aa", func(j *Job) error { j.Cost = 1; return own })
	require.ErrorIs(t, err, own)
	got, err := s.Get("aa")
	require.NoError(t, err)
	require.Equal(t, uint64(9), got.Cost)

	// A finished request never gets a second job, and a finished job is final.
	_, err = s.Update("aa", func(j *Job) error { j.State, j.Outcome = Done, Lost; return nil })
	require.NoError(t, err)
	require.ErrorIs(t, s.Create(testJob(t, "aa")), ErrExists)
	_, err = s.Update("aa", func(*Job) error { return nil })
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.Get("cc")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestListsByState(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"))
	require.NoError(t, err)
	defer s.Close()
	for _, id := range []string{"cc", "aa", "bb"} {
		require.NoError(t, s.Create(testJob(t, id)))
	}
	_, err = s.Update("bb", func(j *Job) error { j.State = Bid; return nil })
	require.NoError(t, err)

	jobs, err := s.Open()
	require.NoError(t, err)
	require.Len(t, jobs, 3)
	require.Equal(t, "aa", jobs[0].RequestID)
	jobs, err = s.Open(Bid, Revealed)
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	require.Equal(t, "bb", jobs[0].RequestID)
}

func TestKeepsABoundedRecord(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"))
	require.NoError(t, err)
	defer s.Close()
	s.keepDone = 2
	for i := range 5 {
		id := fmt.Sprintf("%02d", 9-i)
		require.NoError(t, s.Create(testJob(t, id)))
		_, err := s.Update(id, func(j *Job) error { j.State, j.Outcome = Done, Lost; return nil })
		require.NoError(t, err)
	}
	done, err := s.Finished(10)
	require.NoError(t, err)
	require.Len(t, done, 2)
	counts, err := s.Outcomes()
	require.NoError(t, err)
	require.Equal(t, map[Outcome]int{Lost: 5}, counts)
	require.Equal(t, "05", done[0].RequestID)
	require.Equal(t, "06", done[1].RequestID)
	done, err = s.Finished(1)
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.Equal(t, "05", done[0].RequestID, "the newest first")
}

func TestLockAndHeight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	got, err := s.Seen()
	require.NoError(t, err)
	require.Zero(t, got)
	seen := Seen{Height: 42, Time: time.Unix(5, 6).UTC(), State: 43}
	require.NoError(t, s.SetSeen(seen))
	require.NoError(t, s.Bind("a-1"))
	require.NoError(t, s.Bind("a-1"))
	require.ErrorIs(t, s.Bind("b-1"), ErrChainID)

	_, err = OpenReadOnly(path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Close())

	r, err := OpenReadOnly(path)
	require.NoError(t, err)
	defer r.Close()
	got, err = r.Seen()
	require.NoError(t, err)
	require.Equal(t, seen, got)
}

func TestSaltsDiffer(t *testing.T) {
	a, err := NewSalt()
	require.NoError(t, err)
	b, err := NewSalt()
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.Len(t, a, SaltSize)
}

// law P6: on a disk that takes no writes, work goes on in memory, but bids do
// not leave; all of it is written once the disk takes it.
func TestGoesOnInMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	for _, id := range []string{"aa", "bb", "cc"} {
		require.NoError(t, s.Create(testJob(t, id)))
	}
	to := func(state State) func(*Job) error {
		return func(j *Job) error {
			j.State, j.Pending = state, &Tx{Hash: string(state)}
			if state == Done {
				j.Outcome = Lost
			}
			return nil
		}
	}
	_, err = s.Update("aa", to(Bidding))
	require.NoError(t, err)
	require.NoError(t, s.db.Close())
	readOnly, err := OpenReadOnly(path)
	require.NoError(t, err)
	s.db = readOnly.db // every write fails

	_, err = s.Update("bb", to(Bidding))
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrUnsaved)
	require.Error(t, s.Create(testJob(t, "dd")))
	for _, state := range []State{Bid, Revealing} {
		j, err := s.Update("aa", to(state))
		require.ErrorIs(t, err, ErrUnsaved)
		require.Equal(t, state, j.State)
	}
	_, err = s.Update("cc", to(Done))
	require.ErrorIs(t, err, ErrUnsaved)
	_, err = s.Update("cc", to(Done))
	require.ErrorIs(t, err, ErrNotFound, "it is done")
	require.Error(t, s.Flush())

	check := func() {
		open, err := s.Open()
		require.NoError(t, err)
		require.Len(t, open, 2)
		require.Equal(t, Revealing, open[0].State)
		require.Equal(t, Decided, open[1].State)
		j, err := s.Get("cc")
		require.NoError(t, err)
		require.Equal(t, Done, j.State)
	}
	check()
	require.NoError(t, readOnly.Close())
	again, err := Open(path)
	require.NoError(t, err)
	defer again.Close()
	s.db = again.db
	require.NoError(t, s.Flush())
	require.Empty(t, s.unsaved)
	check()
	done, err := s.Finished(1)
	require.NoError(t, err)
	require.Equal(t, "cc", done[0].RequestID)
}
