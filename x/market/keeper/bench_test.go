package keeper_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/nodedb"
)

// benchLimit names the environment variable with the open requests of the largest
// world.
const benchLimit = "BENCH_REQUESTS"

// leadAndAssign makes n requests that a prover owes a proof of.
func (w *world) leadAndAssign(t testing.TB, n int) []string {
	ids := w.lead(t, n)
	w.end(t)
	return ids
}

// benchMessages are those that are measured: ready makes the n requests that they are
// about, in earlier blocks, and send sends one.
var benchMessages = []struct {
	name  string
	ready func(testing.TB, *world, int) []string
	send  func(t testing.TB, w *world, n uint64, id string) time.Duration
}{
	{
		"request",
		func(_ testing.TB, _ *world, n int) []string { return make([]string, n) },
		func(t testing.TB, w *world, _ uint64, _ string) time.Duration {
			msg := w.requestOf(w.nonce)
			w.nonce++
			start := time.Now()
			w.request(t, msg)
			return time.Since(start)
		},
	},
	{
		"bid_anywhere",
		func(_ testing.TB, w *world, n int) (ids []string) {
			for range n {
				ids = append(ids, w.anywhere())
			}
			return ids
		},
		func(t testing.TB, w *world, n uint64, id string) time.Duration { return w.bid(t, n, id) },
	},
	{
		"bid",
		func(t testing.TB, w *world, n int) (ids []string) {
			for range n {
				ids = append(ids, w.request(t, w.requestOf(w.nonce)))
				w.nonce++
			}
			w.end(t)
			return ids
		},
		func(t testing.TB, w *world, n uint64, id string) time.Duration { return w.bid(t, n, id) },
	},
	{
		"reveal",
		func(t testing.TB, w *world, n int) []string {
			ids := w.sealed(t, n)
			w.toReveals(t)
			return ids
		},
		func(t testing.TB, w *world, n uint64, id string) time.Duration { return w.reveal(t, n, id) },
	},
	{
		"submit_proof",
		func(t testing.TB, w *world, n int) []string { return w.leadAndAssign(t, n) },
		func(t testing.TB, w *world, n uint64, id string) time.Duration { return w.prove(t, n, id) },
	},
	{
		"refund",
		func(t testing.TB, w *world, n int) []string {
			ids := w.unwanted(t, n)
			w.end(t)
			// The block in which they fall due, without its end.
			w.pass()
			require.NoError(t, w.market.BeginBlock(w.Ctx))
			return ids
		},
		func(t testing.TB, w *world, n uint64, id string) time.Duration { return w.refund(t, n, id) },
	},
}

// unwanted makes n requests that nobody will bid for in their one block after this.
func (w *world) unwanted(t testing.TB, n int) (ids []string) {
	for range n {
		msg := w.requestOf(w.nonce)
		w.nonce++
		msg.BiddingBlocks = 1
		ids = append(ids, w.request(t, msg))
	}
	return ids
}

// blockEnds are the ends of blocks that are measured: ready leaves the world before
// the end of a block.
var blockEnds = []struct {
	name  string
	ready func(testing.TB, *world)
}{
	{"idle", func(testing.TB, *world) {}},
	{"refunds", func(t testing.TB, w *world) { // nobody has bid
		w.unwanted(t, perBlock)
		w.end(t)
	}},
	{"closings", func(t testing.TB, w *world) { w.lead(t, perBlock) }},
	{"shrinks", func(t testing.TB, w *world) { // ended in the block before
		w.unwanted(t, perBlock)
		w.end(t)
		w.end(t)
	}},
}

// benchWorlds names the environment variable with a folder that keeps the worlds for
// later runs: a large one takes long to make.
const benchWorlds = "BENCH_WORLDS"

// worldFolder is where the world of that size lies. The smallest is made anew for each
// run: it has too few requests to share with another one.
func worldFolder(b *testing.B, size int) string {
	folder := os.Getenv(benchWorlds)
	if folder == "" || size == smallest {
		return b.TempDir()
	}
	folder = filepath.Join(folder, strconv.Itoa(size))
	require.NoError(b, os.MkdirAll(folder, 0o755))
	return folder
}

// benchBackend names the environment variable with the worlds' database, goleveldb if
// there is none.
const benchBackend = "BENCH_BACKEND"

// worldDB opens the world of that size, as a node opens its database.
func worldDB(b *testing.B, size int) *dbMeter {
	backend, folder := dbm.BackendType(os.Getenv(benchBackend)), worldFolder(b, size)
	var db dbm.DB
	var err error
	if backend == "" || backend == dbm.GoLevelDBBackend {
		db, err = dbm.NewGoLevelDBWithOpts("bench", folder, nodedb.Options(nodedb.DefaultBlockCache))
	} else {
		db, err = dbm.NewDB("bench-"+string(backend), backend, folder)
	}
	require.NoError(b, err)
	return &dbMeter{DB: db}
}

// smallest is the size of the smallest world.
const smallest = 1_000

// benchSizes are the open requests of the worlds.
func benchSizes(b *testing.B) []int {
	limit := uint64(10_000)
	if text := os.Getenv(benchLimit); text != "" {
		var err error
		limit, err = strconv.ParseUint(text, 10, 31)
		require.NoError(b, err, benchLimit)
	}
	sizes := []int{smallest}
	for _, n := range []int{int(limit / 10), int(limit)} {
		if n > sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// BenchmarkMarket measures what messages and the ends of blocks take among few and
// among many open requests, over committed IAVL stores on disk, with the caches that
// nodes have. Messages are about requests of the last blocks, as most are; those of
// "bid_anywhere" go all over the open requests, so that in the smallest world all that
// they read is in the node's caches and in the largest nothing is. The worlds take
// turns, block by block, so that what disturbs the machine disturbs all. Each row has
// the medians in µs, of all and of what was not inside the database, how often the
// database was asked, and the medians of the largest world in relation to the smallest.
//
// BENCH_REQUESTS is the size of the largest world; there is one of a tenth of it and
// one of a thousand beside it. BENCH_WORLDS is a folder to keep them in, BENCH_BACKEND
// their database.
func BenchmarkMarket(b *testing.B) {
	sizes := benchSizes(b)
	var worlds []*world
	var meters []*dbMeter
	for _, n := range sizes {
		db := worldDB(b, n)
		b.Cleanup(func() { require.NoError(b, db.Close()) })
		start := time.Now()
		worlds, meters = append(worlds, newWorld(b, db, n)), append(meters, db)
		b.Logf("%d open requests made in %s", n, time.Since(start).Round(time.Second))
		worlds[len(worlds)-1].warm(b)
	}
	run := func(name string, block func(*testing.B, *world, *dbMeter) []usage) {
		b.Run(name, func(b *testing.B) {
			used := make([][]usage, len(worlds))
			for i := range b.N {
				for j := range worlds {
					j = (i + j) % len(worlds)
					used[j] = append(used[j], block(b, worlds[j], meters[j])...)
				}
			}
			report(b, sizes, used)
		})
	}
	for _, m := range benchMessages {
		run(m.name, func(b *testing.B, w *world, db *dbMeter) (used []usage) {
			for i, id := range m.ready(b, w, perBlock) {
				used = append(used, db.usage(func() time.Duration { return m.send(b, w, uint64(i), id) }))
			}
			w.end(b)
			return used
		})
	}
	for _, e := range blockEnds {
		run("end_block_"+e.name, func(b *testing.B, w *world, db *dbMeter) []usage {
			e.ready(b, w)
			used := db.usage(func() time.Duration { return w.endMarket(b) })
			w.endRest(b)
			return []usage{used}
		})
	}
	// What comes after: hashing and saving the trees, which are the deeper the more
	// they hold. It is no code of the module.
	run("commit_refunds", func(b *testing.B, w *world, db *dbMeter) []usage {
		w.unwanted(b, perBlock)
		w.end(b)
		w.endMarket(b)
		return []usage{db.usage(func() time.Duration { return w.endRest(b) })}
	})
}

// report gives medians, which a busy machine disturbs less than means: of the time, and
// of the part of it that was not inside the database. Reads of the database and keys
// written to it are means.
func report(b *testing.B, sizes []int, used [][]usage) {
	b.ReportMetric(0, "ns/op") // the mean of all worlds says nothing
	var took, rest []float64
	for i, all := range used {
		took = append(took, medianMicros(all, func(u usage) time.Duration { return u.took }))
		rest = append(rest, medianMicros(all, func(u usage) time.Duration { return u.took - u.db }))
		var reads, writes int64
		for _, u := range all {
			reads, writes = reads+u.reads, writes+u.writes
		}
		b.ReportMetric(took[i], fmt.Sprintf("µs/%07d", sizes[i]))
		b.ReportMetric(rest[i], fmt.Sprintf("outside-µs/%07d", sizes[i]))
		b.ReportMetric(float64(reads)/float64(len(all)), fmt.Sprintf("reads/%07d", sizes[i]))
		b.ReportMetric(float64(writes)/float64(len(all)), fmt.Sprintf("writes/%07d", sizes[i]))
	}
	b.ReportMetric(took[len(took)-1]/took[0], "ratio")
	b.ReportMetric(rest[len(rest)-1]/rest[0], "outside-ratio")
}

// medianMicros is the median of one of the times, in µs.
func medianMicros(all []usage, of func(usage) time.Duration) float64 {
	times := make([]time.Duration, len(all))
	for i, u := range all {
		times[i] = of(u)
	}
	slices.Sort(times)
	return float64(times[len(times)/2].Nanoseconds()) / 1000
}
