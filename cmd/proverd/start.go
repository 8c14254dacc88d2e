package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/chain"
)

// passphraseEnv unlocks a file keyring where nobody is there to type.
const passphraseEnv = "PROVERD_KEYRING_PASSPHRASE"

// workerUse is the hidden command that makes proofs for a parent.
const workerUse = "backend-worker"

// overrides are the flags that replace a key of the configuration. What has no
// flag is set in the file.
type overrides struct {
	nodes                                                 []string
	chainID, gasPrice                                     string
	prover, key, keyringBackend, keyringDir               string
	fixedCost, perMillionUnits, perMebibyte, minFee       string
	marginBps, minMarginBps, loadFactorBps                uint32
	standby, allowPrivate                                 bool
	workers, maxJobs                                      int
	metrics, logFormat, logLevel, pollInterval, trialMode string
}

func (o *overrides) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.nodes, "node", nil, "RPC addresses of nodes, best first")
	f.StringVar(&o.chainID, "chain-id", "", "id of the chain")
	f.StringVar(&o.gasPrice, "gas-price", "", "price of gas, such as 0.025uproof")
	f.StringVar(&o.pollInterval, "poll-interval", "", "how often a node is asked for new blocks, such as 500ms")
	f.StringVar(&o.prover, "prover", "", "address to act for; asked of the chain where empty")
	f.StringVar(&o.key, "key", "", "name of the submitter's key")
	f.StringVar(&o.keyringBackend, "keyring-backend", "", "where keys are kept: test, file, os")
	f.StringVar(&o.keyringDir, "keyring-dir", "", "folder of the keyring")
	f.StringVar(&o.fixedCost, "fixed-cost", "", "what a proof costs us, in uproof")
	f.StringVar(&o.perMillionUnits, "per-million-units", "", "what a million constraints or cycles cost us, in uproof")
	f.StringVar(&o.perMebibyte, "per-mebibyte", "", "what a mebibyte of image and input costs us, in uproof")
	f.Uint32Var(&o.loadFactorBps, "load-factor-bps", 0, "added to the cost when every place is taken, in basis points")
	f.StringVar(&o.minFee, "min-fee", "", "least fee ever asked, in uproof")
	f.Uint32Var(&o.marginBps, "margin-bps", 0, "margin on the cost, in basis points")
	f.Uint32Var(&o.minMarginBps, "min-margin-bps", 0, "margin that is still worth it, in basis points")
	f.BoolVar(&o.standby, "standby", false, "offer to replace winners that fail")
	f.BoolVar(&o.allowPrivate, "allow-private-urls", false, "fetch files from private addresses too")
	f.IntVar(&o.workers, "workers", 0, "proofs made at a time by each backend")
	f.IntVar(&o.maxJobs, "max-jobs", 0, "requests under way at a time, bids included")
	f.StringVar(&o.trialMode, "trial-proofs", "", "prove before bidding: new, always, never")
	f.StringVar(&o.metrics, "metrics", "", "address to serve metrics at, such as 127.0.0.1:9464")
	f.StringVar(&o.logFormat, "log-format", "", "text or json")
	f.StringVar(&o.logLevel, "log-level", "", "debug, info, warn or error")
}

// apply replaces what the user gave a flag for.
func (o *overrides) apply(cmd *cobra.Command, cfg *prover.Config) error {
	texts := map[string]func(string) error{
		"chain-id":          set(&cfg.Chain.ID),
		"gas-price":         set(&cfg.Chain.GasPrice),
		"poll-interval":     func(v string) error { return cfg.Chain.PollInterval.UnmarshalText([]byte(v)) },
		"prover":            set(&cfg.Key.Prover),
		"key":               set(&cfg.Key.Name),
		"keyring-backend":   set(&cfg.Key.Backend),
		"keyring-dir":       set(&cfg.Key.Dir),
		"fixed-cost":        func(v string) error { return cfg.Price.FixedCost.UnmarshalText([]byte(v)) },
		"per-million-units": func(v string) error { return cfg.Price.PerMillionUnits.UnmarshalText([]byte(v)) },
		"per-mebibyte":      func(v string) error { return cfg.Price.PerMebibyte.UnmarshalText([]byte(v)) },
		"min-fee":           func(v string) error { return cfg.Price.MinFee.UnmarshalText([]byte(v)) },
		"metrics":           set(&cfg.Serve.Metrics),
		"log-format":        set(&cfg.Log.Format),
		"log-level":         set(&cfg.Log.Level),
	}
	for name, to := range texts {
		if !cmd.Flags().Changed(name) {
			continue
		}
		if err := to(cmd.Flag(name).Value.String()); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	changed := cmd.Flags().Changed
	for i := range cfg.Backends {
		replace(changed("trial-proofs"), &cfg.Backends[i].TrialProofs, prover.TrialProofs(o.trialMode))
		replace(changed("workers"), &cfg.Backends[i].Workers, o.workers)
	}
	replace(changed("node"), &cfg.Chain.Nodes, o.nodes)
	replace(changed("load-factor-bps"), &cfg.Price.LoadFactorBps, o.loadFactorBps)
	replace(changed("margin-bps"), &cfg.Price.MarginBps, o.marginBps)
	replace(changed("min-margin-bps"), &cfg.Price.MinMarginBps, o.minMarginBps)
	replace(changed("standby"), &cfg.Price.Standby, o.standby)
	replace(changed("allow-private-urls"), &cfg.Fetch.AllowPrivateURLs, o.allowPrivate)
	replace(changed("max-jobs"), &cfg.Filter.MaxJobs, o.maxJobs)
	return nil
}

func set(to *string) func(string) error {
	return func(v string) error { *to = v; return nil }
}

func replace[T any](changed bool, to *T, v T) {
	if changed {
		*to = v
	}
}

func newStartCmd() *cobra.Command {
	o := &overrides{}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run until interrupted",
		Long: `Run until interrupted. Jobs are on disk, so it may be stopped or killed at any
time and goes on where it was.

A file keyring is unlocked with the passphrase in ` + passphraseEnv + `.`,
		Example: `  proverd start
  proverd start --home /srv/prover --log-format json --metrics 127.0.0.1:9464
  proverd start --node http://10.0.0.5:26657,http://10.0.0.6:26657 --fixed-cost 8000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg, err := prover.LoadConfig(home)
			if err != nil {
				return err
			}
			if err := o.apply(cmd, &cfg); err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program, to start it as a worker: %w", err)
			}
			cfg.Worker = []string{exe, workerUse, "--" + flagHome, home}
			return start(cmd.Context(), cfg, cmd.ErrOrStderr())
		},
	}
	o.register(cmd)
	return cmd
}

// newWorkerCmd is what `proverd start` runs as a child to make proofs: what a
// stranger's image may crash is that child.
func newWorkerCmd() *cobra.Command {
	return &cobra.Command{
		Use:    workerUse + " <backend>",
		Short:  "Make proofs for a parent process, over standard input and output",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg, err := prover.LoadConfig(home)
			if err != nil {
				return err
			}
			// An interrupt reaches the whole terminal; the parent decides when its
			// workers end, by closing their input.
			return prover.ServeBackend(context.WithoutCancel(cmd.Context()), cfg, args[0], os.Stdin, os.Stdout)
		},
	}
}

// start runs the sidecar until ctx ends.
func start(ctx context.Context, cfg prover.Config, logTo io.Writer) error {
	log, err := newLogger(cfg.Log, logTo)
	if err != nil {
		return err
	}
	kr, err := chain.OpenKeyring(cfg.Key.Backend, cfg.Key.Dir, passphrase())
	if err != nil {
		return err
	}
	// Workers parse what strangers wrote: they do not inherit it.
	if err := os.Unsetenv(passphraseEnv); err != nil {
		return err
	}
	return prover.Start(ctx, cfg, kr, log)
}

// passphrase is what a keyring reads when it asks for one: the environment's,
// each time that it asks, or the terminal.
func passphrase() io.Reader { return passphraseFrom(bufio.NewReader(os.Stdin)) }

// passphraseFrom is passphrase with another reader for the terminal.
func passphraseFrom(terminal io.Reader) io.Reader {
	p, ok := os.LookupEnv(passphraseEnv)
	if !ok {
		return terminal
	}
	const asks = 64 // creating and every use of a key may ask
	return bufio.NewReader(strings.NewReader(strings.Repeat(p+"\n", asks)))
}

func newLogger(cfg prover.LogConfig, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", cfg.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch cfg.Format {
	case outputText:
		return slog.New(slog.NewTextHandler(w, options)), nil
	case outputJSON:
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("log format %q: use text or json", cfg.Format)
	}
}

func homeOf(cmd *cobra.Command) (string, error) {
	home, err := cmd.Flags().GetString(flagHome)
	if err != nil {
		return "", err
	}
	return filepath.Abs(home)
}
