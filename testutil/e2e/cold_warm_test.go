package e2e

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// What a node has in memory decides nothing that consensus covers (law V7): a
// node that starts anew before every block, one that has seen every transaction
// before, and one that executes in parallel agree with the node that made the
// blocks on every state and every result, gas included.
func TestColdAndWarmNodesAgree(t *testing.T) {
	var blocks []testutil.Block
	drive(t, testutil.WithRecorder(func(b testutil.Block) { blocks = append(blocks, b) }))

	for name, follower := range map[string]struct {
		prepare func(a *testutil.App, b testutil.Block)
		options []testutil.Option
	}{
		"cold": {prepare: func(a *testutil.App, _ testutil.Block) { a.Restart() }},
		"warm": {prepare: func(a *testutil.App, b testutil.Block) {
			for range 2 {
				for _, tx := range b.Request.Txs {
					_, err := a.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
					require.NoError(t, err)
				}
			}
		}},
		"parallel": {
			prepare: func(*testutil.App, testutil.Block) {},
			options: []testutil.Option{testutil.WithBlockSTM(4)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			node := testutil.NewApp(t, append(follower.options, testutil.WithAccounts(accountNames()...))...)
			for _, b := range blocks[1:] {
				follower.prepare(node, b)
				got := node.Replay(b)
				for i, result := range got.Results {
					require.Equalf(t, b.Results[i].GasUsed, result.GasUsed, "gas of transaction %d in block %d", i, b.Height)
					require.Equalf(t, b.Results[i].Code, result.Code, "code of transaction %d in block %d: %s", i, b.Height, result.Log)
				}
				require.Equalf(t, b.ResultsHash, got.ResultsHash, "results of block %d", b.Height)
				require.Equalf(t, b.AppHash, got.AppHash, "state after block %d", b.Height)
			}
		})
	}
}

// drive makes blocks full of verifications: under several keys, good and bad, and
// with gas limits around what a verification costs.
func drive(t *testing.T, opts ...testutil.Option) {
	t.Helper()
	n := newQuietNetwork(t, plainCircuit(t), opts...)
	committed := committedCircuit(t)
	n.MustDeliver(n.requester, committed.registration(n.requester))

	claims := []claim{plainCircuit(t).prove(t, 3), committed.prove(t, 4), picoClaim(t), plainCircuit(t).prove(t, 5)}
	var ids []string
	for _, c := range claims {
		msg := n.requestMsg(c)
		msg.TimeLimit = time.Hour
		ids = append(ids, n.request(msg))
		n.auction(ids[len(ids)-1], bid{prover: 1, fee: million})
	}
	const winner = 1
	worker := n.workers[winner]
	submit := func(i int, c claim, gas uint64) []byte {
		return n.SignTx(worker, testutil.TxSpec{Gas: gas}, &markettypes.MsgSubmitProof{
			Signer: worker.String(), RequestId: ids[i], PublicValues: c.publicValues, Proof: c.proof,
		})
	}
	// Each claim's proof under each request, and each request's proof damaged.
	for i := range ids {
		var txs [][]byte
		for j, c := range claims {
			if i != j {
				txs = append(txs, submit(i, c, 0))
			}
		}
		damaged := claims[i]
		damaged.proof = append([]byte{}, damaged.proof...)
		damaged.proof[len(damaged.proof)-1] ^= 1
		txs = append(txs, submit(i, damaged, 0))
		for _, result := range n.Block(txs...).Results {
			require.NotZero(t, result.Code)
		}
	}
	// The price is met at some limit: below it nothing changes, above it the proof
	// is accepted.
	var needed uint64
	for gas := uint64(60_000); needed == 0; gas += 10_000 {
		require.Less(t, gas, uint64(testutil.DefaultGas))
		if n.Block(submit(0, claims[0], gas)).Results[0].Code == 0 {
			needed = gas
		}
	}
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(ids[0]).Auction.Status)
	n.RequireOK(n.Block(submit(1, claims[1], 0), submit(2, claims[2], 0), submit(3, claims[3], 0)).Results...)
}

// registration registers the circuit.
func (c *circuit) registration(owner *testutil.Account) sdk.Msg {
	return &verifiertypes.MsgRegisterCircuit{Owner: owner.String(), Family: plaingroth16.Name, Curve: proof.CurveBN254, Key: c.key}
}
