package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/proofmarket/proofmarket/devnet/load"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// defaultGRPC is where a node of this machine answers gRPC.
const defaultGRPC = "127.0.0.1:9090"

// loadCommand loads a network.
func loadCommand() *cobra.Command {
	var o load.Options
	var mode, job, maxFee string
	c := &cobra.Command{
		Use:   "load",
		Short: "Load a network with requests, bids and proofs, and measure it",
		Long: `Load a network through its public servers with many accounts that --from pays for,
follow every request to its end, and report rates and latencies. It fails if a
request does not end, or if coins are missing.

  --mode market  plays every part: requests, bids, reveals and real proofs of a small
                 circuit, with provers that it registers and that stake (the default)
  --mode buy     only requests what --job describes; the network's own provers do the rest
  --mode spam    fills the nodes' pools with bids and plain sends

Without --rate it keeps --concurrency requests open all the time. Ctrl-C ends the load
and waits for what is open; a second one ends at once.

The accounts keep what they hold at the end. The same --seed has the same accounts,
so that another run goes on with their coins; whoever knows it can take them.`,
		Example: `  marketd load --from faucet --requests 200 --rate 5
  marketd load --from faucet --duration 5m --concurrency 500 --provers 8 --batch 32 --output json
  marketd load --from faucet --mode buy --job demo-job.json --requests 20 --rate 0.5
  marketd load --from faucet --mode spam --spam-bids 50 --duration 1m
  marketd load --node http://10.0.0.1:26657,http://10.0.0.2:26657 --grpc-addr 10.0.0.1:9090,10.0.0.2:9090 --from faucet --requests 1000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			o.Mode = load.Mode(mode)
			if job != "" {
				if o.Job, err = load.ReadJob(job); err != nil {
					return err
				}
			}
			if maxFee != "" {
				if o.MaxFee, err = chain.ParseAmount(maxFee); err != nil {
					return fmt.Errorf("--max-fee: %w", err)
				}
			}
			return runLoad(cmd, o)
		},
	}
	addLoadFlags(c.Flags(), &o)
	c.Flags().StringVar(&mode, "mode", string(load.ModeMarket), "market, buy or spam")
	c.Flags().StringVar(&job, "job", "", "what --mode buy requests: a file as tx market request --job takes it")
	c.Flags().StringVar(&maxFee, "max-fee", "", "max_fee of each request (default 2PROOF)")
	// It fails only for a flag that does not exist.
	if err := c.MarkFlagRequired(flags.FlagFrom); err != nil {
		panic(err)
	}
	return c
}

// addLoadFlags adds what needs no more reading.
func addLoadFlags(f *pflag.FlagSet, o *load.Options) {
	f.StringSlice(flags.FlagNode, nil, "RPC addresses of nodes (default: the one of client.toml)")
	f.StringSlice(flags.FlagGRPC, []string{defaultGRPC}, "gRPC addresses of the same nodes, in the same order")
	f.String(flags.FlagChainID, "", "the network's chain id (default: the one of client.toml)")
	f.String(flags.FlagFrom, "", "name of the key that pays for everything")
	flags.AddKeyringFlags(f)
	f.StringVar(&o.Seed, "seed", "", "names the accounts (default: random, see the report)")
	f.IntVar(&o.Requests, "requests", 0, "end after so many requests (with --mode spam: transactions); 0 for no such end")
	f.DurationVar(&o.Duration, "duration", 0, "end after this time; 0 for no such end")
	f.Float64Var(&o.Rate, "rate", 0, "requests per second; 0 keeps --concurrency open all the time")
	f.IntVar(&o.Concurrency, "concurrency", 0, "the most requests open at a time (default 64, or with --rate what that makes in a minute)")
	f.IntVar(&o.Requesters, "requesters", 0, "number of accounts that request (default 16)")
	f.IntVar(&o.Provers, "provers", 0, "number of provers to register and play (default 4)")
	f.IntVar(&o.Bids, "bids", 0, "bids on each request (default 3)")
	f.IntVar(&o.Batch, "batch", 1, "messages or items in one transaction, at most 32")
	f.Uint64Var(&o.BiddingBlocks, "bidding-blocks", 0, "length of the bidding window in blocks (default 4)")
	f.Uint64Var(&o.RevealBlocks, "reveal-blocks", 0, "length of the reveal window in blocks (default: the least allowed)")
	f.DurationVar(&o.TimeLimit, "time-limit", 0, "the winner's time to deliver (default 2m)")
	f.IntVar(&o.SpamAccounts, "spam-accounts", 0, "number of accounts that send with --mode spam (default 1000)")
	f.IntVar(&o.SpamBids, "spam-bids", 50, "percentage of the spam that is bids; the rest is sends")
	f.StringVar(&o.GasPrice, flags.FlagGasPrices, MinGasPrices, "price of gas")
	f.DurationVar(&o.TTL, "ttl", 0, "how long a transaction may wait for its block (default 30s)")
	f.DurationVar(&o.Patience, "patience", 0, "fail after so long without a new block (default 5m)")
	f.StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
}

// runLoad finds nodes and key, and runs the load.
func runLoad(cmd *cobra.Command, o load.Options) error {
	clientCtx := client.GetClientContextFromCmd(cmd)
	output, _ := cmd.Flags().GetString(flags.FlagOutput)
	if output != flags.OutputFormatText && output != flags.OutputFormatJSON {
		return fmt.Errorf("--output must be text or json, got %q", output)
	}
	if o.Requests == 0 && o.Duration == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "No --requests and no --duration: it runs until Ctrl-C.")
	}
	nodes, _ := cmd.Flags().GetStringSlice(flags.FlagNode)
	if len(nodes) == 0 {
		nodes = []string{clientCtx.NodeURI}
	}
	grpcs, _ := cmd.Flags().GetStringSlice(flags.FlagGRPC)
	if len(nodes) != len(grpcs) {
		return fmt.Errorf("--node names %d nodes and --grpc-addr %d; name both addresses of each", len(nodes), len(grpcs))
	}
	for i := range nodes {
		o.Endpoints = append(o.Endpoints, load.Endpoint{GRPC: grpcs[i], RPC: nodes[i]})
	}
	if o.ChainID = clientCtx.ChainID; o.ChainID == "" {
		return errors.New("name the chain with --chain-id")
	}
	from, _ := cmd.Flags().GetString(flags.FlagFrom)
	var err error
	if o.Funder, err = newKeyringSigner(clientCtx.Keyring, from); err != nil {
		return fmt.Errorf("--from %s: %w", from, err)
	}
	o.Progress = cmd.ErrOrStderr()

	// The first signal ends the load, the second everything.
	hard, cancel := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
	defer cancel()
	interrupts, stop := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	go func() {
		select {
		case <-interrupts:
			fmt.Fprintln(cmd.ErrOrStderr(), "Waiting for what is open to end; Ctrl-C again ends at once.")
			close(stop)
			signal.Stop(interrupts)
		case <-hard.Done():
		}
	}()
	o.Stop = stop
	report, failure := load.Run(hard, o)
	if report.ChainID == "" {
		return failure // it never began
	}
	if output == flags.OutputFormatJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.Text(cmd.OutOrStdout())
	}
	return errors.Join(failure, err)
}

// keyringSigner signs with a key of a keyring.
type keyringSigner struct {
	keys keyring.Keyring
	name string
	pub  cryptotypes.PubKey
}

// newKeyringSigner returns a signer with the key of that name.
func newKeyringSigner(keys keyring.Keyring, name string) (load.Signer, error) {
	if keys == nil {
		return nil, errors.New("there is no keyring; name one with --keyring-backend")
	}
	record, err := keys.Key(name)
	if err != nil {
		return nil, err
	}
	pub, err := record.GetPubKey()
	if err != nil {
		return nil, err
	}
	return keyringSigner{keys, name, pub}, nil
}

// PubKey implements load.Signer.
func (s keyringSigner) PubKey() cryptotypes.PubKey { return s.pub }

// Sign implements load.Signer.
func (s keyringSigner) Sign(msg []byte) ([]byte, error) {
	bz, _, err := s.keys.Sign(s.name, msg, signing.SignMode_SIGN_MODE_DIRECT)
	return bz, err
}
