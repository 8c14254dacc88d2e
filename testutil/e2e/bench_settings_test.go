package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
	"github.com/cosmos/cosmos-sdk/store/v2/snapshots"
	snapshottypes "github.com/cosmos/cosmos-sdk/store/v2/snapshots/types"

	"github.com/proofmarket/proofmarket/internal/nodedb"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/benchtest"
)

// snapshotEvery is how many blocks lie between two snapshots of the node that makes
// some: so few that each round has one.
const snapshotEvery = 10

// setting is what is tried of a node's settings; zero values stand for the defaults.
type setting struct {
	name      string
	db        func(b *testing.B, dir string) dbm.DB
	base      []func(*baseapp.BaseApp)
	opts      []testutil.Option
	snapshots bool
}

// executionSettings are about how blocks are executed, the defaults first.
var executionSettings = []setting{
	{name: "defaults"},
	{name: "sequential", opts: []testutil.Option{testutil.WithNodeOption(server.FlagBlockExecutor, serverconfig.BlockExecutorSequential)}},
	{name: "block-stm-pre-estimate", opts: []testutil.Option{testutil.WithNodeOption(server.FlagBlockSTMPreEstimate, true)}},
}

// storageSettings are about the state on disk.
var storageSettings = []setting{
	{name: "goleveldb, 8 MiB", db: func(b *testing.B, dir string) dbm.DB { return leveldb(b, dir, 8) }},
	{name: "pebble", db: func(b *testing.B, dir string) dbm.DB {
		b.Helper()
		db, err := dbm.NewDB("application", dbm.PebbleDBBackend, dir)
		require.NoError(b, err)
		return db
	}},
	{name: "no inter-block cache", opts: []testutil.Option{testutil.WithNodeOption(server.FlagInterBlockCache, false)}},
	{name: "iavl-cache 50,000", base: []func(*baseapp.BaseApp){baseapp.SetIAVLCacheSize(50_000)}},
	{name: "iavl-cache 1,000", base: []func(*baseapp.BaseApp){baseapp.SetIAVLCacheSize(1_000)}},
	{name: "no fast nodes", base: []func(*baseapp.BaseApp){baseapp.SetIAVLDisableFastNode(true)}},
	{name: "pruning nothing", base: []func(*baseapp.BaseApp){baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningNothing))}},
	{name: "pruning everything", base: []func(*baseapp.BaseApp){baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningEverything))}},
	{name: fmt.Sprintf("a snapshot every %d blocks", snapshotEvery), snapshots: true},
}

// BenchmarkSettings runs lifecycles of BenchmarkLifecycle, one message a transaction and,
// for the settings of execution, in batches, on nodes that differ from a node's defaults in
// one setting each. They take turns, round by round, so that what disturbs the machine
// disturbs all; each begins with a heap without garbage. The tables have medians of rounds:
// what a lifecycle takes of FinalizeBlock, of Commit and of the processor, in µs; how long
// it takes compared with the defaults in the same round; and what 1,000 of them left on
// disk, in MiB. A last line says what one snapshot of all that costs.
func BenchmarkSettings(b *testing.B) {
	for _, l := range loads {
		switch l.name {
		case "market":
			b.Run(l.name, func(b *testing.B) { l.compare(b, slices.Concat(executionSettings, storageSettings)) })
		case "batches":
			b.Run(l.name, func(b *testing.B) { l.compare(b, executionSettings) })
		}
	}
}

// compare measures the load on a node of each setting; the first is what the others are
// compared with.
func (l load) compare(b *testing.B, settings []setting) {
	b.Helper()
	nodes := make([]*settingNode, len(settings))
	for i, s := range settings {
		nodes[i] = s.start(b, l)
	}
	rounds := 0
	for b.Loop() {
		for i := range nodes {
			nodes[(i+rounds)%len(nodes)].round(b, l)
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op") // of all nodes together it says nothing
	var table strings.Builder
	table.WriteString("\n| setting | finalize | commit | processor | to defaults | disk |\n|---|---|---|---|---|---|\n")
	lives := float64(l.lives())
	for _, n := range nodes {
		grown := float64(diskOf(b, n.dir)-n.before) / float64(rounds*l.lives()) * 1_000 / (1 << 20)
		fmt.Fprintf(&table, "| %s | %.0f | %.0f | %.0f | %.2f | %.1f |\n", n.name,
			micros(n.finalize)/lives, micros(n.commit)/lives, micros(n.processor)/lives, ratio(n.whole(), nodes[0].whole()), grown)
	}
	fmt.Fprint(os.Stdout, table.String()) // a benchmark's log is cut after ten lines
	for _, n := range nodes {
		if n.snapshots {
			n.priceSnapshot(b)
		}
	}
}

// settingNode is a node with its times of each round.
type settingNode struct {
	setting
	*crowd
	dir, snapshotDir            string
	before                      int64 // on disk
	finalize, commit, processor []time.Duration
}

func (s setting) start(b *testing.B, l load) *settingNode {
	b.Helper()
	n := &settingNode{setting: s, dir: b.TempDir(), snapshotDir: b.TempDir()}
	open := s.db
	if open == nil {
		open = func(b *testing.B, dir string) dbm.DB { return leveldb(b, dir, nodedb.DefaultBlockCache) }
	}
	base := s.base
	if s.snapshots {
		base = append(base, snapshotsIn(b, n.snapshotDir))
	}
	opts := append(nodeSettings(open(b, n.dir), base...), testutil.WithBlockSTM(0))
	n.crowd = l.crowd(b, append(opts, s.opts...)...)
	n.before = diskOf(b, n.dir)
	return n
}

// snapshotsIn makes snapshots for others, as state-sync in app.toml says.
func snapshotsIn(b *testing.B, dir string) func(*baseapp.BaseApp) {
	b.Helper()
	store, err := snapshots.NewStore(dbm.NewMemDB(), dir)
	require.NoError(b, err)
	return baseapp.SetSnapshot(store, snapshottypes.NewSnapshotOptions(snapshotEvery, 2))
}

// round runs the load once and notes what it took.
func (n *settingNode) round(b *testing.B, l load) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(collectedAt))
	runtime.GC()
	var finalize, whole, processor time.Duration
	l.round(n.crowd, func(_ string, txs ...[]byte) testutil.Block {
		began, used := time.Now(), benchtest.ProcessorTime(b)
		block := n.Block(txs...)
		whole += time.Since(began)
		processor += benchtest.ProcessorTime(b) - used
		finalize += block.Duration
		return block
	})
	n.finalize, n.commit = append(n.finalize, finalize), append(n.commit, whole-finalize)
	n.processor = append(n.processor, processor)
}

// whole is what FinalizeBlock and Commit took together, round by round.
func (n *settingNode) whole() []time.Duration {
	sums := make([]time.Duration, len(n.finalize))
	for i := range sums {
		sums[i] = n.finalize[i] + n.commit[i]
	}
	return sums
}

// ratio compares times with others of the same rounds: the median.
func ratio(times, others []time.Duration) float64 {
	ratios := make([]float64, len(times))
	for i := range ratios {
		ratios[i] = float64(times[i]) / float64(others[i])
	}
	return median(ratios)
}

// priceSnapshot logs what a snapshot of the node's state costs. The one that the last
// blocks began ends first, and it is of a newer block than that.
func (n *settingNode) priceSnapshot(b *testing.B) {
	b.Helper()
	began, used := time.Now(), benchtest.ProcessorTime(b)
	n.Block()
	if n.Height()%snapshotEvery == 0 {
		n.Block()
	}
	made, err := n.SnapshotManager().Create(uint64(n.Height()))
	for err != nil {
		require.ErrorContains(b, err, "conflict")
		began, used = time.Now(), benchtest.ProcessorTime(b)
		made, err = n.SnapshotManager().Create(uint64(n.Height()))
	}
	fmt.Fprintf(os.Stdout, "\na snapshot of block %d: %.2f s, %.2f s of the processor, %d chunks; folder of snapshots %.1f MiB, state on disk %.1f MiB\n", made.Height,
		time.Since(began).Seconds(), (benchtest.ProcessorTime(b) - used).Seconds(), made.Chunks, mib(diskOf(b, n.snapshotDir)), mib(diskOf(b, n.dir)))
}

// micros is the middle time in µs.
func micros(times []time.Duration) float64 {
	return float64(median(times)) / float64(time.Microsecond)
}

// median is the middle one.
func median[T int64 | float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// mib is a number of bytes in MiB.
func mib(n int64) float64 { return float64(n) / (1 << 20) }

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
