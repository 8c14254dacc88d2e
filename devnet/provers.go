package devnet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cosmossdk.io/math"
)

// ProverSpec is one prover of the network.
type ProverSpec struct {
	Name        string // key that owns the stake
	SelfStake   int64  // uproof
	Price       int64  // what it asks for a proof, in uproof
	Config      string // added to its sidecar's configuration
	CannotProve bool   // its proofs never come in time
}

// submitter is the name of the key that its sidecar signs with.
func (p ProverSpec) submitter() string { return p.Name + "-submitter" }

// proverNames are those of the first provers; others are numbered.
var proverNames = []string{"alpha", "bravo", "charlie"}

// DefaultProvers returns k provers, each with another price, so that the auction has
// a winner and a second price.
func DefaultProvers(k int) []ProverSpec {
	list := make([]ProverSpec, k)
	for i := range list {
		name := "prover" + strconv.Itoa(i)
		if i < len(proverNames) {
			name = proverNames[i]
		}
		list[i] = ProverSpec{Name: name, SelfStake: 2_000 * proof, Price: int64(3+i) * proof}
	}
	return list
}

const (
	// proverPoll is how often sidecars ask the node for news.
	proverPoll = 200 * time.Millisecond
	// noTimeToProve is less than any proof takes.
	noTimeToProve = time.Millisecond
)

const (
	// commissionBps is every prover's commission.
	commissionBps = "1000"
	// delegated is the delegator's stake with the first prover.
	delegated = 500 * proof
)

// Prover is a prover whose sidecar is a process of the network.
type Prover struct {
	spec    ProverSpec
	home    string
	address string
	program string
	logDir  string
	child   *Child
	killed  int // times that it did not end at SIGTERM
}

// Name is that of the key which owns the stake, of the folder and of the log.
func (p *Prover) Name() string { return p.spec.Name }

// Address is the prover's.
func (p *Prover) Address() string { return p.address }

// Home is the sidecar's home folder.
func (p *Prover) Home() string { return p.home }

// Log is the path of the sidecar's log.
func (p *Prover) Log() string { return filepath.Join(p.logDir, p.spec.Name+".log") }

// PID is the number of the process that was started last.
func (p *Prover) PID() int { return p.child.cmd.Process.Pid }

// Running tells whether the process is there.
func (p *Prover) Running() bool {
	select {
	case <-p.child.Done():
		return false
	default:
		return true
	}
}

// Start starts the sidecar, which must not run, with more environment and arguments
// if there are any. It does not wait until the sidecar works.
func (p *Prover) Start(env []string, args ...string) (err error) {
	p.child, err = startChild(p.spec.Name, p.logDir, p.program, env, append([]string{"start", "--home", p.home}, args...)...)
	return err
}

// Stop ends the sidecar in order (SIGTERM), and kills it if it does not end.
func (p *Prover) Stop() {
	if p.child.Stop() {
		p.killed++
	}
}

// Kill ends the sidecar at once (SIGKILL).
func (p *Prover) Kill() { p.child.Kill() }

func (n *Localnet) proverHome(p ProverSpec) string { return filepath.Join(n.home, "provers", p.Name) }

// call is one transaction to send.
type call struct {
	from string
	args []string
}

// register brings provers, submitters, stake and circuit onto the chain.
func (n *Localnet) register(ctx context.Context) error {
	return n.registerProvers(ctx, call{"requester", []string{"verifier", "register-circuit", n.circuit.VerifyingKey.Path}})
}

// registerProvers brings provers, submitters and stake onto the chain, and first
// whatever else there is. Each round has one transaction a signer at most, so all of
// a round can share a block, and needs what the round before it did.
func (n *Localnet) registerProvers(ctx context.Context, first ...call) error {
	second := []call{{"delegator", []string{"provers", "stake", n.keys[n.specs[0].Name], strconv.Itoa(delegated)}}}
	var third []call
	for _, p := range n.specs {
		profile := fmt.Sprintf(`{"name":%q}`, p.Name)
		first = append(first, call{p.Name, []string{
			"provers", "register", strconv.FormatInt(p.SelfStake, 10), "--commission-bps", commissionBps, "--profile", profile,
		}})
		second = append(second, call{p.submitter(), []string{"market", "consent-submitter", n.keys[p.Name]}})
		third = append(third, call{p.Name, []string{"market", "register-submitter", n.keys[p.submitter()]}})
	}
	for _, round := range [][]call{first, second, third} {
		if err := n.sendAll(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// sendAll sends the transactions side by side and waits for all of them.
func (n *Localnet) sendAll(ctx context.Context, round []call) error {
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
func (n *Localnet) cliFor(key string) cli {
	c := n.cli
	c.keyring = n.keyringOf(key)
	return c
}

// startProvers configures and starts the sidecars. They hold the submitters'
// keys only (law P5).
func (n *Localnet) startProvers(ctx context.Context) error {
	for i, spec := range n.specs {
		if err := n.configureProver(ctx, spec, i); err != nil {
			return err
		}
		p := &Prover{spec: spec, home: n.proverHome(spec), address: n.keys[spec.Name], program: n.opts.Proverd, logDir: n.logs()}
		if err := p.Start(nil); err != nil {
			return err
		}
		n.provers = append(n.provers, p)
		n.say("  %s asks %s a proof (log %s)", spec.Name, amount(math.NewInt(spec.Price)), p.Log())
	}
	return ctx.Err()
}

// nodesFrom are the addresses of the nodes' RPC servers, beginning with another one
// for each prover, so that each has one of its own and others for when that is gone.
func (n *Localnet) nodesFrom(first int) string {
	nodes := n.Nodes()
	list := make([]string, len(nodes))
	for i := range list {
		list[i] = "http://" + nodes[(first+i)%len(nodes)].RPC()
	}
	return strings.Join(list, ",")
}

// configureProver writes the sidecar's configuration as its operator would.
func (n *Localnet) configureProver(ctx context.Context, p ProverSpec, place int) error {
	args := []string{
		"init", "--home", n.proverHome(p), "--chain-id", ChainID, "--node", n.nodesFrom(place),
		"--prover", n.keys[p.Name], "--key", p.submitter(), "--keyring-backend", keyringBackend, "--keyring-dir", n.proverHome(p),
		"--fixed-cost", strconv.FormatInt(p.Price, 10), "--per-million-units", "0", "--per-mebibyte", "0", "--load-factor-bps", "0", "--margin-bps", "0", "--min-margin-bps", "0",
		"--gas-price", gasPrices, "--allow-private-urls", "--poll-interval", proverPoll.String(),
	}
	if _, err := run(ctx, n.opts.Proverd, args...); err != nil {
		return err
	}
	path := filepath.Join(n.proverHome(p), "config.toml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(raw)
	if p.CannotProve {
		// Without a trial proof, which would be the proof itself.
		for _, set := range [][2]string{{"backends.prove_timeout", noTimeToProve.String()}, {"backends.trial_proofs", "never"}} {
			if text, err = setValue(text, set[0], set[1]); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return os.WriteFile(path, []byte(text+p.Config), 0o600)
}
