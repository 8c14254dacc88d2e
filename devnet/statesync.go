package devnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrNoSnapshots is returned where a node is to begin with a snapshot in a network
// that was started without LocalnetOptions.SnapshotInterval.
var ErrNoSnapshots = errors.New("the nodes of this network make no snapshots")

// snapshotsKept is how many snapshots a node keeps. One that its peers removed while a
// node fetched it makes state sync fail for good, and blocks are fast here.
const snapshotsKept = 100

// snapshotAge is how many blocks older than a node's last one a snapshot is when it
// counts as made: nodes write snapshots beside their work, and a light client checks
// one by the two blocks after it.
const snapshotAge = 3

// StateSync makes a stopped, empty node begin with a snapshot of its peers instead of
// with genesis. Its light client asks the nodes named and trusts the first one's block
// at the height of the newest snapshot, for which it waits if there is none yet.
func (d *Node) StateSync(ctx context.Context, from ...*Node) error {
	if d.snapshots == 0 {
		return ErrNoSnapshots
	}
	if len(from) == 0 {
		return fmt.Errorf("%w: name a node to trust", ErrOptions)
	}
	interval := int64(d.snapshots)
	child := from[0].alive()
	if child == nil {
		return fmt.Errorf("%s: %w", from[0].name, ErrNotRunning)
	}
	var height int64
	var hash string
	if err := child.waitFor(ctx, func(ctx context.Context) error {
		last, err := from[0].Height(ctx)
		height = (last - snapshotAge) / interval * interval
		if err == nil && height < 1 {
			err = fmt.Errorf("no snapshot at block %d", last)
		}
		if err == nil {
			hash, err = from[0].BlockHash(ctx, height)
		}
		return err
	}); err != nil {
		return err
	}
	servers := make([]string, 0, 2)
	for _, f := range from {
		servers = append(servers, "http://"+f.RPC())
	}
	if len(servers) == 1 { // a light client wants a second opinion
		servers = append(servers, servers[0])
	}
	return d.Set(
		Setting{cometFile, "statesync.enable", true},
		Setting{cometFile, "statesync.rpc_servers", strings.Join(servers, ",")},
		Setting{cometFile, "statesync.trust_height", height},
		Setting{cometFile, "statesync.trust_hash", hash},
		Setting{cometFile, "statesync.discovery_time", "5s"},
	)
}

// AddNode makes the home of a full node that does not validate and has all nodes so
// far as peers. It is not started: StateSync and Set come before Start, if at all.
func (n *Localnet) AddNode(ctx context.Context) (_ *Node, err error) {
	ports, err := reserve(make([]Ports, 1))
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	d := n.newNode(len(n.nodes), loopbackHost, ports[0].Ports)
	d.reserved = ports[0]
	defer func() {
		if err != nil {
			d.reserved.release()
		}
	}()
	if err := n.initNode(ctx, d); err != nil {
		return nil, err
	}
	genesis, err := os.ReadFile(n.nodes[0].genesisFile())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.genesisFile(), genesis, 0o600); err != nil {
		return nil, err
	}
	if err := n.finish(d); err != nil {
		return nil, err
	}
	n.nodes = append(n.nodes, d)
	return d, nil
}
