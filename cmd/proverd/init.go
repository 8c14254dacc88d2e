package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/chain"
)

// initReport is what `proverd init` prints.
type initReport struct {
	Home    string `json:"home"`
	Config  string `json:"config"`
	ChainID string `json:"chain_id"`
	Prover  string `json:"prover"`
	// Key is the submitter's; nil with --no-key.
	Key *prover.SetupKey `json:"key"`
	// Funds is what the submitter should have, in uproof: twice what as many bids take
	// as the configuration allows at a time.
	Funds    math.Int              `json:"funds"`
	Commands []prover.SetupCommand `json:"commands"`
}

func newInitCmd() *cobra.Command {
	o := &overrides{}
	var noKey, recoverKey bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration and make a submitter's key",
		Long: `Write a commented configuration into the home folder, make a key for the submitter,
and print the transactions that link it to the prover. On a terminal it asks for
what no flag says. It overwrites neither a configuration nor a key: a key of that
name that is in the keyring is used.

The words of a new key are printed once, to standard error. They are worth the
submitter's coins, not the prover's stake: never bring the prover's own key here.
With --recover the first line of standard input is such words. A file keyring is
unlocked with the passphrase in ` + passphraseEnv + `, or asks.`,
		Example: `  proverd init
  proverd init --chain-id proofmarket-devnet-1 --node http://127.0.0.1:26657 --prover proof1...
  proverd init --home /srv/prover --chain-id proofmarket-1 --keyring-backend file --fixed-cost 5000
  proverd init --chain-id proofmarket-1 --recover < words.txt
  proverd init --chain-id proofmarket-1 --no-key --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := bufio.NewReader(cmd.InOrStdin())
			cfg, err := initConfig(cmd, o, in)
			if err != nil {
				return err
			}
			mnemonic := ""
			if recoverKey {
				if mnemonic, err = readMnemonic(cmd, in); err != nil {
					return err
				}
			}
			return initHome(cmd, cfg, !noKey, mnemonic, in)
		},
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&noKey, "no-key", false, "make no key and open no keyring")
	cmd.Flags().BoolVar(&recoverKey, "recover", false, "make the key from the words on standard input")
	cmd.MarkFlagsMutuallyExclusive("no-key", "recover")
	addOutputFlag(cmd)
	return cmd
}

// initConfig returns the configuration to write, from flags and answers.
func initConfig(cmd *cobra.Command, o *overrides, in *bufio.Reader) (prover.Config, error) {
	home, err := homeOf(cmd)
	if err != nil {
		return prover.Config{}, err
	}
	cfg := prover.DefaultConfig(home)
	if err := o.apply(cmd, &cfg); err != nil {
		return cfg, err
	}
	if cfg.Key.Dir == "" {
		cfg.Key.Dir = home
	}
	if cfg.Key.Dir, err = filepath.Abs(cfg.Key.Dir); err != nil {
		return cfg, err
	}
	path := filepath.Join(home, prover.ConfigFile)
	if _, err := os.Lstat(path); err == nil {
		return cfg, fmt.Errorf("%s: %w: edit that file, or choose another --%s", path, fs.ErrExist, flagHome)
	}
	if onTerminal(cmd.InOrStdin()) {
		if err := ask(cmd.Flags().Changed, &cfg, in, cmd.ErrOrStderr()); err != nil {
			return cfg, err
		}
	}
	return cfg, checkInit(cfg)
}

// checkInit validates a configuration that may still lack its chain.
func checkInit(cfg prover.Config) error {
	if cfg.Chain.ID == "" {
		cfg.Chain.ID = "unknown"
	}
	return cfg.Validate()
}

func onTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// question is something to ask on a terminal.
type question struct {
	flag, text string
	value      string // the default
	set        func(cfg *prover.Config, answer string)
}

// ask fills in what no flag says.
func ask(given func(flag string) bool, cfg *prover.Config, in *bufio.Reader, out io.Writer) error {
	for _, q := range []question{
		{"chain-id", "Id of the chain", cfg.Chain.ID, func(c *prover.Config, a string) { c.Chain.ID = a }},
		{"node", "RPC addresses of nodes, best first, with commas", strings.Join(cfg.Chain.Nodes, ","), func(c *prover.Config, a string) { c.Chain.Nodes = splitList(a) }},
		{"prover", "Address of the prover (empty: ask the chain later)", cfg.Key.Prover, func(c *prover.Config, a string) { c.Key.Prover = a }},
		{"keyring-backend", "Keyring for the submitter's key (test is not encrypted, file asks for a passphrase)", cfg.Key.Backend, func(c *prover.Config, a string) { c.Key.Backend = a }},
	} {
		if given(q.flag) {
			continue
		}
		if err := askOne(q, cfg, in, out); err != nil {
			return err
		}
	}
	return nil
}

// askOne asks until the answer is one that the configuration takes.
func askOne(q question, cfg *prover.Config, in *bufio.Reader, out io.Writer) error {
	for {
		fmt.Fprintf(out, "%s", q.text)
		if q.value != "" {
			fmt.Fprintf(out, " [%s]", q.value)
		}
		fmt.Fprint(out, ": ")
		line, err := in.ReadString('\n')
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			return fmt.Errorf("no answer (or say it with --%s): %w", q.flag, err)
		}
		answer := strings.TrimSpace(line)
		if answer == "" {
			answer = q.value
		}
		if answer == "" && q.flag == "chain-id" {
			continue
		}
		tried := *cfg
		q.set(&tried, answer)
		if err := checkInit(tried); err != nil {
			fmt.Fprintln(out, err)
			continue
		}
		*cfg = tried
		return nil
	}
}

func splitList(s string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }), func(v string) bool { return v == "" })
}

// readMnemonic reads the words of a key.
func readMnemonic(cmd *cobra.Command, in *bufio.Reader) (string, error) {
	if onTerminal(cmd.InOrStdin()) {
		fmt.Fprint(cmd.ErrOrStderr(), "The words of the submitter's key: ")
	}
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the words of the key: %w", err)
	}
	words := strings.Join(strings.Fields(line), " ")
	if words == "" {
		return "", errors.New("--recover: write the words of the key in one line to standard input")
	}
	return words, nil
}

// initHome makes key and configuration, in this order: what fails before the
// configuration is written can be run again.
func initHome(cmd *cobra.Command, cfg prover.Config, withKey bool, mnemonic string, in *bufio.Reader) error {
	report := initReport{Home: cfg.Home, ChainID: cfg.Chain.ID, Prover: cfg.Key.Prover}
	submitter := ""
	if withKey {
		key, err := setUpKey(cfg.Key, mnemonic, in)
		if err != nil {
			return err
		}
		showMnemonic(cmd.ErrOrStderr(), key)
		report.Key, submitter = &key, key.Address
	}
	var err error
	if report.Funds, err = cfg.SuggestedFunds(); err != nil {
		return err
	}
	if report.Config, err = prover.WriteConfig(cfg); err != nil {
		return err
	}
	report.Commands = append([]prover.SetupCommand{cfg.FundCommand(submitter, report.Funds)}, cfg.LinkCommands(submitter)...)
	return printed(cmd, report, func(w io.Writer) { printInit(w, cfg, report) })
}

func setUpKey(k prover.KeyConfig, mnemonic string, in *bufio.Reader) (prover.SetupKey, error) {
	if k.Backend == "memory" {
		return prover.SetupKey{}, errors.New("a memory keyring forgets its keys: choose another --keyring-backend, or give --no-key")
	}
	kr, err := chain.OpenKeyring(k.Backend, k.Dir, passphraseFrom(in))
	if err != nil {
		return prover.SetupKey{}, err
	}
	return prover.SetUpKey(kr, k, mnemonic)
}

func showMnemonic(w io.Writer, key prover.SetupKey) {
	if key.Mnemonic == "" {
		return
	}
	fmt.Fprintf(w, `
These words are the only copy of key %q outside the keyring. Whoever has them has
its coins. Write them down; they are not shown again.

%s

`, key.Name, key.Mnemonic)
}

func printInit(w io.Writer, cfg prover.Config, r initReport) {
	fmt.Fprintln(w, "wrote", r.Config)
	if k := r.Key; k != nil {
		how := "was in the keyring and is used"
		if k.Created {
			how = "is new"
		}
		fmt.Fprintf(w, "key %q, %s, %s (%s keyring in %s)\n", k.Name, k.Address, how, cfg.Key.Backend, cfg.Key.Dir)
	}
	fmt.Fprintf(w, "\nNext, in this order (%s uproof are twice the bonds and fees of %d bids at a time, at the usual bond):\n", r.Funds, cfg.JobsAtOnce())
	for i, c := range r.Commands {
		fmt.Fprintf(w, "\n%d. %s (signed by %s)\n   %s\n", i+1, c.What, c.Signer, c.Command)
	}
	fmt.Fprintf(w, "\nThen check with `proverd doctor --home %[1]s`, and run `proverd start --home %[1]s`.\n", cfg.Home)
}
