package devnet

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// chunkSize is how much a proxy reads at a time, and chunksUnderway how many chunks
	// it holds before it stops reading: 2 MiB for each connection and direction.
	chunkSize      = 32 << 10
	chunksUnderway = 64
)

// pair is an ordered pair of nodes, by their places.
type pair struct{ from, to int }

// path is the way that bytes take from one node to another. It may be cut, which
// holds them up as a network does that loses packets, and slow.
type path struct {
	mu    sync.Mutex
	open  chan struct{} // closed while the path is open
	delay time.Duration
}

func newPath() *path {
	p := &path{open: make(chan struct{})}
	close(p.open)
	return p
}

// cut holds bytes up until the path is healed.
func (p *path) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// heal lets bytes through again, those held up first.
func (p *path) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// slow delays bytes from now on; those underway too.
func (p *path) slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// pass waits until bytes that came at a moment may go on. It returns false if done
// comes first.
func (p *path) pass(came time.Time, done <-chan struct{}) bool {
	p.mu.Lock()
	wait := p.delay - time.Since(came)
	p.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-done:
			return false
		}
	}
	for {
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		select {
		case <-open:
		case <-done:
			return false
		}
		p.mu.Lock()
		same := p.open == open
		p.mu.Unlock()
		if same {
			return true
		}
	}
}

// proxy lets one node dial another over paths that can be cut and slowed.
type proxy struct {
	listener net.Listener
	target   string // host and port of the node that is dialled
	to, back *path
	done     chan struct{}
	wait     sync.WaitGroup
}

// startProxy listens on a free loopback port.
func startProxy(target string, to, back *path) (*proxy, error) {
	l, err := net.Listen("tcp", loopback(0))
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target, to: to, back: back, done: make(chan struct{})}
	p.wait.Go(p.serve)
	return p, nil
}

// addr is the host and port on which it listens.
func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // one connection failed, such as one that is gone again
		}
		p.wait.Go(func() { p.connect(c) })
	}
}

// connect carries one connection until either end closes it.
func (p *proxy) connect(from net.Conn) {
	defer from.Close()
	// A connection needs both ways.
	now := time.Now()
	if !p.to.pass(now, p.done) || !p.back.pass(now, p.done) {
		return
	}
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		return
	}
	join(from, to, p.to, p.back, p.done)
}

// join carries bytes both ways until one end closes or done comes.
func join(a, b net.Conn, there, back *path, done <-chan struct{}) {
	ended := make(chan struct{})
	var once sync.Once
	end := func() { once.Do(func() { close(ended) }) }
	var wait sync.WaitGroup
	wait.Go(func() { defer end(); carry(b, a, there, ended) })
	wait.Go(func() { defer end(); carry(a, b, back, ended) })
	select {
	case <-ended:
	case <-done:
		end()
	}
	_ = a.Close()
	_ = b.Close()
	wait.Wait()
}

// chunk is what was read at a moment.
type chunk struct {
	came  time.Time
	bytes []byte
}

// carry moves bytes one way until an end closes or done comes.
func carry(dst, src net.Conn, over *path, done <-chan struct{}) {
	chunks := make(chan chunk, chunksUnderway)
	go func() {
		defer close(chunks)
		for {
			buf := make([]byte, chunkSize)
			size, err := src.Read(buf)
			if size > 0 {
				select {
				case chunks <- chunk{time.Now(), buf[:size]}:
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		if !over.pass(c.came, done) {
			return
		}
		if _, err := dst.Write(c.bytes); err != nil {
			return
		}
	}
}

// close ends the proxy and all its connections.
func (p *proxy) close() {
	close(p.done)
	_ = p.listener.Close()
	p.wait.Wait()
}
