package prover

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/proofmarket/proofmarket/prover/store"
)

// baton is held by who works on the jobs: a Tick, or an order of the operator. A
// job that was abandoned is not in the hands of a Tick any more.
type baton chan struct{}

func newBaton() baton { return make(baton, 1) }

// take waits for it as long as ctx lets it.
func (t baton) take(ctx context.Context) (release func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// engineJobs takes orders for a running engine.
type engineJobs struct{ e *Engine }

var _ Jobs = engineJobs{}

// Running implements Jobs.
func (engineJobs) Running() bool { return true }

// List implements Jobs.
func (o engineJobs) List(_ context.Context, f JobFilter) (JobList, error) {
	return listJobs(o.e.store, f)
}

// Show implements Jobs.
func (o engineJobs) Show(ctx context.Context, id string) (JobDetails, error) {
	j, err := resolve(o.e.store, id)
	if err != nil {
		return JobDetails{}, err
	}
	if j.State == store.Done {
		return detailsOf(j, nil), nil
	}
	c, note := lookUp(ctx, o.e.chain, j)
	d := detailsOf(j, c)
	if note != "" {
		d.Notes = append(d.Notes, note)
	}
	d.Work = o.e.workOn(j.RequestID)
	return d, nil
}

// Retry implements Jobs.
func (o engineJobs) Retry(ctx context.Context, id string) (RetryReport, error) {
	j, release, err := o.e.takeJob(ctx, id)
	if err != nil {
		return RetryReport{}, err
	}
	defer release()
	if err := mayRetry(j); err != nil {
		return RetryReport{}, err
	}
	if j.Tries > 0 {
		if _, err := o.e.update(j.RequestID, forgetTries); err != nil {
			return RetryReport{}, err
		}
	}
	r := RetryReport{RequestID: j.RequestID, State: j.State, Tries: j.Tries, Notes: []string{}}
	was := o.e.forgetFailures(j.RequestID)
	r.Failures, r.RetryAt = was.Failures, was.RetryAt
	if was.Busy {
		r.Notes = append(r.Notes, "an attempt at the proof is under way: it goes on")
	}
	o.e.say(j.RequestID, slog.LevelInfo, "the operator asks for another try", "state", j.State, "tries", j.Tries, "failures", was.Failures)
	o.e.signal()
	return r, nil
}

// Abandon implements Jobs.
func (o engineJobs) Abandon(ctx context.Context, id string, sure bool) (AbandonReport, error) {
	j, err := resolve(o.e.store, id)
	if err != nil {
		return AbandonReport{}, err
	}
	if err := mayAbandon(j, nil); err != nil {
		return AbandonReport{}, err
	}
	c, _ := lookUp(ctx, o.e.chain, j) // without the baton: it may take its time
	j, release, err := o.e.takeJob(ctx, j.RequestID)
	if err != nil {
		return AbandonReport{}, err
	}
	defer release()
	if err := mayAbandon(j, c); err != nil {
		return AbandonReport{}, err
	}
	r := AbandonReport{RequestID: j.RequestID, State: j.State, Cost: costOf(j, c)}
	if !r.Cost.Free && !sure {
		return r, nil
	}
	now, err := o.e.update(j.RequestID, abandonment(j.State, r.Cost.Free, o.e.chain.Seen().Height))
	if err != nil {
		return AbandonReport{}, err
	}
	o.e.metrics.finished(now)
	r.Done, r.Outcome = true, now.Outcome
	o.e.say(j.RequestID, slog.LevelWarn, "job done", "outcome", now.Outcome, "detail", abandonedBy+" as "+string(r.State)+"; cost: "+r.Cost.Text)
	o.e.drop(j.RequestID)
	o.e.pruned = 0 // its files may go
	o.e.signal()
	return r, nil
}

// takeJob takes the baton and returns a job as it is then.
func (e *Engine) takeJob(ctx context.Context, id string) (*store.Job, func(), error) {
	release, err := e.baton.take(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("%w, try again: %w", ErrBusy, err)
	}
	j, err := resolve(e.store, id)
	if err != nil {
		release()
		return nil, nil, err
	}
	return j, release, nil
}

// workOn tells what is done for a job now.
func (e *Engine) workOn(id string) *JobWork {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.open[id]
	if n == nil {
		return &JobWork{}
	}
	return &JobWork{Busy: n.busy, Failures: n.failures, RetryAt: n.retryAt}
}

// forgetFailures lets a request be tried at once, and returns what it forgot.
func (e *Engine) forgetFailures(id string) JobWork {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noteOf(id)
	was := JobWork{Busy: n.busy, Failures: n.failures, RetryAt: n.retryAt}
	n.failures, n.retryAt, n.refused = 0, 0, false
	return was
}

// Status is how the sidecar stands now.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	s, err := statusOf(e.store)
	if err != nil {
		return s, err
	}
	s.Running = true
	s.Backends = s.Backends[:0] // those that the configuration has, be there a record or not
	for _, b := range e.backends.All() {
		s.Backends = append(s.Backends, statusOfBackend(b.Name, e.machines.figures(b.Name)))
	}
	s.Bidding, s.NotBidding = biddingOn(s.Backends)
	if e.store.Unsaved() > 0 || e.cannotWrite(ctx) {
		s.Bidding, s.NotBidding = false, "the job store cannot be written: is the disk full?"
	}
	return s, nil
}

// cannotWrite tells whether the last Tick could not write; false while one runs for
// longer than ctx lasts.
func (e *Engine) cannotWrite(ctx context.Context) bool {
	release, err := e.baton.take(ctx)
	if err != nil {
		return false
	}
	defer release()
	return e.unwritable
}

// figures is what is known of a backend.
func (ms *machines) figures(name string) BackendFigures {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if one := ms.list[name]; one != nil {
		return one.BackendFigures
	}
	return BackendFigures{}
}

func statusOfBackend(name string, f BackendFigures) BackendStatus {
	return BackendStatus{
		Name: name, State: f.Breaker.Is(), Cause: f.Breaker.Cause, Since: f.Breaker.Since, Trial: f.Breaker.Trial,
		UnitsPerSecond: f.Speed.PerSecond(), Samples: f.Speed.Samples,
	}
}
