package store

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

func TestBackendRecords(t *testing.T) {
	type record struct{ Speed uint64 }
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	got := record{Speed: 7}
	known, err := s.Backend("cpu", &got)
	require.NoError(t, err)
	require.False(t, known)
	require.Equal(t, record{Speed: 7}, got)
	names, err := s.Backends()
	require.NoError(t, err)
	require.Empty(t, names)

	require.NoError(t, s.SetBackend("gpu", record{Speed: 1}))
	require.NoError(t, s.SetBackend("cpu", record{Speed: 2}))
	require.NoError(t, s.SetBackend("cpu", record{Speed: 3}))
	require.Error(t, s.SetBackend("", record{}), "a backend has a name")
	require.Error(t, s.SetBackend("cpu", func() {}), "no JSON form")
	require.NoError(t, s.Close())

	s, err = OpenReadOnly(path)
	require.NoError(t, err)
	names, err = s.Backends()
	require.NoError(t, err)
	require.Equal(t, []string{"cpu", "gpu"}, names)
	known, err = s.Backend("cpu", &got)
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, record{Speed: 3}, got)
	require.Error(t, s.SetBackend("cpu", record{}), "read only")
	require.NoError(t, s.Close())

	s, err = Open(path)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(backendsBucket).Put([]byte("cpu"), []byte("{")) }))
	_, err = s.Backend("cpu", &got)
	require.ErrorContains(t, err, "backend cpu is damaged")
}
