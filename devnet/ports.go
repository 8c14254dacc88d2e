package devnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are the loopback ports that a node listens on and, with the first node,
// where the network publishes files; 0 for any.
type Ports struct {
	RPC, REST, GRPC, P2P, Metrics, Files int
}

// DefaultPorts are the ports that the documentation names.
var DefaultPorts = Ports{RPC: 26657, REST: 1317, GRPC: 9090, P2P: 26656, Metrics: 26660, Files: 8099}

// portStep is between a port of one node and the next node's.
const portStep = 10

// of returns the wished ports of a node by its place.
func (p Ports) of(node int) Ports {
	for _, port := range p.all() {
		if *port != 0 {
			*port += node * portStep
		}
	}
	return p
}

// portsPerNode is how many ports there are, the last of them for files.
const portsPerNode = 6

func (p *Ports) all() [portsPerNode]*int {
	return [...]*int{&p.RPC, &p.REST, &p.GRPC, &p.P2P, &p.Metrics, &p.Files}
}

// Ports that are chosen lie below those that systems give to outgoing connections: one
// of these could take a node's port while it is down.
const (
	lowestPort  = 12_000
	highestPort = 32_000
	portTries   = 200
)

// listenAnywhere listens on a free loopback port, and on any that the system hands out
// if none is found where they are chosen.
func listenAnywhere() (net.Listener, error) {
	for range portTries {
		if l, err := net.Listen("tcp", loopback(lowestPort+rand.IntN(highestPort-lowestPort))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", loopback(0))
}

// reservation is ports that no other program can take until they are released.
type reservation struct {
	Ports
	held [portsPerNode]net.Listener // in the order of Ports.all; nil once released
}

// reserve keeps each wished port that is free, replaces the others, and holds them all:
// making keys and genesis takes seconds, in which another network may look for ports.
func reserve(wished []Ports) (got []*reservation, err error) {
	defer func() {
		if err != nil {
			for _, r := range got {
				r.release()
			}
			got, err = nil, fmt.Errorf("no free loopback port: %w", err)
		}
	}()
	for _, w := range wished {
		r := &reservation{Ports: w}
		got = append(got, r)
		for i, p := range r.all() {
			if r.held[i], err = listenAt(*p); err != nil {
				return got, err
			}
			addr, ok := r.held[i].Addr().(*net.TCPAddr)
			if !ok {
				return got, errors.New("the listener has no TCP port")
			}
			*p = addr.Port
		}
	}
	return got, nil
}

// listenAt listens on the wished port, or on another if it is taken or 0.
func listenAt(wished int) (net.Listener, error) {
	if wished != 0 {
		if l, err := net.Listen("tcp", loopback(wished)); err == nil {
			return l, nil
		}
	}
	return listenAnywhere()
}

// release frees all ports for the process that is to listen on them. Ports of other
// machines, which nothing here reserves, have no reservation.
func (r *reservation) release() {
	if r == nil {
		return
	}
	for i, l := range r.held {
		if l != nil {
			_ = l.Close()
			r.held[i] = nil
		}
	}
}

// files is the listener where the network publishes files, which the caller closes.
func (r *reservation) files() net.Listener {
	l := r.held[portsPerNode-1]
	r.held[portsPerNode-1] = nil
	return l
}

// loopbackHost is where everything listens that runs on one machine.
const loopbackHost = "127.0.0.1"

func loopback(port int) string { return hostPort(loopbackHost, port) }

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
