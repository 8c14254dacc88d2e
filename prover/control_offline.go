package prover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
)

// fileJobs works on the job store of a sidecar that does not run. It holds the file
// for moments only.
type fileJobs struct {
	home  string
	chain chainReader
}

var _ Jobs = fileJobs{}

// OpenJobs returns what takes orders for the jobs in a home folder: the sidecar that
// runs on it, or, where none does, its job store. Then cfg says where the chain is;
// with none given the chain is not asked.
func OpenJobs(ctx context.Context, home string, cfg *Config) (Jobs, error) {
	c, err := dialControl(ctx, home)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return c, nil
	}
	o := fileJobs{home: home}
	if cfg != nil && cfg.Chain.ID != "" {
		client, err := chain.New(chain.Config{
			Nodes: cfg.Chain.Nodes, ChainID: cfg.Chain.ID, Timeout: min(askTimeout, time.Duration(cfg.Chain.Timeout)),
		})
		if err != nil {
			return nil, err
		}
		o.chain = client
	}
	// Says early what is wrong with the file.
	return o, o.look(func(*store.Store) error { return nil })
}

// look reads the job store.
func (o fileJobs) look(read func(*store.Store) error) error {
	s, err := store.OpenReadOnly(filepath.Join(o.home, jobsFile))
	if err != nil {
		return o.explain(err)
	}
	defer s.Close()
	return read(s)
}

// change changes the job store.
func (o fileJobs) change(write func(*store.Store) error) error {
	if err := o.look(func(*store.Store) error { return nil }); err != nil {
		return err // Open would make a file
	}
	s, err := store.Open(filepath.Join(o.home, jobsFile))
	if err != nil {
		return o.explain(err)
	}
	return errors.Join(write(s), s.Close())
}

func (o fileJobs) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s: run `proverd start` with it first", ErrNoStore, o.home)
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w: a sidecar starts or stops there, or is of a version that takes no orders: try again", err)
	default:
		return err
	}
}

// Running implements Jobs.
func (fileJobs) Running() bool { return false }

// List implements Jobs.
func (o fileJobs) List(_ context.Context, f JobFilter) (out JobList, err error) {
	err = o.look(func(s *store.Store) error { out, err = listJobs(s, f); return err })
	return out, err
}

// Show implements Jobs.
func (o fileJobs) Show(ctx context.Context, id string) (JobDetails, error) {
	j, err := o.job(id)
	if err != nil {
		return JobDetails{}, err
	}
	if j.State == store.Done {
		return detailsOf(j, nil), nil
	}
	c, note := lookUp(ctx, o.chain, j)
	d := detailsOf(j, c, "no sidecar runs: nothing happens until `proverd start`")
	if note != "" {
		d.Notes = append(d.Notes, note)
	}
	return d, nil
}

func (o fileJobs) job(id string) (j *store.Job, err error) {
	err = o.look(func(s *store.Store) error { j, err = resolve(s, id); return err })
	return j, err
}

// Retry implements Jobs.
func (o fileJobs) Retry(_ context.Context, id string) (r RetryReport, err error) {
	err = o.change(func(s *store.Store) error {
		j, err := resolve(s, id)
		if err == nil {
			err = mayRetry(j)
		}
		if err != nil {
			return err
		}
		r = RetryReport{RequestID: j.RequestID, State: j.State, Tries: j.Tries, Notes: []string{"no sidecar runs: `proverd start` tries it"}}
		_, err = s.Update(j.RequestID, forgetTries)
		return err
	})
	return r, err
}

// Abandon implements Jobs.
func (o fileJobs) Abandon(ctx context.Context, id string, sure bool) (AbandonReport, error) {
	j, err := o.job(id)
	if err != nil {
		return AbandonReport{}, err
	}
	if err := mayAbandon(j, nil); err != nil {
		return AbandonReport{}, err
	}
	c, _ := lookUp(ctx, o.chain, j)
	if err := mayAbandon(j, c); err != nil {
		return AbandonReport{}, err
	}
	r := AbandonReport{RequestID: j.RequestID, State: j.State, Cost: costOf(j, c)}
	if !r.Cost.Free && !sure {
		return r, nil
	}
	err = o.change(func(s *store.Store) error {
		seen, err := s.Seen()
		if err != nil {
			return err
		}
		now, err := s.Update(j.RequestID, abandonment(j.State, r.Cost.Free, seen.Height))
		if err != nil {
			return err
		}
		r.Done, r.Outcome = true, now.Outcome
		return nil
	})
	if err != nil {
		return AbandonReport{}, err
	}
	return r, nil
}
