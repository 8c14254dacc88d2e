package strategy

import (
	stdmath "math"
	"time"
)

const (
	// speedWeight is the weight of the newest proof in Speed.
	speedWeight = 0.25
	// minSpeedSample is the shortest proof that says something about speed: below
	// it overhead rules.
	minSpeedSample = 100 * time.Millisecond
	// maxUnitsPerSecond bounds what a measurement may say.
	maxUnitsPerSecond = 1 << 53
)

// Speed is how fast a backend proves, from the proofs that it made: work over
// time, each an exponentially weighted mean, so that long proofs count for more
// than short ones.
type Speed struct {
	// Units and Seconds are the weighted means.
	Units   float64 `json:"units"`
	Seconds float64 `json:"seconds"`
	// Samples counts the proofs that went in.
	Samples uint64 `json:"samples"`
	// Configured is the value that the estimate started from, in units a second.
	Configured uint64 `json:"configured"`
}

// Start returns the estimate to go on with where the configuration says units a
// second: what was measured, unless the configuration changed since.
func (s Speed) Start(configured uint64) Speed {
	configured = min(max(1, configured), maxUnitsPerSecond)
	sound := s.Units > 0 && s.Seconds > 0 && !stdmath.IsInf(s.Units, 0) && !stdmath.IsInf(s.Seconds, 0)
	if s.Configured == configured && sound {
		return s
	}
	return Speed{Units: float64(configured), Seconds: 1, Configured: configured}
}

// Observe adds a proof. Proofs of no work, and those too short to measure, change
// nothing.
func (s Speed) Observe(units uint64, took time.Duration) Speed {
	if units == 0 || took < minSpeedSample || s.Seconds <= 0 {
		return s
	}
	s.Units += speedWeight * (float64(units) - s.Units)
	s.Seconds += speedWeight * (took.Seconds() - s.Seconds)
	s.Samples++
	return s
}

// PerSecond is the estimate in units a second, at least 1.
func (s Speed) PerSecond() uint64 {
	v := s.Units / s.Seconds
	switch {
	case stdmath.IsNaN(v) || v < 1:
		return 1
	case v > maxUnitsPerSecond:
		return maxUnitsPerSecond
	default:
		return uint64(v)
	}
}
