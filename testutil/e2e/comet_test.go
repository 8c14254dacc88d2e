package e2e

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/proxy"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	cmtserver "github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// node is a network behind CometBFT's own pool.
type node struct {
	*network
	comet *mempool.CListMempool
}

// newNode puts CometBFT's pool, of the size that lanes of this capacity need, before a
// network that was made with it.
func newNode(n *network, c lanes.Capacity, options ...mempool.CListMempoolOption) *node {
	n.t.Helper()
	cfg := cmtcfg.DefaultMempoolConfig()
	cfg.Size, cfg.MaxTxsBytes = c.Behind()
	cfg.CacheSize = 2 * cfg.Size
	client, err := proxy.NewLocalClientCreator(cmtserver.NewCometABCIWrapper(n.App)).NewABCIClient()
	require.NoError(n.t, err)
	return &node{network: n, comet: mempool.NewCListMempool(cfg, proxy.NewAppConnMempool(client, proxy.NopMetrics()), n.Height(), options...)}
}

// unique is a timeout that no other transaction has.
func (n *network) unique() time.Time {
	n.nonce++
	return n.Now().Add(time.Minute + time.Duration(n.nonce))
}

// unordered signs a transaction that needs no sequence.
func (n *network) unordered(from *testutil.Account, gas uint64, msgs ...sdk.Msg) []byte {
	n.t.Helper()
	return n.SignTx(from, testutil.TxSpec{Unordered: n.unique(), Gas: gas}, msgs...)
}

// send is a transaction that is nobody's business.
func (n *network) send(from *testutil.Account) sdk.Msg {
	return banktypes.NewMsgSend(from.Address, n.requester.Address, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1)))
}

// enter hands a transaction to the node. CometBFT must not refuse it by itself.
func (n *node) enter(tx []byte) (answer *abci.ResponseCheckTx) {
	n.t.Helper()
	require.NoError(n.t, n.comet.CheckTx(tx, func(res *abci.ResponseCheckTx) { answer = res }, mempool.TxInfo{}))
	return answer
}

// propose makes a block of what waits, as a proposer does, checks it as the others do,
// runs it, and lets CometBFT check again what it holds.
func (n *node) propose() testutil.Block {
	n.t.Helper()
	height, now := n.Height()+1, n.Now().Add(time.Second)
	prepared, err := n.PrepareProposal(&abci.RequestPrepareProposal{
		MaxTxBytes: app.MaxBlockBytes - 10_000, Height: height, Time: now, ProposerAddress: n.Proposer(),
	})
	require.NoError(n.t, err)
	judged, err := n.ProcessProposal(&abci.RequestProcessProposal{
		Txs: prepared.Txs, Height: height, Time: now, ProposerAddress: n.Proposer(), Hash: make([]byte, 32),
	})
	require.NoError(n.t, err)
	require.Equal(n.t, abci.ResponseProcessProposal_ACCEPT, judged.Status)
	block := n.Block(prepared.Txs...)
	n.update(block)
	return block
}

// update tells CometBFT of a block, which checks again what is left.
func (n *node) update(block testutil.Block) {
	n.t.Helper()
	txs := make(cmttypes.Txs, len(block.Request.Txs))
	for i, tx := range block.Request.Txs {
		txs[i] = tx
	}
	n.comet.Lock()
	defer n.comet.Unlock()
	require.NoError(n.t, n.comet.Update(block.Height, txs, block.Results, nil, nil))
}

// An attacker who outbids himself over and over fills CometBFT's pool with what the lanes
// let go, and a full one refuses proofs before the application sees them. So only so much
// may go between two blocks.
func TestCometsPoolHasRoomForProofs(t *testing.T) {
	capacity := lanes.Capacity{
		Txs: [3]int{10, 10, 40}, Bytes: [3]int64{1 << 20, 1 << 20, 1 << 20}, OfSigner: [3]int{10, 10, 100},
	}
	net := newQuietNetwork(t, plainCircuit(t), testutil.WithNodeOption(app.KeyCapacity, capacity))
	good := net.circuit.prove(t, 3)
	ids := net.assignedMany(good, 1)
	n := newNode(net, capacity)
	from := n.Account("stranger")
	accepted := 0
	churn := func() {
		for i := range 100 {
			fee := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, int64(1_000*(i+1))))
			tx := n.SignTx(from, testutil.TxSpec{Unordered: n.unique(), Gas: 200_000, Fee: fee}, n.send(from))
			if res := n.enter(tx); res.Code == 0 {
				accepted++
			} else {
				n.RequireCheckError(lanes.ErrFull, res)
			}
		}
	}
	churn()
	require.Equal(t, 80, accepted, "the lane was exchanged once")
	require.Equal(t, 80, n.comet.Size())
	require.Equal(t, 40, n.Pool().CountTx())
	proof := n.unordered(n.workers[0], 600_000, &markettypes.MsgSubmitProof{
		Signer: n.workers[0].String(), RequestId: ids[0], PublicValues: good.publicValues, Proof: good.proof,
	})
	res := n.enter(proof)
	require.Zero(t, res.Code, res.Log)
	n.update(n.Block()) // somebody else's
	require.Equal(t, 41, n.comet.Size(), "what the lane let go is gone")
	require.Equal(t, 41, n.Pool().CountTx())
	accepted = 0
	churn()
	require.Equal(t, 40, accepted, "once again, but nothing is cheaper than the most")
	require.Contains(t, n.propose().Request.Txs, proof)
}

// What CometBFT did not keep is never checked again and never gossiped. It must not hold
// its assignment's place for ever.
func TestWhatCometRefusedLeavesThePool(t *testing.T) {
	net := newQuietNetwork(t, plainCircuit(t))
	good := net.circuit.prove(t, 3)
	ids := net.assignedMany(good, 1)
	full := true // for the first one, as if others had come in the meantime
	n := newNode(net, lanes.DefaultCapacity(), mempool.WithPostCheck(func(cmttypes.Tx, *abci.ResponseCheckTx) error {
		if full {
			full = false
			return mempool.ErrMempoolIsFull{}
		}
		return nil
	}))
	proof := func() []byte {
		return n.unordered(n.workers[0], 600_000, &markettypes.MsgSubmitProof{
			Signer: n.workers[0].String(), RequestId: ids[0], PublicValues: good.publicValues, Proof: good.proof,
		})
	}
	n.enter(proof())
	require.Zero(t, n.comet.Size())
	require.Equal(t, 1, n.Pool().CountTx())
	n.RequireCheckError(lanes.ErrPending, n.enter(proof()))
	n.update(n.Block())
	n.update(n.Block()) // it was not asked about after the last
	require.Zero(t, n.Pool().CountTx())
	again := proof()
	require.Zero(t, n.enter(again).Code)
	require.Contains(t, n.propose().Request.Txs, again)
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(ids[0]).Auction.Status)
}
