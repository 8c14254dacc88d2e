package load

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
)

const (
	// followEvery is how often the follower looks for a new block. Latencies are
	// known to about half of it.
	followEvery = 20 * time.Millisecond
	// stuckAfter is how long the follower stays with a node that gives no new block.
	stuckAfter = 5 * time.Second
	// aheadBlocks is the number of blocks that the follower holds ready.
	aheadBlocks = 16
)

// block is what a block did.
type block struct {
	height int64
	time   time.Time
	seen   time.Time // by the generator's clock
	txs    []included
	events []abci.Event // of the block itself, not of its transactions
}

// included is a transaction of a block.
type included struct {
	hash [sha256.Size]byte
	res  *abci.ExecTxResult
}

// follower reads blocks in order, from any node.
type follower struct {
	net *network
	at  int // the node that is read
}

// run sends every block from height on to out, until ctx ends. It fails when no
// node has given a new block for as long as patience lasts.
func (f *follower) run(ctx context.Context, height int64, out chan<- block) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	last, tried := time.Now(), time.Now()
	for {
		moved, err := f.read(ctx, &height, out)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case moved:
			last, tried = now, now
		case now.Sub(last) > f.net.patience:
			return fmt.Errorf("no new block after %d in %s (last error: %v); is the chain halted?", height-1, f.net.patience, err)
		case err != nil || now.Sub(tried) > stuckAfter:
			// It does not answer, lags, or the chain stands still: the next may know more.
			if len(f.net.nodes) > 1 {
				f.at = (f.at + 1) % len(f.net.nodes)
				f.net.failovers.Add(1)
			}
			tried = now
			if err != nil {
				pause(ctx, retryPause/time.Duration(len(f.net.nodes)))
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// read sends the blocks that the node has from *height on, and moves it. The node's
// status counts a block once the application has committed it.
func (f *follower) read(ctx context.Context, height *int64, out chan<- block) (moved bool, err error) {
	n := f.net.nodes[f.at]
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	st, err := n.status.Status(call, &nodeservice.StatusRequest{})
	if err != nil {
		return false, err
	}
	for ; *height <= int64(st.Height); *height++ {
		b, err := n.block(ctx, *height)
		if err != nil {
			return moved, err
		}
		select {
		case out <- b:
			moved = true
		case <-ctx.Done():
			return moved, context.Cause(ctx)
		}
	}
	return moved, nil
}

// block reads one block with its results.
func (n *node) block(ctx context.Context, height int64) (block, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	whole, err := n.rpc.Block(ctx, &height)
	if err != nil {
		return block{}, err
	}
	res, err := n.rpc.BlockResults(ctx, &height)
	if err != nil {
		return block{}, err
	}
	if whole.Block == nil || whole.Block.Height != height || res.Height != height || len(res.TxsResults) != len(whole.Block.Txs) {
		return block{}, fmt.Errorf("%s gave something else for block %d", n.RPC, height)
	}
	b := block{height: height, time: whole.Block.Time, seen: time.Now(), events: res.FinalizeBlockEvents, txs: make([]included, len(res.TxsResults))}
	for i, r := range res.TxsResults {
		if r == nil {
			return block{}, fmt.Errorf("%s gave no result for transaction %d of block %d", n.RPC, i, height)
		}
		b.txs[i] = included{hash: sha256.Sum256(whole.Block.Txs[i]), res: r}
	}
	return b, nil
}

// attribute is a typed event's attribute of a text or number; empty for none.
func attribute(e abci.Event, key string) string {
	for _, a := range e.Attributes {
		if a.Key == key {
			return strings.Trim(a.Value, `"`)
		}
	}
	return ""
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
