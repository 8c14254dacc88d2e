package store

import (
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// UpdateAll is Update for many jobs in one write to disk: either all of them
// change or none does, whenever the process dies. shared is the transaction that
// their change makes pending, if it is one for all of them; it is kept once, and
// change must name it by NamedTx. Where the disk fails, UpdateAll returns the jobs
// and ErrUnsaved, or, if one of them would go on to Bidding, just the error.
func (s *Store) UpdateAll(requestIDs []string, shared *Tx, change func(*Job) error) ([]*Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return nil, err
	}
	jobs, raws := make([]*Job, len(requestIDs)), make([][]byte, len(requestIDs))
	mayHold := true
	for i, id := range requestIDs {
		now, err := s.changed(id, change)
		if err == nil {
			raws[i], err = json.Marshal(now)
		}
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		jobs[i] = now
		mayHold = mayHold && now.State != Bidding
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		if shared != nil {
			if err := s.keepTx(tx, shared, jobs); err != nil {
				return err
			}
		}
		for i, j := range jobs {
			if err := s.write(tx, j, raws[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !mayHold {
		return nil, fmt.Errorf("%s: %w", named(requestIDs), err)
	}
	for i, j := range jobs {
		s.remember(j)
		if err == nil {
			delete(s.unsaved, j.RequestID)
		} else {
			s.unsaved[j.RequestID] = raws[i]
		}
	}
	if err == nil {
		return jobs, nil
	}
	if shared != nil {
		s.unsavedTxs[shared.Hash] = shared.Raw
	}
	return jobs, fmt.Errorf("%s: %w: %w", named(requestIDs), ErrUnsaved, err)
}

func named(ids []string) string {
	if len(ids) == 1 {
		return "job " + ids[0]
	}
	return fmt.Sprintf("%d jobs", len(ids))
}

// NamedTx is what a job holds of a transaction that it shares with others: all but
// the bytes.
func (t *Tx) NamedTx() *Tx { return &Tx{Hash: t.Hash, Expires: t.Expires, Shared: true} }

// keepTx writes a shared transaction, and drops those that no job needs any more.
func (s *Store) keepTx(tx *bolt.Tx, shared *Tx, now []*Job) error {
	needed := map[string]bool{shared.Hash: true}
	for id, j := range s.jobs {
		if slices.ContainsFunc(now, func(n *Job) bool { return n.RequestID == id }) {
			continue
		}
		if j.Pending != nil && j.Pending.Shared {
			needed[j.Pending.Hash] = true
		}
	}
	b := tx.Bucket(txsBucket)
	var old [][]byte
	if err := b.ForEach(func(hash, _ []byte) error {
		if !needed[string(hash)] {
			old = append(old, slices.Clone(hash))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, hash := range old {
		if err := b.Delete(hash); err != nil {
			return err
		}
	}
	return b.Put([]byte(shared.Hash), shared.Raw)
}

// Raw returns the bytes of a job's transaction, or ErrNotFound where the process
// died while they were in memory only.
func (s *Store) Raw(t *Tx) (raw []byte, err error) {
	if len(t.Raw) > 0 || !t.Shared {
		return t.Raw, nil
	}
	err = s.look(func() error {
		if held, ok := s.unsavedTxs[t.Hash]; ok {
			raw = held
			return nil
		}
		return s.db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(txsBucket)
			if b == nil {
				return ErrNotFound // a file of an older version
			}
			v := b.Get([]byte(t.Hash))
			if v == nil {
				return fmt.Errorf("transaction %s: %w", t.Hash, ErrNotFound)
			}
			raw = slices.Clone(v)
			return nil
		})
	})
	return raw, err
}
