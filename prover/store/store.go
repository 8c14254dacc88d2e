package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	fileMode = 0o600 // it holds salts
	// lockTimeout is how long Open waits for another process to let go.
	lockTimeout = 2 * time.Second
	// lookTimeout is the same for OpenReadOnly: who holds the file runs for long,
	// so there is nothing to wait for.
	lookTimeout = 50 * time.Millisecond
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

	// txsBucket: hash → signed transaction that many jobs share.
	txsBucket = []byte("txs")

	seenKey  = []byte("seen")
	chainKey = []byte("chain_id")
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
	// ErrChainID means that the store holds jobs of another chain.
	ErrChainID = errors.New("the jobs in this folder belong to another chain")
	// ErrUnsaved means that a change was made in memory only.
	ErrUnsaved = errors.New("the job could not be written to disk and is held in memory")
)

// Store is a file of jobs. One process uses it at a time, from many goroutines.
type Store struct {
	db       *bolt.DB
	keepDone int

	mu sync.RWMutex
	// jobs: request id → job that is not done, as on disk or newer; nil until it is
	// read first.
	jobs map[string]*Job
	// unsaved: request id → job as JSON, newer than the one on disk. unsavedTxs: hash
	// → shared transaction that is not on disk.
	unsaved    map[string][]byte
	unsavedTxs map[string][]byte
}

// Open opens the file at path, and makes it if need be.
func Open(path string) (*Store, error) {
	db, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: lockTimeout})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s: stop the other proverd first", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the job store %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{openBucket, doneBucket, doneOrderBucket, metaBucket, provedBucket, txsBucket} {
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
	return newStore(db), nil
}

// OpenReadOnly opens the file to look at it. It fails with ErrLocked while a
// sidecar runs on it.
func OpenReadOnly(path string) (*Store, error) {
	db, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: lookTimeout, ReadOnly: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the job store %s: %w", path, err)
	}
	return newStore(db), nil
}

func newStore(db *bolt.DB) *Store {
	return &Store{db: db, keepDone: DefaultKeepDone, unsaved: make(map[string][]byte), unsavedTxs: make(map[string][]byte)}
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

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

// Seen is how far the chain was followed: chain.Seen, as kept on disk.
type Seen struct {
	Height int64
	Time   time.Time
	State  int64
}

// SetSeen records how far the chain was followed.
func (s *Store) SetSeen(seen Seen) error {
	v, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(seenKey, v) })
}

// Seen returns what SetSeen recorded last; zero for nothing.
func (s *Store) Seen() (seen Seen, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(metaBucket)
		if b == nil {
			return nil
		}
		v := b.Get(seenKey)
		if v == nil {
			return nil
		}
		return json.Unmarshal(v, &seen)
	})
	return seen, err
}

// Bind ties the store to a chain at the first call, and fails with ErrChainID
// for any other chain from then on: commitments and ids are a chain's own.
func (s *Store) Bind(chainID string) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		switch bound := meta.Get(chainKey); {
		case bound == nil:
			return meta.Put(chainKey, []byte(chainID))
		case string(bound) != chainID:
			return fmt.Errorf("%w: they are of %q, the configuration says %q: use another home folder for it", ErrChainID, bound, chainID)
		default:
			return nil
		}
	})
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
