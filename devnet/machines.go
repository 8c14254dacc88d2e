package devnet

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// MachineOptions say how a network across machines is laid out.
type MachineOptions struct {
	Dir     string   // new folder for the files
	Marketd string   // path of the node binary that makes them
	Hosts   []string // one for each validator: a name or address, with the port for peers behind a colon if it is not 26656

	Program          string        // where the node binary lies on the machines
	HomeDir          string        // folder on each machine that the node's home is copied into
	BlockTime        time.Duration // pause between blocks
	SnapshotInterval int           // blocks between two snapshots for state sync; 0 for none
}

// Machine is what goes to one machine.
type Machine struct {
	Name   string `json:"name"`
	Host   string `json:"host"`
	Peer   string `json:"peer"`   // how others find the node: id@host:port
	Files  string `json:"files"`  // folder that was written
	Home   string `json:"home"`   // where to copy it to
	Unit   string `json:"unit"`   // the systemd unit, among the files
	Funded bool   `json:"funded"` // its keyring has the keys of faucet, requester, delegator and guardian
}

// InitMachines makes keys, genesis and configuration of a network with one validator
// on each host, by the same ceremony as StartLocalnet, and a systemd unit for each.
// A host that is a loopback address gets all its servers there, so that the files can
// be tried on one machine with 127.0.0.1, 127.0.0.2 and so on. All keys are in test
// keyrings, made in one place: that suits a test network only.
func InitMachines(ctx context.Context, o MachineOptions) ([]Machine, error) {
	n, err := initMachines(ctx, o)
	if err != nil {
		return nil, err
	}
	list := make([]Machine, len(n.nodes))
	for i, d := range n.nodes {
		list[i] = Machine{
			Name: d.name, Host: d.host, Peer: d.id + "@" + d.P2P(), Files: d.home, Home: filepath.Join(o.HomeDir, d.name),
			Unit: filepath.Join(d.home, unitFile), Funded: i == 0,
		}
	}
	return list, nil
}

func initMachines(ctx context.Context, o MachineOptions) (*Localnet, error) {
	opts := LocalnetOptions{Home: o.Dir, Marketd: o.Marketd, Validators: len(o.Hosts), BlockTime: o.BlockTime, SnapshotInterval: o.SnapshotInterval}
	if err := opts.check(); err != nil {
		return nil, err
	}
	for _, path := range []string{o.Program, o.HomeDir} {
		if !filepath.IsAbs(path) || strings.ContainsAny(path, " \t\n\"'%") {
			return nil, fmt.Errorf("%w: %q: name an absolute path without spaces, quotes and percent signs", ErrOptions, path)
		}
	}
	var err error
	if opts.Home, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	n := newLocalnet(opts)
	seen := make(map[string]bool)
	for i, name := range o.Hosts {
		host, port, err := splitHost(name)
		if err != nil {
			return nil, err
		}
		if at := hostPort(host, port); seen[at] {
			return nil, fmt.Errorf("%w: two validators at %s", ErrOptions, at)
		}
		seen[hostPort(host, port)] = true
		ports := DefaultPorts
		ports.P2P = port
		n.addValidator(i, host, ports)
	}
	if err := os.MkdirAll(n.home, 0o700); err != nil {
		return nil, err
	}
	if err := n.ceremony(ctx); err != nil {
		return nil, err
	}
	for _, d := range n.nodes {
		if err := n.writeMachine(d, o); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return n, nil
}

// splitHost reads a host with or without the port for peers.
func splitHost(s string) (host string, port int, err error) {
	host, port = s, DefaultPorts.P2P
	if h, p, err := net.SplitHostPort(s); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, fmt.Errorf("%w: host %q: the port is 1 to 65535", ErrOptions, s)
		}
	}
	if host == "" || net.ParseIP(host) == nil && strings.ContainsAny(host, ":/@, \t\n\"") {
		return "", 0, fmt.Errorf("%w: %q is no host: write a name or an address, and a port if it is not %d", ErrOptions, s, DefaultPorts.P2P)
	}
	return host, port, nil
}

// writeMachine configures one machine's node and writes its unit.
func (n *Localnet) writeMachine(d *Node, o MachineOptions) error {
	peers, err := n.peers(d)
	if err != nil {
		return err
	}
	settings := []Setting{
		{cometFile, "p2p.persistent_peers", peers},
		{cometFile, "p2p.external_address", d.P2P()},
		{cometFile, "p2p.laddr", "tcp://" + hostPort("0.0.0.0", d.ports.P2P)},
		// Private addresses are peers too.
		{cometFile, "p2p.addr_book_strict", false},
		{cometFile, "consensus.timeout_commit", o.BlockTime.String()},
		{appFile, "state-sync.snapshot-interval", o.SnapshotInterval},
	}
	rpc := loopback(d.ports.RPC)
	if isLoopback(d.host) {
		settings = append(settings, loopbackSettings(d)...)
		rpc = d.RPC()
	}
	if err := configure(d.home, settings); err != nil {
		return err
	}
	if err := d.writeClientConfig(rpc); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(d.home, unitFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	return unit.Execute(f, map[string]string{"Program": o.Program, "Name": d.name, "Home": filepath.Join(o.HomeDir, d.name)})
}

// unitFile is the systemd unit among a machine's files.
const unitFile = "marketd.service"

// unit is that of docs/operations, hardened in the same way, with the homes of this
// network.
var unit = template.Must(template.New("unit").Parse(`# To use: copy this folder to {{ .Home }}, owned by user proofmarket, and this file to
# /etc/systemd/system/marketd.service; then: systemctl enable --now marketd
[Unit]
Description=Proofmarket validator {{ .Name }}
Wants=network-online.target
After=network-online.target time-sync.target
# A node that cannot start needs its operator: after five failures in five minutes it
# stays down. One whose consensus fails while it runs keeps its process.
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
User=proofmarket
Group=proofmarket
UMask=0077
ExecStart={{ .Program }} start --home {{ .Home }} --log_no_color

Restart=on-failure
RestartSec=5s
# The last block is written down on SIGTERM; after a kill it is executed again.
KillSignal=SIGTERM
TimeoutStopSec=60s

# Databases, peers and clients each take files.
LimitNOFILE=65536

# It reads the system and writes its home folder only.
ReadWritePaths={{ .Home }}
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RemoveIPC=yes

# It needs no rights and starts nothing.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
# No MemoryDenyWriteExecute: the SDK's JSON encoder makes machine code at the start.
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`))
