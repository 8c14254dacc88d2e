// Package used keeps the state of chains as released versions left them after use, so
// that imports and upgrades can be rehearsed from them. They come from the whole
// application's random machine: go test ./testutil/machine -run TestKeepState
// -machine.keep FILE, run on the code of the version. That of v0.1.0 is of commit
// 48592f4dbbeb5dd83030799b8b12944ee531f7be, which v0.1.0 names.
package used

import (
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

//go:embed testdata
var files embed.FS

// State is all that a chain has after a block: once as an export, once as its stores.
type State struct {
	ChainID string    `json:"chain_id"`
	Height  int64     `json:"height"` // of the last block
	Time    time.Time `json:"time"`   // of the last block
	// ConsensusParams and AppState are what `marketd export` writes.
	ConsensusParams cmtproto.ConsensusParams `json:"consensus_params"`
	AppState        json.RawMessage          `json:"app_state"`
	Stores          []Store                  `json:"stores"`
}

// Store is one store, in the order of its keys.
type Store struct {
	Name  string `json:"name"`
	Pairs []Pair `json:"pairs"`
}

// Pair is a key and its value.
type Pair struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// Versions lists the versions whose state is kept, oldest first.
var Versions = []string{"v0.1.0"}

// Read reads the state that a version left.
func Read(version string) (s State, err error) {
	f, err := files.Open("testdata/" + version + ".json.gz")
	if err != nil {
		return s, err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return s, err
	}
	return s, json.NewDecoder(unpacked).Decode(&s)
}

// Write writes the state as Read reads it.
func (s State) Write(w io.Writer) error {
	packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(packed).Encode(s); err != nil {
		return err
	}
	return packed.Close()
}

// Exported is the state as an application imports it.
func (s State) Exported() servertypes.ExportedApp {
	return servertypes.ExportedApp{AppState: s.AppState, Height: s.Height + 1, ConsensusParams: s.ConsensusParams}
}

// Dump reads every store that lives on disk.
func Dump(cms storetypes.CommitMultiStore) []Store {
	keys := cms.(interface {
		StoreKeysByName() map[string]storetypes.StoreKey
	}).StoreKeysByName()
	branch := cms.CacheMultiStore()
	var stores []Store
	for name, key := range keys {
		if _, persistent := key.(*storetypes.KVStoreKey); !persistent {
			continue
		}
		one := Store{Name: name, Pairs: []Pair{}}
		it := branch.GetKVStore(key).Iterator(nil, nil)
		for ; it.Valid(); it.Next() {
			one.Pairs = append(one.Pairs, Pair{Key: slices.Clone(it.Key()), Value: slices.Clone(it.Value())})
		}
		_ = it.Close()
		stores = append(stores, one)
	}
	slices.SortFunc(stores, func(a, b Store) int { return cmp.Compare(a.Name, b.Name) })
	return stores
}

// Restore writes the stores to an empty database, committed at the state's height: a
// node that opens it goes on with the next block.
func (s State) Restore(db dbm.DB) error {
	cms := store.NewCommitMultiStore(db, log.NewNopLogger())
	keys := make(map[string]*storetypes.KVStoreKey, len(s.Stores))
	for _, one := range s.Stores {
		keys[one.Name] = storetypes.NewKVStoreKey(one.Name)
		cms.MountStoreWithDB(keys[one.Name], storetypes.StoreTypeIAVL, nil)
	}
	if err := cms.LoadLatestVersion(); err != nil {
		return err
	}
	if err := cms.SetInitialVersion(s.Height); err != nil {
		return err
	}
	branch := cms.CacheMultiStore()
	for _, one := range s.Stores {
		kv := branch.GetKVStore(keys[one.Name])
		for _, p := range one.Pairs {
			kv.Set(p.Key, p.Value)
		}
	}
	branch.Write()
	if id := cms.Commit(); id.Version != s.Height {
		return fmt.Errorf("committed at height %d instead of %d", id.Version, s.Height)
	}
	return nil
}
