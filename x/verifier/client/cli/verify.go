package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

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

// Fetched is a request that is on the chain, ready to verify offline.
type Fetched struct {
	// Verifier is the verifier's id; "circuit" for a circuit.
	Verifier string
	// Envelope holds the key, from the chain, the statement, and the proof if it was
	// asked for.
	Envelope offline.Envelope
}

// Fetcher looks a request up. stored says whether its stored proof is wanted too.
type Fetcher func(cmd *cobra.Command, requestID string, stored bool) (Fetched, error)

// FlagRequest is the flag that makes the verify command ask a node.
const FlagRequest = "request"

// Further flags of the verify command.
const (
	flagKey          = "key"
	flagProof        = "proof"
	flagPublicValues = "public-values"
)

// NewVerifyCmd returns the command that verifies a proof on this machine: from a
// file, from a circuit's files, or, with fetch, from a request on the chain. It ends
// with an *ExitError unless the proof is valid.
func NewVerifyCmd(fetch Fetcher) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [FILE.json]",
		Short: "Verify a proof on this machine",
		Long: `Verify a proof on this machine, with the chain's own code. Give one of three:

A file ("-" reads standard input). It is one JSON object; all bytes are hex with 0x
in front:

  {"verifier": "<id>", "program": "0x…", "digest": "0x…", "proof": "0x…"}

"public_values" may stand beside "digest" or instead of it; circuits need them.
A key that is not built in is given instead of "verifier":

  "family": "groth16", "curve": "bn254", "key": "0x…", "constants": {"<name>": "0x…"}

where key is what the zkVM's makers published or what gnark wrote (WriteTo or
WriteRawTo). "curve" may be left out where the family has one. SP1 v6 has the
constant vk_root, RISC Zero control_id and control_root. For circuits, "program" may
be left out, and "key", "proof" and "public_values" may be what snarkjs wrote:
verification_key.json, proof.json and public.json, as they are.

Or --key, --proof and --public-values: the files of a circuit's proof, as gnark or
snarkjs wrote them.

Or --request: the id of a request on the chain. The statement, the key and the stored
proof are fetched from a node and verified here; for a request without a proof, give
one with --proof.

The command prints the verdict with the reason. Exit code: 0 valid; 1 something is
wrong with the proof, program, digest or public values; 2 the file, the object or the
key cannot be read, the verifier or request is unknown, or a field is missing.`,
		Example: `  marketd verify proof.json
  marketd verify --key verification_key.json --proof proof.json --public-values public.json
  marketd verify --key circuit.vk --proof proof.bin --public-values inputs.bin
  marketd verify --request 1f6a… --node tcp://localhost:26657
  marketd verify --request 1f6a… --proof proof.bin --output json
  marketd query market proof 1f6a… --output json | marketd verify -`,
		Args:          checkVerifyArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			output, _ := cmd.Flags().GetString(flags.FlagOutput)
			v, err := runVerify(cmd, args, fetch)
			return report(cmd.OutOrStdout(), output, v, err)
		},
	}
	f := cmd.Flags()
	f.String(flagKey, "", "file with a circuit's key: gnark's, or snarkjs's verification_key.json")
	f.String(flagProof, "", "file with the proof: its bytes, or snarkjs's proof.json")
	f.String(flagPublicValues, "", "file with the public values: their bytes, or snarkjs's public.json")
	f.String(FlagRequest, "", "id of a request on the chain; ask --node for it")
	addKeyFlags(cmd)
	flags.AddQueryFlagsToCmd(cmd)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return Fail(cmd, err.Error()) })
	return cmd
}

// checkVerifyArgs makes wrong arguments end with the code for what cannot be read.
func checkVerifyArgs(cmd *cobra.Command, args []string) error {
	text := func(name string) string { s, _ := cmd.Flags().GetString(name); return s }
	key, request := text(flagKey) != "", text(FlagRequest) != ""
	sources := len(args)
	for _, given := range []bool{key, request} {
		if given {
			sources++
		}
	}
	output := text(flags.FlagOutput)
	switch {
	case output != flags.OutputFormatText && output != flags.OutputFormatJSON:
		return Fail(cmd, fmt.Sprintf("--output must be text or json, got %q", output))
	case sources != 1:
		return Fail(cmd, "give one of: a FILE.json (\"-\" for standard input), --key with --proof, or --request; see marketd verify --help")
	case key && text(flagProof) == "":
		return Fail(cmd, "--key needs --proof too")
	case !key && (text(flagFamily) != "" || text(flagCurve) != ""):
		return Fail(cmd, "--family and --curve go with --key; a FILE.json has its own")
	case len(args) == 1 && (text(flagProof) != "" || text(flagPublicValues) != ""):
		return Fail(cmd, "--proof and --public-values go with --key or --request; a FILE.json has its own")
	default:
		return nil
	}
}

// Fail says on standard error why there is no verdict, and returns the exit code
// for that as an error.
func Fail(cmd *cobra.Command, reason string) error {
	cmd.PrintErrln("Error:", reason)
	return &ExitError{Code: offline.ExitUnreadable, Reason: reason}
}

// runVerify verifies what the arguments name.
func runVerify(cmd *cobra.Command, args []string, fetch Fetcher) (offline.Verdict, error) {
	if len(args) == 1 {
		return verifyFile(cmd.InOrStdin(), args[0])
	}
	text := func(name string) string { s, _ := cmd.Flags().GetString(name); return s }
	proofFile, err := readFile(cmd.InOrStdin(), text(flagProof))
	if err != nil {
		return offline.Verdict{}, fmt.Errorf("--%s: %w", flagProof, err)
	}
	valuesFile, err := readFile(cmd.InOrStdin(), text(flagPublicValues))
	if err != nil {
		return offline.Verdict{}, fmt.Errorf("--%s: %w", flagPublicValues, err)
	}
	if path := text(flagKey); path != "" {
		circuit, err := readCircuit(cmd, path)
		if err != nil {
			return offline.Verdict{}, fmt.Errorf("--%s: %w", flagKey, err)
		}
		key := offline.Hex(circuit.Key)
		return offline.VerifyFiles(offline.Envelope{Family: circuit.Family, Curve: circuit.Curve, Key: &key}, proofFile, valuesFile)
	}
	fetched, err := fetch(cmd, text(FlagRequest), proofFile == nil)
	if err != nil {
		return offline.Verdict{}, fmt.Errorf("--%s: %w", FlagRequest, err)
	}
	if proofFile != nil {
		fetched.Envelope.PublicValues = nil // those of the stored proof, if any
	}
	v, err := offline.VerifyFiles(fetched.Envelope, proofFile, valuesFile)
	v.Verifier = fetched.Verifier
	return v, err
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
