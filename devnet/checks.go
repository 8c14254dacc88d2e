package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrFork is returned where two nodes have different blocks at one height.
var ErrFork = errors.New("the chain forked")

// Height is that of the node's last block; 0 before the first.
func (d *Node) Height(ctx context.Context) (int64, error) {
	res, err := d.rpc.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", d.name, err)
	}
	return res.SyncInfo.LatestBlockHeight, nil
}

// BlockHash is the hash of the block at a height that the node has, in upper-case hex.
func (d *Node) BlockHash(ctx context.Context, height int64) (string, error) {
	h, err := d.hashes(ctx, height, height)
	if err != nil {
		return "", err
	}
	return h[height].block, nil
}

// AppHash is the hash of the application's state that the block at a height carries,
// in upper-case hex: that after the block before it.
func (d *Node) AppHash(ctx context.Context, height int64) (string, error) {
	h, err := d.hashes(ctx, height, height)
	if err != nil {
		return "", err
	}
	return h[height].app, nil
}

// blockHashes are those of one block.
type blockHashes struct{ block, app string }

// hashes returns those of the blocks from low to high, all of which the node must
// have.
func (d *Node) hashes(ctx context.Context, low, high int64) (map[int64]blockHashes, error) {
	list := make(map[int64]blockHashes)
	const page = 20 // what a node gives at a time
	for from := low; from <= high; from += page {
		to := min(from+page-1, high)
		res, err := d.rpc.BlockchainInfo(ctx, from, to)
		if err != nil {
			return nil, fmt.Errorf("%s, blocks %d to %d: %w", d.name, from, to, err)
		}
		for _, m := range res.BlockMetas {
			list[m.Header.Height] = blockHashes{m.BlockID.Hash.String(), m.Header.AppHash.String()}
		}
	}
	for h := low; h <= high; h++ {
		if _, ok := list[h]; !ok {
			return nil, fmt.Errorf("%s does not have block %d", d.name, h)
		}
	}
	return list, nil
}

// blockRecord holds the hashes of every block that any node showed.
type blockRecord struct {
	mu     sync.Mutex
	blocks map[int64]blockHashes
}

// take compares blocks with the record and adds those that are new to it.
func (r *blockRecord) take(name string, low, high int64, blocks map[int64]blockHashes) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for h := low; h <= high; h++ {
		before, known := r.blocks[h]
		if known && before != blocks[h] {
			return fmt.Errorf("%w at height %d: %s has block %s with app hash %s, and before there were %s and %s",
				ErrFork, h, name, blocks[h].block, blocks[h].app, before.block, before.app)
		}
		r.blocks[h] = blocks[h]
	}
	return nil
}

// SameChain compares block and application hashes of all running nodes at every
// height that they have and that it has not compared yet, with all that any node of
// the network ever showed it, and returns ErrFork where two differ. A busy node is asked
// again until it answers.
func (n *Localnet) SameChain(ctx context.Context) error {
	return n.each(ctx, nil, "its blocks", func(d *Node) error {
		res, err := d.rpc.Status(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		d.mu.Lock()
		low := max(d.checked+1, res.SyncInfo.EarliestBlockHeight, 1)
		d.mu.Unlock()
		high := res.SyncInfo.LatestBlockHeight
		blocks, err := d.hashes(ctx, low, high)
		if err != nil {
			return err
		}
		if err := n.record.take(d.name, low, high, blocks); err != nil {
			return err
		}
		d.mu.Lock()
		d.checked = max(d.checked, high)
		d.mu.Unlock()
		return nil
	})
}

// running are the nodes that run.
func (n *Localnet) running() (list []*Node) {
	for _, d := range n.Nodes() {
		if d.Running() {
			list = append(list, d)
		}
	}
	return list
}

// WaitHeight waits until the nodes have the block at height h, all running ones if
// none are named. A node that ends meanwhile is an error.
func (n *Localnet) WaitHeight(ctx context.Context, h int64, nodes ...*Node) error {
	return n.each(ctx, nodes, fmt.Sprintf("block %d", h), func(d *Node) error {
		height, err := d.Height(ctx)
		if err == nil && height < h {
			err = fmt.Errorf("it has block %d", height)
		}
		return err
	})
}

// Advancing waits until every running node has two blocks that none had before.
func (n *Localnet) Advancing(ctx context.Context) error {
	nodes := n.running()
	top, err := n.Top(ctx, nodes...)
	if err != nil {
		return err
	}
	return n.WaitHeight(ctx, top+2, nodes...)
}

// Top is the height of the last block that any of the nodes has, of all running ones if
// none are named.
func (n *Localnet) Top(ctx context.Context, nodes ...*Node) (top int64, err error) {
	if len(nodes) == 0 {
		nodes = n.running()
	}
	if len(nodes) == 0 {
		return 0, ErrNotRunning
	}
	err = n.each(ctx, nodes, "a height", func(d *Node) error {
		h, err := d.Height(ctx)
		top = max(top, h)
		return err
	})
	return top, err
}

// each waits until every node is ready, all running ones if none are named.
func (n *Localnet) each(ctx context.Context, nodes []*Node, what string, ready func(*Node) error) error {
	if len(nodes) == 0 {
		nodes = n.running()
	}
	for _, d := range nodes {
		child := d.alive()
		if child == nil {
			return fmt.Errorf("%s: %w", d.name, ErrNotRunning)
		}
		if err := child.waitFor(ctx, func(context.Context) error {
			if err := n.ConsensusFailure(); err != nil {
				return err
			}
			return ready(d)
		}); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
	return nil
}

// votes is where a node's consensus stands at the height after its last block.
type votes struct {
	at   string // height, round and step
	step int
	cast int // votes of this step's kind that the node has
	of   int // how many there would be
}

// Steps of consensus in which a node has voted and waits for others' votes, without
// a time limit as long as they are under two thirds.
const (
	stepPrevote   = 4
	stepPrecommit = 6
)

// Halted waits until consensus among the nodes, each of them a validator, has come to
// a rest that it can't leave without others: all stand at the same height, round and
// step, each has the votes of all of them, and these are no more than two thirds.
// CometBFT sets no timeout then. All running nodes count if none are named.
func (n *Localnet) Halted(ctx context.Context, nodes ...*Node) error {
	if len(nodes) == 0 {
		nodes = n.running()
	}
	if len(nodes) == 0 {
		return ErrNotRunning
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		rest, err := halted(ctx, nodes)
		if rest == "" && err == nil {
			return nil
		}
		if err := n.ConsensusFailure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("consensus does not halt: %s: %w", rest, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// Standstill waits until each group of nodes is Halted and goes on to have the blocks
// that it had, and returns the height of the last block of any: votes that were sent
// before the halt may be read late, and complete one more. pause, if there is one, lets
// time pass between the two looks.
func (n *Localnet) Standstill(ctx context.Context, pause func(), groups ...[]*Node) (last int64, err error) {
	for {
		before, err := n.haltedAt(ctx, groups)
		if err != nil {
			return 0, err
		}
		if pause != nil {
			pause()
		}
		after, err := n.haltedAt(ctx, groups)
		if err != nil {
			return 0, err
		}
		// Heights of one group may differ while its nodes tell each other of a block.
		if !slices.Contains(before, 0) && slices.Equal(before, after) {
			return slices.Max(after), nil
		}
	}
}

// haltedAt waits until each group is Halted and returns the height at which it stands; 0
// where its nodes differ.
func (n *Localnet) haltedAt(ctx context.Context, groups [][]*Node) (heights []int64, err error) {
	for _, group := range groups {
		if err := n.Halted(ctx, group...); err != nil {
			return nil, err
		}
		var of []int64
		for _, d := range group {
			h, err := n.Top(ctx, d)
			if err != nil {
				return nil, err
			}
			of = append(of, h)
		}
		if slices.Min(of) != slices.Max(of) {
			of[0] = 0
		}
		heights = append(heights, of[0])
	}
	return heights, nil
}

// halted says what is still to come; nothing if consensus is at rest.
func halted(ctx context.Context, nodes []*Node) (rest string, err error) {
	var first votes
	for i, d := range nodes {
		v, err := d.votes(ctx)
		if err != nil {
			return "", err
		}
		if i == 0 {
			first = v
		}
		waits := v.step == stepPrevote || v.step == stepPrecommit
		if v.at != first.at || !waits || v.cast < len(nodes) || 3*v.cast > 2*v.of {
			return fmt.Sprintf("%s is at height/round/step %s with %d of %d votes", d.name, v.at, v.cast, v.of), nil
		}
	}
	return "", nil
}

// votes asks a node where its consensus stands.
func (d *Node) votes(ctx context.Context) (v votes, err error) {
	res, err := d.rpc.ConsensusState(ctx)
	if err != nil {
		return v, fmt.Errorf("%s: %w", d.name, err)
	}
	var state struct {
		At    string `json:"height/round/step"`
		Votes []struct {
			Prevotes   []string `json:"prevotes"`
			Precommits []string `json:"precommits"`
		} `json:"height_vote_set"`
	}
	if err := json.Unmarshal(res.RoundState, &state); err != nil {
		return v, fmt.Errorf("%s: unreadable state of consensus: %w", d.name, err)
	}
	v.at = state.At
	parts := strings.Split(state.At, "/")
	if len(parts) != 3 {
		return v, fmt.Errorf("%s: unreadable height, round and step %q", d.name, state.At)
	}
	round, err := strconv.Atoi(parts[1])
	if err != nil {
		return v, err
	}
	if v.step, err = strconv.Atoi(parts[2]); err != nil {
		return v, err
	}
	if round < 0 || round >= len(state.Votes) {
		return v, nil
	}
	list := state.Votes[round].Prevotes
	if v.step >= stepPrecommit {
		list = state.Votes[round].Precommits
	}
	v.of = len(list)
	for _, vote := range list {
		if vote != "nil-Vote" {
			v.cast++
		}
	}
	return v, nil
}
