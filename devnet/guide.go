package devnet

// printDevnetGuide shows where the development network listens and what to type in a
// second terminal.
func (n *Localnet) printDevnetGuide() {
	d := n.nodes[0]
	n.say(`
The network runs. Ctrl-C stops it.

  RPC   http://%s        REST  http://%s (API at /docs)
  gRPC  %s        metrics  http://%s/metrics
  home  %s
  logs  %s
  keys  faucet, requester, delegator, alpha, bravo, charlie (test keyring)

In a second terminal:

  H=%s
`+tryRequest, d.RPC(), d.REST(), d.GRPC(), d.Metrics(), d.home, n.logs(), d.home)
}

// tryRequest are the commands that buy a proof, with a node's home in $H.
const tryRequest = `  marketd keys add alice --home $H
  marketd tx bank send faucet $(marketd keys show alice -a --home $H) 50000000uproof --home $H -y | marketd query wait-tx --home $H
  marketd query verifier verifiers --home $H
  marketd tx market request --job $H/demo-job.json --from alice --home $H -y --wait
  marketd query market proof <id> --home $H --output json | marketd verify -
`

// NodeInfo is where a node of a network runs. Servers are hosts with ports.
type NodeInfo struct {
	Name      string `json:"name"`
	Home      string `json:"home"`
	Log       string `json:"log"`
	PID       int    `json:"pid"`
	NodeID    string `json:"node_id"`
	Validator string `json:"validator,omitempty"` // name of the operator's key
	RPC       string `json:"rpc"`
	REST      string `json:"rest"`
	GRPC      string `json:"grpc"`
	P2P       string `json:"p2p"`
	Metrics   string `json:"metrics"`
}

// ProverInfo is a prover of a network and where its sidecar runs.
type ProverInfo struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Home    string `json:"home"`
	Log     string `json:"log"`
	PID     int    `json:"pid"`
}

// Info describes a network for programs.
type Info struct {
	ChainID string            `json:"chain_id"`
	Home    string            `json:"home"`
	Nodes   []NodeInfo        `json:"nodes"`
	Provers []ProverInfo      `json:"provers"`
	Keys    map[string]string `json:"keys"`          // addresses by names of keys
	Job     string            `json:"job,omitempty"` // a request that the provers can prove
}

// Info describes the network as it is now.
func (n *Localnet) Info() Info {
	info := Info{ChainID: ChainID, Home: n.home, Nodes: []NodeInfo{}, Provers: []ProverInfo{}, Keys: n.Keys()}
	for _, d := range n.Nodes() {
		info.Nodes = append(info.Nodes, NodeInfo{
			Name: d.name, Home: d.home, Log: d.Log(), PID: d.PID(), NodeID: d.id, Validator: d.validator,
			RPC: d.RPC(), REST: d.REST(), GRPC: d.GRPC(), P2P: d.P2P(), Metrics: d.Metrics(),
		})
	}
	for _, p := range n.provers {
		info.Provers = append(info.Provers, ProverInfo{Name: p.Name(), Address: p.address, Home: p.home, Log: p.Log(), PID: p.PID()})
	}
	if len(n.specs) > 0 {
		info.Job = n.jobPath()
	}
	return info
}

// PrintGuide shows where the nodes listen and what to type in a second terminal.
func (n *Localnet) PrintGuide() {
	n.say("\nThe network runs. Ctrl-C stops it.\n")
	n.say("  %-8s %-8s %-22s %-22s %-22s %s", "node", "process", "RPC", "REST", "gRPC", "metrics")
	for _, d := range n.Nodes() {
		n.say("  %-8s %-8d %-22s %-22s %-22s %s", d.name, d.PID(), d.RPC(), d.REST(), d.GRPC(), d.Metrics())
	}
	first := n.nodes[0]
	n.say(`
  homes in %s, logs in %s
  keys (test keyrings): faucet, requester, delegator and guardian in %s; validator0 in node0, and so on

In a second terminal:

  H=%s
  marketd status --home $H                                          # height, and whether the node is in sync
  marketd query staking validators --home $H                        # who validates, with what stake
  marketd query slashing signing-infos --home $H                    # who missed blocks
  marketd tx bank send faucet $(marketd keys show validator0 -a --home $H) 1000000uproof --home $H -y
  kill -STOP <process>; kill -CONT <process>                        # the others go on without one of four`,
		n.home, n.logs(), first.name, first.home)
	if len(n.specs) > 0 {
		n.say("\nTo buy a proof:\n\n" + tryRequest)
	}
}
