package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/devnet/load"
)

const (
	defaultValidators = 4
	// snapshotInterval is how many blocks lie between two snapshots for state sync.
	snapshotInterval = 100
	// Windows of the built-in load's requests, in blocks: sidecars fetch and try a job
	// before they bid on it.
	localBidding, localReveal = 16, 20
)

// localnetCommand runs a network of several validators on this machine.
func localnetCommand(cdc codec.Codec) *cobra.Command {
	opts := devnet.LocalnetOptions{Ports: devnet.DefaultPorts}
	var provers int
	var rate float64
	c := &cobra.Command{
		Use:   "localnet",
		Short: "Run a network of several validators on this machine",
		Long: `Run a network of several validators on this machine: each is a process with a home,
keys and ports of its own, and genesis is made as operators make it, by a signed
transaction of each. It runs until interrupted and then stops all processes in order.

--provers adds sidecars that sell proofs of a demo circuit; they need proverd beside
this binary. --load buys so many proofs a second, of them or, without --provers, of
provers that the load generator plays itself; Ctrl-C then waits for open requests to
end, and a second one does not.

With --output json it prints one object, with addresses, homes and process ids, once
the network is up; progress then goes to standard error.`,
		Example: `  marketd localnet
  marketd localnet --validators 7 --block-time 1s --home ./net
  marketd localnet --provers 3 --load 0.5
  marketd localnet --output json
  marketd localnet init --output-dir ./files --hosts val1.example.org,val2.example.org,val3.example.org,val4.example.org`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if rate < 0 {
				return errors.New("--load must be 0 (none) or more")
			}
			// The flags' bounds are those of devnet, which names them; a negative number
			// would make no list.
			if provers < 0 || provers > devnet.MaxProvers {
				return fmt.Errorf("--provers must be 0 to %d", devnet.MaxProvers)
			}
			asJSON, err := outputJSON(cmd)
			if err != nil {
				return err
			}
			if opts.Marketd, opts.Proverd, err = localBinaries(provers > 0); err != nil {
				return err
			}
			opts.Provers = devnet.DefaultProvers(provers)
			opts.Out = cmd.OutOrStdout()
			if asJSON {
				opts.Out = cmd.ErrOrStderr()
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runLocalnet(ctx, opts, func(ctx context.Context, n *devnet.Localnet) error {
				if asJSON {
					if err := writeJSON(cmd.OutOrStdout(), n.Info()); err != nil {
						return err
					}
				} else {
					n.PrintGuide()
				}
				return serveUnderLoad(ctx, n, cdc, rate, opts.Out)
			})
		},
	}
	f := c.Flags()
	// A home of its own, not a node's: without the flag it is temporary.
	f.StringVar(&opts.Home, flags.FlagHome, "", "folder for all files; a temporary one, removed at the end, if empty")
	f.IntVar(&opts.Validators, "validators", defaultValidators, fmt.Sprintf("number of validators, 1 to %d", devnet.MaxValidators))
	f.IntVar(&provers, "provers", 0, fmt.Sprintf("number of provers with sidecars, 0 to %d", devnet.MaxProvers))
	f.Float64Var(&rate, "load", 0, "requests to buy a second; 0 for none")
	f.DurationVar(&opts.BlockTime, "block-time", defaultBlockTime, "pause between blocks")
	f.IntVar(&opts.SnapshotInterval, "snapshot-interval", snapshotInterval, "blocks between two snapshots for state sync; 0 for none")
	f.IntVar(&opts.InvariantPeriod, "inv-check-period", 1, "blocks between two checks of all invariants by every node, which makes no more if one is broken; 0 for none")
	f.StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
	c.AddCommand(localnetInitCommand())
	return withoutHome(c)
}

// localnetInitCommand writes the files of a network across machines.
func localnetInitCommand() *cobra.Command {
	var o devnet.MachineOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Write the files of a test network across machines",
		Long: `Write keys, genesis, configuration and a systemd unit for one validator on each host.
The nodes find each other by the hosts' names. A loopback address gets all servers of
its node, so that the files can be tried on one machine.

All keys are made here, in test keyrings without a password: use them for a test
network only. Operators of a real one keep their keys to themselves and exchange signed
genesis transactions (marketd genesis gentx, collect-gentxs).`,
		Example: `  marketd localnet init --output-dir ./files --hosts 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4
  marketd localnet init --output-dir ./files --hosts val1.example.org:26656,val2.example.org:36656 --block-time 2s
  marketd localnet init --output-dir ./files --hosts 127.0.0.1,127.0.0.2 --home-dir $PWD/files --program $PWD/build/marketd`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			asJSON, err := outputJSON(cmd)
			if err != nil {
				return err
			}
			if o.Marketd, err = os.Executable(); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Making keys and genesis of %d validators …\n", len(o.Hosts))
			list, err := devnet.InitMachines(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"chain_id": devnet.ChainID, "machines": list})
			}
			return explainMachines(cmd.OutOrStdout(), list)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dir, "output-dir", "", "new folder for the files")
	f.StringSliceVar(&o.Hosts, "hosts", nil, "one for each validator: a name or address, with the port for peers if it is not 26656")
	f.StringVar(&o.Program, "program", "/usr/local/bin/marketd", "where this binary lies on the machines")
	f.StringVar(&o.HomeDir, "home-dir", "/var/lib/proofmarket", "folder on the machines that holds the node's home")
	f.DurationVar(&o.BlockTime, "block-time", timeoutCommit, "pause between blocks")
	f.IntVar(&o.SnapshotInterval, "snapshot-interval", 1_000, "blocks between two snapshots for state sync; 0 for none")
	f.StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
	for _, name := range []string{"output-dir", "hosts"} {
		// It fails only for a flag that does not exist.
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return c
}

// explainMachines says what goes where.
func explainMachines(w io.Writer, list []devnet.Machine) error {
	for _, m := range list {
		if _, err := fmt.Fprintf(w, "%s runs on %s: copy %s to %s there, owned by user proofmarket\n  peers find it at %s\n", m.Name, m.Host, m.Files, m.Home, m.Peer); err != nil {
			return err
		}
		if m.Funded {
			if _, err := fmt.Fprintf(w, "  its keyring has the keys of faucet, requester, delegator and guardian too\n"); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, `
On each machine, with marketd where the unit says:

  install -m 644 <home>/marketd.service /etc/systemd/system/
  systemctl enable --now marketd
  marketd status --home <home>

Blocks begin once more than two thirds of the validators run.
`)
	return err
}

// runLocalnet starts a network, in a temporary folder if none is named, has it used,
// and stops it.
func runLocalnet(ctx context.Context, opts devnet.LocalnetOptions, use func(context.Context, *devnet.Localnet) error) (err error) {
	if opts.Home == "" {
		if opts.Home, err = os.MkdirTemp("", "proofmarket-localnet-"); err != nil {
			return err
		}
		defer func() {
			// After a failure the logs are wanted.
			if err == nil {
				err = errors.Join(err, os.RemoveAll(opts.Home))
			}
		}()
	}
	n, err := devnet.StartLocalnet(ctx, opts)
	if err != nil {
		if ctx.Err() != nil {
			return nil // interrupted
		}
		return err
	}
	defer n.Stop()
	return use(ctx, n)
}

// serveUnderLoad runs the network, and the load if there is one, until ctx ends, a
// process dies or consensus fails. What is open when ctx ends is followed to its end, unless there is a
// second signal.
func serveUnderLoad(ctx context.Context, n *devnet.Localnet, cdc codec.Codec, rate float64, out io.Writer) error {
	if rate == 0 {
		return n.Serve(ctx)
	}
	o, err := localLoad(n, cdc, rate, out)
	if err != nil {
		return err
	}
	o.Stop = ctx.Done()
	// The network is needed until the load has ended.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	group, all := errgroup.WithContext(serving)
	group.Go(func() error { return n.Serve(all) })
	group.Go(func() error {
		defer end()
		return endLoad(ctx, all, o, out)
	})
	return group.Wait()
}

// endLoad loads the network until ctx ends, and then waits for what is open until all
// ends or there is a second signal.
func endLoad(ctx, all context.Context, o load.Options, out io.Writer) error {
	hard, cancel := context.WithCancel(all)
	defer cancel()
	go func() {
		select {
		case <-ctx.Done():
		case <-hard.Done():
			return
		}
		fmt.Fprintln(out, "Waiting for open requests to end; Ctrl-C again ends at once.")
		again, stop := signal.NotifyContext(hard, os.Interrupt, syscall.SIGTERM)
		defer stop()
		<-again.Done()
		cancel()
	}()
	report, err := load.Run(hard, o)
	if ctx.Err() != nil && hard.Err() != nil && all.Err() == nil {
		return nil // interrupted twice
	}
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return report.Text(out)
}

// localLoad is a load that the faucet pays for: of the network's provers if it has any.
func localLoad(n *devnet.Localnet, cdc codec.Codec, rate float64, out io.Writer) (load.Options, error) {
	o := load.Options{ChainID: devnet.ChainID, Rate: rate, Progress: out, BiddingBlocks: localBidding, RevealBlocks: localReveal}
	for _, d := range n.Nodes() {
		o.Endpoints = append(o.Endpoints, load.Endpoint{GRPC: d.GRPC(), RPC: "http://" + d.RPC()})
	}
	keys, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, n.KeyringDir("faucet"), nil, cdc)
	if err != nil {
		return o, err
	}
	if o.Funder, err = newKeyringSigner(keys, "faucet"); err != nil {
		return o, err
	}
	if len(n.Provers()) > 0 {
		o.Mode = load.ModeBuy
		o.Job, err = load.ReadJob(n.JobFile())
	}
	return o, err
}

// localBinaries returns this binary and, if it is needed, proverd beside it.
func localBinaries(withProverd bool) (marketd, proverd string, err error) {
	if withProverd {
		return binaries()
	}
	marketd, err = os.Executable()
	return marketd, "", err
}

// outputJSON reads --output.
func outputJSON(cmd *cobra.Command) (bool, error) {
	output, err := cmd.Flags().GetString(flags.FlagOutput)
	if err == nil && output != flags.OutputFormatText && output != flags.OutputFormatJSON {
		err = fmt.Errorf("--output must be text or json, got %q", output)
	}
	return output == flags.OutputFormatJSON, err
}

// writeJSON writes one object for programs.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
