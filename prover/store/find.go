package store

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Find returns the ids of requests with a job, open or done, that start with
// prefix: at most limit of each kind, in order.
func (s *Store) Find(prefix string, limit int) (ids []string, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	err = s.db.View(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{openBucket, doneBucket} {
			b := tx.Bucket(name)
			if b == nil {
				continue // a file that was never opened for writing
			}
			c, found := b.Cursor(), 0
			for k, _ := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)) && found < limit; k, _ = c.Next() {
				ids = append(ids, string(k))
				found++
			}
		}
		return nil
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// Unsaved counts the jobs that are held in memory because the disk takes no
// writes.
func (s *Store) Unsaved() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.unsaved)
}
