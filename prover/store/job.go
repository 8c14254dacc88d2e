// Package store keeps the sidecar's jobs on disk, one for each request that it
// decided to bid for, so that it can go on after a crash at any point (law P1):
// each write is synchronised to disk before it returns.
package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/math"
)

// SaltSize is the length of a bid's salt in bytes (law M5).
const SaltSize = 32

// State is how far a job has come. States only move forward, but for Bidding,
// Revealing and Submitting, which fall back by one when their transaction
// turned out to have failed.
type State string

// The states of a job.
const (
	// Decided: fee and salt are on disk, nothing was sent.
	Decided State = "decided"
	// Bidding: the bid's transaction is on disk and may have been sent.
	Bidding State = "bidding"
	// Bid: the chain has our bid.
	Bid State = "bid"
	// Revealing: the reveal's transaction is on disk and may have been sent.
	Revealing State = "revealing"
	// Revealed: the chain has our reveal.
	Revealed State = "revealed"
	// Assigned: we won, or were promoted, and owe a proof.
	Assigned State = "assigned"
	// Proved: a proof that the chain will accept is on disk.
	Proved State = "proved"
	// Submitting: the proof's transaction is on disk and may have been sent.
	Submitting State = "submitting"
	// Done: nothing is left to do; Outcome says why.
	Done State = "done"
)

// States lists all states in order.
var States = []State{Decided, Bidding, Bid, Revealing, Revealed, Assigned, Proved, Submitting, Done}

// next lists where each state may go, besides itself and Done. A restart may
// find that the chain has moved on by more than one step.
var next = map[State][]State{
	Decided:    {Bidding, Bid},
	Bidding:    {Decided, Bid},
	Bid:        {Revealing, Revealed},
	Revealing:  {Bid, Revealed},
	Revealed:   {Assigned},
	Assigned:   {Proved},
	Proved:     {Submitting},
	Submitting: {Proved, Assigned},
	Done:       {},
}

// Outcome says how a job ended.
type Outcome string

// The outcomes of a job.
const (
	// Fulfilled: our proof was accepted and paid.
	Fulfilled Outcome = "fulfilled"
	// Lost: another prover won.
	Lost Outcome = "lost"
	// NotPlaced: the bid did not make it into the bidding window.
	NotPlaced Outcome = "not_placed"
	// NotRevealed: the reveal did not make it into its window; the bond is lost.
	NotRevealed Outcome = "not_revealed"
	// Missed: we won and did not deliver in time.
	Missed Outcome = "missed"
	// Ended: the request ended otherwise, for no fault of ours.
	Ended Outcome = "ended"
	// Abandoned: the operator gave it up with a bid that may be on the chain;
	// nothing more is sent for it.
	Abandoned Outcome = "abandoned"
)

// Outcomes lists all outcomes.
var Outcomes = []Outcome{Fulfilled, Lost, NotPlaced, NotRevealed, Missed, Ended, Abandoned}

// Tx is a signed transaction that may have been sent.
type Tx struct {
	Hash string `json:"hash"` // upper-case hex, as the node prints it
	// Raw is the transaction; absent where Shared, see Store.Raw.
	Raw []byte `json:"raw,omitempty"`
	// Shared tells that the transaction carries items of other jobs too.
	Shared bool `json:"shared,omitempty"`
	// Expires is the block time from which no block can hold it any more.
	Expires time.Time `json:"expires"`
}

// Job is one request that we decided to bid for.
type Job struct {
	RequestID string   `json:"request_id"`
	Prover    string   `json:"prover"`
	Fee       math.Int `json:"fee"` // uproof
	Salt      []byte   `json:"salt"`
	Standby   bool     `json:"standby"`
	// Commitment is what the bid shows of the four fields above.
	Commitment []byte `json:"commitment"`

	State   State   `json:"state"`
	Outcome Outcome `json:"outcome,omitempty"`

	// ImageSHA256 and InputSHA256 name the files as we hold them on disk.
	ImageSHA256 string `json:"image_sha256"`
	InputSHA256 string `json:"input_sha256"`
	// Backend is the name of the backend that is to prove it; empty in records of
	// older versions. Attempts counts its attempts that failed.
	Backend  string `json:"backend,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
	// Cost is the dry run's count of the backend's unit of work.
	Cost uint64 `json:"cost"`
	// TimeLimit, MinStake and Penalty are the request's; absent in records of older
	// versions. Amounts are in uproof.
	TimeLimit time.Duration `json:"time_limit,omitempty"`
	MinStake  math.Int      `json:"min_stake"`
	Penalty   math.Int      `json:"penalty"`
	// Estimate is what the strategy reckoned that the proof costs us, MaxBond the most
	// that the bid's bond may be, Paid what a fulfilled request paid; in uproof, absent
	// in records of older versions.
	Estimate math.Int `json:"estimate"`
	MaxBond  math.Int `json:"max_bond"`
	Paid     math.Int `json:"paid"`

	// Pending is the transaction under way, if any. Tries counts transactions
	// and proofs that failed in the present state.
	Pending   *Tx    `json:"pending,omitempty"`
	Tries     int    `json:"tries,omitempty"`
	LastError string `json:"last_error,omitempty"`

	BidTx    string `json:"bid_tx,omitempty"`
	RevealTx string `json:"reveal_tx,omitempty"`
	ProofTx  string `json:"proof_tx,omitempty"`

	Proof        []byte `json:"proof,omitempty"`
	PublicValues []byte `json:"public_values,omitempty"`
	// ProvingTime is how long the backend took for Proof; in JSON nanoseconds.
	ProvingTime time.Duration `json:"proving_time,omitempty"`

	// Deadline is the market time by which the proof must be in, once assigned.
	Deadline time.Time `json:"deadline,omitzero"`
	// Created and Finished are block heights.
	Created  int64 `json:"created"`
	Finished int64 `json:"finished,omitempty"`
}

// copy returns a job that can be changed without changing this one.
func (j *Job) copy() *Job {
	c := *j
	return &c
}

// NewSalt returns a fresh salt from the system's cryptographic generator.
func NewSalt() ([]byte, error) {
	salt := make([]byte, SaltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("draw a salt: %w", err)
	}
	return salt, nil
}

// ErrJob means that a job breaks the rules of this package: a fault in the
// caller, never of the chain.
var ErrJob = errors.New("bad job")

// check holds a job against what its state promises.
func (j *Job) check() error {
	switch {
	case j.RequestID == "" || j.Prover == "":
		return fmt.Errorf("%w: request and prover must be set", ErrJob)
	case j.Fee.IsNil() || j.Fee.IsNegative():
		return fmt.Errorf("%w: the fee must be set", ErrJob)
	case len(j.Salt) != SaltSize:
		return fmt.Errorf("%w: a salt has %d bytes, got %d", ErrJob, SaltSize, len(j.Salt))
	case next[j.State] == nil:
		return fmt.Errorf("%w: unknown state %q", ErrJob, j.State)
	case (j.State == Done) != (j.Outcome != ""):
		return fmt.Errorf("%w: an outcome belongs to the state done", ErrJob)
	case (j.State == Proved || j.State == Submitting) && len(j.Proof) == 0:
		return fmt.Errorf("%w: state %s needs a proof", ErrJob, j.State)
	case (j.State == Bidding || j.State == Revealing || j.State == Submitting) && j.Pending == nil:
		return fmt.Errorf("%w: state %s needs a transaction", ErrJob, j.State)
	}
	return nil
}

// follows reports whether now may replace was.
func (j *Job) follows(was *Job) error {
	if j.RequestID != was.RequestID || j.Prover != was.Prover || !j.Fee.Equal(was.Fee) ||
		string(j.Salt) != string(was.Salt) || j.Standby != was.Standby {
		// law P4: one request, one salt, one fee.
		return fmt.Errorf("%w: request, prover, fee, standby and salt never change", ErrJob)
	}
	if j.State == was.State || (j.State == Done && was.State != Done) {
		return nil
	}
	for _, s := range next[was.State] {
		if s == j.State {
			return nil
		}
	}
	return fmt.Errorf("%w: state %s does not lead to %s", ErrJob, was.State, j.State)
}
