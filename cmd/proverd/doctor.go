package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
)

// errUnwell is the error of a diagnosis with failures, which is printed already.
var errUnwell = errors.New("not ready")

func newDoctorCmd() *cobra.Command {
	var bids int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a sidecar needs, and say how to mend it",
		Long: `Check everything that a sidecar needs: configuration, keys, nodes, prover, stake,
link, coins, backends, verifiers, disk. One line each, with its figure and the fix.

It changes nothing and sends no transaction, and may be used while the sidecar
runs. A check that hangs is a failure. The exit code is 1 if any check fails.`,
		Example: `  proverd doctor
  proverd doctor --home /srv/prover --bids 20
  proverd doctor --output json | jq '.checks[] | select(.status == "fail")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if bids < 0 || bids > maxDoctorBids {
				return fmt.Errorf("--bids is between 0 and %d", maxDoctorBids)
			}
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program, to start it as a worker: %w", err)
			}
			input := passphrase()
			// Workers parse what strangers wrote: they do not inherit it.
			if err := os.Unsetenv(passphraseEnv); err != nil {
				return err
			}
			d := prover.Diagnose(cmd.Context(), home, prover.DoctorOptions{
				Worker: []string{exe, workerUse, "--" + flagHome, home}, Input: input, Bids: bids,
			})
			if err := printed(cmd, d, func(w io.Writer) { printDiagnosis(w, d) }); err != nil {
				return err
			}
			if !d.OK {
				return fmt.Errorf("%w: %d of %d checks failed", errUnwell, d.Counts[prover.VerdictFail], len(d.Checks))
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&bids, "bids", 0, "bids at a time that the balance should carry; 0 for what the queues hold")
	addOutputFlag(cmd)
	return cmd
}

// maxDoctorBids bounds --bids.
const maxDoctorBids = 1_000_000

func printDiagnosis(w io.Writer, d prover.Diagnosis) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range d.Checks {
		fmt.Fprintf(t, "%s\t%s\t%s", c.Verdict, c.Check, c.Figure)
		if c.Fix != "" {
			fmt.Fprintf(t, " (fix: %s)", c.Fix)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	fmt.Fprintf(w, "%d ok, %d to look at, %d failed, %d skipped\n",
		d.Counts[prover.VerdictOK], d.Counts[prover.VerdictWarn], d.Counts[prover.VerdictFail], d.Counts[prover.VerdictSkipped])
}
