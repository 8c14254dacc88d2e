package store

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Create writes a new job. It fails with ErrExists if the request ever had one,
// so that no request gets two salts (law P4).
func (s *Store) Create(j *Job) error {
	if err := j.check(); err != nil {
		return err
	}
	if j.State != Decided {
		return fmt.Errorf("%w: a new job starts as %s, not %s", ErrJob, Decided, j.State)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return err
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		id := []byte(j.RequestID)
		if tx.Bucket(openBucket).Get(id) != nil || tx.Bucket(doneBucket).Get(id) != nil {
			return fmt.Errorf("%w: %s", ErrExists, j.RequestID)
		}
		return put(tx.Bucket(openBucket), j)
	})
	if err == nil {
		s.remember(j)
	}
	return err
}

// Update loads an open job, lets change alter it and writes it back in one
// step. When change fails nothing is written. It returns the job as written.
//
// Where the disk fails, a full one say, the change is held in memory until Flush
// can write it: Update then returns the job and ErrUnsaved. A job does not go on
// to Bidding that way: no bid leaves that is not on disk (law P1), while bonds
// that are at stake already are not lost for want of a disk (law P6).
func (s *Store) Update(requestID string, change func(*Job) error) (*Job, error) {
	now, err := s.UpdateAll([]string{requestID}, nil, change)
	if len(now) == 0 {
		return nil, err
	}
	return now[0], err
}

// changed returns an open job with a change applied, if the rules allow it.
func (s *Store) changed(requestID string, change func(*Job) error) (*Job, error) {
	was := s.jobs[requestID]
	if was == nil {
		return nil, ErrNotFound
	}
	now := was.copy()
	if err := change(now); err != nil {
		return nil, err
	}
	if err := now.check(); err != nil {
		return nil, err
	}
	return now, now.follows(was)
}

// Flush writes the jobs that are held in memory only. Changes are not lost when
// it fails: it may be called again.
func (s *Store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsaved) == 0 {
		return nil
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		for hash, raw := range s.unsavedTxs {
			if err := tx.Bucket(txsBucket).Put([]byte(hash), raw); err != nil {
				return err
			}
		}
		for id, raw := range s.unsaved {
			j, err := decode(id, raw)
			if err != nil {
				return err
			}
			if err := s.write(tx, j, raw); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		clear(s.unsaved)
		clear(s.unsavedTxs)
	}
	return err
}

// write puts a job where its state belongs.
func (s *Store) write(tx *bolt.Tx, j *Job, raw []byte) error {
	open := tx.Bucket(openBucket)
	if j.State != Done {
		return open.Put([]byte(j.RequestID), raw)
	}
	if err := open.Delete([]byte(j.RequestID)); err != nil {
		return err
	}
	return s.archive(tx, j)
}

// archive files a finished job and drops the oldest ones past the limit.
func (s *Store) archive(tx *bolt.Tx, j *Job) error {
	order := tx.Bucket(doneOrderBucket)
	n, err := order.NextSequence()
	if err != nil {
		return err
	}
	if err := order.Put(binary.BigEndian.AppendUint64(nil, n), []byte(j.RequestID)); err != nil {
		return err
	}
	if err := put(tx.Bucket(doneBucket), j); err != nil {
		return err
	}
	if err := count(tx.Bucket(metaBucket), j.Outcome); err != nil {
		return err
	}
	if n <= uint64(s.keepDone) {
		return nil
	}
	limit := n - uint64(s.keepDone)
	c := order.Cursor()
	for k, id := c.First(); k != nil && binary.BigEndian.Uint64(k) <= limit; k, id = c.First() {
		if err := tx.Bucket(doneBucket).Delete(id); err != nil {
			return err
		}
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// Get returns the job of a request, open or done, or ErrNotFound.
func (s *Store) Get(requestID string) (j *Job, err error) {
	err = s.look(func() error {
		if open := s.jobs[requestID]; open != nil {
			j = open.copy()
			return nil
		}
		raw, held := s.unsaved[requestID]
		if held {
			j, err = decode(requestID, raw)
			return err
		}
		return s.db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(doneBucket)
			if b == nil {
				return ErrNotFound // a file that was never opened for writing
			}
			v := b.Get([]byte(requestID))
			if v == nil {
				return ErrNotFound
			}
			j, err = decode(requestID, v)
			return err
		})
	})
	return j, err
}

// Open returns the jobs that are not done, in the order of their ids. With
// states given, only those in one of them. The jobs are copies; what their slices
// and pointers lead to must not be changed.
func (s *Store) Open(states ...State) (jobs []*Job, err error) {
	err = s.look(func() error {
		for _, j := range s.jobs {
			if len(states) == 0 || slices.Contains(states, j.State) {
				jobs = append(jobs, j.copy())
			}
		}
		return nil
	})
	slices.SortFunc(jobs, func(a, b *Job) int { return cmp.Compare(a.RequestID, b.RequestID) })
	return jobs, err
}

// look calls read while nothing changes, with the open jobs loaded.
func (s *Store) look(read func() error) error {
	s.mu.RLock()
	if s.jobs != nil {
		defer s.mu.RUnlock()
		return read()
	}
	s.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return err
	}
	return read()
}

// load reads the open jobs once; from then on this process alone changes them.
func (s *Store) load() error {
	if s.jobs != nil {
		return nil
	}
	jobs := make(map[string]*Job)
	err := s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(openBucket)
		if b == nil {
			return nil // a file that was never opened for writing
		}
		return b.ForEach(func(k, v []byte) error {
			j, err := decode(string(k), v)
			if err != nil {
				return err
			}
			jobs[j.RequestID] = j
			return nil
		})
	})
	if err == nil {
		s.jobs = jobs
	}
	return err
}

// remember keeps what is in memory of the open jobs as they are.
func (s *Store) remember(j *Job) {
	if j.State == Done {
		delete(s.jobs, j.RequestID)
		return
	}
	s.jobs[j.RequestID] = j.copy()
}

// Finished returns the jobs that finished last, newest first, at most limit of
// those that are kept.
func (s *Store) Finished(limit int) ([]*Job, error) {
	var jobs []*Job
	err := s.db.View(func(tx *bolt.Tx) error {
		order, done := tx.Bucket(doneOrderBucket), tx.Bucket(doneBucket)
		if order == nil || done == nil {
			return nil // a file that was never opened for writing
		}
		c := order.Cursor()
		for k, id := c.Last(); k != nil && len(jobs) < limit; k, id = c.Prev() {
			j, err := decode(string(id), done.Get(id))
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

func put(b *bolt.Bucket, j *Job) error {
	v, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return b.Put([]byte(j.RequestID), v)
}

func decode(requestID string, v []byte) (*Job, error) {
	j := new(Job)
	if err := json.Unmarshal(v, j); err != nil {
		return nil, fmt.Errorf("the record of job %s is damaged: %w", requestID, err)
	}
	return j, nil
}
