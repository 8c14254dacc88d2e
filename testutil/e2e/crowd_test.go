package e2e

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	bidders = 3
	// winning is the party's prover that asks least.
	winning = 1
	// crowdStake carries as many assignments at once as a batch has.
	crowdStake = 300_000 * million
)

// Gas limits of the crowd's transactions: one for the transaction, one for each message
// or item. They leave a little room, as those that clients estimate do.
const (
	gasTx      = 120_000
	gasRequest = 120_000
	gasBid     = 60_000
	gasReveal  = 95_000
	gasProof   = 235_000
	gasSend    = 40_000
)

// party is a requester with provers of its own and their submitters: two parties share
// no account.
type party struct {
	requester        *testutil.Account
	provers, workers []*testutil.Account
}

// deal is one request on its way: a statement that nobody else asks for, and its proof,
// made beforehand.
type deal struct {
	*party
	claim claim
	nonce uint64
	id    string
}

// crowd is a chain with many parties.
type crowd struct {
	*testutil.App
	t       testing.TB
	circuit *circuit
	parties []*party
	made    int64 // deals
	// seen sends each transaction through CheckTx before its block.
	seen bool
	// apart has no two bids on one request in a block, and no two reveals: those of one
	// request wait for each other.
	apart bool
}

// newCrowd starts a chain with that many parties.
func newCrowd(t testing.TB, parties int, opts ...testutil.Option) *crowd {
	t.Helper()
	c := &crowd{t: t, circuit: plainCircuit(t)}
	for i := range parties {
		c.parties = append(c.parties, newParty(i))
	}
	var all []string
	for _, p := range c.parties {
		all = append(all, p.names()...)
	}
	c.App = testutil.NewApp(t, append([]testutil.Option{testutil.WithAccounts(all...)}, opts...)...)
	c.MustDeliver(c.parties[0].requester, c.circuit.registration(c.parties[0].requester))
	var first, second [][]byte
	for _, p := range c.parties {
		for i, prover := range p.provers {
			first = append(first,
				c.Tx(prover, &proverstypes.MsgRegister{
					Prover: prover.String(), Profile: proverstypes.Profile{Name: prover.Name}, CommissionBps: commission, SelfStake: math.NewInt(crowdStake),
				}),
				c.Tx(p.workers[i], &markettypes.MsgConsentSubmitter{Submitter: p.workers[i].String(), Prover: prover.String()}))
			second = append(second, c.Tx(prover, &markettypes.MsgRegisterSubmitter{Prover: prover.String(), Submitters: []string{p.workers[i].String()}}))
		}
	}
	for _, txs := range [][][]byte{first, second} {
		for part := range slices.Chunk(txs, 100) { // a block has no room for all
			c.RequireOK(c.Block(part...).Results...)
		}
	}
	// The first request of a chain makes the market's own account.
	c.live([]*deal{c.deal(c.parties[0])}, 1, c.block)
	return c
}

// block runs a block without looking at it.
func (c *crowd) block(_ string, txs ...[]byte) testutil.Block { return c.Block(txs...) }

func newParty(i int) *party {
	p := &party{requester: testutil.NewAccount(fmt.Sprintf("requester-%d", i))}
	for j := range bidders {
		p.provers = append(p.provers, testutil.NewAccount(fmt.Sprintf("prover-%d-%d", i, j)))
		p.workers = append(p.workers, testutil.NewAccount(fmt.Sprintf("worker-%d-%d", i, j)))
	}
	return p
}

func (p *party) accounts() []*testutil.Account {
	return slices.Concat([]*testutil.Account{p.requester}, p.provers, p.workers)
}

func (p *party) names() (list []string) {
	for _, a := range p.accounts() {
		list = append(list, a.Name)
	}
	return list
}

// deals makes so many for each party, its own one after the other.
func (c *crowd) deals(each int) (list []*deal) {
	c.t.Helper()
	for _, p := range c.parties {
		for range each {
			list = append(list, c.deal(p))
		}
	}
	return list
}

func (c *crowd) deal(p *party) *deal {
	c.t.Helper()
	c.made++
	return &deal{party: p, claim: c.circuit.prove(c.t, c.made), nonce: uint64(c.made)}
}

// runner runs a block with transactions of a kind.
type runner func(what string, txs ...[]byte) testutil.Block

// live takes deals from request to settled proof, batch messages or items to a
// transaction, which all have to work. It runs each block with run.
func (c *crowd) live(deals []*deal, batch int, run runner) {
	c.t.Helper()
	step := func(what string, txs [][]byte) testutil.Block {
		c.t.Helper()
		c.check(txs)
		block := run(what, txs...)
		c.RequireOK(block.Results...)
		return block
	}
	block := step("requests", c.requests(deals, batch))
	for i, d := range deals {
		var made markettypes.MsgRequestResponse
		c.MsgResponse(block.Results[i/batch], i%batch, &made)
		d.id = made.Id
	}
	for txs := range c.parts(c.bids(deals, batch)) {
		c.requireItems("bids", step("bids", txs), batch)
	}
	for range bidding - c.blocks() {
		run("nothing")
	}
	for txs := range c.parts(c.reveals(deals, batch)) {
		c.requireItems("reveals", step("reveals", txs), batch)
	}
	step("proofs", c.proofs(deals, batch))
}

// blocks is how many blocks the bids of a round take, and its reveals.
func (c *crowd) blocks() int {
	if c.apart {
		return bidders
	}
	return 1
}

// parts splits bids or reveals into their blocks.
func (c *crowd) parts(txs [][]byte) iter.Seq[[][]byte] {
	return slices.Chunk(txs, len(txs)/c.blocks())
}

// requireItems checks that no item of a batch failed.
func (c *crowd) requireItems(what string, block testutil.Block, batch int) {
	c.t.Helper()
	if batch == 1 {
		return
	}
	for _, res := range block.Results {
		var bids markettypes.MsgBidBatchResponse
		var reveals markettypes.MsgRevealBatchResponse
		if what == "bids" {
			c.MsgResponse(res, 0, &bids)
		} else {
			c.MsgResponse(res, 0, &reveals)
		}
		require.Equal(c.t, batch, len(bids.Results)+len(reveals.Results))
		for _, result := range bids.Results {
			require.Nil(c.t, result.Error)
		}
		for _, result := range reveals.Results {
			require.Nil(c.t, result.Error)
		}
	}
}

// check sends transactions through CheckTx, if the crowd's are to be seen there.
func (c *crowd) check(txs [][]byte) {
	c.t.Helper()
	if !c.seen {
		return
	}
	for _, tx := range txs {
		res := c.Check(tx)
		require.Zero(c.t, res.Code, res.Log)
	}
}

// tx signs messages with the gas that n of them need.
func (c *crowd) tx(signer *testutil.Account, n int, each uint64, msgs ...sdk.Msg) []byte {
	c.t.Helper()
	return c.SignTx(signer, testutil.TxSpec{Gas: gasTx + uint64(n)*each}, msgs...)
}

func (c *crowd) requests(deals []*deal, batch int) (txs [][]byte) {
	c.t.Helper()
	for part := range slices.Chunk(deals, batch) {
		var msgs []sdk.Msg
		for _, d := range part {
			msgs = append(msgs, d.request())
		}
		txs = append(txs, c.tx(part[0].requester, len(part), gasRequest, msgs...))
	}
	return txs
}

func (d *deal) request() *markettypes.MsgRequest {
	return &markettypes.MsgRequest{
		Requester: d.requester.String(), Statement: d.claim.statement,
		Image:  markettypes.Image{Url: requestNote, Sha256: hex.EncodeToString(make([]byte, 32))},
		Input:  markettypes.Input{Inline: []byte("input")},
		MaxFee: math.NewInt(maxFee), MinStake: math.NewInt(minStake), TimeLimit: timeLimit,
		BiddingBlocks: bidding, RevealBlocks: revealing, Nonce: d.nonce,
	}
}

// fee is what the deal's prover at that place asks.
func fee(place int) math.Int {
	asks := int64(5 + place)
	if place == winning {
		asks = 4
	}
	return math.NewInt(asks * million)
}

// salt is what hides the bid of the prover at that place.
func (d *deal) salt(place int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte{byte(place)}, d.nonce))
	return sum[:]
}

func (c *crowd) bidItem(d *deal, place int) markettypes.BidItem {
	c.t.Helper()
	raw, err := hex.DecodeString(d.id)
	require.NoError(c.t, err)
	sum, err := auction.Commitment(c.ChainID(), raw, d.provers[place].Address, fee(place), false, d.salt(place))
	require.NoError(c.t, err)
	return markettypes.BidItem{RequestId: d.id, Commitment: sum[:], MaxBond: math.ZeroInt()}
}

// bids are those of all first provers, then of all second ones, and so on.
func (c *crowd) bids(deals []*deal, batch int) (txs [][]byte) {
	c.t.Helper()
	for place := range bidders {
		for part := range slices.Chunk(deals, batch) {
			worker := part[0].workers[place]
			var items []markettypes.BidItem
			for _, d := range part {
				items = append(items, c.bidItem(d, place))
			}
			var msg sdk.Msg = &markettypes.MsgBidBatch{Signer: worker.String(), Items: items}
			if batch == 1 {
				msg = &markettypes.MsgBid{Signer: worker.String(), RequestId: items[0].RequestId, Commitment: items[0].Commitment, MaxBond: items[0].MaxBond}
			}
			txs = append(txs, c.tx(worker, len(items), gasBid, msg))
		}
	}
	return txs
}

// reveals are in the order of bids.
func (c *crowd) reveals(deals []*deal, batch int) (txs [][]byte) {
	c.t.Helper()
	for place := range bidders {
		for part := range slices.Chunk(deals, batch) {
			worker := part[0].workers[place]
			var items []markettypes.RevealItem
			for _, d := range part {
				items = append(items, markettypes.RevealItem{RequestId: d.id, Fee: fee(place), Salt: d.salt(place)})
			}
			var msg sdk.Msg = &markettypes.MsgRevealBatch{Signer: worker.String(), Items: items}
			if batch == 1 {
				msg = &markettypes.MsgReveal{Signer: worker.String(), RequestId: items[0].RequestId, Fee: items[0].Fee, Salt: items[0].Salt}
			}
			txs = append(txs, c.tx(worker, len(items), gasReveal, msg))
		}
	}
	return txs
}

func (c *crowd) proofs(deals []*deal, batch int) (txs [][]byte) {
	c.t.Helper()
	for part := range slices.Chunk(deals, batch) {
		worker := part[0].workers[winning]
		var msgs []sdk.Msg
		for _, d := range part {
			msgs = append(msgs, &markettypes.MsgSubmitProof{
				Signer: worker.String(), RequestId: d.id, PublicValues: d.claim.publicValues, Proof: d.claim.proof,
			})
		}
		txs = append(txs, c.tx(worker, len(part), gasProof, msgs...))
	}
	return txs
}
