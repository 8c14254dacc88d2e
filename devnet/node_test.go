package devnet

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A stopped node's port that another program has meanwhile does not end a test: the node
// is started again until it has it.
func TestStartWaitsForItsPort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := startLocalnet(ctx, t, func(o *LocalnetOptions) { o.Validators = 1 })
	d := n.Nodes()[0]
	// Without its RPC a node ends; without REST it would go on, and without gRPC too.
	for _, address := range []string{d.RPC(), d.REST()} {
		d.Stop()
		require.Zero(t, n.Killed(), "it ended in order")
		before, err := os.ReadFile(d.Log())
		require.NoError(t, err)
		taken, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		require.NoError(t, err)
		started := make(chan error, 1)
		go func() { started <- d.Start(ctx) }()
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for complains := false; !complains; {
			select {
			case <-tick.C:
			case err := <-started:
				require.FailNow(t, "it started", "%v", err)
			}
			log, err := os.ReadFile(d.Log())
			require.NoError(t, err)
			complains = strings.Contains(string(log[len(before):]), portTaken)
		}
		require.NoError(t, taken.Close())
		require.NoError(t, <-started)
		require.NoError(t, n.Advancing(ctx))
		_, err = n.chain.balance(ctx, n.Keys()["faucet"])
		require.NoError(t, err, "it answers over gRPC")
	}
}

// A process that does not end at SIGTERM is killed, and that is counted.
func TestKilledIsCounted(t *testing.T) {
	c, err := startChild("deaf", t.TempDir(), "sh", nil, "-c", "trap '' TERM; echo ready; exec tail -f /dev/null")
	require.NoError(t, err)
	require.NoError(t, c.waitFor(t.Context(), func(context.Context) error {
		if tail(c.Log) != "ready" {
			return errors.New("not yet")
		}
		return nil
	}))
	require.True(t, c.Stop())
	require.False(t, c.Stop(), "once")

	c, err = startChild("polite", t.TempDir(), "tail", nil, "-f", "/dev/null")
	require.NoError(t, err)
	require.False(t, c.Stop())
}
