package devnet

import (
	"fmt"
	"time"
)

// path returns the way from one node to another; n.mu is held.
func (n *Localnet) path(from, to int) *path {
	p, ok := n.paths[pair{from, to}]
	if !ok {
		p = newPath()
		n.paths[pair{from, to}] = p
	}
	return p
}

// peerAddress is where one node dials another: a proxy of its own if the network is
// proxied. n.mu is held.
func (n *Localnet) peerAddress(from, to *Node) (string, error) {
	if !n.opts.Proxied {
		return to.P2P(), nil
	}
	p, err := startProxy(to.P2P(), n.path(from.index, to.index), n.path(to.index, from.index))
	if err != nil {
		return "", err
	}
	n.proxies = append(n.proxies, p)
	return p.addr(), nil
}

// Partition cuts the links between nodes of different groups, given by their places,
// and heals all others. Nodes in no group are together in one more. What is sent over
// a cut link arrives when it is healed, unless a node gave the connection up before.
func (n *Localnet) Partition(groups ...[]int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.opts.Proxied {
		return ErrNotProxied
	}
	group := make([]int, len(n.nodes))
	for g, members := range groups {
		for _, i := range members {
			if i < 0 || i >= len(n.nodes) {
				return fmt.Errorf("%w: there is no node %d", ErrOptions, i)
			}
			if group[i] != 0 {
				return fmt.Errorf("%w: node %d is in two groups", ErrOptions, i)
			}
			group[i] = g + 1
		}
	}
	for i := range n.nodes {
		for j := range n.nodes {
			if group[i] == group[j] {
				n.path(i, j).heal()
			} else {
				n.path(i, j).cut()
			}
		}
	}
	return nil
}

// Heal mends all cut links. Slow ones stay slow.
func (n *Localnet) Heal() error { return n.Partition() }

// Slow delays what node from sends to node to; 0 ends that.
func (n *Localnet) Slow(from, to int, delay time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.opts.Proxied {
		return ErrNotProxied
	}
	if from < 0 || from >= len(n.nodes) || to < 0 || to >= len(n.nodes) || from == to || delay < 0 {
		return fmt.Errorf("%w: no link from node %d to node %d can be slowed by %s", ErrOptions, from, to, delay)
	}
	n.path(from, to).slow(delay)
	return nil
}
