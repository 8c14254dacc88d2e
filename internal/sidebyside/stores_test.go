package sidebyside_test

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	storecache "github.com/cosmos/cosmos-sdk/store/v2/cache"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/proofmarket/proofmarket/internal/sidebyside"
)

// keys are those of the stores of one chain.
var keys = storetypes.NewKVStoreKeys("accounts", "bank", "market", "provers", "unused")

// names are in an order, which the map of keys has not.
var names = []string{"accounts", "bank", "market", "provers"}

// open loads a multistore, with the trees side by side or, for nil, as the SDK has them.
func open(t testing.TB, db dbm.DB, cache storetypes.MultiStorePersistentCache, upgrades *storetypes.StoreUpgrades) *rootmulti.Store {
	t.Helper()
	cms := rootmulti.NewStore(db, log.NewNopLogger())
	cms.SetPruning(pruningtypes.NewCustomPruningOptions(5, 3))
	cms.SetIAVLSyncPruning(true)
	if cache != nil {
		cms.SetInterBlockCache(cache)
	}
	for _, key := range keys {
		cms.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	}
	require.NoError(t, cms.LoadLatestVersionAndUpgrade(upgrades))
	return cms
}

// change is what one block does: it writes, removes and reads, partly in a branch that
// is dropped.
func change(cms storetypes.MultiStore, seed int64) {
	r := rand.New(rand.NewSource(seed))
	block := cms.CacheMultiStore()
	for range r.Intn(200) {
		branch := block.CacheMultiStore()
		store := branch.GetKVStore(keys[names[r.Intn(len(names))]])
		key := fmt.Appendf(nil, "key-%03d", r.Intn(300))
		switch r.Intn(4) {
		case 0:
			store.Delete(key)
		case 1:
			store.Set(key, append(store.Get(key), byte(r.Intn(256))))
		default:
			store.Set(key, fmt.Appendf(nil, "value-%d", r.Int63()))
		}
		if r.Intn(8) > 0 {
			branch.Write()
		}
	}
	block.Write()
}

// content is all that a database holds.
func content(t *testing.T, db dbm.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	it, err := db.Iterator(nil, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, it.Close()) }()
	for ; it.Valid(); it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	return all
}

// Hashes, ids, what is read between two blocks and every byte on disk are those of trees
// one after the other.
func TestSameAsOneAfterTheOther(t *testing.T) {
	for _, cached := range []bool{true, false} {
		plainDB, db := dbm.NewMemDB(), dbm.NewMemDB()
		plain, cms := open(t, plainDB, nil, nil), open(t, db, sidebyside.New(cached), nil)
		for height := range int64(60) {
			change(plain, height)
			change(cms, height)
			for _, name := range names { // read by something before the hash
				require.Equal(t, read(plain.GetKVStore(keys[name]), height), read(cms.GetKVStore(keys[name]), height))
			}
			require.Equal(t, plain.WorkingHash(), cms.WorkingHash(), height)
			require.Equal(t, plain.Commit(), cms.Commit(), height)
			if height%20 == 19 {
				plain, cms = open(t, plainDB, nil, nil), open(t, db, sidebyside.New(cached), nil)
			}
		}
		require.Equal(t, content(t, plainDB), content(t, db))
	}
}

// read reads a store in one way of several.
func read(store storetypes.KVStore, height int64) (list []string) {
	switch height % 5 {
	case 0:
		return pairs(store.Iterator(nil, nil))
	case 1:
		return pairs(store.ReverseIterator(nil, nil))
	case 2:
		for i := range 300 {
			list = append(list, string(store.Get(fmt.Appendf(nil, "key-%03d", i))))
		}
	case 3:
		for i := range 300 {
			list = append(list, fmt.Sprint(store.Has(fmt.Appendf(nil, "key-%03d", i))))
		}
	}
	return list
}

func pairs(it storetypes.Iterator) (list []string) {
	defer it.Close()
	for ; it.Valid(); it.Next() {
		list = append(list, string(it.Key()), string(it.Value()))
	}
	return list
}

// A multistore that commits without having asked for a hash, as tools do, saves each
// store in its turn.
func TestCommitWithoutHash(t *testing.T) {
	plain, cms := open(t, dbm.NewMemDB(), nil, nil), open(t, dbm.NewMemDB(), sidebyside.New(true), nil)
	for height := range int64(5) {
		change(plain, height)
		change(cms, height)
		require.Equal(t, plain.Commit(), cms.Commit())
	}
}

// A store that an upgrade removes is not written any more, and one that it adds begins at
// the height of the others.
func TestUpgrade(t *testing.T) {
	plainDB, db := dbm.NewMemDB(), dbm.NewMemDB()
	plain, cms := open(t, plainDB, nil, nil), open(t, db, sidebyside.New(true), nil)
	for height := range int64(3) {
		change(plain, height)
		change(cms, height)
		plain.WorkingHash()
		cms.WorkingHash()
		require.Equal(t, plain.Commit(), cms.Commit())
	}
	changes := &storetypes.StoreUpgrades{Deleted: []string{"unused"}}
	plain, cms = open(t, plainDB, nil, changes), open(t, db, sidebyside.New(true), changes)
	for height := range int64(3) {
		change(plain, 10+height)
		change(cms, 10+height)
		require.Equal(t, plain.WorkingHash(), cms.WorkingHash())
		require.Equal(t, plain.Commit(), cms.Commit())
	}
	require.Equal(t, content(t, plainDB), content(t, db))
}

// A state loaded again at an earlier version is that version's, which it would not be with
// the cache of the SDK.
func TestLoadAgain(t *testing.T) {
	cms := open(t, dbm.NewMemDB(), sidebyside.New(true), nil)
	for version := range byte(3) {
		branch := cms.CacheMultiStore()
		branch.GetKVStore(keys["bank"]).Set([]byte("key"), []byte{version + 1})
		branch.Write()
		cms.WorkingHash()
		cms.Commit()
	}
	require.NoError(t, cms.LoadVersion(2))
	require.Equal(t, []byte{2}, cms.GetKVStore(keys["bank"]).Get([]byte("key")))
	require.Equal(t, []byte{2}, cms.GetStore(keys["bank"]).(storetypes.KVStore).Get([]byte("key")))
}

// Queries get the tree itself, which has what was saved.
func TestUnwrap(t *testing.T) {
	stores := sidebyside.New(true)
	require.Nil(t, stores.Unwrap(keys["bank"]))
	cms := open(t, dbm.NewMemDB(), stores, nil)
	cms.GetKVStore(keys["bank"]).Set([]byte("key"), []byte("value"))
	cms.WorkingHash()
	cms.Commit()
	cms.GetKVStore(keys["bank"]).Set([]byte("key"), []byte("of the next block"))
	require.Equal(t, []byte("value"), stores.Unwrap(keys["bank"]).Get([]byte("key")))
	past, err := cms.CacheMultiStoreWithVersion(1)
	require.NoError(t, err)
	require.Equal(t, []byte("value"), past.GetKVStore(keys["bank"]).Get([]byte("key")))
	stores.Reset()
	require.Nil(t, stores.Unwrap(keys["bank"]))
}

// errDisk is what the database of TestCrash says.
var errDisk = errors.New("the disk is gone")

// dying is a database that takes so many batches and no more.
type dying struct {
	dbm.DB
	mu   sync.Mutex
	left int
}

func (d *dying) NewBatch() dbm.Batch { return &dyingBatch{d.DB.NewBatch(), d} }

func (d *dying) NewBatchWithSize(n int) dbm.Batch { return &dyingBatch{d.DB.NewBatchWithSize(n), d} }

type dyingBatch struct {
	dbm.Batch
	db *dying
}

func (b *dyingBatch) Write() error {
	b.db.mu.Lock()
	defer b.db.mu.Unlock()
	if b.db.left--; b.db.left < 0 {
		return errDisk
	}
	return b.Batch.Write()
}

func (b *dyingBatch) WriteSync() error { return b.Write() }

// Wherever a commit is cut off, the panic comes to whoever commits, and the block that is
// run again after a restart has the same hash.
func TestCrash(t *testing.T) {
	plain := open(t, dbm.NewMemDB(), nil, nil)
	change(plain, 1)
	plain.Commit()
	change(plain, 2)
	want := plain.Commit()

	died := 0
	for left := range 20 {
		db := &dying{DB: dbm.NewMemDB(), left: 1_000}
		cms := open(t, db, sidebyside.New(true), nil)
		change(cms, 1)
		cms.WorkingHash()
		cms.Commit()
		change(cms, 2)
		db.left = left
		if panics(func() { cms.WorkingHash(); cms.Commit() }) {
			died++
		}
		db.left = 1_000
		cms = open(t, db, sidebyside.New(true), nil)
		if cms.LastCommitID().Version == 1 {
			change(cms, 2)
			require.Equal(t, want.Hash, cms.WorkingHash(), left)
			cms.Commit()
		}
		require.Equal(t, want, cms.LastCommitID(), left)
	}
	require.Greater(t, died, len(names), "one for each store and more")
	require.Less(t, died, 20)
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// failing is a store that can't be saved.
type failing struct{ storetypes.CommitKVStore }

func (failing) Commit() storetypes.CommitID { panic(errDisk) }

// What a store panics with is what the caller sees, also where another goroutine was at
// work on it.
func TestPanic(t *testing.T) {
	stores := sidebyside.New(false)
	open(t, dbm.NewMemDB(), stores, nil)
	var wrapped []storetypes.CommitKVStore
	for _, name := range names {
		wrapped = append(wrapped, stores.GetStoreCache(keys[name], failing{stores.Unwrap(keys[name])}))
	}
	for _, store := range wrapped {
		store.Set([]byte("key"), []byte("value"))
	}
	for _, store := range wrapped {
		store.WorkingHash()
	}
	defer func() {
		err, is := recover().(error)
		require.True(t, is)
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, "failing.Commit", "where it came from")
	}()
	wrapped[0].Commit()
	t.Error("it did not panic")
}

// A tree that another one has taken the place of, as where a load has failed half way, is
// hashed and saved all the same.
func TestSuperseded(t *testing.T) {
	plainDB, db, stores := dbm.NewMemDB(), dbm.NewMemDB(), sidebyside.New(true)
	plain, cms := open(t, plainDB, nil, nil), open(t, db, stores, nil)
	for height := range int64(6) {
		change(plain, height)
		change(cms, height)
		switch height {
		case 2:
			stores.GetStoreCache(keys["bank"], open(t, dbm.NewMemDB(), nil, nil).GetStore(keys["bank"]).(storetypes.CommitKVStore))
		case 4:
			stores.Reset()
		}
		require.Equal(t, plain.WorkingHash(), cms.WorkingHash(), height)
		require.Equal(t, plain.Commit(), cms.Commit(), height)
	}
	require.Equal(t, content(t, plainDB), content(t, db))
}

// Many may read at once, as the parallel executor does, also what was just written.
func TestReadersTogether(t *testing.T) {
	cms := open(t, dbm.NewMemDB(), sidebyside.New(true), nil)
	store := cms.GetKVStore(keys["bank"])
	for round := range byte(20) {
		store.Set([]byte("key"), []byte{round})
		var wg sync.WaitGroup
		got := make([][]byte, 8)
		for i := range got {
			wg.Go(func() { got[i] = slices.Clone(store.Get([]byte("key"))) })
		}
		wg.Wait()
		for _, value := range got {
			require.Equal(t, []byte{round}, value)
		}
	}
}

// BenchmarkBlock is the end of a block that changes 2,000 keys in four stores of 100,000.
func BenchmarkBlock(b *testing.B) {
	for name, cache := range map[string]storetypes.MultiStorePersistentCache{
		"one-after-the-other": storecache.NewCommitKVStoreCacheManager(storecache.DefaultCommitKVStoreCacheSize),
		"side-by-side":        sidebyside.New(true),
	} {
		b.Run(name, func(b *testing.B) {
			cms := open(b, dbm.NewMemDB(), cache, nil)
			r := rand.New(rand.NewSource(1))
			write := func(n int) {
				block := cms.CacheMultiStore()
				for range n {
					for _, name := range names {
						block.GetKVStore(keys[name]).Set(fmt.Appendf(nil, "key-%06d", r.Intn(100_000)), fmt.Appendf(nil, "value-%d", r.Int63()))
					}
				}
				block.Write()
			}
			write(100_000)
			cms.WorkingHash()
			cms.Commit()
			for b.Loop() {
				write(500)
				cms.WorkingHash()
				cms.Commit()
			}
		})
	}
}
