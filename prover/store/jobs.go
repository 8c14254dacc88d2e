package store

import (
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
	return s.db.Update(func(tx *bolt.Tx) error {
		id := []byte(j.RequestID)
		if tx.Bucket(openBucket).Get(id) != nil || tx.Bucket(doneBucket).Get(id) != nil {
			return fmt.Errorf("%w: %s", ErrExists, j.RequestID)
		}
		return put(tx.Bucket(openBucket), j)
	})
}

// Update loads an open job, lets change alter it and writes it back in one
// step. When change fails nothing is written. It returns the job as written.
//
// Where the disk fails, a full one say, the change is held in memory until Flush
// can write it: Update then returns the job and ErrUnsaved. A job does not go on
// to Bidding that way: no bid leaves that is not on disk (law P1), while bonds
// that are at stake already are not lost for want of a disk (law P6).
func (s *Store) Update(requestID string, change func(*Job) error) (*Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.changed(requestID, change)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", requestID, err)
	}
	raw, err := json.Marshal(now)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", requestID, err)
	}
	err = s.db.Update(func(tx *bolt.Tx) error { return s.write(tx, now, raw) })
	switch {
	case err == nil:
		delete(s.unsaved, requestID)
		return now, nil
	case now.State == Bidding:
		return nil, fmt.Errorf("job %s: %w", requestID, err)
	default:
		s.unsaved[requestID] = raw
		return now, fmt.Errorf("job %s: %w: %w", requestID, ErrUnsaved, err)
	}
}

// changed returns an open job with a change applied, if the rules allow it.
func (s *Store) changed(requestID string, change func(*Job) error) (*Job, error) {
	raw, err := s.raw(requestID, openBucket)
	if err != nil {
		return nil, err
	}
	was, err := decode(requestID, raw)
	if err != nil {
		return nil, err
	}
	if was.State == Done { // in memory only
		return nil, ErrNotFound
	}
	now, err := decode(requestID, raw)
	if err != nil {
		return nil, err
	}
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
func (s *Store) Get(requestID string) (*Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	raw, err := s.raw(requestID, openBucket, doneBucket)
	if err != nil {
		return nil, err
	}
	return decode(requestID, raw)
}

// raw returns a job's newest record: from memory, or from the first of the
// buckets that has it.
func (s *Store) raw(requestID string, buckets ...[]byte) (raw []byte, err error) {
	if raw, ok := s.unsaved[requestID]; ok {
		return raw, nil
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if b := tx.Bucket(name); b != nil {
				if v := b.Get([]byte(requestID)); v != nil {
					raw = slices.Clone(v)
					return nil
				}
			}
		}
		return ErrNotFound
	})
	return raw, err
}

// Open returns the jobs that are not done, in the order of their ids. With
// states given, only those in one of them.
func (s *Store) Open(states ...State) ([]*Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var jobs []*Job
	err := s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(openBucket)
		if b == nil {
			return nil // a file that was never opened for writing
		}
		return b.ForEach(func(k, v []byte) error {
			if newer, ok := s.unsaved[string(k)]; ok {
				v = newer
			}
			j, err := decode(string(k), v)
			if err != nil {
				return err
			}
			if j.State != Done && (len(states) == 0 || slices.Contains(states, j.State)) {
				jobs = append(jobs, j)
			}
			return nil
		})
	})
	return jobs, err
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
