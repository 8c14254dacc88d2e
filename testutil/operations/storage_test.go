package operations

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// snapshotInterval is that of this chain, in blocks, where the pages have a thousand.
const snapshotInterval = 10

// moreNodes lets two more operators follow storage.md: Carol begins with a snapshot of
// her peers, writes one to a file and removes old states; Dave begins with the file.
func (n *network) moreNodes(ctx context.Context) {
	carol, dave := n.join(ctx, "carol"), n.join(ctx, "dave")
	n.trust(carol)
	carol.start()
	agree(n.alice, carol)
	require.Greater(n.t, carol.first(), int64(1), "it began with a snapshot")

	height, format := n.toFile(carol)
	n.fromFile(carol, dave, height, format)
	n.prune(carol)
	for _, o := range []*operator{carol, dave} {
		agree(n.alice, o)
		o.stop()
	}
}

// join makes the home of a node that knows Alice.
func (n *network) join(ctx context.Context, name string) *operator {
	n.t.Helper()
	o := newOperator(ctx, n.t, name)
	o.marketd("init", name, "--chain-id", "proofmarket-1")
	n.alice.copyTo(o, "config", "genesis.json")
	o.sh(script(n.t, "network.md", "## Peers and seeds"), "PEERS="+n.alice.marketd("comet", "show-node-id")+"@"+n.alice.p2p)
	return o
}

// question is a line of the page that asks with jq and curl.
var question = regexp.MustCompile(`(?m)^(HEIGHT|HASH)=.*\n`)

// trust follows "Begin with a snapshot", once there is one a while back. A machine
// without jq or curl has height and hash asked for in another way.
func (n *network) trust(o *operator) {
	n.t.Helper()
	n.alice.reaches(3 * snapshotInterval)
	const rounding = "/ 1000 * 1000 - 1000"
	text := script(n.t, "storage.md", "### Begin with a snapshot")
	require.Contains(n.t, text, rounding)
	text = strings.ReplaceAll(text, rounding, fmt.Sprintf("/ %d * %d - %d", snapshotInterval, snapshotInterval, snapshotInterval))
	variables := []string{"RPC=tcp://" + n.alice.rpc, "RPC_HTTP=http://" + n.alice.rpc, "RPC_HTTP_2=http://" + n.bob.rpc}
	for _, tool := range []string{"jq", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			n.t.Logf("not tried: the lines for HEIGHT and HASH, which need %s", tool)
			require.Len(n.t, question.FindAllString(text, -1), 2)
			text = question.ReplaceAllString(text, "")
			height := n.alice.height()/snapshotInterval*snapshotInterval - snapshotInterval
			variables = append(variables, fmt.Sprintf("HEIGHT=%d", height), "HASH="+n.alice.hashesAt(height).block)
			break
		}
	}
	o.sh(text, variables...)
}

// snapshotLine is how the list shows a snapshot.
var snapshotLine = regexp.MustCompile(`height: (\d+) format: (\d+)`)

// toFile stops a node and has its state in a file.
func (n *network) toFile(o *operator) (height, format string) {
	n.t.Helper()
	o.stop()
	list := snapshotLine.FindAllStringSubmatch(o.sh(script(n.t, "storage.md", "### Write a snapshot to a file")), -1)
	require.NotEmpty(n.t, list, "it has a snapshot of its own now")
	height, format = list[0][1], list[0][2]
	o.sh(strings.ReplaceAll(script(n.t, "storage.md", "### Pack the file"), "100000 3", height+" "+format))
	return height, format
}

// fromFile starts an empty node with the file.
func (n *network) fromFile(from, to *operator, height, format string) {
	n.t.Helper()
	require.NoError(n.t, exec.Command("cp", filepath.Join(from.dir, "snapshot.tar.gz"), to.dir).Run())
	at, err := strconv.ParseInt(height, 10, 64)
	require.NoError(n.t, err)
	n.alice.reaches(at + 2)
	n.trust(to)
	to.marketd("config", "set", "config", "statesync.enable", "false", "--skip-validate")
	load := script(n.t, "storage.md", "### Begin with a snapshot from a file")
	require.Contains(n.t, load, "100000 3")
	to.sh(strings.ReplaceAll(load, "100000 3", height+" "+format))
	to.start()
	agree(n.alice, to)
	require.Greater(n.t, to.first(), int64(1), "it began with the file")
}

// prune follows "A node that was larger": what the node had is gone, and the rest stays.
func (n *network) prune(o *operator) {
	n.t.Helper()
	guardian := n.alice.address("guardian")
	o.start()
	first := o.first()
	o.reaches(first + 3*snapshotInterval)
	ask := []string{"query", "bank", "balance", guardian, "uproof", "--output", "json", "--height"}
	_, err := o.tryMarketd(append(ask, strconv.FormatInt(first, 10))...)
	require.NoError(n.t, err, "it has its first state")
	o.stop()
	text := script(n.t, "storage.md", "### A node that was larger")
	require.Contains(n.t, text, "--pruning-keep-recent 1000")
	o.sh(strings.ReplaceAll(text, "--pruning-keep-recent 1000", fmt.Sprintf("--pruning-keep-recent %d", snapshotInterval)))
	o.start()
	_, err = o.tryMarketd(append(ask, strconv.FormatInt(first, 10))...)
	require.ErrorContains(n.t, err, "Version has either been pruned")
	agree(n.alice, o)
}
