package devnet

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node whose consensus ends by itself, here at its halt height, keeps its process. It
// is seen all the same, by who serves the network and by who waits for a block.
func TestConsensusFailureIsSeen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := startLocalnet(ctx, t, func(o *LocalnetOptions) {
		o.Validators = 1
		o.Configure = func(int) []Setting { return []Setting{{appFile, "halt-height", 8}} }
	})
	err := n.Serve(ctx)
	require.ErrorIs(t, err, ErrConsensusFailed)
	require.ErrorContains(t, err, "halt per configuration")
	require.True(t, n.Nodes()[0].Running())
	require.ErrorIs(t, n.WaitHeight(ctx, 100), ErrConsensusFailed)
	require.ErrorIs(t, n.Halted(ctx), ErrConsensusFailed)
}

// A line is found once it is whole, whatever stands before it, and is not forgotten.
func TestLogWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var w logWatch
	require.NoError(t, w.look(path), "no log yet")
	for _, step := range []struct{ more, want string }{
		{"one\ntw", ""},
		{"o\nERR CONSENSUS FAIL", ""},
		{"URE!!! err=broken", ""},
		{" module=consensus\nmore\n", "ERR CONSENSUS FAILURE!!! err=broken module=consensus"},
		{"ERR CONSENSUS FAILURE!!! err=again\n", "ERR CONSENSUS FAILURE!!! err=broken module=consensus"},
	} {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteString(step.more)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.NoError(t, w.look(path))
		require.Equal(t, step.want, w.failure, step.more)
	}
}
