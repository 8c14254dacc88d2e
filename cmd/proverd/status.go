package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
)

func newStatusCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print the jobs, of a running sidecar too",
		Long: fmt.Sprintf(`Print all open jobs and the last %d finished ones, newest first, of a running
sidecar too. Times in JSON are nanoseconds, amounts uproof.`, prover.MaxFinishedShown),
		Example: "  proverd status --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			s, err := prover.ReadStatus(home)
			if err != nil {
				return err
			}
			return printed(cmd, s, func(w io.Writer) {
				fmt.Fprintf(w, "last block %d, finished jobs: %v\n", s.Height, s.Finished)
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "REQUEST\tSTATE\tOUTCOME\tFEE\tCOST\tPROVED IN\tLAST ERROR")
				for _, j := range s.Jobs {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", j.RequestID, j.State, j.Outcome, j.Fee, j.Cost, j.ProvingTimeText, j.LastError)
				}
				t.Flush()
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}
