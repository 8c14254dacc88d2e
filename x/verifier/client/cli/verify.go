package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/x/verifier/offline"
)

// ExitError ends a command with an exit code. What there is to say has been
// printed already; main only maps the code.
type ExitError struct {
	// Code is the process's exit code.
	Code int
	// Reason says why.
	Reason string
}

// Error implements error.
func (e *ExitError) Error() string { return e.Reason }

// answer is what the command prints with --output json.
type answer struct {
	// Status is "valid", "invalid" or "unreadable".
	Status string `json:"status"`
	offline.Verdict
}

const flagOutput = "output"

// NewVerifyCmd returns the command that verifies a proof from a file, offline.
// It ends with an *ExitError unless the proof is valid.
func NewVerifyCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE.json",
		Short: "Verify a proof from a file, without a node",
		Long: `Verify a proof from a file ("-" reads standard input), without a node.

The file is one JSON object; all bytes are hex with 0x in front:

  {"verifier": "<id>", "program": "0x…", "digest": "0x…", "proof": "0x…"}

"public_values" may stand beside "digest" or instead of it; circuits need them.
A key that is not built in is given instead of "verifier":

  "family": "groth16", "curve": "bn254", "key": "0x…"

where key is a gnark verifying key (WriteTo or WriteRawTo). The command prints
the verdict with the reason. Exit code: 0 valid; 1 something is wrong with the
proof, program, digest or public values; 2 the file, the object or the key cannot
be read, the verifier is unknown, or a field is missing.`,
		Example: `  marketd verify proof.json
  marketd query market proof 1f6a… --output json | marketd verify -`,
		Args:          exitArgs(cobra.ExactArgs(1)),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			output, err := cmd.Flags().GetString(flagOutput)
			if err != nil || (output != "text" && output != "json") {
				return fail(cmd, fmt.Sprintf("--output must be text or json, got %q", output))
			}
			v, err := verifyFile(cmd.InOrStdin(), args[0])
			return report(cmd.OutOrStdout(), output, v, err)
		},
	}
	cmd.Flags().StringP(flagOutput, "o", "text", "output format (text|json)")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return fail(cmd, err.Error()) })
	return cmd
}

// exitArgs makes wrong arguments end with the code for what cannot be read.
func exitArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fail(cmd, err.Error())
		}
		return nil
	}
}

func fail(cmd *cobra.Command, reason string) error {
	cmd.PrintErrln("Error:", reason)
	return &ExitError{Code: offline.ExitUnreadable, Reason: reason}
}

func verifyFile(stdin io.Reader, path string) (offline.Verdict, error) {
	if path == "-" {
		return offline.VerifyReader(stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return offline.Verdict{}, fmt.Errorf("%w: %w", offline.ErrUnreadable, err)
	}
	defer f.Close()
	return offline.VerifyReader(f)
}

// report prints the verdict and returns the exit code as an error.
func report(w io.Writer, output string, v offline.Verdict, err error) error {
	code := offline.ExitCode(v, err)
	a := answer{Status: [...]string{"valid", "invalid", "unreadable"}[code], Verdict: v}
	if err != nil {
		a.Reason = err.Error()
	}
	if output == "json" {
		bz, err := json.Marshal(a)
		if err != nil {
			return &ExitError{Code: offline.ExitUnreadable, Reason: err.Error()}
		}
		fmt.Fprintln(w, string(bz))
	} else {
		printText(w, a)
	}
	if code == offline.ExitValid {
		return nil
	}
	return &ExitError{Code: code, Reason: a.Reason}
}

func printText(w io.Writer, a answer) {
	fmt.Fprintf(w, "%s: %s\n", a.Status, a.Reason)
	for _, line := range []struct{ name, value string }{
		{"verifier", a.Verifier},
		{"family", a.Family},
		{"circuit", a.CircuitID},
		{"program", a.Program},
		{"digest", a.Digest},
	} {
		if line.value != "" {
			fmt.Fprintf(w, "  %-9s %s\n", line.name, line.value)
		}
	}
}
