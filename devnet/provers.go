package devnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// proverSpec is one prover of the network.
type proverSpec struct {
	name      string // key that owns the stake
	selfStake int64  // uproof
	price     int64  // what it asks for a proof, in uproof
	config    string // added to its sidecar's configuration
}

// submitter is the name of the key that its sidecar signs with.
func (p proverSpec) submitter() string { return p.name + "-submitter" }

// proverSpecs are the network's provers, each with another price, so that the
// auction has a winner and a second price.
var proverSpecs = []proverSpec{
	{name: "alpha", selfStake: 2_000 * proof, price: 3 * proof},
	{name: "bravo", selfStake: 2_000 * proof, price: 4 * proof},
	{name: "charlie", selfStake: 2_000 * proof, price: 5 * proof},
}

// How often sidecars ask the node for news.
const (
	proverPoll = 200 * time.Millisecond
	slowPoll   = 2 * time.Second
)

const (
	// commissionBps is every prover's commission.
	commissionBps = "1000"
	// delegated is the delegator's stake with the first prover.
	delegated = 500 * proof
)

// prover is a prover whose sidecar runs.
type prover struct {
	spec    proverSpec
	child   *Child
	stopped bool // on purpose
}

func (n *Network) proverHome(p proverSpec) string { return filepath.Join(n.home, "provers", p.name) }

// call is one transaction to send.
type call struct {
	from string
	args []string
}

// register brings provers, submitters, stake and circuit onto the chain.
func (n *Network) register(ctx context.Context) error {
	return n.registerProvers(ctx, call{"requester", []string{"verifier", "register-circuit", n.circuit.VerifyingKey.Path}})
}

// registerProvers brings provers, submitters and stake onto the chain, and first
// whatever else there is. Each round has one transaction a signer at most, so all of
// a round can share a block, and needs what the round before it did.
func (n *Network) registerProvers(ctx context.Context, first ...call) error {
	second := []call{{"delegator", []string{"provers", "stake", n.keys[n.specs[0].name], strconv.Itoa(delegated)}}}
	var third []call
	for _, p := range n.specs {
		profile := fmt.Sprintf(`{"name":%q}`, p.name)
		first = append(first, call{p.name, []string{
			"provers", "register", strconv.FormatInt(p.selfStake, 10), "--commission-bps", commissionBps, "--profile", profile,
		}})
		second = append(second, call{p.submitter(), []string{"market", "consent-submitter", n.keys[p.name]}})
		third = append(third, call{p.name, []string{"market", "register-submitter", n.keys[p.submitter()]}})
	}
	for _, round := range [][]call{first, second, third} {
		if err := n.sendAll(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// sendAll sends the transactions side by side and waits for all of them.
func (n *Network) sendAll(ctx context.Context, round []call) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for _, c := range round {
		group.Go(func() error {
			_, err := n.cliFor(c.from).tx(ctx, c.from, c.args...)
			return err
		})
	}
	return group.Wait()
}

// parallelCalls is how many command lines run at once: each is a process of
// its own.
const parallelCalls = 4

// cliFor is the command line with the keyring that holds the key.
func (n *Network) cliFor(key string) cli {
	c := n.cli
	c.keyring = n.keyringOf(key)
	return c
}

// startProvers configures and starts the sidecars. They hold the submitters'
// keys only (law P5).
func (n *Network) startProvers(ctx context.Context) error {
	for _, p := range n.specs {
		if err := n.configureProver(ctx, p); err != nil {
			return err
		}
		child, err := startChild(p.name, n.logs(), n.opts.Proverd, nil, "start", "--home", n.proverHome(p))
		if err != nil {
			return err
		}
		n.provers = append(n.provers, &prover{spec: p, child: child})
		n.say("  %s asks %d PROOF a proof (log %s)", p.name, p.price/proof, child.Log)
	}
	return ctx.Err()
}

// configureProver writes the sidecar's configuration as its operator would.
func (n *Network) configureProver(ctx context.Context, p proverSpec) error {
	args := []string{
		"init", "--home", n.proverHome(p), "--chain-id", ChainID, "--node", "http://" + loopback(n.ports.RPC),
		"--prover", n.keys[p.name], "--key", p.submitter(), "--keyring-backend", keyringBackend, "--keyring-dir", n.proverHome(p),
		"--fixed-cost", strconv.FormatInt(p.price, 10), "--per-million-units", "0", "--per-mebibyte", "0", "--load-factor-bps", "0", "--margin-bps", "0", "--min-margin-bps", "0",
		"--gas-price", gasPrices, "--allow-private-urls", "--poll-interval", proverPoll.String(),
	}
	if n.opts.FailWinner && p.name == n.specs[0].name {
		// The cheapest prover is slow to look, so that it is stopped before it
		// learns that it won.
		args = append(args, "--poll-interval", slowPoll.String())
	}
	if _, err := run(ctx, n.opts.Proverd, args...); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(n.proverHome(p), "config.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(p.config)
	return errors.Join(err, f.Close())
}
