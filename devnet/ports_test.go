package devnet

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A network's ports are its own from the moment it chose them, although its processes
// start only seconds later: of two networks that are made at the same time with the
// same wishes, each has ports of its own.
func TestPortsAreHeld(t *testing.T) {
	first, err := reserve(make([]Ports, 2))
	require.NoError(t, err)
	wished := []Ports{first[0].Ports, first[1].Ports}
	second, err := reserve(wished)
	require.NoError(t, err)
	seen := make(map[int]bool)
	for _, r := range append(first, second...) {
		for _, port := range r.all() {
			require.False(t, seen[*port], "port %d has two owners", *port)
			seen[*port] = true
			_, err := new(net.ListenConfig).Listen(t.Context(), "tcp", loopback(*port))
			require.ErrorContains(t, err, portTaken)
		}
	}

	files := first[0].files()
	for _, r := range append(first, second...) {
		held := r.held
		r.release()
		r.release() // of what is free
		for _, l := range held {
			if l != nil {
				_, err := l.Accept()
				require.ErrorIs(t, err, net.ErrClosed)
			}
		}
	}
	_, err = new(net.ListenConfig).Listen(t.Context(), "tcp", files.Addr().String())
	require.ErrorContains(t, err, portTaken, "who serves files has its port")
	require.NoError(t, files.Close())
}

// Nobody takes a network's port for files while its keys and genesis are made.
func TestFilesHaveTheirPort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := newLocalnet(localnetOptions(t, t.Output()))
	defer n.Stop()
	require.NoError(t, n.makeHomes(ctx))
	for _, port := range n.nodes[0].ports.all() {
		_, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(*port))
		require.ErrorContains(t, err, portTaken)
	}
	require.NoError(t, n.serveFiles(t.TempDir()))
	require.Error(t, n.serveFiles(t.TempDir()), "once")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(n.filesPort), nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}
