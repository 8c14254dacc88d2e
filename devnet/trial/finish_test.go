package trial

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
)

// finish ends the load and checks the whole: one state on all nodes, nothing lost.
func (c *chaos) finish() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 3*patience)
	defer cancel()
	c.drain(ctx)
	height := c.awaitWhole(ctx, c.top(ctx))
	require.NoError(c.t, c.SameChain(ctx))
	c.books.read(ctx, height-1)
	c.books.requireRequests(ctx)
	c.t.Logf("all requests have ended; %s", c.books.summary())

	for _, p := range c.Provers() {
		p.Stop()
	}
	c.exportAll(ctx)
}

// exportAll checks that all nodes export the same bytes, and that a new network begins
// with them. Its nodes check all invariants in every block too.
func (c *chaos) exportAll(ctx context.Context) {
	c.t.Helper()
	height := c.stopAll(ctx)
	first, err := c.nodes[0].Export(ctx, height)
	require.NoError(c.t, err)
	for _, d := range c.nodes[1:] {
		genesis, err := d.Export(ctx, height)
		require.NoError(c.t, err)
		require.True(c.t, string(first) == string(genesis), "%s exports another state of block %d than %s", d.Name(), height, c.nodes[0].Name())
	}
	c.t.Logf("all nodes export the same %d bytes at block %d", len(first), height)
	for _, d := range c.nodes {
		path := filepath.Join(d.Home(), "config", "genesis.json")
		require.NoError(c.t, os.WriteFile(path, first, 0o600))
		for _, args := range [][]string{
			{"genesis", "validate", path, "--home", d.Home()},
			// Another chain begins: what was signed on this one does not count.
			{"comet", "unsafe-reset-all", "--home", d.Home(), "--keep-addr-book"},
		} {
			out, err := exec.CommandContext(ctx, c.marketd, args...).CombinedOutput()
			require.NoError(c.t, err, "marketd %v: %s", args, out)
		}
		require.NoError(c.t, d.Set(devnet.Setting{File: "config.toml", Key: "statesync.enable", Value: false}))
	}
	for _, d := range c.nodes {
		require.NoError(c.t, d.Start(ctx))
	}
	// AppHash of a block is that after the one before it.
	last := height + 3
	require.NoError(c.t, c.WaitHeight(ctx, last))
	want := c.appHash(ctx, c.nodes[0], last)
	for _, d := range c.nodes[1:] {
		require.Equal(c.t, want, c.appHash(ctx, d, last), d.Name())
	}
	c.t.Logf("a new network from that state is at block %d", last)
}

// stopAll stops all nodes and returns the last height of which all have the state: the
// small one has hardly any but its last.
func (c *chaos) stopAll(ctx context.Context) int64 {
	c.t.Helper()
	c.nodes[small].Stop()
	genesis, err := c.nodes[small].Export(ctx, -1)
	require.NoError(c.t, err)
	var doc struct {
		First int64 `json:"initial_height"`
	}
	require.NoError(c.t, json.Unmarshal(genesis, &doc))
	require.Positive(c.t, doc.First)
	height := doc.First - 1
	require.NoError(c.t, c.WaitHeight(ctx, height+1))
	for _, d := range c.nodes {
		d.Stop()
	}
	return height
}

// appHash is what a node's block at a height carries.
func (c *chaos) appHash(ctx context.Context, d *devnet.Node, height int64) (hash string) {
	c.t.Helper()
	c.await(ctx, "the application's hash", func() (err error) {
		hash, err = d.AppHash(ctx, height)
		return err
	})
	return hash
}
