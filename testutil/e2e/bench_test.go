package e2e

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"

	"github.com/proofmarket/proofmarket/internal/nodedb"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/benchtest"
)

const (
	// perLifecycle is how many messages one request takes with three bidders: request,
	// three bids, three reveals, proof.
	perLifecycle = 2 + 2*bidders
	// alone is how many requests of different parties go through their lives side by
	// side, one message to a transaction.
	alone = 50
	// batched is how many messages or items a transaction holds otherwise, all of one
	// party, and batchParties how many of those go side by side: as many as the lane
	// of proofs and reveals has room for in a block.
	batched, batchParties = 32, 6
	// collectedAt is the gc-percent of a node's defaults.
	collectedAt = 400
)

// load is what is measured: a crowd, and one round of what it does.
type load struct {
	name    string
	parties int
	batch   int // 0 for plain sends
	seen    bool
	stock   bool
	single  bool // all of one account
}

var loads = []load{
	{name: "sends", parties: alone},
	{name: "sends-seen", parties: alone, seen: true},
	{name: "sends-stock-fees", parties: alone, stock: true},
	{name: "sends-one-account", parties: alone, single: true},
	{name: "market", parties: alone, batch: 1},
	{name: "market-seen", parties: alone, batch: 1, seen: true},
	{name: "market-stock-fees", parties: alone, batch: 1, stock: true},
	{name: "batches", parties: batchParties, batch: batched},
}

// loadNamed is the load of that name.
func loadNamed(b *testing.B, name string) load {
	b.Helper()
	i := slices.IndexFunc(loads, func(l load) bool { return l.name == name })
	require.GreaterOrEqual(b, i, 0, name)
	return loads[i]
}

// executors are the ways to execute a block.
var executors = []struct {
	name string
	opts []testutil.Option
}{
	{"sequential", nil},
	{"block-stm", []testutil.Option{testutil.WithBlockSTM(0)}},
}

// BenchmarkLifecycle runs requests with three bidders each from request to settled
// proof, and beside them as many bank sends in blocks of the same sizes: what
// FinalizeBlock and Commit take, blocks included in which nothing happens, with the
// state on disk and the settings of a node. Each request has a requester, provers and
// submitters of its own ("batches": 32 requests have), and a statement that nobody else
// has asked for, with its own proof. Making proofs and signing are not measured. Bids on
// one request share its account, and so do reveals: blocks have those of all first
// provers, then those of all second ones, and so on.
//
// Nothing has seen the transactions before their block, so that it verifies the proofs,
// in a batch under one key, and signatures one by one; but for "seen", where the node's
// CheckTx has done so. "stock-fees" collects fees as the SDK does; "one-account" sends all
// from one account, so that each transaction waits for the one before it. One operation is
// a round of lives; the figures that matter are the rates, and on a busy machine the
// processor's time.
func BenchmarkLifecycle(b *testing.B) {
	for _, l := range loads {
		for _, e := range executors {
			b.Run(l.name+"/"+e.name, func(b *testing.B) {
				c := l.crowd(b, append(onDisk(b), e.opts...)...)
				l.measure(b, c)
			})
		}
	}
}

// crowd starts the load's chain.
func (l load) crowd(b *testing.B, opts ...testutil.Option) *crowd {
	b.Helper()
	if l.stock {
		opts = append(opts, stockFees(b))
	}
	c := newCrowd(b, l.parties, opts...)
	c.seen = l.seen
	return c
}

// measure times rounds of the load.
func (l load) measure(b *testing.B, c *crowd) {
	b.Helper()
	if os.Getenv("GOGC") == "" { // which wins on a node too
		defer debug.SetGCPercent(debug.SetGCPercent(collectedAt))
	}
	b.ReportAllocs()
	rounds, used := 0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		l.round(c, c.timed(b, &used))
		rounds++
		b.StartTimer()
	}
	lives := float64(rounds * l.lives())
	b.ReportMetric(float64(b.Elapsed().Microseconds())/lives, "µs/lifecycle")
	b.ReportMetric(float64(used.Microseconds())/lives, "cpu-µs/lifecycle")
	b.ReportMetric(lives/b.Elapsed().Seconds(), "lifecycles/s")
	b.ReportMetric(lives*perLifecycle/b.Elapsed().Seconds(), "messages/s")
}

// lives is how many requests a round takes to their end.
func (l load) lives() int { return l.parties * max(l.batch, 1) }

// round runs the load once.
func (l load) round(c *crowd, run runner) {
	c.t.Helper()
	if l.batch > 0 {
		c.live(c.deals(l.batch), l.batch, run)
		return
	}
	for _, size := range []int{1, bidders, 0, 0, bidders, 1} {
		send := c.sends
		if l.single {
			send = c.sendsOfOne
		}
		txs := send(size * l.parties)
		c.check(txs)
		c.RequireOK(run("sends", txs...).Results...)
	}
}

// timed runs blocks that other validators would accept, with the timer on and the
// profile's samples labelled, and adds to used the processor time that they take.
func (c *crowd) timed(b *testing.B, used *time.Duration) runner {
	return func(what string, txs ...[]byte) (block testutil.Block) {
		b.Helper()
		judged, err := c.ProcessProposal(&abci.RequestProcessProposal{
			Txs: txs, Height: c.Height() + 1, Time: c.Now().Add(time.Second), ProposerAddress: c.Proposer(), Hash: make([]byte, 32),
		})
		require.NoError(b, err)
		require.Equal(b, abci.ResponseProcessProposal_ACCEPT, judged.Status, what)
		pprof.Do(b.Context(), pprof.Labels("timed", what), func(context.Context) {
			before := benchtest.ProcessorTime(b)
			b.StartTimer()
			block = c.Block(txs...)
			b.StopTimer()
			*used += benchtest.ProcessorTime(b) - before
		})
		return block
	}
}

// onDisk has the state where a node has it, with the settings that a node has.
func onDisk(b *testing.B) []testutil.Option {
	b.Helper()
	return nodeSettings(leveldb(b, b.TempDir(), nodedb.DefaultBlockCache))
}

// leveldb opens a database as a node does, with a cache of that many MiB.
func leveldb(b *testing.B, dir string, cache int) dbm.DB {
	b.Helper()
	db, err := dbm.NewGoLevelDBWithOpts("application", dir, nodedb.Options(cache))
	require.NoError(b, err)
	return db
}

// nodeSettings are those of a node by default, and what differs from them.
func nodeSettings(db dbm.DB, but ...func(*baseapp.BaseApp)) []testutil.Option {
	return []testutil.Option{testutil.WithDB(db), testutil.WithNodeOption(server.FlagInterBlockCache, true), testutil.WithBase(append([]func(*baseapp.BaseApp){
		baseapp.SetIAVLCacheSize(int(serverconfig.DefaultConfig().IAVLCacheSize)),
		baseapp.SetPruning(pruningtypes.NewPruningOptions(pruningtypes.PruningDefault)),
	}, but...)...)}
}

// BenchmarkExecutions counts, for each load, how often the parallel executor executes
// and validates a transaction: once, if no other one gets in its way. Counting costs
// time, in all of the process, so that no time is given here.
func BenchmarkExecutions(b *testing.B) {
	for _, l := range loads {
		b.Run(l.name, func(b *testing.B) {
			counts := testutil.CountExecutions(b)
			c := l.crowd(b, testutil.WithBlockSTM(4))
			before, txs := counts(), 0
			for b.Loop() {
				l.round(c, func(_ string, t ...[]byte) testutil.Block {
					txs += len(t)
					return c.Block(t...)
				})
			}
			after := counts()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(after.Executed-before.Executed)/float64(txs), "executed/tx")
			b.ReportMetric(float64(after.Validated-before.Validated)/float64(txs), "validated/tx")
		})
	}
}
