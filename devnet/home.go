package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const proof = 1_000_000 // uproof in one PROOF

// account is a named key with coins in genesis.
type account struct {
	name   string
	amount int64 // uproof
}

// accounts lists whom genesis funds. Each prover has two keys: the one that
// owns the stake and the submitter's, which alone lives beside its sidecar.
func (n *Network) accounts() []account {
	list := []account{
		{"validator", 1_000_000 * proof},
		{"faucet", 10_000_000 * proof},
		{"requester", 10_000 * proof},
		{"delegator", 10_000 * proof},
		{"guardian", 100 * proof},
	}
	for _, p := range n.specs {
		list = append(list, account{p.name, 5_000 * proof}, account{p.submitter(), 100 * proof})
	}
	return list
}

// makeHome lays down keys, genesis and configuration of a fresh chain.
func (n *Network) makeHome(ctx context.Context) (err error) {
	n.cli = cli{program: n.opts.Marketd, home: filepath.Join(n.home, "node")}
	if _, err := os.Stat(n.cli.home); err == nil {
		return fmt.Errorf("%s holds a network already: remove it or choose another --home", n.home)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if n.ports, err = pickPorts(n.opts.Ports); err != nil {
		return err
	}
	if _, err := n.cli.call(ctx, "init", "devnet", "--chain-id", ChainID); err != nil {
		return err
	}
	for _, a := range n.accounts() {
		if n.keys[a.name], err = n.cli.addKey(ctx, n.keyringOf(a.name), a.name); err != nil {
			return err
		}
	}
	if err := n.fundAccounts(ctx); err != nil {
		return err
	}
	if err := n.setGovernance(); err != nil {
		return err
	}
	stake := strconv.Itoa(500_000*proof) + "uproof"
	if _, err := n.cli.call(ctx, "genesis", "gentx", "validator", stake, "--chain-id", ChainID, "--keyring-backend", keyringBackend); err != nil {
		return err
	}
	if _, err := n.cli.call(ctx, "genesis", "collect-gentxs"); err != nil {
		return err
	}
	return n.writeClientConfig()
}

// keyringOf is the folder whose keyring holds the key: submitters' keys belong
// to their sidecars, all others to the node's home (law P5).
func (n *Network) keyringOf(name string) string {
	for _, p := range n.specs {
		if p.submitter() == name {
			return n.proverHome(p)
		}
	}
	return n.cli.home
}

func (n *Network) fundAccounts(ctx context.Context) error {
	type coin struct {
		Denom  string `json:"denom"`
		Amount string `json:"amount"`
	}
	type entry struct {
		Address string `json:"address"`
		Coins   []coin `json:"coins"`
	}
	var list []entry
	for _, a := range n.accounts() {
		list = append(list, entry{n.keys[a.name], []coin{{"uproof", strconv.FormatInt(a.amount, 10)}}})
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	path := filepath.Join(n.home, "accounts.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	_, err = n.cli.call(ctx, "genesis", "bulk-add-genesis-account", path)
	return err
}

// genesisChange sets a string of the genesis file.
type genesisChange struct {
	keys  []string // where it is, from the outside in
	value string
}

// setGovernance names a guardian and makes votes short, so that suspensions and
// proposals can be tried.
func (n *Network) setGovernance() error {
	path := filepath.Join(n.cli.home, "config", "genesis.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changes := []genesisChange{
		{[]string{"app_state", "verifier", "params", "guardian"}, n.keys["guardian"]},
		{[]string{"app_state", "gov", "params", "voting_period"}, "60s"},
		{[]string{"app_state", "gov", "params", "expedited_voting_period"}, "30s"},
	}
	for _, change := range append(changes, n.genesis...) {
		if b, err = setString(b, change.keys, change.value); err != nil {
			return fmt.Errorf("genesis: %w", err)
		}
	}
	return os.WriteFile(path, b, 0o600)
}

// setString sets a string within nested JSON objects and leaves the rest as it is.
func setString(object []byte, keys []string, value string) ([]byte, error) {
	if len(keys) == 0 {
		return json.Marshal(value)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	inner, ok := fields[keys[0]]
	if !ok {
		return nil, fmt.Errorf("there is no field %q", keys[0])
	}
	changed, err := setString(inner, keys[1:], value)
	if err != nil {
		return nil, err
	}
	fields[keys[0]] = changed
	return json.Marshal(fields)
}

// writeClientConfig makes `marketd --home …` talk to this network without
// further flags.
func (n *Network) writeClientConfig() error {
	text := fmt.Sprintf("chain-id = %q\nkeyring-backend = %q\noutput = \"text\"\nnode = \"tcp://%s\"\nbroadcast-mode = \"sync\"\n",
		ChainID, keyringBackend, loopback(n.ports.RPC))
	return os.WriteFile(filepath.Join(n.cli.home, "config", "client.toml"), []byte(text), 0o600)
}

// startNode starts the validator and waits for its first block.
func (n *Network) startNode(ctx context.Context) (err error) {
	env := []string{
		"MARKETD_CONSENSUS_TIMEOUT_COMMIT=" + n.opts.BlockTime.String(),
		"MARKETD_INSTRUMENTATION_PROMETHEUS=true",
		"MARKETD_INSTRUMENTATION_PROMETHEUS_LISTEN_ADDR=" + loopback(n.ports.Metrics),
	}
	n.node, err = startChild("node", n.logs(), n.opts.Marketd, env, "start", "--home", n.cli.home,
		"--rpc.laddr", "tcp://"+loopback(n.ports.RPC), "--p2p.laddr", "tcp://"+loopback(n.ports.P2P),
		"--grpc.address", loopback(n.ports.GRPC), "--api.enable", "--api.address", "tcp://"+loopback(n.ports.REST),
		"--inv-check-period", "1", "--log_no_color")
	if err != nil {
		return err
	}
	if n.chain, err = dial(loopback(n.ports.GRPC)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return n.node.waitFor(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		height, err := n.chain.height(ctx)
		if err == nil && height < 1 {
			err = errors.New("no block yet")
		}
		return err
	})
}
