package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
)

// top is the height of the last block of any running node.
func (c *chaos) top(ctx context.Context) int64 {
	c.t.Helper()
	top, err := c.Top(ctx)
	require.NoError(c.t, err)
	return top
}

// oldest are the places of the nodes, first those that were wiped never or longest ago.
func (c *chaos) oldest() []int {
	list := make([]int, len(c.nodes))
	for i := range list {
		list[i] = i
	}
	slices.SortStableFunc(list, func(a, b int) int { return c.synced[a] - c.synced[b] })
	return list
}

// await waits until ready says nothing more. A node whose consensus failed is a failure.
func (c *chaos) await(ctx context.Context, what string, ready func() error) {
	c.t.Helper()
	tick := time.NewTicker(pollPace)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return
		}
		require.NoError(c.t, c.ConsensusFailure(), what)
		select {
		case <-ctx.Done():
			require.FailNow(c.t, "waiting for "+what, "%v; last: %v", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// awaitWhole waits until all processes run, all nodes are within one block of each other
// and beyond the height back, and all validators have signed one block after it. It
// returns that block's height.
func (c *chaos) awaitWhole(ctx context.Context, back int64) (height int64) {
	c.t.Helper()
	c.await(ctx, "a whole network", func() error {
		c.requireProcesses()
		low, high := int64(-1), int64(0)
		for _, d := range c.nodes {
			h, err := d.Height(ctx)
			if err != nil {
				return err
			}
			high = max(high, h)
			if low < 0 || h < low {
				low = h
			}
		}
		if low <= back || high-low > 1 {
			return fmt.Errorf("nodes are at blocks %d to %d, and were at %d", low, high, back)
		}
		// A block's signatures are in the next one.
		height = low - 1
		if height <= back {
			return errors.New("no block of all yet")
		}
		return c.allSigned(ctx, height)
	})
	return height
}

// allSigned says whose signatures a block lacks.
func (c *chaos) allSigned(ctx context.Context, height int64) error {
	res, err := c.rpcs[0].Commit(ctx, &height)
	if err != nil {
		return err
	}
	if res.Commit == nil || len(res.Commit.Signatures) != validators {
		return fmt.Errorf("block %d has no commit of %d", height, validators)
	}
	for i, s := range res.Commit.Signatures {
		if s.BlockIDFlag != cmttypes.BlockIDFlagCommit {
			return fmt.Errorf("validator %d of the list did not sign block %d", i, height)
		}
	}
	return nil
}

// requireProcesses checks that no process has ended by itself, nor a node's consensus.
func (c *chaos) requireProcesses() {
	c.t.Helper()
	require.NoError(c.t, c.ConsensusFailure())
	for _, d := range c.nodes {
		require.True(c.t, d.Running(), "%s ended; its log is %s", d.Name(), d.Log())
	}
	for _, p := range c.Provers() {
		require.True(c.t, p.Running(), "%s ended; its log is %s", p.Name(), p.Log())
	}
}
