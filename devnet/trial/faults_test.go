package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
)

// fault is one kind. inject does it, checks what must hold while it lasts, and undoes it.
// It returns what was done, for people, and the height from which the network recovers.
type fault struct {
	name   string
	inject func(ctx context.Context, c *chaos, r *row) (what string, back int64)
}

// partitionName is of the only kind that may halt the chain.
const partitionName = "partition two and two"

// faults are all kinds.
var faults = []fault{
	{"validator down (SIGTERM)", down},
	{"validator killed (SIGKILL)", killValidator},
	{"sidecar killed (SIGKILL)", killSidecar},
	{"validator frozen (SIGSTOP)", freeze},
	{partitionName, partition},
	{"disk lost, state sync", loseDisk},
	{"slow links (0.3 to 1 s)", slow},
	{"clock wrong (1 to 5 s)", wrongClock},
	{"export of a stopped node", export},
}

const (
	// killWithin bounds the random moment of a kill.
	killWithin = 2 * time.Second
	// lasts is the number of blocks for which a fault lasts, if nothing else ends it.
	lasts = 5

	leastDelay, mostDelay = 300 * time.Millisecond, time.Second
	leastSkew, mostSkew   = time.Second, 5 * time.Second
	mostSlowed            = 4 // links
)

// goOn checks that the running nodes make blocks for a while.
func (c *chaos) goOn(ctx context.Context) {
	c.t.Helper()
	require.NoError(c.t, c.WaitHeight(ctx, c.top(ctx)+lasts))
}

// any draws a node.
func (c *chaos) any() *devnet.Node { return c.nodes[c.rng.IntN(len(c.nodes))] }

// atRandom lets a random time pass.
func (c *chaos) atRandom(ctx context.Context) {
	moment := time.NewTimer(time.Duration(c.rng.Int64N(int64(killWithin))))
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-ctx.Done():
	}
}

// between draws a time.
func (c *chaos) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(c.rng.Int64N(int64(most-least)))).Truncate(time.Millisecond)
}

// start starts a node again.
func (c *chaos) start(ctx context.Context, d *devnet.Node) (back int64) {
	c.t.Helper()
	back = c.top(ctx)
	require.NoError(c.t, d.Start(ctx))
	return back
}

func down(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d := c.any()
	d.Stop()
	c.goOn(ctx)
	return d.Name() + " was stopped and started", c.start(ctx, d)
}

func killValidator(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d := c.any()
	c.atRandom(ctx)
	d.Kill()
	c.goOn(ctx)
	return d.Name() + " was killed and started", c.start(ctx, d)
}

func killSidecar(ctx context.Context, c *chaos, _ *row) (string, int64) {
	list := c.Provers()
	p := list[c.rng.IntN(len(list))]
	c.atRandom(ctx)
	p.Kill()
	c.goOn(ctx)
	require.NoError(c.t, p.Start(nil))
	return p.Name() + " was killed and started", c.top(ctx)
}

func freeze(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d := c.any()
	c.atRandom(ctx)
	require.NoError(c.t, d.Pause())
	c.goOn(ctx)
	back := c.top(ctx)
	require.NoError(c.t, d.Resume())
	return d.Name() + " was frozen", back
}

// partition splits the network so that neither half has two thirds: both halt, neither
// goes on, and the whole does.
func partition(ctx context.Context, c *chaos, r *row) (string, int64) {
	p := c.rng.Perm(validators)
	require.NoError(c.t, c.Partition(p[:2], p[2:]))
	// Votes that were sent before are for the block after this one at most. A busy node
	// may come to them late, and make that block.
	cut := c.top(ctx)
	half := func(places []int) []*devnet.Node { return []*devnet.Node{c.nodes[places[0]], c.nodes[places[1]]} }
	at, err := c.Standstill(ctx, func() { c.atRandom(ctx) }, half(p[:2]), half(p[2:]))
	require.NoError(c.t, err)
	require.LessOrEqual(c.t, at, cut+1, "a network under two thirds makes no block")
	r.halts = append(r.halts, at)
	c.books.halted = append(c.books.halted, at)
	require.NoError(c.t, c.Heal())
	return fmt.Sprintf("nodes %d and %d were apart from %d and %d, the chain stood at block %d", p[0], p[1], p[2], p[3], at), at
}

func loseDisk(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d := c.any()
	d.Stop()
	require.NoError(c.t, d.Wipe())
	c.goOn(ctx)
	// Of the others, those know the most blocks that have had theirs the longest.
	var from []*devnet.Node
	for _, i := range c.oldest() {
		if c.nodes[i] != d {
			from = append(from, c.nodes[i])
		}
	}
	require.NoError(c.t, d.StateSync(ctx, from[0], from[1]))
	back := c.start(ctx, d)
	c.synced[d.Index()] = c.done
	require.NoError(c.t, c.WaitHeight(ctx, back, d))
	var first int64
	c.await(ctx, "its first block", func() error {
		status, err := c.rpcs[d.Index()].Status(ctx)
		if err == nil {
			first = status.SyncInfo.EarliestBlockHeight
		}
		return err
	})
	require.Greater(c.t, first, int64(1), "it did not begin with genesis")
	return fmt.Sprintf("%s came back from the snapshot at block %d", d.Name(), first-1), back
}

func slow(ctx context.Context, c *chaos, _ *row) (string, int64) {
	type link struct{ from, to int }
	var slowed []link
	what := "slow:"
	for range 1 + c.rng.IntN(mostSlowed) {
		p := c.rng.Perm(validators)
		l, by := link{p[0], p[1]}, c.between(leastDelay, mostDelay)
		require.NoError(c.t, c.Slow(l.from, l.to, by))
		slowed = append(slowed, l)
		what += fmt.Sprintf(" %d to %d by %s", l.from, l.to, by)
	}
	c.goOn(ctx)
	back := c.top(ctx)
	for _, l := range slowed {
		require.NoError(c.t, c.Slow(l.from, l.to, 0))
	}
	return what, back
}

func wrongClock(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d, by := c.any(), c.between(leastSkew, mostSkew)
	if c.rng.IntN(2) == 0 {
		by = -by
	}
	restart := func(program string, env ...string) int64 {
		d.Stop()
		require.NoError(c.t, d.Use(program, env...))
		return c.start(ctx, d)
	}
	restart(c.skewed, devnet.SkewEnv+"="+by.String())
	// It takes part: whole is only a network in which all sign.
	c.awaitWhole(ctx, c.top(ctx))
	c.goOn(ctx)
	return fmt.Sprintf("the clock of %s was off by %s", d.Name(), by), restart("")
}

func export(ctx context.Context, c *chaos, _ *row) (string, int64) {
	d := c.any()
	d.Stop()
	genesis, err := d.Export(ctx, -1)
	require.NoError(c.t, err)
	var doc struct {
		Height int64 `json:"initial_height"`
	}
	require.NoError(c.t, json.Unmarshal(genesis, &doc))
	require.Positive(c.t, doc.Height)
	c.goOn(ctx)
	return fmt.Sprintf("%s gave %d KiB of state", d.Name(), len(genesis)>>10), c.start(ctx, d)
}
