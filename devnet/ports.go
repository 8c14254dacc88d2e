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

func (p *Ports) all() []*int { return []*int{&p.RPC, &p.REST, &p.GRPC, &p.P2P, &p.Metrics, &p.Files} }

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

// pickPorts keeps each wished port that is free and replaces the others. All are held
// until the last is chosen, so that none is chosen twice.
func pickPorts(wished []Ports) (got []Ports, err error) {
	got = append(got, wished...)
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	for i := range got {
		for _, p := range got[i].all() {
			var l net.Listener
			var err error
			if *p != 0 {
				l, err = net.Listen("tcp", loopback(*p))
			}
			if *p == 0 || err != nil {
				l, err = listenAnywhere()
			}
			if err != nil {
				return got, fmt.Errorf("no free loopback port: %w", err)
			}
			held = append(held, l)
			addr, ok := l.Addr().(*net.TCPAddr)
			if !ok {
				return got, errors.New("the loopback listener has no TCP port")
			}
			*p = addr.Port
		}
	}
	return got, nil
}

// loopbackHost is where everything listens that runs on one machine.
const loopbackHost = "127.0.0.1"

func loopback(port int) string { return hostPort(loopbackHost, port) }

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
