package strategy

import (
	"errors"
	"fmt"
	"time"
)

// BreakerState says whether bids are made on a backend.
type BreakerState string

// The states of a breaker.
const (
	// Closed: bids are made.
	Closed BreakerState = "closed"
	// Open: no bids are made.
	Open BreakerState = "open"
	// HalfOpen: one job at a time is bid for, to see whether it goes well.
	HalfOpen BreakerState = "half_open"
)

// Fault is a kind of failure.
type Fault string

// The kinds of failures.
const (
	// FaultProving: an attempt at a proof that we owe failed.
	FaultProving Fault = "proving"
	// FaultMissed: a proof was not in by its deadline.
	FaultMissed Fault = "missed"
	// FaultNotRevealed: a bid was not revealed in its window.
	FaultNotRevealed Fault = "not_revealed"
	// FaultHealth: the backend says that it cannot work.
	FaultHealth Fault = "unhealthy"
)

// MaxRetryAfter bounds how long bidding may stop.
const MaxRetryAfter = 30 * 24 * time.Hour

// BreakerPolicy says when to stop bidding.
type BreakerPolicy struct {
	// MaxFailures is the number of failures of one kind in a row that stops it; 0
	// stops it for an unhealthy backend only.
	MaxFailures int
	// RetryAfter is how long after the last failure one job is tried.
	RetryAfter time.Duration
}

// Validate says what is wrong with it.
func (p BreakerPolicy) Validate() error {
	switch {
	case p.MaxFailures < 0:
		return errors.New("breaker.max_failures must be 0 for never, or more")
	case p.RetryAfter <= 0 || p.RetryAfter > MaxRetryAfter:
		return fmt.Errorf("breaker.retry_after must be above 0s and at most %s", MaxRetryAfter)
	default:
		return nil
	}
}

// Breaker is the state machine that stops bidding on a backend that fails. Its
// methods return the state that follows; the zero value is closed. Times are
// block times.
//
//	closed    → open       MaxFailures of one kind in a row, or unhealthy
//	open      → half_open  RetryAfter the last failure; or, if it stopped for its
//	                       health only, once it is healthy
//	half_open → open       any failure
//	half_open → closed     a success of the kind that had failed, or a job paid
type Breaker struct {
	State BreakerState `json:"state"`
	// Streaks are the failures in a row, by kind.
	Proving     int `json:"proving"`
	Missed      int `json:"missed"`
	NotRevealed int `json:"not_revealed"`
	// Fault and Cause say why it is not closed, Since when the last failure was.
	Fault Fault     `json:"fault,omitempty"`
	Cause string    `json:"cause,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Unhealthy is what the backend said last; empty for healthy.
	Unhealthy string `json:"unhealthy,omitempty"`
	// Trial is the request tried while half open.
	Trial string `json:"trial,omitempty"`
}

// Is returns the state.
func (b Breaker) Is() BreakerState {
	if b.State == "" {
		return Closed
	}
	return b.State
}

func (b *Breaker) streak(f Fault) *int {
	switch f {
	case FaultProving:
		return &b.Proving
	case FaultMissed:
		return &b.Missed
	case FaultNotRevealed:
		return &b.NotRevealed
	default:
		return new(int)
	}
}

// Failed takes note of a failure.
func (b Breaker) Failed(p BreakerPolicy, now time.Time, f Fault, cause string) Breaker {
	n := b.streak(f)
	*n++
	switch {
	case p.MaxFailures == 0:
	case b.Is() == Closed && *n < p.MaxFailures:
	default:
		b.stop(now, f, fmt.Sprintf("%d failures in a row (%s), the last: %s", *n, f, cause))
	}
	return b
}

func (b *Breaker) stop(now time.Time, f Fault, cause string) {
	b.State, b.Fault, b.Cause, b.Since, b.Trial = Open, f, cause, now, ""
}

// Worked takes note that what a fault is the failure of went well.
func (b Breaker) Worked(f Fault) Breaker {
	*b.streak(f) = 0
	if b.Is() == HalfOpen && (f == b.Fault || (f == FaultProving && b.Fault == FaultHealth)) {
		b.close()
	}
	return b
}

// Paid takes note that a job was proved in time and paid: everything works.
func (b Breaker) Paid() Breaker {
	b.Proving, b.Missed, b.NotRevealed = 0, 0, 0
	if b.Is() == HalfOpen {
		b.close()
	}
	return b
}

func (b *Breaker) close() {
	*b = Breaker{State: Closed}
}

// Health takes note of what the backend says of itself; empty for well.
func (b Breaker) Health(now time.Time, problem string) Breaker {
	b.Unhealthy = problem
	switch {
	case problem != "" && b.Is() != Open:
		b.stop(now, FaultHealth, "the backend is not healthy: "+problem)
	case problem == "" && b.Is() == Open && b.Fault == FaultHealth:
		b.State = HalfOpen
	}
	return b
}

// At takes note of the time, and of the jobs under way: isOpen tells of a request
// whether its job is.
func (b Breaker) At(p BreakerPolicy, now time.Time, isOpen func(request string) bool) Breaker {
	if b.Is() == Open && b.Fault != FaultHealth && b.Unhealthy == "" && !now.Before(b.Since.Add(p.RetryAfter)) {
		b.State = HalfOpen
	}
	if b.Trial != "" && !isOpen(b.Trial) {
		b.Trial = "" // lost, or never bid: try another
	}
	return b
}

// Took takes note that a job was taken on.
func (b Breaker) Took(request string) Breaker {
	if b.Is() == HalfOpen && b.Trial == "" {
		b.Trial = request
	}
	return b
}

// Stop returns why nothing is bid for on the named backend now; nil for no
// reason.
func (b Breaker) Stop(p BreakerPolicy, name string) *Reason {
	switch {
	case b.Is() == Open && b.Unhealthy != "":
		return &Reason{Code: CodeUnhealthy, Later: true, Text: fmt.Sprintf("backend %s is not healthy: %s", name, b.Unhealthy)}
	case b.Is() == Open:
		return &Reason{Code: CodeStopped, Later: true, Text: fmt.Sprintf("no bids on backend %s before %s: %s",
			name, b.Since.Add(p.RetryAfter).UTC().Format(time.RFC3339), b.Cause)}
	case b.Is() == HalfOpen && b.Trial != "":
		return &Reason{Code: CodeStopped, Later: true, Text: fmt.Sprintf("backend %s is on trial with request %s after: %s",
			name, b.Trial, b.Cause)}
	default:
		return nil
	}
}
