package e2e

import (
	"bytes"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// assignedMany brings so many requests to where the first prover must deliver.
func (n *network) assignedMany(c claim, count int) (ids []string) {
	n.t.Helper()
	n.RequireOK(n.Block(n.Tx(n.provers[0], &proverstypes.MsgStake{
		Staker: n.provers[0].String(), Prover: n.provers[0].String(), Amount: math.NewInt(400_000 * million), MinSharesOut: math.ZeroInt(),
	})).Results...)
	var txs [][]byte
	for range count {
		txs = append(txs, n.Tx(n.requester, n.requestMsg(c)))
	}
	for _, res := range n.must(txs) {
		var made markettypes.MsgRequestResponse
		n.MsgResponse(res, 0, &made)
		ids = append(ids, made.Id)
	}
	b := bid{prover: 0, fee: 4 * million}
	all := func(msg func(string, bid) sdk.Msg) (txs [][]byte) {
		for _, id := range ids {
			txs = append(txs, n.Tx(n.workers[0], msg(id, b)))
		}
		return txs
	}
	n.must(all(func(id string, b bid) sdk.Msg { return n.bidMsg(id, b) }))
	n.Advance(bidding)
	n.must(all(func(id string, b bid) sdk.Msg { return n.revealMsg(id, b) }))
	n.Advance(1)
	return ids
}

// must runs a block in which all must work.
func (n *network) must(txs [][]byte) []*abci.ExecTxResult {
	n.t.Helper()
	block := n.Block(txs...)
	n.RequireOK(block.Results...)
	return block.Results
}

// law V7: a block of 200 proofs with five bad ones gives the same results and the same
// state on a node that saw them in CheckTx, on one that did not, on one that remembers
// and batches nothing, and on those with the parallel executor.
func TestVerdictsAheadChangeNothing(t *testing.T) {
	const proofs = 200
	bad := map[int]func(m *markettypes.MsgSubmitProof){
		0:   func(m *markettypes.MsgSubmitProof) { m.Proof = m.Proof[:len(m.Proof)-1] },
		17:  func(m *markettypes.MsgSubmitProof) { m.Proof = bytes.Repeat([]byte{0xff}, len(m.Proof)) },
		63:  func(m *markettypes.MsgSubmitProof) { m.PublicValues = append(bytes.Clone(m.PublicValues), 0) },
		130: nil, // another proof, well formed: set below
		199: func(m *markettypes.MsgSubmitProof) { m.Proof = []byte{1} },
	}
	var blocks []testutil.Block
	record := testutil.WithRecorder(func(b testutil.Block) { blocks = append(blocks, b) })
	n := newQuietNetwork(t, plainCircuit(t), record)
	good, other := n.circuit.prove(t, 3), n.circuit.prove(t, 4)
	bad[130] = func(m *markettypes.MsgSubmitProof) { m.Proof = other.proof }
	ids := n.assignedMany(good, proofs)
	var txs [][]byte
	for i, id := range ids {
		msg := &markettypes.MsgSubmitProof{
			Signer: n.workers[0].String(), RequestId: id, PublicValues: good.publicValues, Proof: bytes.Clone(good.proof),
		}
		if spoil := bad[i]; spoil != nil {
			spoil(msg)
		}
		tx := n.Tx(n.workers[0], msg)
		txs = append(txs, tx)
	}
	for i, tx := range txs {
		res := n.Check(tx)
		if bad[i] == nil {
			continue // a sequence after a bad one's is not the next in CheckTx
		}
		require.NotZero(t, res.Code, "proof %d", i)
	}
	last := n.Block(txs...)
	for i, res := range last.Results {
		if bad[i] == nil {
			require.Zero(t, res.Code, "proof %d: %s", i, res.Log)
		} else {
			require.NotZero(t, res.Code, "proof %d", i)
			require.Equal(t, verifiertypes.ModuleName, res.Codespace, res.Log)
		}
	}
	for name, opts := range map[string][]testutil.Option{
		"nothing seen in CheckTx": nil,
		"no cache, no batch":      {testutil.WithNodeOption(app.KeyVerdicts, 0), testutil.WithNodeOption(app.KeyAhead, 0)},
		"no batch":                {testutil.WithNodeOption(app.KeyAhead, 0)},
		"a batch of a few":        {testutil.WithNodeOption(app.KeyAhead, 7)},
		"a cache of a few":        {testutil.WithNodeOption(app.KeyVerdicts, 3)},
		"in parallel":             {testutil.WithBlockSTM(2)},
		"in parallel, no cache":   {testutil.WithBlockSTM(4), testutil.WithNodeOption(app.KeyVerdicts, 0), testutil.WithNodeOption(app.KeyAhead, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			opts := append([]testutil.Option{testutil.WithAccounts(accountNames()...)}, opts...)
			// A new chain has run its first block by itself.
			a := testutil.NewApp(t, opts...)
			for _, b := range blocks[1:] {
				again := a.Replay(b)
				require.Equal(t, b.AppHash, again.AppHash, "height %d", b.Height)
				require.Equal(t, b.ResultsHash, again.ResultsHash, "height %d", b.Height)
			}
		})
	}
}

// Proofs that fail in CheckTx cost their sender nothing, so a node looks at a few for
// each assignment and block only; good ones wait in the first lane, one for each.
func TestProofsInCheckTx(t *testing.T) {
	n := newQuietNetwork(t, plainCircuit(t))
	good := n.circuit.prove(t, 3)
	ids := n.assignedMany(good, 2)
	send := func(id string, proof []byte, worker int) *abci.ResponseCheckTx {
		return n.Check(n.SignTx(n.workers[worker], testutil.TxSpec{Unordered: n.unique()}, &markettypes.MsgSubmitProof{
			Signer: n.workers[worker].String(), RequestId: id, PublicValues: good.publicValues, Proof: proof,
		}))
	}
	n.RequireCheckError(markettypes.ErrNotAssignedToYou, send(ids[0], good.proof, 1))
	for x := range 3 {
		other := n.circuit.prove(t, int64(4+x)).proof
		for range 3 { // remembered
			n.RequireCheckError(verifiertypes.ErrInvalidProof, send(ids[0], other, 0))
		}
	}
	n.RequireCheckError(app.ErrFailedProofs, send(ids[0], good.proof, 0))
	require.Zero(t, send(ids[1], good.proof, 0).Code, "another assignment")
	n.Block()
	res := send(ids[0], good.proof, 0)
	require.Zero(t, res.Code, res.Log)
	require.Equal(t, 2, n.Pool().CountTx())
	require.NotZero(t, send(ids[0], good.proof, 0).Code, "one waits already")
}
