package e2e

import (
	"encoding/json"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

var ourModules = []string{verifiertypes.ModuleName, proverstypes.ModuleName, markettypes.ModuleName}

// state is everything that our modules keep, but for the market's clock, which
// every block moves.
func (n *network) state() string {
	n.t.Helper()
	var modules map[string]map[string]json.RawMessage
	require.NoError(n.t, json.Unmarshal(n.Export(ourModules...).AppState, &modules))
	require.Len(n.t, modules, len(ourModules))
	delete(modules[markettypes.ModuleName], "clock")
	b, err := json.Marshal(modules)
	require.NoError(n.t, err)
	return string(b)
}

// refuses delivers msg, which must fail with want, change nothing in our modules
// and cost its signer the fee alone.
func (n *network) refuses(want *errorsmod.Error, signer *testutil.Account, msg sdk.Msg) *abci.ExecTxResult {
	n.t.Helper()
	state, balance := n.state(), n.Balance(signer.Address)
	res := n.Deliver(signer, msg)
	n.RequireError(want, res)
	require.NotEmpty(n.t, res.Log)
	require.Equal(n.t, state, n.state())
	require.Equal(n.t, balance.SubRaw(testutil.DefaultGas/400), n.Balance(signer.Address))
	return res
}

func TestBadRequestsAreRefused(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 3)
	for name, tc := range map[string]struct {
		want   *errorsmod.Error
		change func(m *markettypes.MsgRequest)
	}{
		"unknown verifier":        {verifiertypes.ErrVerifierNotFound, func(m *markettypes.MsgRequest) { m.Statement.Verifier = "pico/v0.0.1" }},
		"unknown circuit":         {verifiertypes.ErrCircuitNotFound, func(m *markettypes.MsgRequest) { m.Statement.Program = m.Statement.Digest }},
		"short digest":            {verifiertypes.ErrInvalidStatement, func(m *markettypes.MsgRequest) { m.Statement.Digest = m.Statement.Digest[:62] }},
		"long digest":             {verifiertypes.ErrInvalidStatement, func(m *markettypes.MsgRequest) { m.Statement.Digest += "00" }},
		"upper-case digest":       {verifiertypes.ErrInvalidStatement, func(m *markettypes.MsgRequest) { m.Statement.Digest = "AB" + m.Statement.Digest[2:] }},
		"digest above 2^253":      {verifiertypes.ErrInvalidDigest, func(m *markettypes.MsgRequest) { m.Statement.Digest = "ff" + m.Statement.Digest[2:] }},
		"fee above balance":       {markettypes.ErrFunds, func(m *markettypes.MsgRequest) { m.MaxFee = math.NewInt(10 * testutil.DefaultBalance) }},
		"zero fee":                {markettypes.ErrInvalidAmount, func(m *markettypes.MsgRequest) { m.MaxFee = math.ZeroInt() }},
		"negative fee":            {markettypes.ErrInvalidAmount, func(m *markettypes.MsgRequest) { m.MaxFee = math.NewInt(-1) }},
		"negative stake":          {markettypes.ErrInvalidAmount, func(m *markettypes.MsgRequest) { m.MinStake = math.NewInt(-1) }},
		"reveal window too short": {markettypes.ErrInvalidRequest, func(m *markettypes.MsgRequest) { m.RevealBlocks = revealing - 1 }},
		"no time":                 {markettypes.ErrInvalidRequest, func(m *markettypes.MsgRequest) { m.TimeLimit = 0 }},
	} {
		t.Run(name, func(*testing.T) {
			msg := n.requestMsg(c)
			tc.change(msg)
			n.refuses(tc.want, n.requester, msg)
		})
	}
	msg := n.requestMsg(c)
	n.request(msg)
	n.refuses(markettypes.ErrRequestExists, n.requester, msg)
}

func TestBadBidsAndRevealsAreRefused(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	request := n.requestMsg(n.circuit.prove(t, 3))
	request.BiddingBlocks = 5
	id := n.request(request)
	b := bid{prover: 0, fee: 2 * million}
	stranger := n.Account("stranger")

	strange := n.bidMsg(id, b)
	strange.Signer = stranger.String()
	n.refuses(markettypes.ErrNotAProver, stranger, strange)
	short := n.bidMsg(id, b)
	short.Commitment = short.Commitment[1:]
	n.refuses(markettypes.ErrInvalidSize, n.workers[0], short)
	n.MustDeliver(n.workers[0], n.bidMsg(id, b))
	n.refuses(markettypes.ErrRevealNotOpen, n.workers[0], n.revealMsg(id, b))
	n.Block() // the last one that takes bids

	n.refuses(markettypes.ErrBiddingClosed, n.workers[1], n.bidMsg(id, bid{prover: 1, fee: million}))
	otherSalt := n.revealMsg(id, b)
	otherSalt.Salt = salt(bid{prover: 1})
	n.refuses(markettypes.ErrWrongReveal, n.workers[0], otherSalt)
	otherFee := n.revealMsg(id, b)
	otherFee.Fee = math.NewInt(b.fee - 1)
	n.refuses(markettypes.ErrWrongReveal, n.workers[0], otherFee)
	n.refuses(markettypes.ErrBidNotFound, n.workers[2], n.revealMsg(id, bid{prover: 2, fee: million}))
}

// One bit decides: whatever byte of the proof or the public values is changed,
// the proof is refused, nobody is paid, and the right proof still works.
func TestBadProofsAreRefused(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 3)
	id := n.request(n.requestMsg(c))
	n.auction(id, threeBids...)
	const winner = 1
	msg := func(prover int, values, proof []byte) *markettypes.MsgSubmitProof {
		return &markettypes.MsgSubmitProof{Signer: n.workers[prover].String(), RequestId: id, PublicValues: values, Proof: proof}
	}
	n.refuses(markettypes.ErrNotAssignedToYou, n.workers[0], msg(0, c.publicValues, c.proof))
	stranger := n.Account("stranger")
	strange := msg(0, c.publicValues, c.proof)
	strange.Signer = stranger.String()
	n.refuses(markettypes.ErrNotAProver, stranger, strange)

	other := n.circuit.prove(t, 4)
	n.refuses(verifiertypes.ErrInvalidPublicValues, n.workers[winner], msg(winner, other.publicValues, other.proof))
	n.refuses(verifiertypes.ErrInvalidProof, n.workers[winner], msg(winner, c.publicValues, other.proof))
	n.refuses(verifiertypes.ErrMalformedProof, n.workers[winner], msg(winner, c.publicValues, append(c.proof[:len(c.proof):len(c.proof)], 0)))

	state := n.state()
	for _, txs := range flipped(c.proof, func(proof []byte) []byte {
		return n.Tx(n.workers[winner], msg(winner, c.publicValues, proof))
	}) {
		for i, res := range n.Block(txs...).Results {
			require.NotZerof(t, res.Code, "flipped proof %d was accepted", i)
			require.Equalf(t, verifiertypes.ModuleName, res.Codespace, "flipped proof %d: %s", i, res.Log)
		}
	}
	require.Equal(t, state, n.state())

	n.RequireOK(n.submit(id, winner, c))
	n.refuses(markettypes.ErrRequestEnded, n.workers[winner], msg(winner, c.publicValues, c.proof))
}

// flipped makes a transaction for each byte of the proof with one of its bits
// flipped, in blocks of a size that the block's gas allows.
func flipped(proof []byte, tx func([]byte) []byte) (blocks [][][]byte) {
	const perBlock = 50
	for i := range proof {
		bad := append([]byte{}, proof...)
		bad[i] ^= 1 << (i % 8)
		if i%perBlock == 0 {
			blocks = append(blocks, nil)
		}
		last := len(blocks) - 1
		blocks[last] = append(blocks[last], tx(bad))
	}
	return blocks
}
