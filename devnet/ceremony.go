package devnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cometbft/cometbft/p2p"
	"golang.org/x/sync/errgroup"
)

const proof = 1_000_000 // uproof in one PROOF

// What genesis gives each validator, and what of that it stakes, in uproof.
const (
	validatorFunds = 1_000_000 * proof
	validatorStake = 500_000 * proof
)

// Account is a named key with coins in genesis.
type Account struct {
	Name   string
	Amount int64 // uproof
}

// accounts lists whom genesis funds. Each prover has two keys: the one that
// owns the stake and the submitter's, which alone lives beside its sidecar.
func (n *Localnet) accounts() (list []Account) {
	for _, d := range n.nodes {
		list = append(list, Account{d.validator, validatorFunds})
	}
	list = append(list,
		Account{"faucet", 10_000_000 * proof},
		Account{"requester", 10_000 * proof},
		Account{"delegator", 10_000 * proof},
		Account{"guardian", 100 * proof},
	)
	for _, p := range n.specs {
		list = append(list, Account{p.Name, 5_000 * proof}, Account{p.submitter(), 100 * proof})
	}
	return append(list, n.opts.Accounts...)
}

// makeHomes chooses ports and makes the homes of all validators on them.
func (n *Localnet) makeHomes(ctx context.Context) error {
	wished := make([]Ports, n.opts.Validators)
	for i := range wished {
		wished[i] = n.opts.Ports.of(i)
	}
	ports, err := reserve(wished)
	if err != nil {
		return err
	}
	n.filesPort, n.publish = ports[0].Files, ports[0].files()
	for i, p := range ports {
		n.addValidator(i, loopbackHost, p.Ports).reserved = p
	}
	if err := n.ceremony(ctx); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.nodes {
		if err := n.finish(d); err != nil {
			return err
		}
	}
	n.chain = n.nodes[0].chain
	return nil
}

// finish configures a node whose home is there, and prepares clients of it. n.mu is
// held.
func (n *Localnet) finish(d *Node) error {
	peers, err := n.peers(d)
	if err != nil {
		return err
	}
	settings := append(loopbackSettings(d),
		Setting{cometFile, "p2p.persistent_peers", peers},
		Setting{cometFile, "consensus.timeout_commit", n.opts.BlockTime.String()},
		Setting{appFile, "state-sync.snapshot-interval", n.opts.SnapshotInterval},
		Setting{appFile, "state-sync.snapshot-keep-recent", snapshotsKept},
	)
	if n.opts.Configure != nil {
		settings = append(settings, n.opts.Configure(d.index)...)
	}
	if err := configure(d.home, settings); err != nil {
		return err
	}
	if err := d.writeClientConfig(d.RPC()); err != nil {
		return err
	}
	return d.connect()
}

// addValidator names a validator's node and where it is.
func (n *Localnet) addValidator(i int, host string, ports Ports) *Node {
	d := n.newNode(i, host, ports)
	d.validator = "validator" + strconv.Itoa(i)
	if n.opts.single {
		d.name, d.validator = "node", "validator"
		d.home = filepath.Join(n.home, d.name)
	}
	n.nodes = append(n.nodes, d)
	n.cli = n.nodes[0].cli()
	return d
}

// newNode describes a node; nothing is made.
func (n *Localnet) newNode(i int, host string, ports Ports) *Node {
	d := &Node{
		index: i, name: "node" + strconv.Itoa(i), host: host, ports: ports,
		program: n.opts.Marketd, logDir: n.logs(), snapshots: n.opts.SnapshotInterval,
		args: []string{"--inv-check-period", strconv.Itoa(n.opts.InvariantPeriod)},
	}
	d.home = filepath.Join(n.home, d.name)
	if n.opts.Env != nil {
		d.env = append(d.env, n.opts.Env(i)...)
	}
	if skew, ok := n.opts.Skew[i]; ok {
		d.env = append(d.env, SkewEnv+"="+skew.String())
	}
	return d
}

// ceremony makes keys and genesis as the operators of a network do together: each
// makes its node's home; one funds all accounts; each signs with its own key that it
// will validate; that one collects the signatures and hands the result to all.
func (n *Localnet) ceremony(ctx context.Context) error {
	for _, d := range n.nodes {
		if _, err := os.Stat(d.home); err == nil {
			return fmt.Errorf("%s holds a network already: remove it or choose another folder", n.home)
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := n.everyNode(ctx, n.initNode); err != nil {
		return err
	}
	for _, a := range n.accounts() {
		var err error
		if n.keys[a.Name], err = n.cli.addKey(ctx, n.keyringOf(a.Name), a.Name); err != nil {
			return err
		}
	}
	if err := n.fundAccounts(ctx); err != nil {
		return err
	}
	if err := n.changeGenesis(); err != nil {
		return err
	}
	if err := n.shareGenesis(); err != nil {
		return err
	}
	collected := filepath.Join(n.cli.home, "config", "gentx")
	if err := os.MkdirAll(collected, 0o700); err != nil {
		return err
	}
	if err := n.everyNode(ctx, func(ctx context.Context, d *Node) error {
		_, err := d.cli().call(ctx, "genesis", "gentx", d.validator, strconv.Itoa(validatorStake)+"uproof",
			"--chain-id", ChainID, "--keyring-backend", keyringBackend, "--ip", d.host, "--p2p-port", strconv.Itoa(d.ports.P2P),
			"--output-document", filepath.Join(collected, "gentx-"+d.name+".json"))
		return err
	}); err != nil {
		return err
	}
	if _, err := n.cli.call(ctx, "genesis", "collect-gentxs"); err != nil {
		return err
	}
	return n.shareGenesis()
}

// everyNode does something for all nodes, some at a time.
func (n *Localnet) everyNode(ctx context.Context, do func(context.Context, *Node) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for _, d := range n.nodes {
		group.Go(func() error {
			if err := do(ctx, d); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// initNode writes keys and files of a node.
func (n *Localnet) initNode(ctx context.Context, d *Node) error {
	moniker := d.name
	if n.opts.single {
		moniker = "devnet"
	}
	if _, err := d.cli().call(ctx, "init", moniker, "--chain-id", ChainID); err != nil {
		return err
	}
	key, err := p2p.LoadNodeKey(filepath.Join(d.home, "config", "node_key.json"))
	if err != nil {
		return err
	}
	d.id = string(key.ID())
	return nil
}

// genesisFile is where a node reads genesis.
func (d *Node) genesisFile() string { return filepath.Join(d.home, "config", "genesis.json") }

// shareGenesis gives the first node's genesis file to all others.
func (n *Localnet) shareGenesis() error {
	b, err := os.ReadFile(n.nodes[0].genesisFile())
	if err != nil {
		return err
	}
	for _, d := range n.nodes[1:] {
		if err := os.WriteFile(d.genesisFile(), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// keyringOf is the folder whose keyring holds the key: submitters' keys belong to
// their sidecars, validators' to their nodes' homes, all others to the first node's
// home (law P5).
func (n *Localnet) keyringOf(name string) string {
	for _, p := range n.specs {
		if p.submitter() == name {
			return n.proverHome(p)
		}
	}
	for _, d := range n.Nodes() {
		if d.validator == name {
			return d.home
		}
	}
	return n.cli.home
}

// peers are all other nodes, as a node dials them. n.mu is held.
func (n *Localnet) peers(of *Node) (string, error) {
	var list []string
	for _, d := range n.nodes {
		if d == of {
			continue
		}
		addr, err := n.peerAddress(of, d)
		if err != nil {
			return "", err
		}
		list = append(list, d.id+"@"+addr)
	}
	return strings.Join(list, ","), nil
}

// loopbackSettings put all servers of a node on its host, which is this machine, and
// let it have peers that are all on one.
func loopbackSettings(d *Node) []Setting {
	return []Setting{
		{cometFile, "rpc.laddr", "tcp://" + d.RPC()},
		{cometFile, "rpc.pprof_laddr", ""},
		{cometFile, "p2p.laddr", "tcp://" + d.P2P()},
		{cometFile, "p2p.pex", false},
		{cometFile, "p2p.addr_book_strict", false},
		{cometFile, "p2p.allow_duplicate_ip", true},
		{cometFile, "instrumentation.prometheus", true},
		{cometFile, "instrumentation.prometheus_listen_addr", d.Metrics()},
		{appFile, "api.enable", true},
		{appFile, "api.address", "tcp://" + d.REST()},
		{appFile, "grpc.address", d.GRPC()},
	}
}

// writeClientConfig makes `marketd --home …` talk to the node without further flags.
func (d *Node) writeClientConfig(rpc string) error {
	text := fmt.Sprintf("chain-id = %q\nkeyring-backend = %q\noutput = \"text\"\nnode = \"tcp://%s\"\nbroadcast-mode = \"sync\"\n",
		ChainID, keyringBackend, rpc)
	return os.WriteFile(filepath.Join(d.home, "config", "client.toml"), []byte(text), 0o600)
}

// isLoopback tells whether a host is this machine only.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// startNodes starts all nodes that do not run and waits until each has a block.
func (n *Localnet) startNodes(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	nodes := n.Nodes()
	group, all := errgroup.WithContext(ctx)
	for _, d := range nodes {
		if d.alive() == nil {
			group.Go(func() error { return d.Start(all) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return n.each(ctx, nodes, "the first block", func(d *Node) error {
		height, err := d.chain.height(ctx)
		if err == nil && height < 1 {
			err = errors.New("no block yet")
		}
		return err
	})
}
