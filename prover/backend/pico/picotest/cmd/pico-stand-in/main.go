// Command pico-stand-in serves package picotest as a process of its own. It proves
// nothing: it stands in for a Pico proving service where there is none, and hands
// out proofs that were made and published elsewhere.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
)

// crashCode is what the process ends with when its script makes it crash.
const crashCode = 70

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCmd().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pico-stand-in:", err)
		stop()
		os.Exit(1)
	}
}

// flags are what the command line says.
type flags struct {
	address, proofs, tokenFile, disk string
	tasks                            []string
	proveTime                        time.Duration
}

func newCmd() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "pico-stand-in",
		Short: "Stand in for a Pico proving service; it proves nothing",
		Long: `Stand in for a Pico proving service, on its gRPC interface and with its habits: it
forgets its queue when it ends, keeps programs and proofs in --disk, proves one task
at a time, and never says that one failed.

It proves nothing. Of each program it knows one input and one proof that was made
elsewhere, from the list --proofs:

  [{"elf": "program.elf", "input": "input.bin", "program": "<64 hex digits>",
    "digest": "<64 hex digits>", "proof": "<512 hex digits>", "cost": 1000000}]

What the first tasks come to is scripted with --tasks; those after them are proved:

  prove    the proof                  fail     nothing, and nobody is told
  other    a proof of something else  garbage  bytes that are nothing
  forged   wrong words                crash    the process ends, its queue is lost`,
		Example: `  pico-stand-in --proofs proofs.json --address 127.0.0.1:50052
  pico-stand-in --proofs proofs.json --disk kept.json --token-file token --tasks crash --prove-time 5s`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), f, cmd.ErrOrStderr()) },
	}
	cmd.Flags().StringVar(&f.address, "address", "127.0.0.1:0", "where to listen; port 0 for any")
	cmd.Flags().StringVar(&f.proofs, "proofs", "", "JSON file with the proofs to hand out")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "file of the bearer token to ask for; empty for none")
	cmd.Flags().StringVar(&f.disk, "disk", "", "file that keeps programs and finished proofs; empty to forget them too")
	cmd.Flags().StringSliceVar(&f.tasks, "tasks", nil, "what the first tasks come to: "+strings.Join(picotest.Steps, ", "))
	cmd.Flags().DurationVar(&f.proveTime, "prove-time", 0, "how long each task takes")
	return cmd
}

// serve runs the service until ctx ends, and says what it does.
func serve(ctx context.Context, f flags, log io.Writer) error {
	if f.proofs == "" {
		return fmt.Errorf("name the proofs to hand out with --proofs")
	}
	programs, err := picotest.ReadReplays(f.proofs)
	if err != nil {
		return err
	}
	script := &picotest.Script{
		Steps: f.tasks, ProveTime: f.proveTime, Programs: programs,
		Crash: func() { os.Exit(crashCode) },
		Say:   func(t picotest.Task, step string) { fmt.Fprintf(log, "task %s: %s\n", t.TaskID, step) },
	}
	if err := script.Check(); err != nil {
		return err
	}
	cfg := picotest.Config{Address: f.address, Programs: programs, Disk: f.disk, OnTask: script.OnTask}
	if f.tokenFile != "" {
		raw, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return err
		}
		if cfg.Token = strings.TrimSpace(string(raw)); cfg.Token == "" {
			return fmt.Errorf("%s holds no token", f.tokenFile)
		}
	}
	service, err := picotest.Start(cfg)
	if err != nil {
		return err
	}
	defer service.Stop()
	fmt.Fprintf(log, "a stand-in for a Pico service, which proves nothing; published proofs: %d\nlistening at %s\n", len(programs), service.Address())
	<-ctx.Done()
	return nil
}
