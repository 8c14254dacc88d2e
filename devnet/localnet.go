package devnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Bounds of LocalnetOptions.
const (
	MaxValidators = 16
	MaxProvers    = 16
)

var (
	// ErrOptions is returned for options that make no network.
	ErrOptions = errors.New("bad options")
	// ErrNotProxied is returned where links are to be cut or slowed in a network that
	// was started without LocalnetOptions.Proxied.
	ErrNotProxied = errors.New("the nodes of this network talk to each other directly")
)

// SkewEnv is the environment variable that LocalnetOptions.Skew sets. Only a node
// that package skew built reads it.
const SkewEnv = "PROOFMARKET_CLOCK_SKEW"

// LocalnetOptions say which processes a network is made of.
type LocalnetOptions struct {
	Home    string // folder for all files, which must hold no network yet
	Marketd string // path of the node binary, whose file must be named marketd
	Proverd string // path of the sidecar binary; needed with Provers only

	Validators int          // 1 to MaxValidators, all of the same power
	Provers    []ProverSpec // at most MaxProvers; with any, the demo circuit is registered too
	File       string       // file that the demo circuit proves a chunk of; README.md or a made-up one if empty

	BlockTime        time.Duration   // pause between blocks
	SnapshotInterval int             // blocks between two snapshots for state sync; 0 for none
	InvariantPeriod  int             // blocks between two checks of all invariants by every node, whose consensus fails if one is broken; 0 for none
	Genesis          []GenesisChange // beside those of every network
	Accounts         []Account       // funded by genesis beside those of every network; their keys are in the first node's keyring

	// Configure returns more settings of a node, by its place in Nodes.
	Configure func(node int) []Setting
	// Env returns more environment of a node, by its place in Nodes.
	Env func(node int) []string
	// Proxied puts a TCP proxy between each ordered pair of nodes, so that Partition
	// and Slow work.
	Proxied bool
	// Skew is how far a node's clock is ahead, or behind if negative, by its place in
	// Nodes. Marketd must be what package skew builds.
	Skew map[int]time.Duration

	Ports Ports     // wished ports of the first node; those of the next are 10 higher each; taken ones are replaced
	Out   io.Writer // where people read; nil for nowhere

	// single gives files and keys of the only node names without a number.
	single bool
}

// check refuses what makes no network.
func (o LocalnetOptions) check() error {
	switch {
	case o.Validators < 1 || o.Validators > MaxValidators:
		return fmt.Errorf("%w: %d validators: choose 1 to %d", ErrOptions, o.Validators, MaxValidators)
	case len(o.Provers) > MaxProvers:
		return fmt.Errorf("%w: %d provers: choose %d at most", ErrOptions, len(o.Provers), MaxProvers)
	case o.BlockTime <= 0:
		return fmt.Errorf("%w: a pause of %s between blocks: choose a positive one", ErrOptions, o.BlockTime)
	case o.SnapshotInterval < 0 || o.InvariantPeriod < 0:
		return fmt.Errorf("%w: a negative number of blocks", ErrOptions)
	case o.Home == "" || o.Marketd == "" || len(o.Provers) > 0 && o.Proverd == "":
		return fmt.Errorf("%w: home and binaries must be named", ErrOptions)
	}
	return nil
}

// Localnet is a network of child processes on loopback. Different nodes may be
// started, stopped and asked at the same time.
type Localnet struct {
	opts       LocalnetOptions
	home       string
	cli        cli          // with the first node
	chain      *chainClient // of the first node
	publish    net.Listener // where files will be served; nil once they are
	files      *http.Server
	filesPort  int
	keys       map[string]string // key name → address
	provers    []*Prover
	circuit    demoCircuit
	specs      []ProverSpec
	failWinner bool // see Options.FailWinner
	bidding    int  // blocks to bid in, for what sendRequest sends

	mu      sync.Mutex // guards what follows
	nodes   []*Node
	paths   map[pair]*path
	proxies []*proxy

	record blockRecord
}

// newLocalnet prepares a network without touching anything.
func newLocalnet(opts LocalnetOptions) *Localnet {
	if opts.Out == nil {
		opts.Out = io.Discard
	}
	return &Localnet{
		opts: opts, home: opts.Home, specs: opts.Provers, keys: make(map[string]string), bidding: demoBidding,
		paths: make(map[pair]*path), record: blockRecord{blocks: make(map[int64]blockHashes)},
	}
}

// StartLocalnet makes the homes of a network by the genesis ceremony, starts its
// nodes and, once each has a block, registers and starts its provers. The caller
// stops it, unless there is an error.
func StartLocalnet(ctx context.Context, opts LocalnetOptions) (*Localnet, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	var err error
	if opts.Home, err = filepath.Abs(opts.Home); err != nil {
		return nil, err
	}
	n := newLocalnet(opts)
	if err := n.start(ctx); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

// start brings up nodes, circuit and provers.
func (n *Localnet) start(ctx context.Context) error {
	starting := "starting the validator"
	if n.opts.Validators > 1 {
		starting = fmt.Sprintf("starting %d validators", n.opts.Validators)
	}
	steps := []step{
		{"making keys and genesis", n.makeHomes},
		{starting, n.startNodes},
	}
	if len(n.specs) > 0 {
		steps = append(steps,
			step{"proving keys for the demo circuit (once, then cached)", n.prepareCircuit},
			step{"registering provers, stake, submitters and the circuit", n.register},
			step{"starting the provers' sidecars", n.startProvers},
		)
	}
	return n.do(ctx, steps)
}

// Nodes returns all nodes: the validators, then those that AddNode added, in
// order, whether they run or not.
func (n *Localnet) Nodes() []*Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Node(nil), n.nodes...)
}

// Provers returns the provers in the order of LocalnetOptions.Provers.
func (n *Localnet) Provers() []*Prover { return append([]*Prover(nil), n.provers...) }

// Home is the folder of all files.
func (n *Localnet) Home() string { return n.home }

// Keys returns the addresses of the keys that Tx signs with, by their names:
// validator0 and so on, faucet, requester, delegator, guardian, each prover's and,
// with -submitter behind it, its submitter's, and LocalnetOptions.Accounts.
func (n *Localnet) Keys() map[string]string { return maps.Clone(n.keys) }

// KeyringDir is the folder whose test keyring holds a key of Keys.
func (n *Localnet) KeyringDir(key string) string { return n.keyringOf(key) }

// JobFile is a request for a proof of the demo circuit, in the form that `marketd
// tx market request --job` reads. It is there if the network has provers.
func (n *Localnet) JobFile() string { return n.jobPath() }

// Tx signs a transaction with a key of Keys, sends it through a node's command
// line as a user would, and waits until a block holds it. A refused or failed
// transaction is an error with the chain's reason.
func (n *Localnet) Tx(ctx context.Context, node *Node, from string, args ...string) (TxResult, error) {
	return cli{program: n.opts.Marketd, home: node.home, keyring: n.keyringOf(from)}.tx(ctx, from, args...)
}

// Serve waits until ctx ends, a process dies that runs now, or a node's consensus
// fails, whose process stays up. Then it returns nil or what happened.
func (n *Localnet) Serve(ctx context.Context) error {
	var children []*Child
	for _, node := range n.Nodes() {
		if c := node.alive(); c != nil {
			children = append(children, c)
		}
	}
	for _, p := range n.provers {
		children = append(children, p.child)
	}
	dead := make(chan *Child, len(children))
	for _, c := range children {
		go func() {
			<-c.Done()
			dead <- c
		}()
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-dead:
			return c.Failure()
		case <-look.C:
			if err := n.ConsensusFailure(); err != nil {
				return err
			}
		}
	}
}

// Stop ends all processes in order, provers first so that none loses its node, and
// leaves the files.
func (n *Localnet) Stop() {
	var wait sync.WaitGroup
	for _, p := range n.provers {
		if p.child != nil {
			wait.Go(p.Stop)
		}
	}
	wait.Wait()
	for _, node := range n.Nodes() {
		wait.Go(node.close)
	}
	wait.Wait()
	if killed := n.Killed(); killed > 0 {
		n.say("%d times a process did not end within %s of SIGTERM and was killed", killed, stopGrace)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.proxies {
		p.close()
	}
	n.proxies = nil
	if n.publish != nil {
		_ = n.publish.Close()
	}
	if n.files != nil {
		_ = n.files.Close()
	}
}

// Killed counts how often a process that was stopped did not end at SIGTERM, so that
// it had to be killed.
func (n *Localnet) Killed() (count int) {
	for _, p := range n.Provers() {
		count += p.killed
	}
	for _, d := range n.Nodes() {
		d.mu.Lock()
		count += d.killed
		d.mu.Unlock()
	}
	return count
}

// step is a part of a network's start, named for people.
type step struct {
	what string
	do   func(context.Context) error
}

// do takes the steps in order.
func (n *Localnet) do(ctx context.Context, steps []step) error {
	for _, s := range steps {
		began := time.Now()
		n.say("· %s …", s.what)
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		n.say("  done in %.1f s", time.Since(began).Seconds())
	}
	return nil
}

func (n *Localnet) logs() string { return filepath.Join(n.home, "logs") }

func (n *Localnet) say(format string, args ...any) { fmt.Fprintf(n.opts.Out, format+"\n", args...) }
