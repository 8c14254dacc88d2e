package devnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"github.com/proofmarket/proofmarket/prover/crashpoint"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/x/market/auction"
)

// record is what is known of a sidecar from looks at it while it was down.
type record struct {
	restartedAt uint64 // the chain's height then
	jobs        map[string]seenJob
	settled     map[string]bool // requests that are over for it, job and chain
	// logged is how much of its log was read, proved which requests' proofs the log
	// says are on disk, attempts how many proofs were begun.
	logged   int
	proved   map[string]bool
	attempts int
}

func newRecord() *record {
	return &record{jobs: make(map[string]seenJob), settled: make(map[string]bool), proved: make(map[string]bool)}
}

// seenJob is what must not change from one look at a job to the next; hashes stand
// for salt and proof.
type seenJob struct {
	fixed string // salt, fee, commitment
	proof string // empty for none yet
	stage int
	end   store.Outcome
}

// stageOf orders states by what the chain must know: a job never falls back from one
// stage to another, since only a transaction that failed takes it back at all.
var stageOf = map[store.State]int{
	store.Decided: 0, store.Bidding: 0, store.Bid: 1, store.Revealing: 1, store.Revealed: 2,
	store.Assigned: 3, store.Proved: 3, store.Submitting: 3, store.Done: 4,
}

// promises are the states of which a point leaves at least one job. Other goroutines
// may have taken it one step on before the process ended.
var promises = map[crashpoint.Point][]store.State{
	crashpoint.DecidedWritten: {store.Decided, store.Bidding}, crashpoint.BidWritten: {store.Bidding},
	crashpoint.BidSent: {store.Bidding}, crashpoint.BidSeen: {store.Bidding},
	crashpoint.RevealWritten: {store.Revealing}, crashpoint.RevealSent: {store.Revealing}, crashpoint.RevealSeen: {store.Revealing},
	crashpoint.AssignedWritten: {store.Assigned}, crashpoint.ProofMade: {store.Assigned},
	crashpoint.ProofWritten: {store.Proved, store.Submitting}, crashpoint.SubmissionWritten: {store.Submitting},
	crashpoint.SubmissionSent: {store.Submitting}, crashpoint.DoneWritten: {store.Done},
}

// requirePromise checks that a sidecar ended where it was told to.
func (c *crashRun) requirePromise(point crashpoint.Point, p *Prover, jobs []*store.Job) {
	c.t.Helper()
	require.NotEmpty(c.t, promises[point], "%s", point)
	for _, j := range jobs {
		if slices.Contains(promises[point], j.State) {
			return
		}
	}
	c.wrong(&c.tally.store, "%s ended at %s and has no job that is %s", p.spec.Name, point, promises[point])
}

// look reads all jobs of a sidecar that is down, and holds them against what they
// were and against the chain.
func (c *crashRun) look(ctx context.Context, p *Prover) (jobs []*store.Job) {
	c.t.Helper()
	path := filepath.Join(c.proverHome(p.spec), "jobs.db")
	require.NoError(c.t, checkFile(path), "%s", p.spec.Name)
	s, err := store.OpenReadOnly(path)
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, s.Close()) }()
	open, err := s.Open()
	require.NoError(c.t, err)
	done, err := s.Finished(store.DefaultKeepDone)
	require.NoError(c.t, err)
	jobs = append(open, done...)

	r := c.records[p.spec.Name]
	c.readLog(p, r)
	now := make(map[string]seenJob, len(jobs))
	for _, j := range jobs {
		if err := checkJob(s, j); err != nil {
			c.wrong(&c.tally.store, "%s, job of request %s: %v", p.spec.Name, j.RequestID, err)
		}
		if _, twice := now[j.RequestID]; twice {
			c.wrong(&c.tally.store, "%s has two jobs for request %s", p.spec.Name, j.RequestID)
		}
		now[j.RequestID] = c.compare(p, j, r)
	}
	for id := range r.jobs {
		if _, there := now[id]; !there {
			c.wrong(&c.tally.store, "%s has lost its job for request %s", p.spec.Name, id)
		}
	}
	r.jobs = now
	c.compareWithChain(ctx, p, r, jobs)
	return jobs
}

// compare holds a job against the last look at it.
func (c *crashRun) compare(p *Prover, j *store.Job, r *record) seenJob {
	c.t.Helper()
	now := seenJob{
		fixed: fmt.Sprintf("%x %s %t %x", sha256.Sum256(j.Salt), j.Fee, j.Standby, j.Commitment), stage: stageOf[j.State], end: j.Outcome,
	}
	if len(j.Proof) > 0 {
		now.proof = fmt.Sprintf("%x", sha256.Sum256(j.Proof))
	}
	was, known := r.jobs[j.RequestID]
	if !known {
		return now
	}
	if now.fixed != was.fixed {
		c.wrong(&c.tally.doubleBids, "%s changed salt, fee or commitment for request %s: %s, before %s", p.spec.Name, j.RequestID, now.fixed, was.fixed)
	}
	if was.proof != "" && now.proof != was.proof {
		c.wrong(&c.tally.proofsLost, "%s had a proof for request %s on disk and lost it", p.spec.Name, j.RequestID)
	}
	if now.stage < was.stage || was.end != "" && now.end != was.end {
		c.wrong(&c.tally.store, "%s fell back with request %s to %s %s", p.spec.Name, j.RequestID, j.State, j.Outcome)
	}
	return now
}

// checkFile holds the job store's pages against each other.
func checkFile(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	var faults []error
	err = db.View(func(tx *bolt.Tx) error {
		for fault := range tx.Check() {
			faults = append(faults, fault)
		}
		return nil
	})
	return errors.Join(append(faults, err, db.Close())...)
}

// checkJob holds a job against what its state promises.
func checkJob(s *store.Store, j *store.Job) error {
	id, err := hex.DecodeString(j.RequestID)
	if err != nil {
		return err
	}
	prover, err := rawAddress(j.Prover)
	if err != nil {
		return err
	}
	commitment, err := auction.Commitment(ChainID, id, prover, j.Fee, j.Standby, j.Salt)
	if err != nil {
		return err
	}
	stage, known := stageOf[j.State]
	switch {
	case !bytes.Equal(commitment[:], j.Commitment):
		return fmt.Errorf("commitment %x is not that of fee and salt", j.Commitment)
	case !known:
		return fmt.Errorf("unknown state %q", j.State)
	case (j.State == store.Done) != slices.Contains(store.Outcomes, j.Outcome):
		return fmt.Errorf("outcome %q in state %s", j.Outcome, j.State)
	case (j.State == store.Proved || j.State == store.Submitting) && len(j.Proof) == 0:
		return fmt.Errorf("no proof in state %s", j.State)
	case j.ImageSHA256 == "" || j.InputSHA256 == "" || j.Backend == "":
		return errors.New("files or backend are missing")
	case stage >= 1 && stage <= 3 && j.BidTx == "", stage >= 2 && stage <= 3 && j.RevealTx == "":
		return fmt.Errorf("in state %s without the transactions that led there, which were not on disk before they left", j.State)
	case j.Pending == nil && (j.State == store.Bidding || j.State == store.Revealing || j.State == store.Submitting):
		return fmt.Errorf("no transaction in state %s", j.State)
	case j.Pending == nil:
		return nil
	}
	raw, err := s.Raw(j.Pending)
	if err != nil {
		return fmt.Errorf("its transaction's bytes: %w", err)
	}
	if hash := fmt.Sprintf("%X", sha256.Sum256(raw)); hash != j.Pending.Hash {
		return fmt.Errorf("its transaction is %s, the bytes are those of %s", j.Pending.Hash, hash)
	}
	return nil
}

// What a sidecar's log says of proofs.
var proofLine = regexp.MustCompile(`msg=(proving|"job proved"|"trial proof passes") request=([0-9a-f]{64})`)

// readLog reads what a sidecar logged since the last look: no proof may be begun that
// is on disk.
func (c *crashRun) readLog(p *Prover, r *record) {
	c.t.Helper()
	raw, err := os.ReadFile(p.child.Log)
	require.NoError(c.t, err)
	fresh := raw[r.logged:]
	fresh = fresh[:bytes.LastIndexByte(fresh, '\n')+1]
	r.logged += len(fresh)
	for line := range strings.Lines(string(fresh)) {
		found := proofLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		id := found[2]
		switch found[1] {
		case "proving":
			r.attempts++
			if r.proved[id] || r.jobs[id].proof != "" {
				c.wrong(&c.tally.provedTwice, "%s proves request %s again, whose proof is on disk", p.spec.Name, id)
			}
		case `"job proved"`:
			r.proved[id] = true
		default: // a trial, which is on disk once the job is
			r.attempts++
		}
	}
}
