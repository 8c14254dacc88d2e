package devnet

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Ports are the loopback ports that the network listens on; 0 for any.
type Ports struct {
	RPC, REST, GRPC, P2P, Metrics, Files int
}

// DefaultPorts are the ports that the documentation names.
var DefaultPorts = Ports{RPC: 26657, REST: 1317, GRPC: 9090, P2P: 26656, Metrics: 26660, Files: 8099}

// pickPorts keeps each wished port that is free and replaces the others with
// ones that the system hands out. All are held until the last is chosen, so that
// none is handed out twice.
func pickPorts(want Ports) (got Ports, err error) {
	got = want
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	for _, p := range []*int{&got.RPC, &got.REST, &got.GRPC, &got.P2P, &got.Metrics, &got.Files} {
		l, err := net.Listen("tcp", loopback(*p))
		if err != nil {
			l, err = net.Listen("tcp", loopback(0))
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
	return got, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
