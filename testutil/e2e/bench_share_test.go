package e2e

import "testing"

// BenchmarkShare is how many messages a second the market handles, one to a transaction,
// compared with plain sends. Two nodes take turns, round by round, so that what disturbs
// the machine disturbs both; each round has as many transactions of the one kind as of the
// other, in blocks of the same sizes, and begins with a heap without garbage. The shares
// are medians of rounds: of time, and of the processor's.
func BenchmarkShare(b *testing.B) {
	for _, pair := range [][2]string{{"sends", "market"}, {"sends-seen", "market-seen"}} {
		for _, s := range executionSettings[:2] {
			b.Run(pair[1]+"/"+s.name, func(b *testing.B) {
				sends, market := loadNamed(b, pair[0]), loadNamed(b, pair[1])
				a, c := s.start(b, sends), s.start(b, market)
				for b.Loop() {
					a.round(b, sends)
					c.round(b, market)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(ratio(a.whole(), c.whole()), "of-sends")
				b.ReportMetric(ratio(a.processor, c.processor), "of-sends-cpu")
				b.ReportMetric(micros(c.finalize)/float64(market.lives()), "finalize-µs/lifecycle")
				b.ReportMetric(micros(c.commit)/float64(market.lives()), "commit-µs/lifecycle")
				b.ReportMetric(micros(c.processor)/float64(market.lives()), "cpu-µs/lifecycle")
				b.ReportMetric(micros(a.processor)/float64(market.lives()), "sends-cpu-µs/lifecycle")
			})
		}
	}
}
