package prover

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

const (
	statusFile = "status.json"

	// MaxFinishedShown is how many finished jobs a status lists, the newest ones.
	// The job store keeps more of them for the record.
	MaxFinishedShown = 100
)

// Status is what `proverd status` prints.
type Status struct {
	// Running tells that a sidecar runs on the home folder.
	Running bool `json:"running"`
	// Height is the last block that was looked at, BlockTime that block's time.
	Height    int64     `json:"height"`
	BlockTime time.Time `json:"block_time,omitzero"`
	// Bidding tells that bids are made on at least one backend; else NotBidding says
	// why not.
	Bidding    bool   `json:"bidding"`
	NotBidding string `json:"not_bidding,omitempty"`
	// Jobs lists all open jobs, newest first, and after them the finished ones,
	// newest first, MaxFinishedShown at most.
	Jobs []JobStatus `json:"jobs"`
	// Backends lists the backends: whether bids are made on them, and how fast they
	// are.
	Backends []BackendStatus `json:"backends"`
	// Finished counts all jobs that ever ended, by outcome.
	Finished map[store.Outcome]int `json:"finished"`
	Totals   Totals                `json:"totals"`
}

// Totals sum up the jobs; amounts are in uproof.
type Totals struct {
	// Open counts open jobs, States the same by state.
	Open   int                 `json:"open"`
	States map[store.State]int `json:"states"`
	// Fees is what the bids of open jobs ask, MinStake the stake that they take,
	// and Penalties what is slashed if every proof that we owe is missed.
	Fees      math.Int `json:"fees"`
	MinStake  math.Int `json:"min_stake"`
	Penalties math.Int `json:"penalties"`
	// Finished counts all jobs that ever ended.
	Finished int `json:"finished"`
	// Paid is what the fulfilled jobs among those listed paid, and Cost what the
	// strategy reckoned that they cost.
	Paid math.Int `json:"paid"`
	Cost math.Int `json:"cost"`
}

// JobStatus is a job without its salt, which is what keeps a sealed bid sealed.
// It does hold the fee: do not publish the status of bids that are not revealed.
type JobStatus struct {
	RequestID string        `json:"request_id"`
	State     store.State   `json:"state"`
	Outcome   store.Outcome `json:"outcome,omitempty"`
	// Fee is what the bid asks, in uproof.
	Fee     math.Int `json:"fee"`
	Standby bool     `json:"standby"`
	// Cost counts the backend's unit of work, such as constraints.
	Cost uint64 `json:"cost"`
	// ProvingTime is how long the backend took for the proof, in nanoseconds,
	// be it a trial before the bid or made when the request was won; 0 for none
	// yet. ProvingTimeText is the same for people.
	ProvingTime     time.Duration `json:"proving_time"`
	ProvingTimeText string        `json:"proving_time_text,omitempty"`
	// Tries counts failures in the present state.
	Tries     int       `json:"tries,omitempty"`
	LastError string    `json:"last_error,omitempty"`
	Deadline  time.Time `json:"deadline,omitzero"`
	BidTx     string    `json:"bid_tx,omitempty"`
	RevealTx  string    `json:"reveal_tx,omitempty"`
	ProofTx   string    `json:"proof_tx,omitempty"`
	// Created and FinishedAt are block heights.
	Created    int64 `json:"created"`
	FinishedAt int64 `json:"finished_at,omitempty"`
}

// ReadStatus reads how a sidecar stands: from its job store, or, while it runs
// and holds that, from itself, or, where it does not answer, from what it wrote
// after the last block.
func ReadStatus(home string) (Status, error) {
	jobs, err := store.OpenReadOnly(filepath.Join(home, jobsFile))
	if err == nil {
		defer jobs.Close()
		return statusOf(jobs)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, fmt.Errorf("%w: %s: run `proverd start` with it first: %w", ErrNoStore, home, err)
	}
	if !errors.Is(err, store.ErrLocked) {
		return Status{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	if c, err := dialControl(ctx, home); err == nil && c != nil {
		if s, err := c.status(ctx); err == nil {
			return s, nil
		}
	}
	raw, err := os.ReadFile(filepath.Join(home, statusFile))
	if err != nil {
		return Status{}, fmt.Errorf("the running sidecar has not written its status yet, try again: %w", err)
	}
	s := Status{}
	if err := json.Unmarshal(raw, &s); err != nil {
		return Status{}, fmt.Errorf("read the running sidecar's status: %w", err)
	}
	s.Running = true
	return s, nil
}

func statusOf(jobs *store.Store) (Status, error) {
	s := Status{Jobs: []JobStatus{}}
	seen, err := jobs.Seen()
	if err != nil {
		return s, err
	}
	s.Height, s.BlockTime = seen.Height, seen.Time
	if s.Finished, err = jobs.Outcomes(); err != nil {
		return s, err
	}
	if s.Backends, err = backendStatuses(jobs); err != nil {
		return s, err
	}
	s.Bidding, s.NotBidding = biddingOn(s.Backends)
	open, err := jobs.Open()
	if err != nil {
		return s, err
	}
	newestFirst(open)
	finished, err := jobs.Finished(MaxFinishedShown)
	if err != nil {
		return s, err
	}
	s.Totals = totalsOf(open, finished, s.Finished)
	for _, j := range append(open, finished...) {
		s.Jobs = append(s.Jobs, jobStatus(j))
	}
	return s, nil
}

// biddingOn tells whether bids are made on any of the backends, and if not, why.
func biddingOn(list []BackendStatus) (bool, string) {
	for _, b := range list {
		if b.Bids() {
			return true, ""
		}
	}
	if len(list) == 0 {
		return true, "" // nothing happened yet that would stop it
	}
	return false, "bidding is stopped on every backend"
}

// Bids tells whether bids are made on the backend.
func (b BackendStatus) Bids() bool {
	return b.State == strategy.Closed || (b.State == strategy.HalfOpen && b.Trial == "")
}

func totalsOf(open, finished []*store.Job, outcomes map[store.Outcome]int) Totals {
	t := Totals{
		Open: len(open), States: make(map[store.State]int),
		Fees: math.ZeroInt(), MinStake: math.ZeroInt(), Penalties: math.ZeroInt(), Paid: math.ZeroInt(), Cost: math.ZeroInt(),
	}
	for _, j := range open {
		t.States[j.State]++
		t.Fees = summed(t.Fees, j.Fee)
		t.MinStake = summed(t.MinStake, j.MinStake)
		if j.State == store.Assigned || j.State == store.Proved || j.State == store.Submitting {
			t.Penalties = summed(t.Penalties, j.Penalty)
		}
	}
	for _, n := range outcomes {
		t.Finished += n
	}
	for _, j := range finished {
		if j.Outcome == store.Fulfilled {
			t.Paid, t.Cost = summed(t.Paid, j.Paid), summed(t.Cost, j.Estimate)
		}
	}
	return t
}

// summed adds an amount that a record may lack. A sum too large for any amount of
// the chain stays as it was.
func summed(sum, v math.Int) math.Int {
	if out, err := sum.SafeAdd(amountOr0(v)); err == nil {
		return out
	}
	return sum
}

func newestFirst(jobs []*store.Job) {
	slices.SortStableFunc(jobs, func(a, b *store.Job) int { return cmp.Compare(b.Created, a.Created) })
}

func jobStatus(j *store.Job) JobStatus {
	s := JobStatus{
		RequestID: j.RequestID, State: j.State, Outcome: j.Outcome, Fee: j.Fee, Standby: j.Standby, Cost: j.Cost,
		ProvingTime: j.ProvingTime, Tries: j.Tries, LastError: j.LastError, Deadline: j.Deadline,
		BidTx: j.BidTx, RevealTx: j.RevealTx, ProofTx: j.ProofTx, Created: j.Created, FinishedAt: j.Finished,
	}
	if j.ProvingTime > 0 {
		s.ProvingTimeText = rounded(j.ProvingTime).String()
	}
	return s
}

// rounded leaves of a duration what people want to read.
func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d
	}
	return d.Round(time.Millisecond)
}

// writeStatus replaces the status file in one step. It is for people: a failure
// stops nothing.
func writeStatus(home string, jobs *store.Store, log *slog.Logger) {
	s, err := statusOf(jobs)
	if err == nil {
		var raw []byte
		if raw, err = json.MarshalIndent(s, "", "  "); err == nil {
			path := filepath.Join(home, statusFile)
			if err = os.WriteFile(path+blobTemp, append(raw, '\n'), configMode); err == nil {
				err = os.Rename(path+blobTemp, path)
			}
		}
	}
	if err != nil {
		log.Debug("the status file cannot be written", "error", err)
	}
}
