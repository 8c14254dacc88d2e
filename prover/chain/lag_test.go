package chain

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// holdsBidFrom makes a node with state up to n.height answer that there is a bid
// from a height on.
func (n *fakeNode) holdsBidFrom(t *testing.T, from int64) {
	bid, err := (&markettypes.QueryBidResponse{Bid: markettypes.Bid{Bond: math.OneInt(), Fee: math.OneInt()}}).Marshal()
	require.NoError(t, err)
	n.query = func(_ string, height int64) (uint32, []byte, int64) {
		switch {
		case height > n.height:
			return sdkerrors.ErrInvalidRequest.ABCICode(), nil, height
		case height == 0:
			height = n.height
		}
		if height < from {
			return sdkerrors.ErrKeyNotFound.ABCICode(), nil, height
		}
		return 0, bid, height
	}
}

// law P6: what one node has shown is not taken back because a slower one has
// not heard of it.
func TestALaggingNodeTakesNothingBack(t *testing.T) {
	ctx := context.Background()
	a, b := newFakeNode(t, 10), newFakeNode(t, 7)
	a.holdsBidFrom(t, 9)
	b.holdsBidFrom(t, 9)
	c := newClient(t, a.URL, b.URL)
	_, err := c.Bid(ctx, "aa", "proof1x")
	require.NoError(t, err)
	require.Equal(t, int64(10), c.Seen().State)

	a.Close()
	_, err = c.Bid(ctx, "aa", "proof1x")
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "it lags")

	// Neither is an old answer believed that is no error.
	b.height = 9
	_, err = c.Bid(ctx, "aa", "proof1x")
	require.ErrorIs(t, err, ErrUnavailable)
	b.height = 10
	_, err = c.Bid(ctx, "aa", "proof1x")
	require.NoError(t, err)

	// What a node with newer state does not have is not there.
	b.height = 12
	b.holdsBidFrom(t, 99)
	_, err = c.Bid(ctx, "aa", "proof1x")
	require.ErrorIs(t, err, ErrNotFound)
}

// Nor after a restart.
func TestALaggingNodeAfterARestart(t *testing.T) {
	node := newFakeNode(t, 7)
	node.holdsBidFrom(t, 9)
	c := newClient(t, node.URL)
	c.seen = Seen{Height: 10, Time: node.time.Add(time.Minute), State: 10}
	_, err := c.Bid(context.Background(), "aa", "proof1x")
	require.ErrorIs(t, err, ErrUnavailable)
	_, err = c.Head(context.Background())
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotErrorIs(t, err, ErrOtherChain)
}

func TestAChainThatWasStartedAnew(t *testing.T) {
	ctx := context.Background()
	node, other := newFakeNode(t, 5), newFakeNode(t, 5)
	c := newClient(t, node.URL, other.URL)
	c.seen = Seen{Height: 1_000, Time: node.time.Add(-time.Hour), State: 1_000}
	_, err := c.Head(ctx)
	require.ErrorIs(t, err, ErrOtherChain)
	require.ErrorContains(t, err, "started anew")

	// One node of several that is wrong stops nothing.
	other.height, other.time = 1_001, node.time
	head, err := c.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(1_001), head.Height)
	other.Close()
	_, err = c.Head(ctx)
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotErrorIs(t, err, ErrOtherChain)
}
