package prover

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// askTimeout bounds what is asked of the chain for one order.
const askTimeout = 5 * time.Second

// chainReader is what orders ask of the chain; nil where it cannot be asked.
type chainReader interface {
	Head(ctx context.Context) (chain.Head, error)
	Request(ctx context.Context, id string) (markettypes.RequestView, []byte, error)
	Bid(ctx context.Context, requestID, prover string) (markettypes.Bid, error)
}

// listJobs lists the jobs of a store that pass a filter.
func listJobs(s *store.Store, f JobFilter) (JobList, error) {
	out := JobList{Jobs: []JobStatus{}}
	if err := f.Validate(); err != nil {
		return out, fmt.Errorf("%w: %w", ErrOrder, err)
	}
	seen, err := s.Seen()
	if err != nil {
		return out, err
	}
	out.Height = seen.Height
	add := func(jobs []*store.Job) {
		for _, j := range jobs {
			switch {
			case !f.passes(j):
			case len(out.Jobs) < f.Limit:
				out.Jobs = append(out.Jobs, jobStatus(j))
			default:
				out.Left++
			}
		}
	}
	if f.wantsOpen() {
		open, err := s.Open()
		if err != nil {
			return out, err
		}
		newestFirst(open)
		add(open)
	}
	if f.wantsDone() {
		finished, err := s.Finished(store.DefaultKeepDone)
		if err != nil {
			return out, err
		}
		add(finished)
	}
	return out, nil
}

// detailsOf tells all of a job but its salt.
func detailsOf(j *store.Job, c *JobOnChain, notes ...string) JobDetails {
	d := JobDetails{
		JobStatus: jobStatus(j), Prover: j.Prover, Backend: j.Backend, Commitment: hex.EncodeToString(j.Commitment),
		ImageSHA256: j.ImageSHA256, InputSHA256: j.InputSHA256, Attempts: j.Attempts,
		MinStake: j.MinStake, Penalty: j.Penalty, Estimate: j.Estimate, MaxBond: j.MaxBond, Paid: j.Paid,
		ProofBytes: len(j.Proof), PublicValues: hex.EncodeToString(j.PublicValues),
		Chain: c, Notes: append([]string{}, notes...),
	}
	if j.TimeLimit > 0 {
		d.TimeLimit = j.TimeLimit.String()
	}
	if j.Pending != nil {
		d.PendingTx, d.PendingExpires = j.Pending.Hash, j.Pending.Expires
	}
	next := nextOf(j, c)
	d.Next, d.ByHeight, d.ByTime = next.text, next.height, next.time
	return d
}

// lookUp asks the chain how a job's request stands. What it cannot tell becomes a
// note.
func lookUp(ctx context.Context, r chainReader, j *store.Job) (*JobOnChain, string) {
	if r == nil {
		return nil, "the chain was not asked"
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	head, err := r.Head(ctx)
	if err != nil {
		return nil, fmt.Sprintf("the chain could not be asked: %v", err)
	}
	v, _, err := r.Request(ctx, j.RequestID)
	if errors.Is(err, chain.ErrNotFound) {
		return nil, "the chain does not have the request any more"
	}
	if err != nil {
		return nil, fmt.Sprintf("the chain could not be asked: %v", err)
	}
	c := onChain(head, &v)
	bid, err := r.Bid(ctx, j.RequestID, j.Prover)
	switch {
	case err == nil:
		c.BidState, c.Bond = bid.State.String(), bid.Bond
	case !errors.Is(err, chain.ErrNotFound):
		return c, fmt.Sprintf("the chain could not be asked for our bid: %v", err)
	}
	return c, ""
}

func onChain(head chain.Head, v *markettypes.RequestView) *JobOnChain {
	c := &JobOnChain{
		Height: head.Height, Time: head.Time, Status: v.Auction.Status.String(), Stage: v.Stage.String(),
		Requester: v.Request.Requester, Verifier: v.Request.Statement.Verifier, Program: v.Request.Statement.Program,
		MaxFee: v.Request.MaxFee, BlocksLeft: v.BlocksLeft,
		Suspended: v.VerifierStatus == verifiertypes.VERIFIER_STATUS_SUSPENDED,
	}
	if v.Auction.EndReason != markettypes.END_REASON_UNSPECIFIED {
		c.EndReason = v.Auction.EndReason.String()
	}
	if v.Auction.Assignment != nil {
		c.Assigned = v.Auction.Assignment.Prover
	}
	if v.Deadline != nil {
		c.Deadline = *v.Deadline
	}
	if v.ExpectedDeadline != nil {
		c.ExpectedDeadline = *v.ExpectedDeadline
	}
	return c
}

// mayRetry says why a job cannot be tried again; nil for no reason.
func mayRetry(j *store.Job) error {
	if j.State == store.Done {
		return fmt.Errorf("%w: job %s is done (%s): a request has one job, and a finished one stays so", ErrOrder, j.RequestID, j.Outcome)
	}
	return nil
}

// mayAbandon says why a job cannot be abandoned; nil for no reason.
func mayAbandon(j *store.Job, c *JobOnChain) error {
	if j.State == store.Done {
		return fmt.Errorf("%w: job %s is done (%s): there is nothing to give up", ErrOrder, j.RequestID, j.Outcome)
	}
	if c != nil && c.Status != markettypes.REQUEST_STATUS_PENDING.String() {
		return fmt.Errorf("%w: the request of job %s has ended: a running sidecar files it by itself", ErrOrder, j.RequestID)
	}
	return nil
}

// abandonedBy is LastError of a job that was abandoned.
const abandonedBy = "abandoned by the operator"

// abandonment returns the change that ends a job: as NotPlaced where that is free,
// since no bid was sent, else as Abandoned. It fails with ErrOrder where the job
// has moved on since the cost was told.
func abandonment(told store.State, free bool, height int64) func(*store.Job) error {
	return func(j *store.Job) error {
		if j.State != told {
			return fmt.Errorf("%w: it has moved from %s to %s meanwhile: try again", ErrOrder, told, j.State)
		}
		j.Outcome = store.Abandoned
		if free {
			j.Outcome = store.NotPlaced
		}
		j.State, j.Pending, j.Finished, j.LastError = store.Done, nil, height, abandonedBy
		return nil
	}
}

// forgetTries is the change of a retry. Attempts stay: they name the next one for
// the backend.
func forgetTries(j *store.Job) error {
	j.Tries = 0
	return nil
}
