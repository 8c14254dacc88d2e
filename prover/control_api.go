package prover

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
)

const (
	// MinIDPrefix is how many digits of a request's id are enough to name a job.
	MinIDPrefix = 6
	// MaxJobsListed is how many jobs one list may hold.
	MaxJobsListed = 1_000
)

// Errors of orders about jobs.
var (
	// ErrJobID means that an id is none, or names more than one job.
	ErrJobID = errors.New("no id of one job")
	// ErrOrder means that an order makes no sense for a job as it stands.
	ErrOrder = errors.New("that cannot be done with this job")
	// ErrBusy means that the sidecar had no time for an order: try again.
	ErrBusy = errors.New("the sidecar is busy with a block")
	// ErrNoStore means that the home folder holds no jobs.
	ErrNoStore = errors.New("there are no jobs in this home folder")
)

// Jobs takes orders about jobs. OpenJobs returns one that reaches the running
// sidecar, or works on the job store of one that does not run. Salts never leave
// it. Ids may be cut to their first MinIDPrefix digits or more.
type Jobs interface {
	// List lists jobs, open ones first, newest first.
	List(context.Context, JobFilter) (JobList, error)
	// Show tells all about one job but its salt.
	Show(ctx context.Context, id string) (JobDetails, error)
	// Retry lets a job that waits after failures go on at the next block.
	Retry(ctx context.Context, id string) (RetryReport, error)
	// Abandon ends a job: nothing more is sent for it. Where that may cost
	// something it is done only if sure is true; the report tells.
	Abandon(ctx context.Context, id string, sure bool) (AbandonReport, error)
	// Running tells that the answers come from a running sidecar.
	Running() bool
}

// JobFilter says which jobs to list: open ones, unless it asks for others.
type JobFilter struct {
	// States to list; empty for all that are not done. Naming done lists finished
	// jobs.
	States []store.State `json:"states,omitempty"`
	// Outcomes to list: finished jobs only.
	Outcomes []store.Outcome `json:"outcomes,omitempty"`
	// All lists finished jobs too.
	All bool `json:"all,omitempty"`
	// Limit is the most jobs to list, between 1 and MaxJobsListed.
	Limit int `json:"limit"`
}

// Validate says what is wrong with a filter.
func (f JobFilter) Validate() error {
	for _, s := range f.States {
		if !slices.Contains(store.States, s) {
			return fmt.Errorf("state %q: use %s", s, joined(store.States))
		}
	}
	for _, o := range f.Outcomes {
		if !slices.Contains(store.Outcomes, o) {
			return fmt.Errorf("outcome %q: use %s", o, joined(store.Outcomes))
		}
	}
	if f.Limit < 1 || f.Limit > MaxJobsListed {
		return fmt.Errorf("limit %d: use 1 to %d", f.Limit, MaxJobsListed)
	}
	return nil
}

func joined[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}

// wantsOpen and wantsDone report whether jobs of that kind can pass.
func (f JobFilter) wantsOpen() bool {
	return len(f.Outcomes) == 0 && (len(f.States) == 0 || slices.ContainsFunc(f.States, func(s store.State) bool { return s != store.Done }))
}

func (f JobFilter) wantsDone() bool {
	return len(f.Outcomes) > 0 || slices.Contains(f.States, store.Done) || (f.All && len(f.States) == 0)
}

func (f JobFilter) passes(j *store.Job) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, j.State)) &&
		(len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, j.Outcome))
}

// JobList is what `proverd jobs list` prints.
type JobList struct {
	// Height is the last block that was looked at.
	Height int64       `json:"height"`
	Jobs   []JobStatus `json:"jobs"`
	// Left counts jobs that pass the filter and are not listed for the limit.
	Left int `json:"left"`
}

// JobDetails is what `proverd jobs show` prints: everything that is known of a job
// but its salt, and signed reveals, which hold it. Amounts are in uproof; times are
// those of blocks.
type JobDetails struct {
	JobStatus
	Prover      string `json:"prover"`
	Backend     string `json:"backend,omitempty"`
	Commitment  string `json:"commitment"` // hex
	ImageSHA256 string `json:"image_sha256"`
	InputSHA256 string `json:"input_sha256"`
	// Attempts counts attempts at the proof that failed.
	Attempts  int      `json:"attempts"`
	TimeLimit string   `json:"time_limit,omitempty"`
	MinStake  math.Int `json:"min_stake"`
	Penalty   math.Int `json:"penalty"`
	Estimate  math.Int `json:"estimate"`
	MaxBond   math.Int `json:"max_bond"`
	Paid      math.Int `json:"paid"`
	// PendingTx waits for a block until PendingExpires.
	PendingTx      string    `json:"pending_tx,omitempty"`
	PendingExpires time.Time `json:"pending_expires,omitzero"`
	ProofBytes     int       `json:"proof_bytes,omitempty"`
	PublicValues   string    `json:"public_values,omitempty"` // hex

	// Chain is what the chain says; nil where it could not be asked.
	Chain *JobOnChain `json:"chain,omitempty"`
	// Work is what a running sidecar knows; nil where none runs.
	Work *JobWork `json:"work,omitempty"`
	// Next is what happens next, and ByHeight or ByTime by when; 0 where the chain
	// sets no limit or could not be asked.
	Next     string    `json:"next"`
	ByHeight int64     `json:"by_height,omitempty"`
	ByTime   time.Time `json:"by_time,omitzero"`
	Notes    []string  `json:"notes"`
}

// JobOnChain is how the chain sees a job's request and our bid.
type JobOnChain struct {
	Height    int64     `json:"height"`
	Time      time.Time `json:"time"`
	Status    string    `json:"status"`
	Stage     string    `json:"stage"`
	EndReason string    `json:"end_reason,omitempty"`
	Requester string    `json:"requester"`
	Verifier  string    `json:"verifier"`
	Program   string    `json:"program"`
	MaxFee    math.Int  `json:"max_fee"`
	// BlocksLeft is what is left of the window for bids or reveals.
	BlocksLeft uint64 `json:"blocks_left,omitempty"`
	// Deadline is when the proof must be in, in market time; ExpectedDeadline the
	// block time of that.
	Deadline         time.Time `json:"deadline,omitzero"`
	ExpectedDeadline time.Time `json:"expected_deadline,omitzero"`
	// Assigned owes the proof; empty for nobody.
	Assigned string `json:"assigned,omitempty"`
	// BidState and Bond tell of our bid; empty and absent where the chain has none.
	BidState string   `json:"bid_state,omitempty"`
	Bond     math.Int `json:"bond"`
	// Suspended tells that the chain takes no proofs for the verifier now.
	Suspended bool `json:"suspended,omitempty"`
}

// JobWork is what a running sidecar does for a job.
type JobWork struct {
	// Busy tells that a proof is being made.
	Busy bool `json:"busy"`
	// Failures counts failures since the last success; after them nothing is tried
	// before block RetryAt.
	Failures int   `json:"failures,omitempty"`
	RetryAt  int64 `json:"retry_at,omitempty"`
}

// RetryReport says what a retry did.
type RetryReport struct {
	RequestID string      `json:"request_id"`
	State     store.State `json:"state"`
	// Tries and Failures are what was forgotten; RetryAt the block that the job was
	// waiting for.
	Tries    int      `json:"tries"`
	Failures int      `json:"failures"`
	RetryAt  int64    `json:"retry_at,omitempty"`
	Notes    []string `json:"notes"`
}

// AbandonReport says what abandoning a job did, or would cost.
type AbandonReport struct {
	RequestID string `json:"request_id"`
	// State is the job's state before.
	State store.State `json:"state"`
	// Done tells that it was abandoned; else it needs to be confirmed.
	Done    bool          `json:"done"`
	Outcome store.Outcome `json:"outcome,omitempty"`
	Cost    AbandonCost   `json:"cost"`
}

// AbandonCost is what it costs to send nothing more for a job, in uproof.
type AbandonCost struct {
	// Free tells that it costs nothing for sure.
	Free bool `json:"free"`
	// Bond is lost, and Penalty slashed from the prover's stake; nil for none, and
	// where it is not known: Text tells.
	Bond    *math.Int `json:"bond,omitempty"`
	Penalty *math.Int `json:"penalty,omitempty"`
	Text    string    `json:"text"`
}

// jobIDForm is what orders take: the first digits of a request's id, or all of it.
var jobIDForm = regexp.MustCompile(fmt.Sprintf(`^[0-9a-f]{%d,64}$`, MinIDPrefix))

// resolve returns the job whose request's id starts with the digits.
func resolve(s *store.Store, digits string) (*store.Job, error) {
	if !jobIDForm.MatchString(digits) {
		return nil, fmt.Errorf("%w: %q: write a request's id, or its first digits (%d at least), in lower-case hex", ErrJobID, digits, MinIDPrefix)
	}
	const shown = 3
	ids, err := s.Find(digits, shown)
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, fmt.Errorf("%w for %s: `proverd jobs list --all` lists them", store.ErrNotFound, digits)
	case len(ids) > 1:
		return nil, fmt.Errorf("%w: %s is the start of several: %s: write more digits", ErrJobID, digits, strings.Join(ids[:min(shown, len(ids))], ", "))
	}
	return s.Get(ids[0])
}
