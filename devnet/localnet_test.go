package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// localnetPatience is what a test of several nodes may take on a busy machine.
const localnetPatience = 10 * time.Minute

func localnetOptions(t *testing.T, out io.Writer) LocalnetOptions {
	t.Helper()
	return LocalnetOptions{
		Home: filepath.Join(t.TempDir(), "net"), Marketd: filepath.Join(binaries, "marketd"), Proverd: filepath.Join(binaries, "proverd"),
		Validators: 4, BlockTime: 200 * time.Millisecond, SnapshotInterval: 10, InvariantPeriod: 1, Out: out,
	}
}

// startLocalnet starts a network that ends with the test; logs are shown if it failed.
func startLocalnet(ctx context.Context, t *testing.T, change func(*LocalnetOptions)) *Localnet {
	t.Helper()
	var out bytes.Buffer
	opts := localnetOptions(t, &out)
	change(&opts)
	n, err := StartLocalnet(ctx, opts)
	require.NoError(t, err, "%s", &out)
	t.Cleanup(func() {
		n.Stop()
		if !t.Failed() {
			return
		}
		for _, d := range n.Nodes() {
			t.Logf("log of %s:\n%s", d.Name(), tail(d.Log()))
		}
	})
	return n
}

// slowLink is more than a block takes without it.
const slowLink = 300 * time.Millisecond

// Four validators go on without one, halt without two and while they are split two
// and two, and go on when they are one network again, each time from the block where
// they stood. Slow links slow them down only. One that has lost everything but its keys comes back from a snapshot.
// All have one chain.
func TestLocalnet(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := startLocalnet(ctx, t, func(o *LocalnetOptions) { o.Proxied = true })
	d := n.Nodes()
	require.Len(t, d, 4)
	require.NoError(t, n.Advancing(ctx))
	require.NoError(t, n.SameChain(ctx))

	d[3].Kill()
	require.False(t, d[3].Running())
	require.NoError(t, n.Advancing(ctx), "three of four are enough")
	_, err := n.Tx(ctx, d[1], "faucet", "bank", "send", "faucet", n.Keys()["requester"], "1000000uproof")
	require.NoError(t, err)

	d[2].Stop()
	requireRest(ctx, t, n, d[:2]) // two of four are too few
	require.NoError(t, d[2].Start(ctx))
	require.NoError(t, d[3].Start(ctx))
	require.NoError(t, n.Advancing(ctx))

	require.NoError(t, n.Partition([]int{0, 1}, []int{2, 3}))
	requireRest(ctx, t, n, d[:2], d[2:])
	require.NoError(t, n.Heal())
	require.NoError(t, n.Advancing(ctx))

	require.NoError(t, n.Slow(0, 1, slowLink))
	require.NoError(t, n.Slow(2, 0, 2*slowLink))
	require.NoError(t, n.Advancing(ctx))
	require.NoError(t, n.Slow(0, 1, 0))
	require.NoError(t, n.Slow(2, 0, 0))

	d[0].Stop()
	require.NoError(t, d[0].Wipe())
	require.NoError(t, d[0].StateSync(ctx, d[1], d[2]))
	require.NoError(t, d[0].Start(ctx))
	require.NoError(t, n.Advancing(ctx))
	status, err := d[0].rpc.Status(ctx)
	require.NoError(t, err)
	require.Greater(t, status.SyncInfo.EarliestBlockHeight, int64(1), "it did not begin with genesis")
	d[3].Stop()
	require.NoError(t, n.Advancing(ctx), "the one that came back signs again: without it there were two of four")
	require.NoError(t, d[3].Start(ctx))
	require.NoError(t, n.Advancing(ctx))
	require.NoError(t, n.SameChain(ctx))
	n.testSameChainSeesForks(ctx, t)
}

// requireRest checks that groups of nodes that were cut off just now halt, and make no
// block but the one that votes on their way may complete.
func requireRest(ctx context.Context, t *testing.T, n *Localnet, groups ...[]*Node) {
	t.Helper()
	cut, err := n.Top(ctx)
	require.NoError(t, err)
	last, err := n.Standstill(ctx, nil, groups...)
	require.NoError(t, err)
	require.LessOrEqual(t, last, cut+1, "a halted network makes no block")
	require.NoError(t, n.SameChain(ctx))
}

// One other byte in what a node shows is a fork.
func (n *Localnet) testSameChainSeesForks(ctx context.Context, t *testing.T) {
	d := n.Nodes()[1]
	for _, change := range []func(*blockHashes){
		func(h *blockHashes) { h.app = "00" + h.app[2:] },
		func(h *blockHashes) { h.block = "00" + h.block[2:] },
	} {
		shown := n.record.blocks[3]
		h := shown
		change(&h)
		n.record.blocks[3] = h
		d.checked = 0
		require.ErrorIs(t, n.SameChain(ctx), ErrFork)
		n.record.blocks[3] = shown
		require.NoError(t, n.SameChain(ctx))
	}
}

// One validator with everything that tests do to a node by itself.
func TestNode(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := startLocalnet(ctx, t, func(o *LocalnetOptions) {
		o.Validators = 1
		o.Genesis = []GenesisChange{{[]string{"app_state", "gov", "params", "voting_period"}, "45s"}}
		o.Accounts = []Account{{"extra", 7 * proof}}
		o.Configure = func(int) []Setting { return []Setting{{cometFile, "moniker", "changed"}} }
	})
	d := n.Nodes()[0]
	require.NotZero(t, d.PID())
	out, err := d.Query(ctx, "gov", "params")
	require.NoError(t, err)
	require.Contains(t, string(out), `"45s"`)
	held, err := n.chain.balance(ctx, n.Keys()["extra"])
	require.NoError(t, err)
	require.EqualValues(t, 7*proof, held.Int64())
	status, err := d.rpc.Status(ctx)
	require.NoError(t, err)
	require.Equal(t, "changed", status.NodeInfo.Moniker)
	require.Equal(t, d.ID(), string(status.NodeInfo.ID()))
	use, err := d.Usage()
	require.NoError(t, err)
	require.Positive(t, use.Memory)
	require.Positive(t, use.Disk)

	require.ErrorIs(t, d.Start(ctx), ErrRunning)
	require.ErrorIs(t, d.Wipe(), ErrRunning)
	require.ErrorIs(t, d.Set(Setting{cometFile, "moniker", "x"}), ErrRunning)
	require.ErrorIs(t, d.Use("marketd"), ErrRunning)
	_, err = d.Export(ctx, -1)
	require.ErrorIs(t, err, ErrRunning)

	require.NoError(t, d.Pause())
	require.False(t, d.Running())
	require.ErrorIs(t, n.Advancing(ctx), ErrNotRunning)
	require.NoError(t, d.Resume())
	require.NoError(t, n.Advancing(ctx))

	full, err := n.AddNode(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, full.StateSync(ctx), ErrOptions)
	require.NoError(t, full.StateSync(ctx, d))
	require.NoError(t, full.Start(ctx))
	fresh, err := n.AddNode(ctx)
	require.NoError(t, err)
	require.NoError(t, fresh.Start(ctx))
	require.NoError(t, n.Advancing(ctx))
	require.NoError(t, n.SameChain(ctx))
	n.testInfo(t)

	require.NoError(t, d.Pause())
	d.Stop() // a paused process ends too
	require.Zero(t, d.PID())
	require.ErrorIs(t, d.Pause(), ErrNotRunning)
	genesis, err := d.Export(ctx, -1)
	require.NoError(t, err)
	var state struct {
		Modules map[string]json.RawMessage `json:"app_state"`
	}
	require.NoError(t, json.Unmarshal(genesis, &state))
	require.Contains(t, state.Modules, "market")
	require.NoError(t, d.Wipe())
	require.FileExists(t, filepath.Join(d.Home(), "data", signState))
	require.NoDirExists(t, filepath.Join(d.Home(), "data", "application.db"))
	require.ErrorIs(t, (&Node{}).StateSync(ctx, d), ErrNoSnapshots)
}

func (n *Localnet) testInfo(t *testing.T) {
	info := n.Info()
	require.Len(t, info.Nodes, 3)
	require.Equal(t, "validator0", info.Nodes[0].Validator)
	require.Empty(t, info.Nodes[1].Validator)
	require.NotZero(t, info.Nodes[2].PID)
	require.NotContains(t, info.Keys, "alpha")
	require.Contains(t, info.Keys, "validator0")
	n.PrintGuide()
}

func TestLocalnetOptions(t *testing.T) {
	good := LocalnetOptions{Home: "h", Marketd: "m", Validators: 1, BlockTime: 1}
	require.NoError(t, good.check())
	for name, change := range map[string]func(*LocalnetOptions){
		"no validator":       func(o *LocalnetOptions) { o.Validators = 0 },
		"too many":           func(o *LocalnetOptions) { o.Validators = MaxValidators + 1 },
		"too many provers":   func(o *LocalnetOptions) { o.Provers, o.Proverd = DefaultProvers(MaxProvers+1), "p" },
		"no sidecar":         func(o *LocalnetOptions) { o.Provers = DefaultProvers(1) },
		"no binary":          func(o *LocalnetOptions) { o.Marketd = "" },
		"no home":            func(o *LocalnetOptions) { o.Home = "" },
		"no pause":           func(o *LocalnetOptions) { o.BlockTime = 0 },
		"negative snapshots": func(o *LocalnetOptions) { o.SnapshotInterval = -1 },
		"negative checks":    func(o *LocalnetOptions) { o.InvariantPeriod = -1 },
	} {
		o := good
		change(&o)
		_, err := StartLocalnet(t.Context(), o)
		require.ErrorIs(t, err, ErrOptions, name)
	}
}

// The files for several machines run as they are, here on three addresses of this
// one, by the commands of their systemd units.
func TestMachines(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "net")
	o := MachineOptions{
		Dir: dir, Marketd: filepath.Join(binaries, "marketd"), Program: filepath.Join(binaries, "marketd"), HomeDir: dir,
		Hosts: loopbackHosts(t, 3), BlockTime: 200 * time.Millisecond, SnapshotInterval: 100,
	}
	n, err := initMachines(ctx, o)
	require.NoError(t, err)
	_, err = InitMachines(ctx, o)
	require.ErrorContains(t, err, "holds a network already")
	for _, d := range n.nodes {
		text, err := os.ReadFile(filepath.Join(d.home, unitFile))
		require.NoError(t, err)
		_, line, found := strings.Cut(string(text), "\nExecStart=")
		require.True(t, found)
		line, _, _ = strings.Cut(line, "\n")
		args := strings.Fields(line)
		require.NoError(t, d.connect())
		d.child, err = startChild(d.name, n.logs(), args[0], nil, args[1:]...)
		require.NoError(t, err)
		defer d.close()
	}
	// They must all take part, and answer.
	require.NoError(t, n.each(ctx, nil, "a block", func(d *Node) error { _, err := d.Height(ctx); return err }))
	require.NoError(t, n.Advancing(ctx))
	require.NoError(t, n.SameChain(ctx))
	// They go on before every two are connected, since votes are passed on.
	require.NoError(t, n.each(ctx, nil, "its two peers", func(d *Node) error {
		info, err := d.rpc.NetInfo(ctx)
		if err == nil && len(info.Peers) != 2 {
			err = fmt.Errorf("%s has %d peers", d.name, len(info.Peers))
		}
		return err
	}))
}

// The unit is as hardened as the one for operators of real nodes.
func TestUnitIsTheDocumentedOne(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "operations", "node", "marketd.service"))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, unit.Execute(&out, map[string]string{"Program": "/usr/local/bin/marketd", "Name": "node0", "Home": "/var/lib/proofmarket/node0"}))
	ours := strings.Split(out.String(), "\n")
	own := []string{"Description", "StateDirectory", "StateDirectoryMode", "WorkingDirectory", "Environment", "ExecStart"}
	checked := 0
	for _, line := range strings.Split(string(text), "\n") {
		name, _, found := strings.Cut(line, "=")
		if !found || strings.HasPrefix(line, "#") || slices.Contains(own, name) {
			continue
		}
		require.Contains(t, ours, line)
		checked++
	}
	require.Greater(t, checked, 30)
	require.Contains(t, ours, "ReadWritePaths=/var/lib/proofmarket/node0")
}

// loopbackHosts returns addresses of this machine on which the default ports are
// free, or skips the test where there are none.
func loopbackHosts(t *testing.T, count int) (hosts []string) {
	t.Helper()
	for i := 2; i < 255 && len(hosts) < count; i++ {
		host := fmt.Sprintf("127.91.7.%d", i)
		if free(host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) < count {
		t.Skip("this machine has one loopback address only")
	}
	return hosts
}

// free tells whether a node's default ports are free at an address.
func free(host string) bool {
	for _, port := range DefaultPorts.all() {
		l, err := net.Listen("tcp", hostPort(host, *port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

func TestMachineOptions(t *testing.T) {
	good := MachineOptions{Dir: "d", Marketd: "m", Program: "/bin/marketd", HomeDir: "/var/lib", Hosts: []string{"a", "b"}, BlockTime: 1}
	for name, change := range map[string]func(*MachineOptions){
		"no host":       func(o *MachineOptions) { o.Hosts = nil },
		"empty host":    func(o *MachineOptions) { o.Hosts = []string{"a", ""} },
		"a host twice":  func(o *MachineOptions) { o.Hosts = []string{"a", "a:26656"} },
		"bad port":      func(o *MachineOptions) { o.Hosts = []string{"a:0"} },
		"a URL":         func(o *MachineOptions) { o.Hosts = []string{"http://a"} },
		"relative home": func(o *MachineOptions) { o.HomeDir = "var" },
		"odd program":   func(o *MachineOptions) { o.Program = "/my programs/marketd" },
	} {
		o := good
		o.Dir = filepath.Join(t.TempDir(), "net")
		change(&o)
		_, err := InitMachines(t.Context(), o)
		require.ErrorIs(t, err, ErrOptions, name)
		require.NoDirExists(t, o.Dir, name)
	}
	for in, want := range map[string]string{"a": "a:26656", "10.0.0.1:7": "10.0.0.1:7", "::1": "[::1]:26656", "[fd00::2]:9": "[fd00::2]:9"} {
		host, port, err := splitHost(in)
		require.NoError(t, err, in)
		require.Equal(t, want, hostPort(host, port))
	}
}
