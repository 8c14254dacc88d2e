package e2e

import (
	"fmt"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// unique is a timeout that no other transaction has.
func (n *network) unique() time.Time {
	n.nonce++
	return n.Now().Add(time.Minute + time.Duration(n.nonce))
}

// propose makes a block of what waits, as a proposer does, checks it as the others do,
// and runs it.
func (n *network) propose() testutil.Block {
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
	return n.Block(prepared.Txs...)
}

// enter sends an unordered transaction to the node's pool.
func (n *network) enter(from *testutil.Account, gas uint64, msgs ...sdk.Msg) ([]byte, *abci.ResponseCheckTx) {
	n.t.Helper()
	tx := n.SignTx(from, testutil.TxSpec{Unordered: n.unique(), Gas: gas}, msgs...)
	return tx, n.Check(tx)
}

// law M17: whatever else waits, bids of honest provers and spam of a thousand accounts
// among it, each reveal and each proof is in one of the next two blocks.
func TestRevealsAndProofsGoFirst(t *testing.T) {
	const spammers, auctions = 1_000, 40
	var spam []string
	for i := range spammers {
		spam = append(spam, fmt.Sprintf("spammer-%d", i))
	}
	n := newQuietNetwork(t, plainCircuit(t), testutil.WithAccounts(spam...))
	good := n.circuit.prove(t, 3)
	var stakes [][]byte
	for _, p := range n.provers {
		stakes = append(stakes, n.Tx(p, &proverstypes.MsgStake{
			Staker: p.String(), Prover: p.String(), Amount: math.NewInt(200_000 * million), MinSharesOut: math.ZeroInt(),
		}))
	}
	n.must(stakes)
	var requests [][]byte
	for range auctions {
		requests = append(requests, n.Tx(n.requester, n.requestMsg(good)))
	}
	long := n.requestMsg(good) // takes bids all the time
	long.BiddingBlocks = 1_000
	requests = append(requests, n.Tx(n.requester, long))
	var ids []string
	for _, res := range n.must(requests) {
		var made markettypes.MsgRequestResponse
		n.MsgResponse(res, 0, &made)
		ids = append(ids, made.Id)
	}
	open, ids := ids[auctions], ids[:auctions]

	flood := func() {
		for i, name := range spam {
			from := n.Account(name)
			// As much gas as possible: a block has room for a few of them only.
			n.enter(from, 9_000_000, banktypes.NewMsgSend(from.Address, n.requester.Address, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1))))
			// Bids of strangers, and of provers on a request that stays open.
			n.enter(from, 5_000_000, n.bidOf(from, open))
			n.enter(n.workers[i%3], 5_000_000, n.bidMsg(open, bid{prover: i % 3, fee: int64(i + 1)}))
		}
	}
	pending := map[string]int64{} // transaction → height at which it was sent
	send := func(from *testutil.Account, msg sdk.Msg) {
		tx, res := n.enter(from, 0, msg)
		require.Zero(t, res.Code, res.Log)
		pending[string(tx)] = n.Height()
	}
	run := func() {
		block := n.propose()
		for i, tx := range block.Request.Txs {
			if at, ours := pending[string(tx)]; ours {
				require.LessOrEqual(t, block.Height-at, int64(2))
				require.Zero(t, block.Results[i].Code, block.Results[i].Log)
				delete(pending, string(tx))
			}
		}
		for _, at := range pending {
			require.Less(t, block.Height-at, int64(2), "a reveal or proof still waits")
		}
		flood()
	}
	var bids [][]byte
	for _, id := range ids {
		for p := range n.provers {
			bids = append(bids, n.Tx(n.workers[p], n.bidMsg(id, bid{prover: p, fee: int64(4+p) * million})))
		}
	}
	n.must(bids)
	flood()
	txs, _ := n.Pool().Waiting(lanes.Rest)
	require.GreaterOrEqual(t, txs, spammers, "the pool is not full of spam")
	txs, _ = n.Pool().Waiting(lanes.Bids)
	require.GreaterOrEqual(t, txs, spammers, "the pool is not full of bids")
	for n.view(ids[0]).Stage == markettypes.STAGE_BIDDING || n.view(ids[0]).BlocksLeft == 0 {
		run()
	}
	for _, id := range ids {
		for p := range n.provers {
			send(n.workers[p], n.revealMsg(id, bid{prover: p, fee: int64(4+p) * million}))
		}
	}
	for len(pending) > 0 {
		run()
	}
	run()
	for _, id := range ids {
		send(n.workers[0], &markettypes.MsgSubmitProof{Signer: n.workers[0].String(), RequestId: id, PublicValues: good.publicValues, Proof: good.proof})
	}
	for len(pending) > 0 {
		run()
	}
	for _, id := range ids {
		require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(id).Auction.Status)
	}
}

// bidOf is a bid that a stranger signs.
func (n *network) bidOf(from *testutil.Account, id string) *markettypes.MsgBid {
	msg := n.bidMsg(id, bid{prover: 0, fee: 1})
	msg.Signer = from.String()
	return msg
}

// law M17 binds every proposer: a block out of the order of lanes, or with more gas than
// a block or a lane may have, is rejected by all others.
func TestUnfairBlocksAreRejected(t *testing.T) {
	n := newQuietNetwork(t, plainCircuit(t))
	from := n.workers[0]
	sign := func(gas uint64, msg sdk.Msg) []byte {
		return n.SignTx(from, testutil.TxSpec{Unordered: n.unique(), Gas: gas}, msg)
	}
	id := n.request(n.requestMsg(n.circuit.prove(t, 3)))
	reveal := func(gas uint64) []byte { return sign(gas, n.revealMsg(id, bid{})) }
	placed := func(gas uint64) []byte { return sign(gas, n.bidMsg(id, bid{fee: 1})) }
	send := func(gas uint64) []byte {
		return sign(gas, banktypes.NewMsgSend(from.Address, from.Address, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1))))
	}
	const m = 1_000_000
	for name, tc := range map[string]struct {
		txs  [][]byte
		want abci.ResponseProcessProposal_ProposalStatus
	}{
		"empty":                  {nil, abci.ResponseProcessProposal_ACCEPT},
		"in order":               {[][]byte{reveal(m), reveal(m), placed(m), send(m)}, abci.ResponseProcessProposal_ACCEPT},
		"full":                   {[][]byte{reveal(60 * m), placed(30 * m), send(10 * m)}, abci.ResponseProcessProposal_ACCEPT},
		"all for the rest":       {[][]byte{send(100 * m)}, abci.ResponseProcessProposal_ACCEPT},
		"a reveal after a bid":   {[][]byte{placed(m), reveal(m)}, abci.ResponseProcessProposal_REJECT},
		"a bid after a send":     {[][]byte{send(m), placed(m)}, abci.ResponseProcessProposal_REJECT},
		"too much of the first":  {[][]byte{reveal(60 * m), reveal(1)}, abci.ResponseProcessProposal_REJECT},
		"too much of the second": {[][]byte{placed(90 * m), placed(1)}, abci.ResponseProcessProposal_REJECT},
		"too much gas":           {[][]byte{send(60 * m), send(40*m + 1)}, abci.ResponseProcessProposal_REJECT},
		"no transaction":         {[][]byte{[]byte("no transaction")}, abci.ResponseProcessProposal_REJECT},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := n.ProcessProposal(&abci.RequestProcessProposal{
				Txs: tc.txs, Height: n.Height() + 1, Time: n.Now().Add(time.Second), ProposerAddress: n.Proposer(), Hash: make([]byte, 32),
			})
			require.NoError(t, err)
			require.Equal(t, tc.want, res.Status)
		})
	}
}
