// Package nodedb opens the database of a node's application state.
package nodedb

import (
	"fmt"
	"path/filepath"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

const (
	// DefaultBlockCache is the size in MiB of the cache of blocks read from the
	// database. It holds the filters and indexes of a state with a million open
	// requests, so that a look for a key that is not there stays in memory
	// (docs/benchmarks.md, "Market").
	DefaultBlockCache = 512
	// MaxBlockCache is the largest cache that is taken, in MiB.
	MaxBlockCache = 1 << 20
	// bloomBits is the size of the filters in bits a key, as cosmos-db has it, so that
	// commands which open the database by themselves find the filters that they know.
	bloomBits = 10
	// openFiles is how many of the database's files stay open. goleveldb's own 500 hold
	// a gigabyte of state; beyond that, each look opened a file anew.
	openFiles = 4096
	// writeBuffer and tableSize are what is gathered in memory before it goes into a file,
	// and how large sorted files are. levelZero times ten to the n is how much their level
	// n holds, so that level 1 has 640 MiB. With goleveldb's 4, 2 and 10 MiB, merging files
	// over and over took a fifth of the processor under full blocks (docs/benchmarks.md,
	// "A request's life"). Most of what merging was left came of files that had often been
	// looked into in vain, which helps where a look moves a disk's head: it is off.
	writeBuffer = 64 * opt.MiB
	tableSize   = 8 * opt.MiB
	levelZero   = 64 * opt.MiB
)

// Open opens the application's database under the node's home. blockCache is in MiB,
// 0 for the default of the backend; backends other than goleveldb have their own. It
// returns an error for a size that is none.
func Open(home string, backend dbm.BackendType, blockCache int) (dbm.DB, error) {
	if blockCache < 0 || blockCache > MaxBlockCache {
		return nil, fmt.Errorf("block cache of %d MiB: 0 to %d are taken; set db.block-cache-mib in app.toml", blockCache, MaxBlockCache)
	}
	dir := filepath.Join(home, "data")
	if backend != dbm.GoLevelDBBackend {
		return dbm.NewDB("application", backend, dir)
	}
	return dbm.NewGoLevelDBWithOpts("application", dir, Options(blockCache))
}

// Options are those of goleveldb with a cache of that many MiB.
func Options(blockCache int) *opt.Options {
	return &opt.Options{
		Filter: filter.NewBloomFilter(bloomBits), BlockCacheCapacity: blockCache * opt.MiB,
		OpenFilesCacheCapacity: openFiles,
		WriteBuffer:            writeBuffer, CompactionTableSize: tableSize, CompactionTotalSize: levelZero, DisableSeeksCompaction: true,
	}
}
