package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/version"
)

const (
	flagHome   = "home"
	flagOutput = "output"

	outputText = "text"
	outputJSON = "json"
)

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "proverd",
		Short: "Bid for proofs, make them, submit them",
		Long: `proverd is the sidecar of a prover on a Proofmarket chain. It watches the
market, bids for requests that pay, proves what it wins and submits the proofs.

It holds a submitter's key only: the prover's own key, which owns the stake,
never needs to be on the machine that proves.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(os.Stdout)
	root.SetErr(os.Stderr)
	root.PersistentFlags().String(flagHome, defaultHome(), "folder of the configuration, the jobs and the files")
	root.AddCommand(newInitCmd(), newDoctorCmd(), newStartCmd(), newStatusCmd(), newQuoteCmd(), newJobsCmd(), newBenchCmd(), newDemoCircuitCmd(), newVersionCmd(), newWorkerCmd())
	return root
}

func defaultHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ".proverd"
	}
	return filepath.Join(home, ".proverd")
}

func addOutputFlag(cmd *cobra.Command) {
	cmd.Flags().StringP(flagOutput, "o", outputText, "how to print: text or json")
}

// printed writes v as JSON, or as text where that is asked for.
func printed(cmd *cobra.Command, v any, text func(io.Writer)) error {
	output, err := cmd.Flags().GetString(flagOutput)
	if err != nil {
		return err
	}
	switch output {
	case outputText:
		text(cmd.OutOrStdout())
		return nil
	case outputJSON:
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	default:
		return fmt.Errorf("--%s is text or json, not %q", flagOutput, output)
	}
}

type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
}

func newVersionCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  proverd version --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// The linker sets version.Version and version.Commit, as in marketd.
			info := versionInfo{Version: version.Version, Commit: version.Commit, Go: runtime.Version()}
			if build, ok := debug.ReadBuildInfo(); ok {
				if info.Version == "" {
					info.Version = build.Main.Version
				}
				for _, s := range build.Settings {
					if info.Commit == "" && s.Key == "vcs.revision" {
						info.Commit = s.Value
					}
				}
			}
			return printed(cmd, info, func(w io.Writer) {
				fmt.Fprintln(w, strings.Join(strings.Fields(info.Version+" "+info.Commit+" "+info.Go), " "))
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}
