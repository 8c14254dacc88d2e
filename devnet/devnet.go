// Package devnet runs a whole network on one machine out of child processes: nodes
// (marketd start) and provers' sidecars (proverd start), with funded keys and a
// published circuit. It drives them only as a user could: through the command line
// and the nodes' servers. The development network (Run) has one node; a Localnet has
// several, which tests may stop, kill, freeze, wipe and cut off from each other.
package devnet

import (
	"context"
	"errors"
	"io"
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

// Options say how to run the development network.
type Options struct {
	Home       string        // folder for all state; empty for a temporary one that is removed at the end
	Marketd    string        // path of the node binary
	Proverd    string        // path of the sidecar binary
	File       string        // file that the demo proves a chunk of
	BlockTime  time.Duration // pause between blocks
	Once       bool          // send one request, show it, end
	FailWinner bool          // with Once: no sidecar has time for a proof, so that the winner misses and the request is refunded
	Ports      Ports         // wished ports, 0 for any; taken ones are replaced
	Out        io.Writer     // where people read

	// bidding is the window of the demonstration in blocks; demoBidding if 0.
	bidding int
}

// newDevnet is a network of one node and three provers.
func newDevnet(opts Options) *Localnet {
	n := newLocalnet(LocalnetOptions{
		Home: opts.Home, Marketd: opts.Marketd, Proverd: opts.Proverd, File: opts.File, BlockTime: opts.BlockTime,
		Validators: 1, Provers: DefaultProvers(3), InvariantPeriod: 1, Ports: opts.Ports, Out: opts.Out, single: true,
	})
	if opts.bidding > 0 {
		n.bidding = opts.bidding
	}
	if n.failWinner = opts.FailWinner; n.failWinner {
		for i := range n.specs {
			n.specs[i].CannotProve = true
		}
	}
	return n
}

// Run starts the development network and, with Options.Once, sends one request
// through it; otherwise it serves until ctx ends.
func Run(ctx context.Context, opts Options) (err error) {
	n := newDevnet(opts)
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
	defer n.Stop()
	if err := n.start(ctx); err != nil {
		return err
	}
	if opts.Once {
		return n.once(ctx)
	}
	n.printDevnetGuide()
	return n.Serve(ctx)
}

// serveFiles publishes dir over HTTP on loopback, as a requester would publish
// image and input for the provers.
func (n *Localnet) serveFiles(dir string) error {
	if n.publish == nil {
		return errors.New("the network publishes files already")
	}
	l := n.publish
	n.publish = nil
	n.files = &http.Server{Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = n.files.Serve(l) }()
	return nil
}
