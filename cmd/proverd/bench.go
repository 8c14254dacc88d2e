package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover"
)

const (
	defaultBenchRuns      = 4
	defaultBenchDuration  = time.Minute
	defaultBenchTimeLimit = 10 * time.Minute
)

// benchFlags are the flags of bench that are not a prover.BenchConfig's as they are.
type benchFlags struct {
	files         prover.BenchFiles
	sizes, hourly string
}

func newBenchCmd() *cobra.Command {
	b := prover.BenchConfig{}
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the backends, and propose settings and prices",
		Long: `Measure how fast each backend proves, and propose workers, queue,
units_per_second and per_million_units for config.toml.

Backends for circuits prove the circuit of proverd demo-circuit, or several of
them in one (--sizes). Others need a program: --image, --input, --verifier and
--program, or --request for that of a request on the chain, fetched as the
sidecar does. Nothing is sent to the chain.

It ends after --runs proofs for each number of workers, or after --duration; when
interrupted it prints what it has. Progress goes to standard error.`,
		Example: `  proverd bench
  proverd bench --sizes 2^16,2^18 --workers 1,2,4 --runs 8 --duration 10m --hourly-cost 2.50PROOF
  proverd bench --backend pico --image app.elf --input stdin.bin --verifier pico/v1.2.2 --program 00ab...
  proverd bench --request 4f1c...e9 --hourly-cost 2500000uproof --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return bench(cmd, b, f) },
	}
	fl := cmd.Flags()
	fl.StringSliceVar(&b.Backends, "backend", nil, "backends to measure; all that can prove it where empty")
	fl.StringVar(&f.sizes, "sizes", "", "sizes of the sample circuit in constraints, such as 8192,2^16; rounded up to whole circuits")
	fl.StringVar(&f.files.Image, "image", "", "file of a program's image")
	fl.StringVar(&f.files.Input, "input", "", "file of its input")
	fl.StringVar(&f.files.Verifier, "verifier", "", "id of its verifier, such as pico/v1.2.2")
	fl.StringVar(&f.files.Program, "program", "", "the verifier's name for the program, 64 hex digits")
	fl.StringVar(&f.files.Digest, "digest", "", "digest of the public values, 64 hex digits; from the dry run where empty")
	fl.StringVar(&b.Request, "request", "", "id of a request on the chain whose program to prove")
	fl.IntVar(&b.Runs, "runs", defaultBenchRuns, "proofs of each program with each number of workers")
	fl.IntSliceVar(&b.Workers, "workers", nil, "numbers of proofs at a time to compare; what is configured where empty")
	fl.DurationVar(&b.Duration, "duration", defaultBenchDuration, "time for all measurements")
	fl.DurationVar(&b.TimeLimit, "time-limit", defaultBenchTimeLimit, "time limit of the requests you mean to serve; it decides the queue")
	fl.StringVar(&f.hourly, "hourly-cost", "", "what the machine costs in an hour, such as 2.50PROOF or 2500000uproof")
	fl.StringVar(&b.KeysDir, "keys", "", "folder that keeps the sample circuit's keys (default: the user's cache folder)")
	addOutputFlag(cmd)
	return cmd
}

func bench(cmd *cobra.Command, b prover.BenchConfig, f benchFlags) error {
	home, err := homeOf(cmd)
	if err != nil {
		return err
	}
	if b, err = f.complete(b, home); err != nil {
		return err
	}
	if b.Request != "" && !requestID.MatchString(b.Request) {
		return fmt.Errorf("--request %q: write its id, 64 lower-case hex digits, as `marketd query market requests` lists it", b.Request)
	}
	if err := b.Validate(); err != nil {
		return err
	}
	cfg, err := prover.LoadConfig(home)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it as a worker: %w", err)
	}
	cfg.Worker = []string{exe, workerUse, "--" + flagHome, home}
	// Workers parse what strangers wrote: they do not inherit it.
	if err := os.Unsetenv(passphraseEnv); err != nil {
		return err
	}
	b.Progress = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	report, err := prover.RunBench(ctx, cfg, b, log)
	if err != nil {
		return err
	}
	return printed(cmd, report, func(w io.Writer) { printBench(w, report) })
}

// complete reads the flags that need it.
func (f benchFlags) complete(b prover.BenchConfig, home string) (prover.BenchConfig, error) {
	var err error
	if b.Sizes, err = parseSizes(f.sizes); err != nil {
		return b, err
	}
	if b.HourlyCost.Int, err = parseCost(f.hourly); err != nil {
		return b, fmt.Errorf("--hourly-cost: %w", err)
	}
	if f.files != (prover.BenchFiles{}) {
		b.Files = &f.files
	}
	if b.KeysDir == "" {
		b.KeysDir = defaultKeys(home)
	}
	return b, nil
}

// parseSizes reads numbers such as 8192 or 2^13.
func parseSizes(list string) (out []uint64, err error) {
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		text = strings.TrimSpace(text)
		if power, ok := strings.CutPrefix(text, "2^"); ok {
			n, err := strconv.ParseUint(power, 10, 6)
			if err != nil {
				return nil, fmt.Errorf("--sizes %q: write a number such as 8192 or 2^13", text)
			}
			out = append(out, 1<<n)
			continue
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("--sizes %q: write a number such as 8192 or 2^13", text)
		}
		out = append(out, n)
	}
	return out, nil
}

// parseCost reads an amount in PROOF or uproof; 0 for none.
func parseCost(text string) (math.Int, error) {
	if text == "" {
		return math.ZeroInt(), nil
	}
	bad := fmt.Errorf("%q is not an amount: write one such as 2.50%s or 2500000%s", text, chain.DisplayDenom, chain.Denom)
	if len(text) > 64 {
		return math.Int{}, bad
	}
	if whole, ok := strings.CutSuffix(text, chain.Denom); ok {
		v, ok := math.NewIntFromString(whole)
		if !ok || v.IsNegative() {
			return math.Int{}, bad
		}
		return v, nil
	}
	number, ok := strings.CutSuffix(text, chain.DisplayDenom)
	if !ok {
		return math.Int{}, bad
	}
	v, err := math.LegacyNewDecFromStr(number)
	if err != nil || v.IsNegative() || v.BigInt().BitLen() > 200 {
		return math.Int{}, bad
	}
	v = v.Mul(math.LegacyNewDec(10).Power(chain.Exponent))
	if !v.IsInteger() {
		return math.Int{}, fmt.Errorf("%q: %s has %d decimals", text, chain.DisplayDenom, chain.Exponent)
	}
	return v.TruncateInt(), nil
}

func printBench(w io.Writer, r prover.BenchReport) {
	for i, b := range r.Backends {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "backend %s\n", b.Name)
		for _, p := range b.Programs {
			printBenchProgram(w, p)
		}
		if b.Proposal == nil {
			continue
		}
		fmt.Fprintf(w, "\nproposed for %s:\n\n", prover.ConfigFile)
		for line := range strings.Lines(b.Proposal.Config) {
			fmt.Fprintln(w, strings.TrimRight("  "+line, " \n"))
		}
		fmt.Fprintln(w)
		for _, note := range b.Proposal.Notes {
			writeWrapped(w, "note: ", note)
		}
	}
	for _, note := range r.Notes {
		writeWrapped(w, "note: ", note)
	}
}

func printBenchProgram(w io.Writer, p prover.BenchProgram) {
	fmt.Fprintf(w, "  %s, %d units, verifier %s\n", filepath.Base(p.Name), p.Units, p.Verifier)
	fmt.Fprintf(w, "  image %s loaded in %s, input %s, dry run %s\n",
		bytesText(uint64(p.ImageBytes)), brief(p.Register), bytesText(uint64(p.InputBytes)), brief(p.Estimate))
	if len(p.Runs) > 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "  WORKERS\tPROOFS\tFAILED\tP50\tP90\tUNITS/S EACH\tUNITS/S IN ALL\tMEMORY\tCHECKED")
		for _, r := range p.Runs {
			memory, checked := "?", "no"
			if r.PeakMemory > 0 {
				memory = bytesText(r.PeakMemory)
			}
			if r.Verified {
				checked = "yes"
			}
			fmt.Fprintf(t, "  %d\t%d\t%d\t%s\t%s\t%.0f\t%.0f\t%s\t%s\n", r.Workers, r.Proofs, r.Failed,
				brief(r.P50), brief(r.P90), r.PerWorker, r.InAll, memory, checked)
		}
		t.Flush()
		for _, r := range p.Runs {
			if r.Error != "" {
				writeWrapped(w, fmt.Sprintf("  %d at a time: ", r.Workers), r.Error)
			}
		}
	}
	if p.Error != "" {
		writeWrapped(w, "  not measured: ", p.Error)
	}
}
