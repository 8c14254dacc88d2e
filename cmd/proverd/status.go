package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/store"
)

func newStatusCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the sidecar stands: blocks, bidding, backends, jobs",
		Long: fmt.Sprintf(`Say how the sidecar stands, while it runs and after: how old the last block is
that it looked at, whether it bids and why not, how its backends are, totals, all
open jobs and the last %d finished ones, newest first. Times in JSON are
nanoseconds, amounts uproof.`, prover.MaxFinishedShown),
		Example: `  proverd status
  proverd status --home /srv/prover --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			s, err := prover.ReadStatus(home)
			if err != nil {
				return err
			}
			return printed(cmd, s, func(w io.Writer) { printStatus(w, s, time.Now()) })
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func printStatus(w io.Writer, s prover.Status, now time.Time) {
	runs := "not running"
	if s.Running {
		runs = "running"
	}
	block := fmt.Sprintf("last block %d", s.Height)
	if !s.BlockTime.IsZero() {
		block += fmt.Sprintf(" (%s, %s ago)", moment(s.BlockTime), brief(max(0, now.Sub(s.BlockTime))))
	}
	fmt.Fprintf(w, "%s, %s\n", runs, block)
	switch {
	case s.Bidding && s.Running:
		fmt.Fprintln(w, "bidding   yes")
	case s.Bidding:
		fmt.Fprintln(w, "bidding   when it runs")
	default:
		writeWrapped(w, "bidding   ", "no: "+s.NotBidding)
	}
	t := s.Totals
	writeWrapped(w, "open      ", fmt.Sprintf("%d%s; they ask %s uproof, take %s of stake, and %s would be slashed for proofs that we owe",
		t.Open, counts(store.States, t.States), t.Fees, t.MinStake, t.Penalties))
	writeWrapped(w, "finished  ", fmt.Sprintf("%d%s; those listed below paid %s uproof and cost %s",
		t.Finished, counts(store.Outcomes, s.Finished), t.Paid, t.Cost))
	if len(s.Backends) > 0 {
		fmt.Fprintln(w)
		b := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(b, "BACKEND\tBIDS\tSTATE\tUNITS/S\tMEASURED")
		for _, m := range s.Backends {
			bids := "no"
			if m.Bids() {
				bids = "yes"
			}
			fmt.Fprintf(b, "%s\t%s\t%s\t%d\t%d proofs\n", m.Name, bids, m.State, m.UnitsPerSecond, m.Samples)
		}
		b.Flush()
		for _, m := range s.Backends {
			if m.Cause != "" {
				writeWrapped(w, m.Name+": ", fmt.Sprintf("%s (%s)", m.Cause, moment(m.Since)))
			}
			if m.Trial != "" {
				writeWrapped(w, m.Name+": ", "on trial with request "+m.Trial)
			}
		}
	}
	if len(s.Jobs) > 0 {
		fmt.Fprintln(w)
		printJobs(w, s.Jobs)
	}
}

// counts lists what there is some of, in order.
func counts[T ~string](order []T, of map[T]int) string {
	var parts []string
	for _, name := range order {
		if n := of[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// printJobs writes one line for each job.
func printJobs(w io.Writer, jobs []prover.JobStatus) {
	const lastError = 26
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REQUEST\tSTATE\tFEE\tUNITS\tPROVED IN\tLAST ERROR")
	for _, j := range jobs {
		state := string(j.State)
		if j.Outcome != "" {
			state = string(j.Outcome)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\n", short(j.RequestID), state, j.Fee, j.Cost, j.ProvingTimeText, clipped(j.LastError, lastError))
	}
	t.Flush()
}
