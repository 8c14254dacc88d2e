package keeper_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// perBlock is the number of transactions in a block of the benchmarks. Each is
	// about another prover, also in the smallest world, so that none finds what it
	// reads in the block's cache.
	perBlock = 10
	// benchLimit names the environment variable with the size of a third world.
	benchLimit = "BENCH_POSITIONS"
)

// BenchmarkVaults measures what transactions on vaults and the ends of blocks take
// among few and among many positions, over committed IAVL stores on disk, with the
// caches that nodes have. Half of the positions are in vaults of ten, half in five
// vaults. Transactions are spread evenly over both kinds; "same" are about the same
// ten vaults in every world, so that only what does not take part differs;
// "anywhere" go all over the vaults and stakers, so that in the small world all that
// they read is in the node's caches and in the largest nothing is. The worlds take
// turns, block by block, so that what disturbs the machine disturbs all. Each row has
// the medians in µs, and that of the largest world in relation to the smallest.
//
// BENCH_POSITIONS is the size of a third world beside those of 100 and 10,000, which
// takes minutes to build for a million.
func BenchmarkVaults(b *testing.B) {
	sizes := []uint64{100, 10_000}
	if text := os.Getenv(benchLimit); text != "" {
		limit, err := strconv.ParseUint(text, 10, 32)
		require.NoError(b, err, benchLimit)
		if limit > sizes[1] {
			sizes = append(sizes, limit)
		}
	}
	var worlds []*world
	for _, positions := range sizes {
		worlds = append(worlds, newWorld(b, b.TempDir(), positions))
	}
	b.Run("import", func(b *testing.B) { // took place already
		b.ReportMetric(0, "ns/op")
		for i, w := range worlds {
			_, vaults := w.smallVault()
			b.ReportMetric(float64(w.imported.Microseconds())/float64(vaults+crowded), fmt.Sprintf("µs/prover/%07d", sizes[i]))
		}
	})
	run := func(name string, block func(*testing.B, *world) []time.Duration) {
		for _, spread := range []string{"same", "anywhere"} {
			b.Run(name+"/"+spread, func(b *testing.B) {
				took := make([][]time.Duration, len(worlds))
				for i := range b.N {
					for j := range worlds {
						j = (i + j) % len(worlds)
						w := worlds[j]
						w.anywhere = spread == "anywhere"
						took[j] = append(took[j], block(b, w)...)
					}
				}
				report(b, sizes, took)
			})
		}
	}
	for _, row := range operations {
		run(row.name, func(b *testing.B, w *world) (took []time.Duration) {
			for range perBlock {
				took = append(took, w.send(b, row.op(w)))
			}
			w.end(b)
			return took
		})
	}
	run("end_block", func(b *testing.B, w *world) []time.Duration {
		w.mature(b, perBlock)
		start := time.Now()
		err := w.k.EndBlock(w.ctx)
		took := time.Since(start)
		require.NoError(b, err)
		require.EqualValues(b, perBlock, w.completed(), "each iteration does the same")
		return []time.Duration{took}
	})
	// What comes after: hashing and saving the trees, which are the deeper the more
	// they hold. It is no code of the module.
	run("commit", func(b *testing.B, w *world) []time.Duration {
		w.mature(b, perBlock)
		return []time.Duration{w.end(b)}
	})
}

// report gives the medians, which a busy machine disturbs less than the means.
func report(b *testing.B, sizes []uint64, took [][]time.Duration) {
	b.ReportMetric(0, "ns/op") // the mean of all worlds says nothing
	var median []float64
	for i, all := range took {
		slices.Sort(all)
		median = append(median, float64(all[len(all)/2].Nanoseconds())/1000)
		b.ReportMetric(median[i], fmt.Sprintf("µs/%07d", sizes[i]))
	}
	b.ReportMetric(median[len(median)-1]/median[0], "ratio")
}
