// Package benchtest measures verifications for the families' benchmarks.
package benchtest

import (
	"math"
	"testing"
	"time"
)

// Measure runs the loop and reports its best time too: the one to compare on a
// busy machine, where gnark, which spreads over two cores and more, gets a larger
// share of the time than ours, which is one thread's work.
func Measure(b *testing.B, verify func() error) {
	b.Helper()
	best := time.Duration(math.MaxInt64)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if err := verify(); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns/op")
}
