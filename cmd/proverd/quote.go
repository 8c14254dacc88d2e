package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/chain"
)

const flagProver = "prover"

var requestID = regexp.MustCompile(`^[0-9a-f]{64}$`)

func newQuoteCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quote <request>",
		Short: "Say what would be bid for a request, and why",
		Long: `Say what a sidecar with this configuration would bid for a request, or every
reason not to bid. It fetches image and input and dry-runs them as the sidecar
does, but makes no proof, signs nothing and keeps nothing. It may be used while
the sidecar runs; then the jobs under way are left out. Amounts are in uproof.`,
		Example: `  proverd quote 4f1c...e9
  proverd quote 4f1c...e9 --output json
  proverd quote 4f1c...e9 --prover proof1... --home /srv/prover`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !requestID.MatchString(args[0]) {
				return fmt.Errorf("%q is not a request: write its id, 64 lower-case hex digits, as `marketd query market requests` lists it", args[0])
			}
			cfg, err := loadForQuote(cmd)
			if err != nil {
				return err
			}
			log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var kr keyring.Keyring
			if cfg.Key.Prover == "" {
				if kr, err = chain.OpenKeyring(cfg.Key.Backend, cfg.Key.Dir, passphrase()); err != nil {
					return fmt.Errorf("%w: or name the prover with --%s", err, flagProver)
				}
			}
			// Workers parse what strangers wrote: they do not inherit it.
			if err := os.Unsetenv(passphraseEnv); err != nil {
				return err
			}
			report, err := prover.QuoteRequest(cmd.Context(), cfg, kr, args[0], log)
			if err != nil {
				return err
			}
			return printed(cmd, report, func(w io.Writer) { printQuote(w, report) })
		},
	}
	cmd.Flags().String(flagProver, "", "address to quote for; asked of the chain where neither this nor key.prover is set")
	cmd.Flags().StringSlice("node", nil, "RPC addresses of nodes, best first")
	addOutputFlag(cmd)
	return cmd
}

// loadForQuote reads the configuration, with what the flags replace.
func loadForQuote(cmd *cobra.Command) (prover.Config, error) {
	home, err := homeOf(cmd)
	if err != nil {
		return prover.Config{}, err
	}
	cfg, err := prover.LoadConfig(home)
	if err != nil {
		return cfg, err
	}
	address, err := cmd.Flags().GetString(flagProver)
	if err != nil {
		return cfg, err
	}
	replace(cmd.Flags().Changed(flagProver), &cfg.Key.Prover, address)
	nodes, err := cmd.Flags().GetStringSlice("node")
	if err != nil {
		return cfg, err
	}
	replace(cmd.Flags().Changed("node"), &cfg.Chain.Nodes, nodes)
	exe, err := os.Executable()
	if err != nil {
		return cfg, fmt.Errorf("find this program, to start it as a worker: %w", err)
	}
	cfg.Worker = []string{exe, workerUse, "--" + flagHome, home}
	return cfg, nil
}

func printQuote(w io.Writer, r prover.QuoteReport) {
	d := r.Decision
	if d.Bid {
		fmt.Fprintf(w, "would bid %s uproof", d.Fee)
		if d.Standby {
			fmt.Fprint(w, ", and stand by")
		}
		fmt.Fprintln(w)
	} else {
		fmt.Fprintln(w, "would not bid:")
		for _, reason := range d.Reasons {
			when := "for good"
			if reason.Later {
				when = "for now"
			}
			fmt.Fprintf(w, "  %s (%s): %s\n", reason.Code, when, reason.Text)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(t, "%s\t%v\n", name, value) }
	row("request", r.RequestID)
	row("prover", r.Prover)
	row("verifier", r.Verifier)
	row("program", r.Program)
	row("max fee", r.MaxFee)
	row("min stake, penalty", r.MinStake+", "+r.Penalty)
	row("time limit", r.TimeLimit)
	row("jobs under way", r.Jobs)
	if r.Backend != "" {
		row("backend", fmt.Sprintf("%s, %d units a second", r.Backend, r.UnitsPerSecond))
	}
	if r.ProvingTime != "" {
		row("proving time", "about "+r.ProvingTime)
	}
	if p := d.Price; p != nil {
		row("work", fmt.Sprintf("%d units, %d bytes", p.Units, p.Bytes))
		row("cost", p.Cost)
		row("with load", fmt.Sprintf("%s (%d bps more)", p.Loaded, p.LoadBps))
		row("wanted, least", fmt.Sprintf("%s, %s", p.Wanted, p.Least))
		if p.Cap.IsPositive() {
			row("our cap", p.Cap)
		}
		row("margin of the fee", fmt.Sprintf("%d bps", p.MarginBps))
	}
	t.Flush()
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note:", note)
	}
}
