package nodedb_test

import (
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/nodedb"
)

// What is written with one cache is there with another, and for commands that open
// the database with the library's own settings.
func TestOpen(t *testing.T) {
	home := t.TempDir()
	for _, size := range []int{nodedb.DefaultBlockCache, 0, 1} {
		db, err := nodedb.Open(home, dbm.GoLevelDBBackend, size)
		require.NoError(t, err)
		require.NoError(t, db.SetSync([]byte{byte(size), 1}, []byte("value")))
		require.NoError(t, db.Close())
	}
	db, err := dbm.NewDB("application", dbm.GoLevelDBBackend, home+"/data")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	value, err := db.Get([]byte{0, 1})
	require.NoError(t, err)
	require.Equal(t, "value", string(value))
}

func TestOpenElsewhere(t *testing.T) {
	db, err := nodedb.Open(t.TempDir(), dbm.MemDBBackend, 0)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for _, size := range []int{-1, nodedb.MaxBlockCache + 1} {
		_, err := nodedb.Open(t.TempDir(), dbm.GoLevelDBBackend, size)
		require.ErrorContains(t, err, "db.block-cache-mib")
	}
}
