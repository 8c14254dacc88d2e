package prover

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/strategy"
)

func TestBenchGoesByTheSlowest(t *testing.T) {
	run := func(workers int, each, all float64) BenchRun {
		return BenchRun{Workers: workers, Proofs: 4, PerWorker: each, InAll: all, P90: time.Second}
	}
	none := BenchRun{Workers: 8}
	for name, c := range map[string]struct {
		programs []BenchProgram
		workers  int
		each     float64
	}{
		"one":                  {[]BenchProgram{{Runs: []BenchRun{run(1, 10, 10)}}}, 1, 10},
		"more workers":         {[]BenchProgram{{Runs: []BenchRun{run(1, 10, 10), run(2, 9, 18), none}}}, 2, 9},
		"hardly worth it":      {[]BenchProgram{{Runs: []BenchRun{run(1, 10, 10), run(2, 5.1, 10.2)}}}, 1, 10},
		"the slowest program":  {[]BenchProgram{{Runs: []BenchRun{run(1, 10, 10)}}, {Runs: []BenchRun{run(1, 8, 8)}}, {Error: "x"}}, 1, 8},
		"even where it is one": {[]BenchProgram{{Runs: []BenchRun{run(2, 8, 16)}}, {Runs: []BenchRun{run(1, 10, 10)}}}, 1, 10},
	} {
		got, ok := slowest(c.programs)
		require.True(t, ok, name)
		require.Equal(t, c.workers, got.Workers, name)
		require.InDelta(t, c.each, got.PerWorker, 1e-9, name)
	}
	_, ok := slowest([]BenchProgram{{Runs: []BenchRun{none}}, {}})
	require.False(t, ok)
}

func TestQueueFor(t *testing.T) {
	for _, c := range []struct {
		p90, limit time.Duration
		workers    int
		want       int
	}{
		{time.Second, time.Minute, 1, 30},
		{time.Second, time.Minute, 2, 60},
		{40 * time.Second, time.Minute, 2, 2},
		{0, time.Hour, 1, maxQueue},
		{7 * time.Second, time.Minute, 3, 12},
	} {
		require.Equal(t, c.want, queueFor(BenchRun{P90: c.p90, Workers: c.workers}, c.limit), c)
	}
}

func TestPricePerMillion(t *testing.T) {
	for _, c := range []struct {
		hourly int64
		speed  float64
		want   int64
	}{
		{3_600, 1_000_000, 1}, {3_601, 1_000_000, 2}, {2_500_000, 50_000, 13_889}, {1, 1e12, 1}, {3_600, 0, 1_000_000}, {3_600, 2.9, 500_000},
	} {
		require.Equal(t, c.want, pricePerMillion(big.NewInt(c.hourly), c.speed).Int64(), c)
	}
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), maxHourlyBits), big.NewInt(1))
	p := strategy.DefaultPolicy()
	p.Costs.PerMillionUnits = pricePerMillion(most, 0)
	require.NoError(t, p.Validate(), "the largest price is one that a configuration takes")
}

func TestPercentile(t *testing.T) {
	list := []time.Duration{1, 2, 3, 4}
	require.Equal(t, []time.Duration{2, 4, 4, 1}, []time.Duration{percentile(list, 50), percentile(list, 90), percentile(list, 100), percentile(list, 0)})
	require.Equal(t, time.Duration(7), percentile([]time.Duration{7}, 50))
}

func TestBenchConfigIsChecked(t *testing.T) {
	require.NoError(t, benchConfig().Validate())
	for name, change := range map[string]func(*BenchConfig){
		"runs":        func(b *BenchConfig) { b.Runs = 0 },
		"runs must":   func(b *BenchConfig) { b.Runs = MaxBenchRuns + 1 },
		"duration":    func(b *BenchConfig) { b.Duration = 0 },
		"time-limit":  func(b *BenchConfig) { b.TimeLimit = -1 },
		"hourly-cost": func(b *BenchConfig) { b.HourlyCost = Amount{math.NewInt(-1)} },
		"below 2^": func(b *BenchConfig) {
			b.HourlyCost = Amount{math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 200))}
		},
		"workers":      func(b *BenchConfig) { b.Workers = []int{1, 0} },
		"sizes must":   func(b *BenchConfig) { b.Sizes = []uint64{maxSampleSize + 1} },
		"not both":     func(b *BenchConfig) { b.Files, b.Request = &BenchFiles{}, "ab" },
		"leave them":   func(b *BenchConfig) { b.Sizes, b.Request = []uint64{1}, "ab" },
		"workers must": func(b *BenchConfig) { b.Workers = []int{maxWorkers + 1} },
	} {
		b := benchConfig()
		change(&b)
		err := b.Validate()
		require.ErrorIs(t, err, ErrBench, name)
		require.ErrorContains(t, err, name)
	}
}

// A process tree as Linux shows it, with names that look like fields.
func TestChildrenMemory(t *testing.T) {
	proc := t.TempDir()
	page := uint64(os.Getpagesize())
	add := func(pid, parent int, name string, pages int) {
		dir := filepath.Join(proc, fmt.Sprint(pid))
		require.NoError(t, os.Mkdir(dir, 0o700))
		line := fmt.Sprintf("%d (%s) S %d %s%d 0 0\n", pid, name, parent, strings.Repeat("0 ", 19), pages)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "stat"), []byte(line), 0o600))
	}
	add(10, 1, "proverd", 1_000)
	add(11, 10, "worker", 5)
	add(12, 10, "a (b) 3 c)", 7)
	add(13, 12, "grandchild", 11)
	add(14, 1, "other", 13)
	add(15, 16, "loop", 17)
	add(16, 15, "loop", 19)
	require.NoError(t, os.Mkdir(filepath.Join(proc, "20"), 0o700)) // it has ended
	require.Equal(t, (5+7+11)*page, childrenMemory(proc, 10))
	require.Equal(t, 11*page, childrenMemory(proc, 12))
	require.Zero(t, childrenMemory(proc, 14))
	require.Zero(t, childrenMemory(filepath.Join(proc, "none"), 10))
	peak := watchMemory()
	require.Equal(t, peak(), peak(), "it may be asked again")
}
