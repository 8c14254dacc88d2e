package store

import (
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// backendsBucket: name of a backend → what is known of it, as JSON.
var backendsBucket = []byte("backends")

// SetBackend remembers what is known of a backend; v is anything that has a JSON
// form. The name must not be empty.
func (s *Store) SetBackend(name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("backend %s: %w", name, err)
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(backendsBucket)
		if err != nil {
			return err
		}
		return b.Put([]byte(name), raw)
	})
}

// Backend fills v with what SetBackend remembered last; it reports false and
// leaves v alone where there is nothing.
func (s *Store) Backend(name string, v any) (known bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(backendsBucket)
		if b == nil {
			return nil
		}
		raw := b.Get([]byte(name))
		if raw == nil {
			return nil
		}
		known = true
		if err := json.Unmarshal(raw, v); err != nil {
			return fmt.Errorf("the record of backend %s is damaged: %w", name, err)
		}
		return nil
	})
	return known, err
}

// Backends names the backends that something is known of, in order.
func (s *Store) Backends() (names []string, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(backendsBucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, _ []byte) error {
			names = append(names, string(k))
			return nil
		})
	})
	return names, err
}
