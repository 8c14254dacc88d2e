package e2e

import (
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	// batch is how many requests go through their lives side by side.
	batch = 50
	// perLifecycle is how many transactions one request takes with three bidders:
	// request, three bids, three reveals, proof.
	perLifecycle = 8
)

// BenchmarkLifecycle runs requests with three bidders from request to settled
// proof, one message a transaction, and beside it as many bank sends: what
// FinalizeBlock and Commit take, blocks included in which nothing happens.
// Signing is not measured. One operation is a batch of lifecycles; the figures
// that matter are µs/lifecycle and µs/tx.
func BenchmarkLifecycle(b *testing.B) {
	for _, executor := range []struct {
		name string
		opts []testutil.Option
	}{
		{"sequential", nil},
		{"block-stm", []testutil.Option{testutil.WithBlockSTM(0)}},
	} {
		b.Run("market/"+executor.name, func(b *testing.B) { benchMarket(b, executor.opts) })
		b.Run("sends/"+executor.name, func(b *testing.B) { benchSends(b, executor.opts) })
	}
}

// timed runs a block with the timer on.
func (n *network) timed(b *testing.B, txs ...[]byte) {
	b.Helper()
	b.StartTimer()
	block := n.Block(txs...)
	b.StopTimer()
	n.RequireOK(block.Results...)
}

// benchNetwork has its state on disk, as a node does, and no invariant checks,
// which read all of it.
func benchNetwork(b *testing.B, opts []testutil.Option) *network {
	b.Helper()
	db, err := dbm.NewDB("application", dbm.GoLevelDBBackend, b.TempDir())
	require.NoError(b, err)
	n := newQuietNetwork(b, plainCircuit(b), append([]testutil.Option{testutil.WithDB(db)}, opts...)...)
	var txs [][]byte
	for _, p := range n.provers {
		txs = append(txs, n.Tx(p, &proverstypes.MsgStake{Staker: p.String(), Prover: p.String(), Amount: math.NewInt(100_000 * million), MinSharesOut: math.ZeroInt()}))
	}
	n.RequireOK(n.Block(txs...).Results...)
	return n
}

func benchMarket(b *testing.B, opts []testutil.Option) {
	n := benchNetwork(b, opts)
	c := n.circuit.prove(b, 3)
	b.ReportAllocs()
	lives := 0
	for b.Loop() {
		b.StopTimer()
		n.lives(b, c)
		lives += batch
		b.StartTimer()
	}
	report(b, lives)
}

// lives takes a batch of requests from request to settled proof.
func (n *network) lives(b *testing.B, c claim) {
	b.Helper()
	ids := make([]string, batch)
	var txs [][]byte
	for range ids {
		txs = append(txs, n.Tx(n.requester, n.requestMsg(c)))
	}
	b.StartTimer()
	block := n.Block(txs...)
	b.StopTimer()
	n.RequireOK(block.Results...)
	for i, res := range block.Results {
		var made markettypes.MsgRequestResponse
		n.MsgResponse(res, 0, &made)
		ids[i] = made.Id
	}
	forEach := func(msg func(id string, b bid) sdk.Msg) [][]byte {
		var txs [][]byte
		for _, id := range ids {
			for _, bd := range threeBids {
				txs = append(txs, n.Tx(n.workers[bd.prover], msg(id, bd)))
			}
		}
		return txs
	}
	n.timed(b, forEach(func(id string, bd bid) sdk.Msg { return n.bidMsg(id, bd) })...)
	for range bidding - 1 {
		n.timed(b)
	}
	n.timed(b, forEach(func(id string, bd bid) sdk.Msg { return n.revealMsg(id, bd) })...)
	const winner = 1
	txs = txs[:0]
	for _, id := range ids {
		txs = append(txs, n.Tx(n.workers[winner], &markettypes.MsgSubmitProof{
			Signer: n.workers[winner].String(), RequestId: id, PublicValues: c.publicValues, Proof: c.proof,
		}))
	}
	n.timed(b, txs...)
}

func benchSends(b *testing.B, opts []testutil.Option) {
	n := benchNetwork(b, opts)
	from := append(append([]*testutil.Account{n.requester}, n.workers...), n.provers...)
	b.ReportAllocs()
	lives := 0
	for b.Loop() {
		b.StopTimer()
		// As many transactions, in blocks of the same sizes.
		for _, size := range []int{batch, 3 * batch, 0, 0, 3 * batch, batch} {
			var txs [][]byte
			for i := range size {
				sender, to := from[i%len(from)], from[(i+1)%len(from)]
				txs = append(txs, n.Tx(sender, banktypes.NewMsgSend(sender.Address, to.Address, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1)))))
			}
			n.timed(b, txs...)
		}
		lives += batch
		b.StartTimer()
	}
	report(b, lives)
}

func report(b *testing.B, lives int) {
	b.Helper()
	each := b.Elapsed() / time.Duration(lives)
	b.ReportMetric(float64(each.Nanoseconds())/1e3, "µs/lifecycle")
	b.ReportMetric(float64(each.Nanoseconds())/1e3/perLifecycle, "µs/tx")
}
