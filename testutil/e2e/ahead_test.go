package e2e

import (
	"bytes"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// assignedMany brings so many requests for the same to where the first prover must
// deliver.
func (n *network) assignedMany(c claim, count int) []string {
	n.t.Helper()
	return n.assigned(slices.Repeat([]claim{c}, count))
}

// assigned brings a request for each claim to where the first prover must deliver.
func (n *network) assigned(claims []claim) (ids []string) {
	n.t.Helper()
	n.RequireOK(n.Block(n.Tx(n.provers[0], &proverstypes.MsgStake{
		Staker: n.provers[0].String(), Prover: n.provers[0].String(), Amount: math.NewInt(400_000 * million), MinSharesOut: math.ZeroInt(),
	})).Results...)
	var txs [][]byte
	for _, c := range claims {
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

// proofs are so many different ones, with what asks for them.
func (n *network) proofs(count int) (claims []claim) {
	for x := range count {
		claims = append(claims, n.circuit.prove(n.t, int64(x+10)))
	}
	return claims
}

// deliver is the first prover's transaction with a claim's proof.
func (n *network) deliver(id string, c claim) []byte {
	n.t.Helper()
	return n.unordered(n.workers[0], 0, &markettypes.MsgSubmitProof{
		Signer: n.workers[0].String(), RequestId: id, PublicValues: c.publicValues, Proof: c.proof,
	})
}

// law V7: a block of 200 different proofs with five bad ones gives the same results and
// the same state on a node that saw them in CheckTx, on one that did not, on one that
// remembers and batches nothing, and on those with the parallel executor; and each of
// them comes to its verdicts in the way that it should.
func TestVerdictsAheadChangeNothing(t *testing.T) {
	const count = 200
	var blocks []testutil.Block
	record := testutil.WithRecorder(func(b testutil.Block) { blocks = append(blocks, b) })
	n := newQuietNetwork(t, plainCircuit(t), record)
	claims := n.proofs(count)
	ids := n.assigned(claims)
	bad := map[int]func(c claim) claim{
		// Well formed, of another statement, alone and with its public values.
		0:   func(c claim) claim { c.proof = claims[1].proof; return c },
		130: func(c claim) claim { c.proof = claims[131].proof; return c },
		163: func(c claim) claim { c.proof, c.publicValues = claims[2].proof, claims[2].publicValues; return c },
		// Not well formed.
		17:  func(c claim) claim { c.proof = bytes.Repeat([]byte{0xff}, len(c.proof)); return c },
		199: func(c claim) claim { c.proof = c.proof[:len(c.proof)-1]; return c },
	}
	var txs [][]byte
	for i, c := range claims {
		if spoil := bad[i]; spoil != nil {
			c = spoil(c)
		}
		txs = append(txs, n.deliver(ids[i], c))
	}
	for i, tx := range txs {
		res := n.Check(tx)
		if bad[i] == nil {
			require.Zero(t, res.Code, "proof %d: %s", i, res.Log)
		} else {
			require.Equal(t, verifiertypes.ModuleName, res.Codespace, "proof %d: %s", i, res.Log)
		}
	}
	require.Equal(t, keeper.Counts{Direct: count}, n.VerifierKeeper.Counts())
	last := n.Block(txs...)
	require.Equal(t, keeper.Counts{Direct: count, Known: count}, n.VerifierKeeper.Counts())
	for i, res := range last.Results {
		if bad[i] == nil {
			require.Zero(t, res.Code, "proof %d: %s", i, res.Log)
		} else {
			require.NotZero(t, res.Code, "proof %d", i)
			require.Equal(t, verifiertypes.ModuleName, res.Codespace, res.Log)
		}
	}
	const few = 7
	node := testutil.WithNodeOption
	for name, tc := range map[string]struct {
		opts  []testutil.Option
		want  keeper.Counts
		least bool // the parallel executor may run a transaction again
	}{
		"nothing seen in CheckTx": {want: keeper.Counts{Batched: count, Known: count}},
		"no memory, no batch":     {opts: []testutil.Option{node(app.KeyVerdicts, 0), node(app.KeyAhead, 0)}, want: keeper.Counts{Direct: count}},
		"no memory":               {opts: []testutil.Option{node(app.KeyVerdicts, 0)}, want: keeper.Counts{Direct: count}},
		"no batch":                {opts: []testutil.Option{node(app.KeyAhead, 0)}, want: keeper.Counts{Direct: count}},
		"a batch of a few":        {opts: []testutil.Option{node(app.KeyAhead, few)}, want: keeper.Counts{Batched: few, Known: few, Direct: count - few}},
		"a memory of a few":       {opts: []testutil.Option{node(app.KeyVerdicts, few)}, want: keeper.Counts{Batched: count, Direct: count}},
		"in parallel":             {opts: []testutil.Option{testutil.WithBlockSTM(2)}, want: keeper.Counts{Batched: count, Known: count}, least: true},
		"in parallel, no memory":  {opts: []testutil.Option{testutil.WithBlockSTM(4), node(app.KeyVerdicts, 0)}, want: keeper.Counts{Direct: count}, least: true},
	} {
		t.Run(name, func(t *testing.T) {
			// A new chain has run its first block by itself.
			a := testutil.NewApp(t, append(tc.opts, testutil.WithAccounts(accountNames()...))...)
			for _, b := range blocks[1:] {
				again := a.Replay(b)
				require.Equal(t, b.AppHash, again.AppHash, "height %d", b.Height)
				require.Equal(t, b.ResultsHash, again.ResultsHash, "height %d", b.Height)
			}
			got := a.VerifierKeeper.Counts()
			if tc.least {
				require.GreaterOrEqual(t, got.Known, tc.want.Known)
				require.GreaterOrEqual(t, got.Direct, tc.want.Direct)
				require.Equal(t, tc.want.Batched, got.Batched)
				require.Equal(t, tc.want.Direct == 0, got.Direct == 0)
				return
			}
			require.Equal(t, tc.want, got)
		})
	}
}

// Ahead of a block only what is assigned and can pay is verified, up to the cap.
func TestWhatIsVerifiedAhead(t *testing.T) {
	const most = 3
	n := newQuietNetwork(t, plainCircuit(t), testutil.WithNodeOption(app.KeyAhead, most))
	claims := n.proofs(14)
	ids := n.assigned(claims)
	at := 0
	msg := func(worker int) *markettypes.MsgSubmitProof {
		m := &markettypes.MsgSubmitProof{
			Signer: n.workers[worker].String(), RequestId: ids[at], PublicValues: claims[at].publicValues, Proof: claims[at].proof,
		}
		at++
		return m
	}
	tx := func(worker int, spec testutil.TxSpec, msgs ...sdk.Msg) []byte {
		spec.Unordered = n.unique()
		return n.SignTx(n.workers[worker], spec, msgs...)
	}
	coins := func(amount math.Int) sdk.Coins { return sdk.Coins{sdk.NewCoin(chain.Denom, amount)} }
	all := func() sdk.Coins { return coins(n.Balance(n.workers[0].Address)) }
	for _, tc := range []struct {
		name    string
		txs     func() [][]byte
		batched uint64
		failed  int // transactions
	}{
		{"assigned", func() [][]byte { return [][]byte{tx(0, testutil.TxSpec{}, msg(0))} }, 1, 0},
		{"not assigned", func() [][]byte { return [][]byte{tx(1, testutil.TxSpec{}, msg(1))} }, 0, 1},
		{"no fee", func() [][]byte { return [][]byte{tx(0, testutil.TxSpec{Fee: sdk.Coins{}}, msg(0))} }, 0, 1},
		{"more than it has", func() [][]byte {
			return [][]byte{tx(0, testutil.TxSpec{Fee: coins(n.Balance(n.workers[0].Address).AddRaw(1))}, msg(0))}
		}, 0, 1},
		{"no transaction", func() [][]byte { return [][]byte{{1, 2, 3}, tx(0, testutil.TxSpec{}, msg(0))} }, 1, 1},
		{"behind another lane", func() [][]byte {
			return [][]byte{tx(1, testutil.TxSpec{}, n.send(n.workers[1])), tx(0, testutil.TxSpec{}, msg(0))}
		}, 0, 0},
		{"not the message after one that fails", func() [][]byte {
			return [][]byte{tx(0, testutil.TxSpec{}, msg(1), msg(0))}
		}, 0, 1},
		{"no more than the cap", func() [][]byte {
			return [][]byte{tx(0, testutil.TxSpec{}, msg(0)), tx(0, testutil.TxSpec{Gas: 3_000_000}, msg(0), msg(0), msg(0))}
		}, most, 0},
		{"two that can pay for one", func() [][]byte {
			return [][]byte{tx(0, testutil.TxSpec{Fee: all()}, msg(0)), tx(0, testutil.TxSpec{Fee: all()}, msg(0))}
		}, 1, 1},
	} {
		before := n.VerifierKeeper.Counts().Batched
		failed := 0
		for _, res := range n.Block(tc.txs()...).Results {
			if res.Code != 0 {
				failed++
			}
		}
		require.Equal(t, tc.failed, failed, tc.name)
		require.Equal(t, tc.batched, n.VerifierKeeper.Counts().Batched-before, tc.name)
	}
}

// Proofs that fail in CheckTx cost their sender nothing, so a node looks at a few for
// each assignment and block only, and at none for what waits already; good ones wait in
// the first lane, one for each.
func TestProofsInCheckTx(t *testing.T) {
	n := newQuietNetwork(t, plainCircuit(t))
	claims := n.proofs(6)
	good := claims[0]
	ids := n.assignedMany(good, 2)
	counts := n.VerifierKeeper.Counts
	send := func(id string, proof []byte, worker int, gas uint64) *abci.ResponseCheckTx {
		return n.Check(n.unordered(n.workers[worker], gas, &markettypes.MsgSubmitProof{
			Signer: n.workers[worker].String(), RequestId: id, PublicValues: good.publicValues, Proof: proof,
		}))
	}
	n.RequireCheckError(markettypes.ErrNotAssignedToYou, send(ids[0], good.proof, 1, 0))
	n.RequireCheckError(sdkerrors.ErrOutOfGas, send(ids[0], good.proof, 0, 50_000))
	require.Zero(t, counts())
	for i, other := range claims[1:4] {
		n.RequireCheckError(verifiertypes.ErrInvalidProof, send(ids[0], other.proof, 0, 0))
		if i < 2 {
			n.RequireCheckError(verifiertypes.ErrInvalidProof, send(ids[0], other.proof, 0, 0))
		}
	}
	require.Equal(t, keeper.Counts{Direct: 3, Known: 2}, counts(), "what failed is remembered")
	n.RequireCheckError(app.ErrTooManyProofs, send(ids[0], good.proof, 0, 0))
	require.Zero(t, send(ids[1], good.proof, 0, 0).Code, "another assignment")
	require.Equal(t, keeper.Counts{Direct: 4, Known: 2}, counts())
	n.RequireCheckError(lanes.ErrPending, send(ids[1], good.proof, 0, 0))
	n.RequireCheckError(lanes.ErrPending, send(ids[1], claims[5].proof, 0, 0))
	require.Equal(t, keeper.Counts{Direct: 4, Known: 2}, counts(), "for what waits, nothing is verified")
	n.Block()
	res := send(ids[0], good.proof, 0, 0)
	require.Zero(t, res.Code, res.Log)
	require.Equal(t, 2, n.Pool().CountTx())
}
