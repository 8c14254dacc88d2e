// Package benchtest measures what benchmarks compare on a busy machine.
package benchtest

import (
	"math"
	"syscall"
	"testing"
	"time"
)

// Measure runs the loop and reports, beside the mean, its best time and the
// processor time that it took. Those are the ones to compare on a busy machine:
// gnark spreads over two cores and more, and so gets a larger share of them than
// ours, which is one thread's work.
func Measure(b *testing.B, verify func() error) {
	b.Helper()
	best := time.Duration(math.MaxInt64)
	b.ReportAllocs()
	before := ProcessorTime(b)
	for b.Loop() {
		start := time.Now()
		if err := verify(); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns/op")
	b.ReportMetric(float64((ProcessorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// ProcessorTime is what this process has used, on all cores.
func ProcessorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
