package auction

import "time"

// Suspension is a time in which no proof was accepted, in market time (law M11).
type Suspension struct {
	// Began is when it began.
	Began time.Time
	// Ended is when proofs were accepted again; zero while it lasts.
	Ended time.Time
	// Graced tells that it began in the grace after a halt, in which no deadline
	// had passed, whatever the clock said.
	Graced bool
}

// lasts tells whether it has not ended.
func (s Suspension) lasts() bool { return s.Ended.IsZero() }

// Reading is how a deadline reads in the light of the suspensions.
type Reading struct {
	// Deadline is the last market time at which the proof is accepted. A suspension
	// that lasts has not put it off yet.
	Deadline time.Time
	// Suspended tells that a suspension lasts: nothing expires meanwhile.
	Suspended bool
	// Spared tells that the deadline had not passed when the suspension that lasts
	// began, so that its end will put it off.
	Spared bool
	// window is the prover's own time to deliver.
	window time.Duration
}

// ReadDeadline reads a deadline as law M11 does: a suspension that began when it
// had not passed puts it off to at least window after its end. window is the
// prover's own time to deliver: the time limit or the standby window.
// Suspensions come in the order in which they began; those that overlap count as
// one. One that ended before the assignment puts nothing off, since the deadline
// lies window after that already. Reading twice changes nothing more.
func ReadDeadline(deadline time.Time, window time.Duration, suspensions []Suspension) Reading {
	r := Reading{Deadline: deadline, window: window}
	for _, s := range joined(suspensions) {
		spared := s.Graced || !s.Began.After(r.Deadline)
		if s.lasts() {
			// It is the last: what begins later overlaps it.
			r.Suspended, r.Spared = true, spared
		} else if spared {
			r.Deadline = later(r.Deadline, s.Ended.Add(window))
		}
	}
	return r
}

// IfResumed is how the deadline would read if the suspension that lasts ended
// now, and so the earliest that it can become. Without one it is the deadline.
func (r Reading) IfResumed(now time.Time) time.Time {
	if !r.Suspended || !r.Spared {
		return r.Deadline
	}
	return later(r.Deadline, now.Add(r.window))
}

// NextLook is when a queue that found nothing due now must look again: at the
// deadline, and while a suspension lasts not before least has gone by.
func (r Reading) NextLook(now time.Time, least time.Duration) time.Time {
	if !r.Suspended {
		return r.Deadline
	}
	return later(r.IfResumed(now), now.Add(least))
}

// joined makes one of suspensions that overlap: it begins with the first, as that
// one did.
func joined(list []Suspension) []Suspension {
	var spans []Suspension
	for _, s := range list {
		last := len(spans) - 1
		switch {
		case last < 0 || !spans[last].lasts() && !s.Began.Before(spans[last].Ended):
			spans = append(spans, s)
		case s.lasts():
			spans[last].Ended = s.Ended
		case !spans[last].lasts():
			spans[last].Ended = later(spans[last].Ended, s.Ended)
		}
	}
	return spans
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
