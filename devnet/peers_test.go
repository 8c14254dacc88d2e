package devnet

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node takes so many peers that come and no more: the one after that gets no handshake,
// and the chain does not mind.
func TestPeersHavePlaces(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := startLocalnet(ctx, t, func(o *LocalnetOptions) {
		o.Validators = 1
		o.Configure = func(int) []Setting { return []Setting{{cometFile, "p2p.max_num_inbound_peers", 1}} }
	})
	first := n.Nodes()[0]
	taken, err := n.AddNode(ctx)
	require.NoError(t, err)
	require.NoError(t, taken.Start(ctx))
	require.NoError(t, n.Advancing(ctx), "it has a place")

	late, err := n.AddNode(ctx)
	require.NoError(t, err)
	// It knows the first node alone.
	require.NoError(t, late.Set(Setting{cometFile, "p2p.persistent_peers", first.ID() + "@" + first.P2P()}))
	require.NoError(t, late.Start(ctx))
	require.NoError(t, n.each(ctx, []*Node{late}, "its peer to turn it away", func(d *Node) error {
		log, err := os.ReadFile(d.Log())
		if err == nil && !strings.Contains(string(log), "Error reconnecting to peer") {
			err = errors.New("it did not yet")
		}
		return err
	}))
	peers, err := first.rpc.NetInfo(ctx)
	require.NoError(t, err)
	require.Len(t, peers.Peers, 1)
	require.Equal(t, taken.ID(), string(peers.Peers[0].NodeInfo.ID()))
	height, err := late.Height(ctx)
	require.NoError(t, err)
	require.Zero(t, height, "%s has no peer", late.Name())
	top, err := n.Top(ctx, first)
	require.NoError(t, err)
	require.NoError(t, n.WaitHeight(ctx, top+2, first, taken))
}
