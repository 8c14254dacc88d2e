package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/store"
)

// errNotSure means that an order was not carried out since nobody confirmed it.
var errNotSure = errors.New("nothing was done")

const defaultJobsLimit = 50

func newJobsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List, show, retry and abandon jobs, of a running sidecar too",
		Long: fmt.Sprintf(`List, show, retry and abandon jobs. A running sidecar is asked, through a socket
in its home folder; where none runs, its job store is read and changed.

A job is named by its request's id, or the first digits of that, %d at least.
Fees of bids that are still sealed are shown: keep them to yourself. Salts are
never shown. Alone it lists the open jobs.`, prover.MinIDPrefix),
		Example: `  proverd jobs
  proverd jobs list --all
  proverd jobs show 4f1c09`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listJobs(cmd, prover.JobFilter{Limit: defaultJobsLimit})
		},
	}
	addOutputFlag(cmd)
	cmd.AddCommand(newJobsListCmd(), newJobsShowCmd(), newJobsRetryCmd(), newJobsAbandonCmd())
	return cmd
}

func newJobsListCmd() *cobra.Command {
	var states, outcomes []string
	var f prover.JobFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List jobs, open ones first, newest first",
		Example: `  proverd jobs list
  proverd jobs list --state assigned,proved,submitting
  proverd jobs list --outcome missed,not_revealed --limit 1000 --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, s := range states {
				f.States = append(f.States, store.State(s))
			}
			for _, o := range outcomes {
				f.Outcomes = append(f.Outcomes, store.Outcome(o))
			}
			return listJobs(cmd, f)
		},
	}
	cmd.Flags().StringSliceVar(&states, "state", nil, "states to list; done lists finished jobs")
	cmd.Flags().StringSliceVar(&outcomes, "outcome", nil, "outcomes to list; finished jobs only")
	cmd.Flags().BoolVar(&f.All, "all", false, "list finished jobs too")
	cmd.Flags().IntVar(&f.Limit, "limit", defaultJobsLimit, fmt.Sprintf("most jobs to list, at most %d", prover.MaxJobsListed))
	addOutputFlag(cmd)
	return cmd
}

func listJobs(cmd *cobra.Command, f prover.JobFilter) error {
	if err := f.Validate(); err != nil {
		return err
	}
	jobs, err := openJobs(cmd)
	if err != nil {
		return err
	}
	list, err := jobs.List(cmd.Context(), f)
	if err != nil {
		return err
	}
	return printed(cmd, list, func(w io.Writer) {
		if len(list.Jobs) == 0 {
			fmt.Fprintf(w, "no such jobs at block %d\n", list.Height)
			return
		}
		printJobs(w, list.Jobs)
		if list.Left > 0 {
			fmt.Fprintf(w, "%d more: use --limit, or --output json\n", list.Left)
		}
	})
}

func newJobsShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show <request>",
		Short: "Tell all about a job, what happens next, and by when",
		Example: `  proverd jobs show 4f1c09
  proverd jobs show 4f1c09 --output json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, err := openJobs(cmd)
			if err != nil {
				return err
			}
			d, err := jobs.Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printed(cmd, d, func(w io.Writer) { printDetails(w, d) })
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func newJobsRetryCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry <request>",
		Short: "Try a job that failed again at once",
		Long: `Forget a job's failures and the blocks that it waits for after them, so that its
next step is tried at the next block: a bid whose tries are used up while bidding
is open, a reveal, an attempt at a proof, its submission. Finished jobs stay so.`,
		Example: "  proverd jobs retry 4f1c09",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, err := openJobs(cmd)
			if err != nil {
				return err
			}
			r, err := jobs.Retry(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printed(cmd, r, func(w io.Writer) {
				writeWrapped(w, "job ", fmt.Sprintf("%s (%s) is tried again: %d tries and %d failures are forgotten", r.RequestID, r.State, r.Tries, r.Failures))
				for _, note := range r.Notes {
					writeWrapped(w, "note: ", note)
				}
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func newJobsAbandonCmd() *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use:   "abandon <request>",
		Short: "Send nothing more for a job, which may cost its bond or a penalty",
		Long: `Stop working on a job: nothing more is sent for it, no reveal and no proof, and a
request has no second job. Before the bid is sent that is free. After it the bond
is lost, and once the proof is owed the penalty too: what it costs is said first,
and it is done with --yes only.`,
		Example: `  proverd jobs abandon 4f1c09
  proverd jobs abandon 4f1c09 --yes --output json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, err := openJobs(cmd)
			if err != nil {
				return err
			}
			r, err := jobs.Abandon(cmd.Context(), args[0], sure)
			if err != nil {
				return err
			}
			if err := printed(cmd, r, func(w io.Writer) { printAbandon(w, r) }); err != nil {
				return err
			}
			if !r.Done {
				return fmt.Errorf("%w: repeat it with --yes to abandon job %s at that cost", errNotSure, short(r.RequestID))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&sure, "yes", false, "abandon it whatever it costs")
	addOutputFlag(cmd)
	return cmd
}

// openJobs reaches the sidecar, or its job store. The configuration tells where the
// chain is; it may be missing, since none of it is needed.
func openJobs(cmd *cobra.Command) (prover.Jobs, error) {
	home, err := homeOf(cmd)
	if err != nil {
		return nil, err
	}
	var cfg *prover.Config
	if loaded, err := prover.LoadConfig(home); err == nil {
		cfg = &loaded
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	return prover.OpenJobs(ctx, home, cfg)
}

func printAbandon(w io.Writer, r prover.AbandonReport) {
	if r.Done {
		writeWrapped(w, "job   ", fmt.Sprintf("%s was %s and is abandoned: outcome %s", r.RequestID, r.State, r.Outcome))
	} else {
		writeWrapped(w, "job   ", fmt.Sprintf("%s is %s", r.RequestID, r.State))
	}
	writeWrapped(w, "cost  ", r.Cost.Text)
}

func printDetails(w io.Writer, d prover.JobDetails) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, value any) {
		if text := fmt.Sprint(value); text != "" && text != "0" {
			fmt.Fprintf(t, "%s\t%s\n", name, text)
		}
	}
	row("request", d.RequestID)
	row("state", d.State)
	row("outcome", d.Outcome)
	row("prover", d.Prover)
	row("backend", d.Backend)
	row("fee", d.Fee)
	row("standby", d.Standby)
	row("commitment", d.Commitment)
	row("estimated cost", d.Estimate)
	row("paid", d.Paid)
	row("min stake", d.MinStake)
	row("penalty", d.Penalty)
	row("bond at most", d.MaxBond)
	row("units", d.Cost)
	row("time limit", d.TimeLimit)
	row("image", d.ImageSHA256)
	row("input", d.InputSHA256)
	row("proved in", d.ProvingTimeText)
	row("proof bytes", d.ProofBytes)
	row("failed attempts", d.Attempts)
	row("failed tries", d.Tries)
	row("bid tx", d.BidTx)
	row("reveal tx", d.RevealTx)
	row("proof tx", d.ProofTx)
	row("tx under way", d.PendingTx)
	if !d.PendingExpires.IsZero() {
		row("it expires", moment(d.PendingExpires))
	}
	row("created at", d.Created)
	row("finished at", d.FinishedAt)
	if c := d.Chain; c != nil {
		row("chain", fmt.Sprintf("block %d, %s", c.Height, moment(c.Time)))
		row("stage", c.Stage)
		row("verifier", c.Verifier)
		row("program", c.Program)
		row("requester", c.Requester)
		row("max fee", c.MaxFee)
		row("assigned", c.Assigned)
		row("our bid", c.BidState)
		if c.BidState != "" {
			row("its bond", c.Bond)
		}
	}
	t.Flush()
	if d.LastError != "" {
		writeWrapped(w, "last error: ", d.LastError)
	}
	if work := d.Work; work != nil && work.Busy {
		fmt.Fprintln(w, "now: the backend is at work on it")
	} else if work != nil && work.Failures > 0 {
		fmt.Fprintf(w, "now: waits until block %d after %d failures; `proverd jobs retry` ends that\n", work.RetryAt, work.Failures)
	}
	next := d.Next
	if d.ByHeight > 0 {
		next += fmt.Sprintf(", by block %d", d.ByHeight)
	}
	if !d.ByTime.IsZero() {
		next += ", by " + moment(d.ByTime)
	}
	writeWrapped(w, "next: ", next)
	for _, note := range d.Notes {
		writeWrapped(w, "note: ", note)
	}
}
