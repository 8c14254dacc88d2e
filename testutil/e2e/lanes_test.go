package e2e

import (
	"fmt"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	siegeGas = 10_000_000 // of a block
	honest   = 8          // auctions
	attacked = 45         // assignments of the attacker, twice
	spammers = 1_000
	attacker = 2 // among the provers
	// failingGas is enough for a proof to pass CheckTx, not for the settlement.
	failingGas = 150_000
)

// siege is a node whose pool strangers and one of the provers fill.
type siege struct {
	*node
	good     claim
	spam     []string
	open     []string // requests that take bids all the time
	price    int64    // of the last flood
	accepted [2]int   // of bids and spam
	pending  map[string]int64
}

// siegeCapacity is small enough to be full.
var siegeCapacity = lanes.Capacity{
	Txs: [3]int{200, 60, 300}, Bytes: [3]int64{4 << 20, 4 << 20, 4 << 20}, OfSigner: [3]int{200, 30, 10},
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	c := &siege{pending: map[string]int64{}}
	for i := range spammers {
		c.spam = append(c.spam, fmt.Sprintf("spammer-%d", i))
	}
	genesis := testutil.Genesis(t, testutil.WithAccounts(append(accountNames(), c.spam...)...))
	genesis.ConsensusParams.Block.MaxGas = siegeGas
	n := newQuietNetwork(t, plainCircuit(t), testutil.WithExported(genesis), testutil.WithNodeOption(app.KeyCapacity, siegeCapacity))
	c.good = n.circuit.prove(t, 3)
	var stakes [][]byte
	for _, p := range n.provers {
		stakes = append(stakes, n.Tx(p, &proverstypes.MsgStake{
			Staker: p.String(), Prover: p.String(), Amount: math.NewInt(400_000 * million), MinSharesOut: math.ZeroInt(),
		}))
	}
	n.must(stakes)
	c.node = newNode(n, siegeCapacity)
	return c
}

// requests makes requests, a few in a block.
func (c *siege) requests(count int, change func(i int, m *markettypes.MsgRequest)) (ids []string) {
	c.t.Helper()
	var txs [][]byte
	for i := range count {
		msg := c.requestMsg(c.good)
		change(i, msg)
		txs = append(txs, c.Tx(c.requester, msg))
		if len(txs) < 30 && i < count-1 {
			continue
		}
		for _, res := range c.must(txs) {
			var made markettypes.MsgRequestResponse
			c.MsgResponse(res, 0, &made)
			ids = append(ids, made.Id)
		}
		txs = nil
	}
	return ids
}

// deliver runs a message on each request in blocks of their own, past the pool.
func (c *siege) deliver(ids []string, from *testutil.Account, msg func(id string) sdk.Msg) {
	c.t.Helper()
	for len(ids) > 0 {
		var txs [][]byte
		for _, id := range ids[:min(30, len(ids))] {
			txs = append(txs, c.Tx(from, msg(id)))
		}
		c.must(txs)
		ids = ids[len(txs):]
	}
}

// victims are requests of the attacker's own that only the attacker bids on, so that they
// are assigned to it.
func (c *siege) victims(count int) []string {
	c.t.Helper()
	ids := c.requests(count, func(_ int, m *markettypes.MsgRequest) { m.BiddingBlocks, m.TimeLimit = 8, 2*time.Minute })
	b := bid{prover: attacker, fee: million}
	c.deliver(ids, c.workers[attacker], func(id string) sdk.Msg { return c.bidMsg(id, b) })
	c.Advance(8)
	c.deliver(ids, c.workers[attacker], func(id string) sdk.Msg { return c.revealMsg(id, b) })
	c.Advance(1)
	return ids
}

// flood sends spam at a rising price, and bids of the provers on requests that stay open,
// those with the latest deadline first: each pushes out others that wait.
func (c *siege) flood(spam int) {
	c.t.Helper()
	for _, name := range c.spam[:spam] {
		from := c.Account(name)
		c.price++
		fee := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 2_500+c.price))
		if c.enter(c.SignTx(from, testutil.TxSpec{Unordered: c.unique(), Gas: 1_000_000, Fee: fee}, c.send(from))).Code == 0 {
			c.accepted[1]++
		}
	}
	for _, id := range c.open {
		for p := range c.provers {
			if c.enter(c.unordered(c.workers[p], 500_000, c.bidMsg(id, bid{prover: p, fee: c.price}))).Code == 0 {
				c.accepted[0]++
			}
		}
	}
}

// attack sends proofs that pass CheckTx and fail in the block, as often as the node takes
// them.
func (c *siege) attack(ids []string) {
	c.t.Helper()
	for _, id := range ids {
		res := c.enter(c.unordered(c.workers[attacker], failingGas, c.proofMsg(attacker, id)))
		if res.Code != 0 {
			c.RequireCheckError(lanes.ErrPending, res)
		}
	}
}

func (c *siege) proofMsg(prover int, id string) *markettypes.MsgSubmitProof {
	return &markettypes.MsgSubmitProof{Signer: c.workers[prover].String(), RequestId: id, PublicValues: c.good.publicValues, Proof: c.good.proof}
}

// urgent sends a proof or reveal of an honest prover.
func (c *siege) urgent(prover int, gas uint64, msg sdk.Msg) {
	c.t.Helper()
	tx := c.unordered(c.workers[prover], gas, msg)
	res := c.enter(tx)
	require.Zero(c.t, res.Code, res.Log)
	c.pending[string(tx)] = c.Height()
}

// run proposes a block and checks that nothing urgent waited longer than two. It returns
// how many of the attacker's transactions failed in it.
func (c *siege) run(attack []string) (failed int) {
	c.t.Helper()
	block := c.propose()
	for i, tx := range block.Request.Txs {
		at, ours := c.pending[string(tx)]
		if !ours {
			if block.Results[i].GasWanted == failingGas {
				require.NotZero(c.t, block.Results[i].Code)
				failed++
			}
			continue
		}
		require.LessOrEqual(c.t, block.Height-at, int64(2))
		require.Zero(c.t, block.Results[i].Code, block.Results[i].Log)
		delete(c.pending, string(tx))
	}
	for _, at := range c.pending {
		require.Less(c.t, block.Height-at, int64(2), "a reveal or proof still waits")
	}
	c.flood(100)
	c.attack(attack)
	return failed
}

// law M17: whatever else waits, spam of a thousand accounts and bids in lanes that are
// full, and proofs of a prover with earlier deadlines that fail in every block, each
// reveal and each proof is in one of the next two blocks.
func TestRevealsAndProofsGoFirst(t *testing.T) {
	c := newSiege(t)
	c.open = c.requests(30, func(i int, m *markettypes.MsgRequest) { m.BiddingBlocks = uint64(1_000 - i) })
	first, second := c.victims(attacked), c.victims(attacked)
	ids := c.requests(honest, func(_ int, m *markettypes.MsgRequest) {
		m.RevealBlocks, m.TimeLimit = 300, time.Hour // later deadlines than the attacker's
	})
	b := func(p int) bid { return bid{prover: p, fee: int64(4+p) * million} }
	for p := range attacker {
		c.deliver(ids, c.workers[p], func(id string) sdk.Msg { return c.bidMsg(id, b(p)) })
	}
	c.flood(spammers)
	for c.view(ids[0]).Stage == markettypes.STAGE_BIDDING || c.view(ids[0]).BlocksLeft == 0 {
		c.run(nil)
	}
	for lane, want := range map[lanes.Lane]int{lanes.Bids: 60, lanes.Rest: 300} {
		txs, _ := c.Pool().Waiting(lane)
		require.Equal(t, want, txs, "lane %s is not full", lane)
	}
	require.Greater(t, c.accepted[0], 60, "no bid was pushed out")
	require.Greater(t, c.accepted[1], 300+30, "no spam was pushed out")

	failed := 0
	c.attack(first)
	for _, id := range ids {
		for p := range attacker {
			c.urgent(p, 200_000, c.revealMsg(id, b(p)))
		}
	}
	for len(c.pending) > 0 {
		failed += c.run(first)
	}
	require.Greater(t, failed, attacked/2, "the attack was none")
	c.run(first)
	failed = 0
	c.attack(second)
	for _, id := range ids {
		c.urgent(0, 400_000, c.proofMsg(0, id))
	}
	for len(c.pending) > 0 {
		failed += c.run(second)
	}
	require.Greater(t, failed, attacked/2, "the attack was none")
	for _, id := range ids {
		require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, c.view(id).Auction.Status)
	}
}

// Two transactions of an account wait, the first of which is let go for one that pays
// more: the second would fail in a block, without paying.
func TestWhatCannotPayStaysOut(t *testing.T) {
	capacity := lanes.DefaultCapacity()
	capacity.Txs[lanes.Rest] = 2
	n := newNode(newQuietNetwork(t, plainCircuit(t), testutil.WithNodeOption(app.KeyCapacity, capacity)), capacity)
	alice, bob := n.Account("stranger"), n.Account("delegator")
	at := func(from *testutil.Account, sequence uint64, price int64) []byte {
		fee := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 2_500*price))
		return n.SignTx(from, testutil.TxSpec{Sequence: &sequence, Fee: fee}, n.send(from))
	}
	require.Zero(t, n.enter(at(alice, 0, 1)).Code)
	require.Zero(t, n.enter(at(bob, 0, 5)).Code)
	// Full of what pays more: what is refused leaves the sequence where it was.
	refused := n.enter(at(n.requester, 1, 1))
	n.RequireCheckError(lanes.ErrFull, refused)
	require.Zero(t, n.enter(at(n.requester, 1, 3)).Code, "the same account, the same sequence")
	require.False(t, n.Pool().Has(at(alice, 0, 1)))
	// The first of alice's is gone, and CheckTx expects her second.
	stray := at(alice, 1, 9)
	require.Zero(t, n.enter(stray).Code)
	block := n.propose()
	require.Len(t, block.Request.Txs, 1)
	n.RequireOK(block.Results...)
	require.False(t, n.Pool().Has(stray), "its recheck found out")
	require.Zero(t, n.enter(at(alice, 0, 1)).Code, "after the block the account starts again from what is committed")
}

// A transaction may leave its signer's public key out once the account has it.
func TestNoPublicKeyInATransaction(t *testing.T) {
	n := newNode(newQuietNetwork(t, plainCircuit(t)), lanes.DefaultCapacity())
	from := n.Account("stranger")
	n.MustDeliver(from, n.send(from))
	tx := n.keyless(from, 1, n.send(from))
	res := n.enter(tx)
	require.Zero(t, res.Code, res.Log)
	block := n.propose()
	require.Equal(t, [][]byte{tx}, block.Request.Txs)
	n.RequireOK(block.Results...)
}

// keyless signs a transaction that does not say its signer's public key.
func (n *network) keyless(from *testutil.Account, sequence uint64, msgs ...sdk.Msg) []byte {
	n.t.Helper()
	number := n.AccountKeeper.GetAccount(n.Ctx(), from.Address).GetAccountNumber()
	config := n.TxConfig()
	b := config.NewTxBuilder()
	require.NoError(n.t, b.SetMsgs(msgs...))
	b.SetGasLimit(testutil.DefaultGas)
	b.SetFeeAmount(sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 2_500)))
	signature := signing.SignatureV2{Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT}, Sequence: sequence}
	require.NoError(n.t, b.SetSignatures(signature))
	signature, err := tx.SignWithPrivKey(n.t.Context(), signing.SignMode_SIGN_MODE_DIRECT, authsigning.SignerData{
		ChainID: n.ChainID(), AccountNumber: number, Sequence: sequence, PubKey: from.Key.PubKey(), Address: from.String(),
	}, b, from.Key, config, sequence)
	require.NoError(n.t, err)
	signature.PubKey = nil
	require.NoError(n.t, b.SetSignatures(signature))
	bz, err := config.TxEncoder()(b.GetTx())
	require.NoError(n.t, err)
	return bz
}

// A proof and itself again pass CheckTx one by one, and fail together: sent for every
// block, it held its lane for next to nothing.
func TestTheSameProofTwiceInOneTransaction(t *testing.T) {
	n := newQuietNetwork(t, plainCircuit(t))
	good := n.circuit.prove(t, 3)
	msg := &markettypes.MsgSubmitProof{
		Signer: n.workers[0].String(), RequestId: n.assignedMany(good, 1)[0], PublicValues: good.publicValues, Proof: good.proof,
	}
	n.RequireCheckError(lanes.ErrTwice, n.Check(n.unordered(n.workers[0], 3_000_000, msg, msg)))
	n.RequireCheckError(lanes.ErrTooMuchGas, n.Check(n.unordered(n.workers[0], 60_000_000, msg)))
	require.Zero(t, n.Check(n.unordered(n.workers[0], 600_000, msg)).Code)
}

// law M17 binds every proposer: a block out of the order of lanes, or with more gas than
// a block or a lane may have, is rejected by all others.
func TestUnfairBlocksAreRejected(t *testing.T) {
	n := newQuietNetwork(t, plainCircuit(t))
	from := n.workers[0]
	id := n.request(n.requestMsg(n.circuit.prove(t, 3)))
	reveal := func(gas uint64) []byte { return n.unordered(from, gas, n.revealMsg(id, bid{})) }
	placed := func(gas uint64) []byte { return n.unordered(from, gas, n.bidMsg(id, bid{fee: 1})) }
	send := func(gas uint64) []byte { return n.unordered(from, gas, n.send(from)) }
	many := func(count int, tx func(uint64) []byte, gas uint64) (txs [][]byte) {
		for range count {
			txs = append(txs, tx(gas))
		}
		return txs
	}
	const m = 1_000_000
	for name, tc := range map[string]struct {
		txs  [][]byte
		want abci.ResponseProcessProposal_ProposalStatus
	}{
		"empty":                  {nil, abci.ResponseProcessProposal_ACCEPT},
		"in order":               {[][]byte{reveal(m / 2), reveal(m / 2), placed(m / 2), send(m)}, abci.ResponseProcessProposal_ACCEPT},
		"full":                   {append(append(many(120, reveal, m/2), many(60, placed, m/2)...), send(10*m)), abci.ResponseProcessProposal_ACCEPT},
		"all for the rest":       {[][]byte{send(100 * m)}, abci.ResponseProcessProposal_ACCEPT},
		"a reveal after a bid":   {[][]byte{placed(m / 2), reveal(m / 2)}, abci.ResponseProcessProposal_REJECT},
		"a bid after a send":     {[][]byte{send(m), placed(m / 2)}, abci.ResponseProcessProposal_REJECT},
		"too much of the first":  {append(many(120, reveal, m/2), reveal(1)), abci.ResponseProcessProposal_REJECT},
		"too much of the second": {append(many(180, placed, m/2), placed(1)), abci.ResponseProcessProposal_REJECT},
		"too much for a reveal":  {[][]byte{reveal(m)}, abci.ResponseProcessProposal_REJECT},
		"too much for a bid":     {[][]byte{placed(m)}, abci.ResponseProcessProposal_REJECT},
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
