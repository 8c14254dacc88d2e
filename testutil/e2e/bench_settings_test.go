package e2e

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"

	"github.com/proofmarket/proofmarket/internal/nodedb"
	"github.com/proofmarket/proofmarket/testutil"
)

// setting is a node's settings that are tried.
type setting struct {
	name string
	db   func(b *testing.B, dir string) dbm.DB // nil for a node's default
	base []func(*baseapp.BaseApp)
}

var settings = []setting{
	{name: "defaults"},
	{name: "leveldb-8MiB", db: func(b *testing.B, dir string) dbm.DB { return leveldb(b, dir, 8) }},
	{name: "pebble", db: func(b *testing.B, dir string) dbm.DB {
		b.Helper()
		db, err := dbm.NewDB("application", dbm.PebbleDBBackend, dir)
		require.NoError(b, err)
		return db
	}},
	{name: "iavl-cache-50000", base: []func(*baseapp.BaseApp){baseapp.SetIAVLCacheSize(50_000)}},
	{name: "iavl-cache-1000", base: []func(*baseapp.BaseApp){baseapp.SetIAVLCacheSize(1_000)}},
	{name: "no-fast-nodes", base: []func(*baseapp.BaseApp){baseapp.SetIAVLDisableFastNode(true)}},
	{name: "pruning-nothing", base: []func(*baseapp.BaseApp){baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningNothing))}},
	{name: "pruning-everything", base: []func(*baseapp.BaseApp){baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningEverything))}},
}

// BenchmarkSettings runs the lifecycles of BenchmarkLifecycle, one message a transaction,
// on nodes that differ in one setting each. They take turns, round by round, so that what
// disturbs the machine disturbs all. Figures are medians of rounds: what a lifecycle takes
// of FinalizeBlock and of Commit, in µs; and what 1,000 of them left on disk, in MiB.
func BenchmarkSettings(b *testing.B) {
	l := load{parties: alone, batch: 1}
	nodes := make([]*settingNode, len(settings))
	for i, s := range settings {
		nodes[i] = s.start(b, l)
	}
	rounds := 0
	for b.Loop() {
		for i := range nodes {
			nodes[(i+rounds)%len(nodes)].round(l)
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op") // of all nodes together it says nothing
	for i, n := range nodes {
		b.ReportMetric(median(n.finalize)/float64(l.lives()), "finalize-µs/"+settings[i].name)
		b.ReportMetric(median(n.commit)/float64(l.lives()), "commit-µs/"+settings[i].name)
		grown := float64(diskOf(b, n.dir)-n.before) / float64(rounds*l.lives())
		b.ReportMetric(grown*1_000/(1<<20), "disk-MiB/"+settings[i].name)
	}
}

// settingNode is a node with its times of each round.
type settingNode struct {
	*crowd
	dir              string
	before           int64 // on disk
	finalize, commit []time.Duration
}

func (s setting) start(b *testing.B, l load) *settingNode {
	b.Helper()
	n := &settingNode{dir: b.TempDir()}
	open := s.db
	if open == nil {
		open = func(b *testing.B, dir string) dbm.DB { return leveldb(b, dir, nodedb.DefaultBlockCache) }
	}
	n.crowd = l.crowd(b, nodeSettings(open(b, n.dir), s.base...)...)
	n.before = diskOf(b, n.dir)
	return n
}

// round runs the load once and notes what it took.
func (n *settingNode) round(l load) {
	var finalize, whole time.Duration
	l.round(n.crowd, func(_ string, txs ...[]byte) testutil.Block {
		began := time.Now()
		block := n.Block(txs...)
		whole += time.Since(began)
		finalize += block.Duration
		return block
	})
	n.finalize, n.commit = append(n.finalize, finalize), append(n.commit, whole-finalize)
}

// median is the middle time in µs.
func median(times []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return float64(sorted[len(sorted)/2].Nanoseconds()) / 1e3
}

// diskOf is what the files in a folder hold.
func diskOf(b *testing.B, dir string) (sum int64) {
	b.Helper()
	require.NoError(b, filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the database has put it into another one
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			sum += info.Size()
		}
		return err
	}))
	return sum
}
