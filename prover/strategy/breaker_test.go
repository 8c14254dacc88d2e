package strategy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	rules = BreakerPolicy{MaxFailures: 3, RetryAfter: time.Minute}
	start = time.Unix(1_700_000_000, 0).UTC()
)

func open(string) bool   { return true }
func closed(string) bool { return false }

// tripped is a breaker that has just opened for failures of a kind.
func tripped(f Fault) (b Breaker) {
	for range rules.MaxFailures {
		b = b.Failed(rules, start, f, "boom")
	}
	return b
}

func TestBreakerOpensAfterFailuresInARow(t *testing.T) {
	for _, f := range []Fault{FaultProving, FaultMissed, FaultNotRevealed} {
		var b Breaker
		for range 10 { // never three in a row
			b = b.Failed(rules, start, f, "boom").Failed(rules, start, f, "boom").Worked(f)
			require.Equal(t, Closed, b.Is())
		}
		b = b.Failed(rules, start, f, "boom").Failed(rules, start, f, "boom")
		require.Nil(t, b.Stop(rules, "cpu"))
		b = b.Failed(rules, start, f, "boom")
		require.Equal(t, Open, b.Is())
		stop := b.Stop(rules, "cpu")
		require.Equal(t, CodeStopped, stop.Code)
		require.True(t, stop.Later)
		require.Contains(t, stop.Text, "3 failures in a row ("+string(f)+"), the last: boom")
	}
	// Proofs that are made do not excuse deadlines that are missed; a payment does.
	var b Breaker
	for range 2 {
		b = b.Worked(FaultProving).Failed(rules, start, FaultMissed, "late")
	}
	require.Equal(t, Open, b.Failed(rules, start, FaultMissed, "late").Is())
	require.Equal(t, Closed, b.Paid().Failed(rules, start, FaultMissed, "late").Is())
	// Zero means never.
	b = Breaker{}
	for range 50 {
		b = b.Failed(BreakerPolicy{RetryAfter: 1}, start, FaultProving, "boom")
	}
	require.Equal(t, Closed, b.Is())
}

func TestBreakerTriesOneJobAtATime(t *testing.T) {
	b := tripped(FaultProving)
	require.Equal(t, Open, b.At(rules, start.Add(time.Minute-1), open).Is())
	require.Equal(t, Open, b.Failed(rules, start.Add(time.Second), FaultProving, "again").At(rules, start.Add(time.Minute), open).Is(),
		"counted from the last failure")
	b = b.At(rules, start.Add(time.Minute), open)
	require.Equal(t, HalfOpen, b.Is())
	require.Nil(t, b.Stop(rules, "cpu"))
	b = b.Took("r1")
	require.Equal(t, "r1", b.Trial)
	require.Contains(t, b.Stop(rules, "cpu").Text, "on trial with request r1")
	require.Equal(t, b, b.Took("r2"))
	require.Equal(t, b, b.At(rules, start.Add(time.Hour), open))

	lost := b.At(rules, start.Add(time.Hour), closed)
	require.Nil(t, lost.Stop(rules, "cpu"), "a trial that was not won says nothing: try another")
	require.Equal(t, HalfOpen, lost.Is())
	require.Equal(t, "r3", lost.Took("r3").Trial)

	again := b.Failed(rules, start.Add(time.Hour), FaultMissed, "late")
	require.Equal(t, Open, again.Is(), "one failure of any kind is enough now")
	require.Equal(t, Open, again.At(rules, start.Add(time.Hour+time.Second), closed).Is())

	require.Equal(t, Closed, b.Worked(FaultProving).Is())
	require.Equal(t, Closed, b.Paid().Is())
	require.Equal(t, HalfOpen, b.Worked(FaultNotRevealed).Is(), "reveals say nothing about proofs")
	require.Equal(t, Closed, Breaker{}.Took("r1").Is())
	require.Empty(t, Breaker{}.Took("r1").Trial)
}

func TestBreakerFollowsHealth(t *testing.T) {
	b := Breaker{}.Health(start, "no GPU")
	require.Equal(t, Open, b.Is())
	require.Equal(t, CodeUnhealthy, b.Stop(rules, "cpu").Code)
	require.Contains(t, b.Stop(rules, "cpu").Text, "backend cpu is not healthy: no GPU")
	require.Equal(t, Open, b.At(rules, start.Add(time.Hour), closed).Is(), "no trial while it says that it cannot")
	well := b.Health(start.Add(time.Second), "")
	require.Equal(t, HalfOpen, well.Is())
	require.Equal(t, Closed, well.Took("r1").Worked(FaultProving).Is())
	require.Equal(t, Open, well.Took("r1").Failed(rules, start, FaultProving, "boom").Is())

	// Failures keep it open when it is healthy again, and while it is not.
	b = tripped(FaultProving).Health(start, "no GPU")
	require.Equal(t, FaultProving, b.Fault)
	require.Equal(t, Open, b.At(rules, start.Add(time.Hour), closed).Is())
	b = b.Health(start.Add(time.Hour), "")
	require.Equal(t, Open, b.Is())
	require.Equal(t, HalfOpen, b.At(rules, start.Add(time.Hour), closed).Is())
	require.Equal(t, Breaker{}, Breaker{}.Health(start, ""))
}

func TestBreakerPolicyValidate(t *testing.T) {
	require.NoError(t, rules.Validate())
	require.NoError(t, BreakerPolicy{RetryAfter: MaxRetryAfter}.Validate())
	require.ErrorContains(t, BreakerPolicy{MaxFailures: -1, RetryAfter: 1}.Validate(), "max_failures")
	require.ErrorContains(t, BreakerPolicy{}.Validate(), "retry_after")
	require.ErrorContains(t, BreakerPolicy{RetryAfter: MaxRetryAfter + 1}.Validate(), "retry_after")
}

// Whatever happens: it never bids while open or unhealthy, has one trial at most,
// and always finds back to closed.
func TestBreakerStates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Breaker
		now := start
		faults := []Fault{FaultProving, FaultMissed, FaultNotRevealed}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			f := rapid.SampledFrom(faults).Draw(t, "fault")
			was := b
			switch event := rapid.IntRange(0, 6).Draw(t, "event"); event {
			case 0, 1:
				b = b.Failed(rules, now, f, "boom")
				require.True(t, was.Is() == Closed || b.Is() == Open)
			case 2:
				b = b.Worked(f)
			case 3:
				b = b.Paid()
			case 4:
				b = b.Health(now, rapid.SampledFrom([]string{"", "no GPU"}).Draw(t, "health"))
			case 5:
				b = b.At(rules, now, func(string) bool { return event == 5 && now.Second()%2 == 0 })
			default:
				if b.Stop(rules, "cpu") == nil {
					b = b.Took("r")
				}
			}
			if b.Is() == Open {
				require.NotNil(t, b.Stop(rules, "cpu"))
				require.NotEmpty(t, b.Cause)
				require.Empty(t, b.Trial)
			}
			if b.Unhealthy != "" {
				require.Equal(t, Open, b.Is())
			}
			if b.Is() == Closed {
				require.Nil(t, b.Stop(rules, "cpu"))
				require.Less(t, max(b.Proving, b.Missed, b.NotRevealed), rules.MaxFailures)
			}
		}
		b = b.Health(now, "").At(rules, now.Add(rules.RetryAfter), closed)
		require.Nil(t, b.Stop(rules, "cpu"))
		require.Equal(t, Closed, b.Took("last").Paid().Is())
	})
}
