package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	fileMode = 0o600 // it holds salts
	// lockTimeout is how long Open waits for another process to let go.
	lockTimeout = 2 * time.Second
	// DefaultKeepDone is the number of finished jobs kept for the record.
	DefaultKeepDone = 10_000
)

var (
	// openBucket: request id → job that is not done.
	openBucket = []byte("open")
	// doneBucket: request id → finished job.
	doneBucket = []byte("done")
	// doneOrderBucket: sequence number → request id of a finished job.
	doneOrderBucket = []byte("done_order")
	// metaBucket: name → value.
	metaBucket = []byte("meta")

	// provedBucket: pair of image and program → 1.
	provedBucket = []byte("proved")

	lastHeightKey = []byte("last_height")
	// outcomePrefix and an outcome: number of jobs that ended so.
	outcomePrefix = []byte("outcome/")
)

// Errors of the store.
var (
	// ErrNotFound means that there is no job for a request.
	ErrNotFound = errors.New("no such job")
	// ErrExists means that a request has a job already.
	ErrExists = errors.New("the request has a job already")
	// ErrLocked means that another process holds the file.
	ErrLocked = errors.New("the job store is in use by another process")
)

// Store is a file of jobs. One process uses it at a time, from many goroutines.
type Store struct {
	db       *bolt.DB
	keepDone int
}

// Open opens the file at path, and makes it if need be.
func Open(path string) (*Store, error) {
	db, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: lockTimeout})
	if errors.Is(err, bolt.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s: stop the other proverd first", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the job store %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{openBucket, doneBucket, doneOrderBucket, metaBucket, provedBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("prepare the job store %s: %w", path, err)
	}
	return &Store{db: db, keepDone: DefaultKeepDone}, nil
}

// OpenReadOnly opens the file to look at it. It fails with ErrLocked while a
// sidecar runs on it.
func OpenReadOnly(path string) (*Store, error) {
	db, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if errors.Is(err, bolt.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the job store %s: %w", path, err)
	}
	return &Store{db: db, keepDone: DefaultKeepDone}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

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
func (s *Store) Update(requestID string, change func(*Job) error) (*Job, error) {
	var now *Job
	err := s.db.Update(func(tx *bolt.Tx) error {
		open := tx.Bucket(openBucket)
		was, err := get(open, requestID)
		if err != nil {
			return err
		}
		if now, err = get(open, requestID); err != nil {
			return err
		}
		if err := change(now); err != nil {
			return err
		}
		if err := now.check(); err != nil {
			return err
		}
		if err := now.follows(was); err != nil {
			return err
		}
		if now.State != Done {
			return put(open, now)
		}
		if err := open.Delete([]byte(requestID)); err != nil {
			return err
		}
		return s.archive(tx, now)
	})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", requestID, err)
	}
	return now, nil
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
	var j *Job
	err := s.db.View(func(tx *bolt.Tx) (err error) {
		if j, err = get(tx.Bucket(openBucket), requestID); errors.Is(err, ErrNotFound) {
			j, err = get(tx.Bucket(doneBucket), requestID)
		}
		return err
	})
	return j, err
}

// Open returns the jobs that are not done, in the order of their ids. With
// states given, only those in one of them.
func (s *Store) Open(states ...State) ([]*Job, error) {
	return s.list(openBucket, states)
}

// Done returns the finished jobs that are kept, in the order of their ids.
func (s *Store) Done() ([]*Job, error) {
	return s.list(doneBucket, nil)
}

func (s *Store) list(bucket []byte, states []State) ([]*Job, error) {
	var jobs []*Job
	err := s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil // a file that was never opened for writing
		}
		return b.ForEach(func(k, v []byte) error {
			j, err := decode(string(k), v)
			if err != nil {
				return err
			}
			if len(states) == 0 || contains(states, j.State) {
				jobs = append(jobs, j)
			}
			return nil
		})
	})
	return jobs, err
}

func count(meta *bolt.Bucket, o Outcome) error {
	key := append(bytes.Clone(outcomePrefix), o...)
	var n uint64
	if v := meta.Get(key); len(v) == 8 {
		n = binary.BigEndian.Uint64(v)
	}
	return meta.Put(key, binary.BigEndian.AppendUint64(nil, n+1))
}

// Outcomes counts all jobs that ever ended, by outcome.
func (s *Store) Outcomes() (map[Outcome]int, error) {
	counts := make(map[Outcome]int)
	err := s.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if meta == nil {
			return nil
		}
		c := meta.Cursor()
		for k, v := c.Seek(outcomePrefix); bytes.HasPrefix(k, outcomePrefix); k, v = c.Next() {
			if len(v) == 8 {
				counts[Outcome(k[len(outcomePrefix):])] = int(binary.BigEndian.Uint64(v))
			}
		}
		return nil
	})
	return counts, err
}

// SetLastHeight records the last block that was looked at.
func (s *Store) SetLastHeight(height int64) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put(lastHeightKey, binary.BigEndian.AppendUint64(nil, uint64(height)))
	})
}

// LastHeight returns the last block that was looked at; 0 for none.
func (s *Store) LastHeight() (height int64, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket(metaBucket); b != nil {
			if v := b.Get(lastHeightKey); len(v) == 8 {
				height = int64(binary.BigEndian.Uint64(v))
			}
		}
		return nil
	})
	return height, err
}

// SetProved remembers that a proof was made and verified for a pair of image
// and program.
func (s *Store) SetProved(pair string) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(provedBucket).Put([]byte(pair), []byte{1})
	})
}

// Proved reports whether SetProved was called for the pair.
func (s *Store) Proved(pair string) (known bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		known = tx.Bucket(provedBucket).Get([]byte(pair)) != nil
		return nil
	})
	return known, err
}

func put(b *bolt.Bucket, j *Job) error {
	v, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return b.Put([]byte(j.RequestID), v)
}

func get(b *bolt.Bucket, requestID string) (*Job, error) {
	if b == nil {
		return nil, ErrNotFound
	}
	v := b.Get([]byte(requestID))
	if v == nil {
		return nil, ErrNotFound
	}
	return decode(requestID, v)
}

func decode(requestID string, v []byte) (*Job, error) {
	j := new(Job)
	if err := json.Unmarshal(v, j); err != nil {
		return nil, fmt.Errorf("the record of job %s is damaged: %w", requestID, err)
	}
	return j, nil
}

func contains(states []State, s State) bool {
	for _, o := range states {
		if o == s {
			return true
		}
	}
	return false
}
