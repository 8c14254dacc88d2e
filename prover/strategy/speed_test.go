package strategy

import (
	"encoding/json"
	stdmath "math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpeedStartsAsConfiguredAndLearns(t *testing.T) {
	s := Speed{}.Start(10_000)
	require.Equal(t, uint64(10_000), s.PerSecond())
	require.Equal(t, s, s.Observe(0, time.Second), "no work says nothing")
	require.Equal(t, s, s.Observe(5, minSpeedSample-1), "too short")
	slow := s
	for range 20 {
		was := slow.PerSecond()
		slow = slow.Observe(10_000, 10*time.Second)
		require.Less(t, slow.PerSecond(), was)
	}
	require.InDelta(t, 1_000, float64(slow.PerSecond()), 20)
	require.Equal(t, uint64(20), slow.Samples)
	require.Equal(t, uint64(7_750), s.Observe(1_000, time.Second).PerSecond(), "a quarter of the newest")

	require.Equal(t, slow, slow.Start(10_000), "goes on where it was")
	require.Equal(t, Speed{}.Start(9_000), slow.Start(9_000), "the operator knows better")
	require.Equal(t, Speed{}.Start(7), Speed{Units: stdmath.Inf(1), Seconds: 1, Configured: 7}.Start(7))
	require.Equal(t, uint64(1), Speed{}.PerSecond())

	raw, err := json.Marshal(slow)
	require.NoError(t, err)
	var back Speed
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, slow, back)
}

func TestSpeedStaysBetweenItsSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Speed{}.Start(rapid.Uint64().Draw(t, "configured"))
		low, high := s.PerSecond(), s.PerSecond()
		for range rapid.IntRange(1, 20).Draw(t, "proofs") {
			units, took := rapid.Uint64().Draw(t, "units"), time.Duration(rapid.Int64().Draw(t, "took"))
			s = s.Observe(units, took)
			if units > 0 && took >= minSpeedSample {
				one := Speed{Units: float64(units), Seconds: took.Seconds()}.PerSecond()
				low, high = min(low, one), max(high, one)
			}
			// Binary fractions round: a part in 2^50 on either side.
			require.GreaterOrEqual(t, s.PerSecond()+1+s.PerSecond()>>50, low)
			require.LessOrEqual(t, s.PerSecond(), high+1+high>>50)
		}
	})
}
