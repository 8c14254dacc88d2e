package devnet

import (
	"bufio"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// proxied is a connection between two ends over paths, in a bubble with a clock of
// its own.
type proxied struct {
	a, b        net.Conn
	there, back *path
}

func newProxied(t *testing.T) *proxied {
	t.Helper()
	a, near := net.Pipe()
	far, b := net.Pipe()
	p := &proxied{a: a, b: b, there: newPath(), back: newPath()}
	done := make(chan struct{})
	t.Cleanup(func() { close(done); synctest.Wait() })
	go join(near, far, p.there, p.back, done)
	return p
}

// took sends bytes and returns how long they were underway.
func took(t *testing.T, from, to net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := from.Write([]byte("block"))
	require.NoError(t, err)
	buf := make([]byte, 5)
	_, err = io.ReadFull(to, buf)
	require.NoError(t, err)
	require.Equal(t, "block", string(buf))
	return time.Since(began)
}

func TestPathIsSlowOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxied(t)
		require.Zero(t, took(t, p.a, p.b))
		p.there.slow(3 * time.Second)
		require.Equal(t, 3*time.Second, took(t, p.a, p.b))
		require.Zero(t, took(t, p.b, p.a))
		p.there.slow(0)
		require.Zero(t, took(t, p.a, p.b))
	})
}

// Chunks are delayed side by side, as on a long line, and come in order.
func TestDelayIsNoBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxied(t)
		p.there.slow(time.Second)
		began := time.Now()
		for i := range byte(10) {
			_, err := p.a.Write([]byte{i})
			require.NoError(t, err)
		}
		for i := range byte(10) {
			b := make([]byte, 1)
			_, err := io.ReadFull(p.b, b)
			require.NoError(t, err)
			require.Equal(t, i, b[0])
		}
		require.Equal(t, time.Second, time.Since(began))
	})
}

// A cut path carries nothing, however long; what was sent comes when it is healed.
func TestCutPathHoldsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxied(t)
		p.there.cut()
		p.there.cut()
		_, err := p.a.Write([]byte("late"))
		require.NoError(t, err)
		require.NoError(t, p.b.SetReadDeadline(time.Now().Add(time.Hour)))
		buf := make([]byte, 4)
		_, err = io.ReadFull(p.b, buf)
		require.Error(t, err)
		require.NoError(t, p.b.SetReadDeadline(time.Time{}))
		require.Zero(t, took(t, p.b, p.a), "the way back is open")

		p.there.heal()
		p.there.heal()
		_, err = io.ReadFull(p.b, buf)
		require.NoError(t, err)
		require.Equal(t, "late", string(buf))
	})
}

// A connection that one end closes is closed at the other.
func TestClosedIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxied(t)
		require.NoError(t, p.a.Close())
		_, err := p.b.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	})
}

// A path that is cut and not healed keeps nobody from ending.
func TestCutConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxied(t)
		p.there.cut()
		_, err := p.a.Write([]byte("never"))
		require.NoError(t, err)
	}) // the bubble ends with its goroutines
}

// Over real sockets: connections come through, wait at a cut and end with the proxy.
func TestProxy(t *testing.T) {
	l, err := net.Listen("tcp", loopback(0))
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	to, back := newPath(), newPath()
	p, err := startProxy(l.Addr().String(), to, back)
	require.NoError(t, err)
	open := func() net.Conn {
		c, err := net.Dial("tcp", p.addr())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	echo := func(c net.Conn) {
		t.Helper()
		_, err := c.Write([]byte("hello\n"))
		require.NoError(t, err)
		line, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "hello\n", line)
	}
	first := open()
	echo(first)
	back.cut()
	second := open() // waits for a connection behind the proxy
	back.heal()
	echo(second)
	echo(first)
	p.close()
	_, err = first.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestLinksNeedProxies(t *testing.T) {
	n := newLocalnet(LocalnetOptions{})
	n.nodes = []*Node{{index: 0}, {index: 1}, {index: 2}}
	require.ErrorIs(t, n.Partition([]int{0}), ErrNotProxied)
	require.ErrorIs(t, n.Slow(0, 1, time.Second), ErrNotProxied)

	n.opts.Proxied = true
	require.ErrorIs(t, n.Partition([]int{3}), ErrOptions)
	require.ErrorIs(t, n.Partition([]int{0}, []int{0}), ErrOptions)
	require.ErrorIs(t, n.Slow(0, 0, time.Second), ErrOptions)
	require.ErrorIs(t, n.Slow(0, 1, -1), ErrOptions)
	require.ErrorIs(t, n.Slow(0, 3, time.Second), ErrOptions)

	cut := func(i, j int) bool {
		select {
		case <-n.path(i, j).open:
			return false
		default:
			return true
		}
	}
	require.NoError(t, n.Partition([]int{1}))
	require.True(t, cut(0, 1) && cut(1, 0) && cut(2, 1) && cut(1, 2))
	require.False(t, cut(0, 2) || cut(2, 0))
	require.NoError(t, n.Partition([]int{0, 1}, []int{2}), "groups replace those before")
	require.True(t, cut(0, 2) && cut(2, 1))
	require.False(t, cut(0, 1) || cut(1, 0))
	require.NoError(t, n.Heal())
	require.False(t, cut(0, 2) || cut(1, 2) || cut(2, 0))
}
