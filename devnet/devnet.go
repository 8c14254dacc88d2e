// Package devnet runs a whole network on one machine out of child processes:
// one validator (marketd start) and a few provers' sidecars (proverd start),
// with funded keys and a published circuit. It drives them only as a user
// could: through the command line and the node's gRPC server.
package devnet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// ChainID names the development network.
const ChainID = "proofmarket-devnet-1"

// Settings of every transaction that devnet sends.
const (
	keyringBackend = "test"
	gasPrices      = "0.0025uproof"
	gasAdjustment  = "1.5"
	txTimeout      = 30 * time.Second
)

// Options say what to run.
type Options struct {
	Home       string        // folder for all state; empty for a temporary one that is removed at the end
	Marketd    string        // path of the node binary
	Proverd    string        // path of the sidecar binary
	File       string        // file that the demo proves a chunk of
	BlockTime  time.Duration // pause between blocks
	Once       bool          // send one request, show it, end
	FailWinner bool          // with Once: stop the winner's sidecar, so that the request is refunded
	Ports      Ports         // wished ports, 0 for any; taken ones are replaced
	Out        io.Writer     // where people read
}

// Network is a running development network.
type Network struct {
	opts    Options
	home    string
	ports   Ports
	cli     cli
	node    *Child
	chain   *chainClient
	files   *http.Server
	keys    map[string]string // key name → address
	provers []*prover
	circuit demoCircuit
	specs   []proverSpec    // who the provers are
	genesis []genesisChange // beside those of every network
}

func newNetwork(opts Options) *Network {
	return &Network{opts: opts, home: opts.Home, keys: map[string]string{}, specs: proverSpecs}
}

// Run starts the network and, with Options.Once, sends one request through it;
// otherwise it serves until ctx ends.
func Run(ctx context.Context, opts Options) (err error) {
	n := newNetwork(opts)
	if opts.Home != "" {
		if n.home, err = filepath.Abs(opts.Home); err != nil {
			return err
		}
	} else {
		if n.home, err = os.MkdirTemp("", "proofmarket-devnet-"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(n.home)
			}
		}()
	}
	defer n.stop()
	if err := n.start(ctx); err != nil {
		return err
	}
	if opts.Once {
		return n.once(ctx)
	}
	n.printGuide()
	return n.serve(ctx)
}

// start brings up node, provers and circuit.
func (n *Network) start(ctx context.Context) error {
	return n.do(ctx, []step{
		{"making keys and genesis", n.makeHome},
		{"starting the validator", n.startNode},
		{"proving keys for the demo circuit (once, then cached)", n.prepareCircuit},
		{"registering provers, stake, submitters and the circuit", n.register},
		{"starting the provers' sidecars", n.startProvers},
	})
}

// step is a part of a network's start, named for people.
type step struct {
	what string
	do   func(context.Context) error
}

// do takes the steps in order.
func (n *Network) do(ctx context.Context, steps []step) error {
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

// serve waits until ctx ends or a child dies, which it never should.
func (n *Network) serve(ctx context.Context) error {
	dead := make(chan *Child, 1+len(n.provers))
	watch := func(c *Child) {
		<-c.Done()
		dead <- c
	}
	go watch(n.node)
	for _, p := range n.provers {
		go watch(p.child)
	}
	select {
	case <-ctx.Done():
		return nil
	case c := <-dead:
		return c.Failure()
	}
}

// stop ends all children, provers first so that none loses its node.
func (n *Network) stop() {
	for _, p := range n.provers {
		if p.child != nil {
			p.child.Stop()
		}
	}
	if n.chain != nil {
		_ = n.chain.conn.Close()
	}
	if n.node != nil {
		n.node.Stop()
	}
	if n.files != nil {
		_ = n.files.Close()
	}
}

// serveFiles publishes dir over HTTP on loopback, as a requester would publish
// image and input for the provers.
func (n *Network) serveFiles(dir string) error {
	l, err := net.Listen("tcp", loopback(n.ports.Files))
	if err != nil {
		return err
	}
	n.files = &http.Server{Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = n.files.Serve(l) }()
	return nil
}

func (n *Network) logs() string { return filepath.Join(n.home, "logs") }

func (n *Network) say(format string, args ...any) { fmt.Fprintf(n.opts.Out, format+"\n", args...) }
