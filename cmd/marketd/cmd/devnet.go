package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/devnet"
)

// defaultBlockTime is the pause between the blocks of a development network.
const defaultBlockTime = 500 * time.Millisecond

// devnetCommand runs a whole network on this machine.
func devnetCommand() *cobra.Command {
	opts := devnet.Options{Ports: devnet.DefaultPorts}
	c := &cobra.Command{
		Use:   "devnet",
		Short: "Run a node and three provers on this machine",
		Long: `Run a development network on this machine: one validator, three provers with
their sidecars, funded keys and a published circuit. It needs proverd beside this
binary and no other tool. It runs until interrupted.

With --once it sends one request, shows the auction, the proof and the payments,
checks the balances, and ends.`,
		Example: `  marketd devnet
  marketd devnet --home ./devnet --block-time 1s
  marketd devnet --once
  marketd devnet --once --fail-winner`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opts.FailWinner && !opts.Once {
				return errors.New("--fail-winner needs --once")
			}
			if opts.Marketd, opts.Proverd, err = binaries(); err != nil {
				return err
			}
			if opts.Once {
				// Nobody needs to know where it listens, so that several can run at once.
				opts.Ports = devnet.Ports{}
			}
			opts.Out = cmd.OutOrStdout()
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return devnet.Run(ctx, opts)
		},
	}
	// A home of its own, not the node's: without the flag it is temporary.
	c.Flags().StringVar(&opts.Home, "home", "", "folder for all files; a temporary one, removed at the end, if empty")
	c.Flags().StringVar(&opts.File, "file", "", "file that the demo proves a chunk of (default README.md, if it is here)")
	c.Flags().DurationVar(&opts.BlockTime, "block-time", defaultBlockTime, "pause between blocks")
	c.Flags().BoolVar(&opts.Once, "once", false, "send one request, show it, end")
	c.Flags().BoolVar(&opts.FailWinner, "fail-winner", false, "with --once: give no sidecar time for a proof, so that the winner is slashed and the request refunded")
	return withoutHome(c)
}

// binaries returns the paths of this binary and of proverd beside it.
func binaries() (marketd, proverd string, err error) {
	if marketd, err = os.Executable(); err != nil {
		return "", "", err
	}
	proverd = filepath.Join(filepath.Dir(marketd), "proverd")
	if _, err := os.Stat(proverd); errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("%s is missing: it runs as the provers' sidecar; build both with: make build", proverd)
	}
	return marketd, proverd, nil
}
