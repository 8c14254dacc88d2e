package prover

import (
	"cmp"
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
)

const (
	statusFile = "status.json"

	// MaxFinishedShown is how many finished jobs a status lists, the newest ones.
	// The job store keeps more of them for the record.
	MaxFinishedShown = 100
)

// Status is what `proverd status` prints.
type Status struct {
	// Height is the last block that was looked at.
	Height int64 `json:"height"`
	// Jobs lists all open jobs, newest first, and after them the finished ones,
	// newest first, MaxFinishedShown at most.
	Jobs []JobStatus `json:"jobs"`
	// Backends lists the backends: whether bids are made on them, and how fast they
	// are.
	Backends []BackendStatus `json:"backends"`
	// Finished counts all jobs that ever ended, by outcome.
	Finished map[store.Outcome]int `json:"finished"`
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
// and holds that, from what it wrote after the last block.
func ReadStatus(home string) (Status, error) {
	jobs, err := store.OpenReadOnly(filepath.Join(home, jobsFile))
	if err == nil {
		defer jobs.Close()
		return statusOf(jobs)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, fmt.Errorf("there are no jobs in %s yet: run `proverd start` with this home folder first: %w", home, err)
	}
	if !errors.Is(err, store.ErrLocked) {
		return Status{}, err
	}
	raw, err := os.ReadFile(filepath.Join(home, statusFile))
	if err != nil {
		return Status{}, fmt.Errorf("the running sidecar has not written its status yet, try again: %w", err)
	}
	var s Status
	if err := json.Unmarshal(raw, &s); err != nil {
		return Status{}, fmt.Errorf("read the running sidecar's status: %w", err)
	}
	return s, nil
}

func statusOf(jobs *store.Store) (Status, error) {
	s := Status{Jobs: []JobStatus{}}
	seen, err := jobs.Seen()
	if err != nil {
		return s, err
	}
	s.Height = seen.Height
	if s.Finished, err = jobs.Outcomes(); err != nil {
		return s, err
	}
	if s.Backends, err = backendStatuses(jobs); err != nil {
		return s, err
	}
	open, err := jobs.Open()
	if err != nil {
		return s, err
	}
	newestFirst(open)
	finished, err := jobs.Finished(MaxFinishedShown)
	if err != nil {
		return s, err
	}
	for _, j := range append(open, finished...) {
		s.Jobs = append(s.Jobs, jobStatus(j))
	}
	return s, nil
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
