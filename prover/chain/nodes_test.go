package chain

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodesTellWhichIsUsedAndWhichFailed(t *testing.T) {
	dead, a := newFakeNode(t, 1), newFakeNode(t, 10)
	dead.Close()
	c := newClient(t, dead.URL, a.URL)
	require.Equal(t, []NodeState{{Current: true}, {}}, c.Nodes())

	_, err := c.Head(context.Background())
	require.NoError(t, err)
	require.Equal(t, []NodeState{{Failures: 1}, {Current: true}}, c.Nodes())

	a.catchingUp = true
	_, err = c.Head(context.Background())
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, []NodeState{{Failures: 2}, {Current: true, Failures: 1}}, c.Nodes())

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = c.Head(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, uint64(1), c.Nodes()[1].Failures, "it was not the node's fault")
}
