package devnet

// printGuide shows where the network listens and what to type in a second
// terminal.
func (n *Network) printGuide() {
	n.say(`
The network runs. Ctrl-C stops it.

  RPC   http://%s        REST  http://%s (API at /docs)
  gRPC  %s        metrics  http://%s/metrics
  home  %s
  logs  %s
  keys  faucet, requester, delegator, alpha, bravo, charlie (test keyring)

In a second terminal:

  H=%s
  marketd keys add alice --home $H
  marketd tx bank send faucet $(marketd keys show alice -a --home $H) 50000000uproof --home $H -y | marketd query wait-tx --home $H
  marketd query verifier verifiers --home $H
  marketd tx market request --job $H/demo-job.json --from alice --home $H -y --wait
  marketd query market proof <id> --home $H --output json | marketd verify -
`,
		loopback(n.ports.RPC), loopback(n.ports.REST), loopback(n.ports.GRPC), loopback(n.ports.Metrics),
		n.cli.home, n.logs(), n.cli.home)
}
