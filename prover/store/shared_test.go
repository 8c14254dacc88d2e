package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// shared starts one transaction for jobs.
func shared(s *Store, hash string, ids ...string) ([]*Job, error) {
	tx := &Tx{Hash: hash, Raw: []byte("raw " + hash), Expires: time.Unix(5, 6).UTC()}
	return s.UpdateAll(ids, tx, func(j *Job) error {
		if j.State == Bid {
			j.State = Revealing
		} else {
			j.State = Bidding
		}
		j.Pending = tx.NamedTx()
		return nil
	})
}

func keptTxs(t *testing.T, s *Store) (n int) {
	t.Helper()
	require.NoError(t, s.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(txsBucket).ForEach(func(_, _ []byte) error { n++; return nil })
	}))
	return n
}

// laws P1 and P4: a transaction of many jobs is on disk for all of them or for none.
func TestManyJobsShareATransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	ids := []string{"aa", "bb", "cc"}
	for _, id := range ids {
		require.NoError(t, s.Create(testJob(t, id)))
	}

	fails := errors.New("not this one")
	_, err = s.UpdateAll(ids, nil, func(j *Job) error {
		if j.RequestID == "cc" {
			return fails
		}
		j.Cost = 99
		return nil
	})
	require.ErrorIs(t, err, fails)
	_, err = s.UpdateAll([]string{"aa", "dd"}, nil, func(j *Job) error { j.Cost = 99; return nil })
	require.ErrorIs(t, err, ErrNotFound)
	for _, from := range []*Store{s, crash(t, path)} {
		j, err := from.Get("aa")
		require.NoError(t, err)
		require.Equal(t, uint64(9), j.Cost, "all or none")
	}

	now, err := shared(s, "T1", ids...)
	require.NoError(t, err)
	require.Len(t, now, 3)
	for _, from := range []*Store{s, crash(t, path)} {
		for _, id := range ids {
			j, err := from.Get(id)
			require.NoError(t, err)
			require.Equal(t, Bidding, j.State)
			require.Empty(t, j.Pending.Raw)
			raw, err := from.Raw(j.Pending)
			require.NoError(t, err)
			require.Equal(t, "raw T1", string(raw))
		}
	}
	_, err = s.Raw(&Tx{Hash: "T0", Shared: true})
	require.ErrorIs(t, err, ErrNotFound)
	raw, err := s.Raw(&Tx{Hash: "T0", Raw: []byte("own")})
	require.NoError(t, err)
	require.Equal(t, "own", string(raw))

	// It is kept as long as one job needs it.
	toBid := func(j *Job) error { j.State, j.Pending = Bid, nil; return nil }
	_, err = s.UpdateAll([]string{"aa", "bb"}, nil, toBid)
	require.NoError(t, err)
	_, err = shared(s, "T2", "aa", "bb")
	require.NoError(t, err)
	require.Equal(t, 2, keptTxs(t, s))
	_, err = s.Update("cc", toBid)
	require.NoError(t, err)
	_, err = s.UpdateAll([]string{"aa", "bb"}, nil, toBid)
	require.NoError(t, err)
	_, err = shared(s, "T3", ids...)
	require.NoError(t, err)
	require.Equal(t, 1, keptTxs(t, s))
}

// law P6: without a disk, shared reveals go on in memory and bids do not.
func TestSharedTransactionsWithoutADisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	for _, id := range []string{"aa", "bb", "cc"} {
		require.NoError(t, s.Create(testJob(t, id)))
	}
	_, err = shared(s, "T1", "aa", "bb")
	require.NoError(t, err)
	_, err = s.UpdateAll([]string{"aa", "bb"}, nil, func(j *Job) error { j.State, j.Pending = Bid, nil; return nil })
	require.NoError(t, err)
	require.NoError(t, s.db.Close())
	readOnly, err := OpenReadOnly(path)
	require.NoError(t, err)
	s.db = readOnly.db // every write fails

	_, err = shared(s, "T2", "aa", "cc")
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrUnsaved, "one of them is a bid")
	j, err := s.Get("aa")
	require.NoError(t, err)
	require.Equal(t, Bid, j.State)

	now, err := shared(s, "T3", "aa", "bb")
	require.ErrorIs(t, err, ErrUnsaved)
	require.Len(t, now, 2)
	raw, err := s.Raw(now[0].Pending)
	require.NoError(t, err)
	require.Equal(t, "raw T3", string(raw))

	require.NoError(t, readOnly.Close())
	again, err := Open(path)
	require.NoError(t, err)
	defer again.Close()
	s.db = again.db
	require.NoError(t, s.Flush())
	for _, from := range []*Store{s, crash(t, path)} {
		j, err := from.Get("bb")
		require.NoError(t, err)
		require.Equal(t, Revealing, j.State)
		raw, err := from.Raw(j.Pending)
		require.NoError(t, err)
		require.Equal(t, "raw T3", string(raw))
	}
}

// What the store hands out can be changed without changing what it keeps.
func TestHandsOutCopies(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"))
	require.NoError(t, err)
	defer s.Close()
	job := testJob(t, "aa")
	require.NoError(t, s.Create(job))
	job.Cost = 1
	open, err := s.Open()
	require.NoError(t, err)
	open[0].Cost = 2
	got, err := s.Get("aa")
	require.NoError(t, err)
	require.Equal(t, uint64(9), got.Cost)
	got.Cost = 3
	now, err := s.Update("aa", func(j *Job) error { j.Created = 5; return nil })
	require.NoError(t, err)
	now.Cost = 4
	got, err = s.Get("aa")
	require.NoError(t, err)
	require.Equal(t, uint64(9), got.Cost)
}
