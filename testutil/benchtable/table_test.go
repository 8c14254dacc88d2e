package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const printed = `goos: linux
BenchmarkMarket/bid-2         	      40	         0 ns/op	       250.0 µs/0001000	       300.0 µs/0100000	         1.200 ratio
BenchmarkMarket/bid-2         	      40	         0 ns/op	       260.0 µs/0001000	       280.0 µs/0100000	         1.077 ratio
BenchmarkMarket/bid-2         	      40	         0 ns/op	       100.0 µs/0001000	       900.0 µs/0100000	         9.000 ratio
Benchmarks are fun, but this is no result
ok  	example.org/x	1.2s
`

func TestResults(t *testing.T) {
	found := make(results)
	require.NoError(t, found.read(strings.NewReader(printed), ""))
	require.NoError(t, found.read(strings.NewReader("BenchmarkBatch/bn254/128_with_a_bad_one \t 20\t 5 ns/op\n"), "@1"))
	r := reader{results: found}
	require.InDelta(t, 250, r.median("Market/bid", "µs/0001000"), 0)
	require.InDelta(t, 300, r.median("Market/bid", "µs/0100000"), 0)
	require.InDelta(t, 5, r.median("Batch/bn254/128_with_a_bad_one@1", "ns/op"), 0)
	require.NoError(t, r.missing)
	require.Len(t, found, 2)

	r.median("Market/bid", "ns")
	require.ErrorContains(t, r.missing, "Market/bid")
}

func TestResultsThatAreNoNumbers(t *testing.T) {
	require.ErrorContains(t, make(results).read(strings.NewReader("BenchmarkX 1 much ns/op\n"), ""), "much")
}

// A table without one of its benchmarks is none.
func TestRowsNeedTheirBenchmarks(t *testing.T) {
	for _, s := range sections(1, 10, "") {
		_, err := s.rows(make(results))
		require.ErrorContains(t, err, "no benchmark")
	}
	require.Len(t, sections(1, 0, ""), len(sections(1, 10, ""))-1)
}

func TestTable(t *testing.T) {
	require.Equal(t, `| what | figure | beside it | ratio | goal |
|---|---|---|---|---|
| bid | 300 µs | 250 µs | 1.20 | ≤ 1.2 |
`, table([]row{{"bid", "300 µs", "250 µs", ratio(1.2), "≤ 1.2"}}))
}

func TestMachine(t *testing.T) {
	require.Contains(t, machine(t.Context()), "cores")
	require.Empty(t, field("no file", "x"))
}
