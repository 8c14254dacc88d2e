package prover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// address makes a test address; package variables come before TestMain.
func address(b byte) string {
	chainconst.ConfigureBech32()
	return sdk.AccAddress(bytes.Repeat([]byte{b}, 20)).String()
}

var proverAddr, signerAddr, rivalAddr = address(1), address(2), address(3)

// cube states X³ = Y.
type cube struct {
	Y frontend.Variable `gnark:",public"`
	X frontend.Variable
}

func (c *cube) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Mul(c.X, c.X, c.X))
	return nil
}

type circuit struct {
	image, key, input []byte
}

// newCircuit is a circuit with keys of its own and a valid input for it.
func newCircuit() *circuit {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cube{})
	must(err)
	pk, vk, err := groth16.Setup(system)
	must(err)
	var image, key bytes.Buffer
	must(gnark.WriteImage(&image, system, pk))
	_, err = vk.WriteRawTo(&key)
	must(err)
	w, err := frontend.NewWitness(&cube{X: 3, Y: 27}, ecc.BN254.ScalarField())
	must(err)
	input, err := w.MarshalBinary()
	must(err)
	return &circuit{image: image.Bytes(), key: key.Bytes(), input: input}
}

var (
	testCircuit  = sync.OnceValue(newCircuit)
	otherCircuit = sync.OnceValue(newCircuit)
)

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// fakeTx is a transaction that fakeChain signed.
type fakeTx struct {
	msg     sdk.Msg
	expires time.Time
	pooled  bool
	result  chain.TxResult
}

// fakeChain is a market of one block at a time; the test sets its stages.
type fakeChain struct {
	t  testing.TB
	mu sync.Mutex

	head   chain.Head
	views  map[string]*markettypes.RequestView
	inputs map[string][]byte
	bids   map[string]*markettypes.Bid
	keys   map[string]proof.Key
	txs    map[string]*fakeTx
	mayBid bool
	// standing is what the chain says of our stake.
	standing chain.Standing

	// published is each request as the events of blocks left it, blocks what those
	// said up to the height told; blockErr keeps a block's results back.
	published map[string]string
	blocks    map[int64][]chain.Change
	told      int64
	blockErr  func(height int64) error
	// quiet leaves what changed to the test: nothing is compared.
	quiet bool
	// lists, views and standings count what was asked.
	lists, asked, standings int

	// step is called when a transaction is signed, sent, or looked for, and for the
	// chain's state; dead tells that the process that asks has died.
	step func()
	dead bool

	signed []sdk.Msg
	sent   int
	// signErr answers Sign; onBroadcast may fail, and says whether the
	// transaction reaches the pool all the same; failTx fails it in its block.
	signErr     error
	onBroadcast func(sdk.Msg) (arrives bool, err error)
	failTx      func(sdk.Msg) string
	// refuseItem and failItem do the same to single items of batches: when they are
	// signed, and in their block. hideItems leaves their results out.
	refuseItem, failItem func(id string) error
	hideItems            bool
}

func newFakeChain(t testing.TB) *fakeChain {
	return &fakeChain{
		t:         t,
		head:      chain.Head{Height: 10, Time: time.Unix(1_700_000_000, 0).UTC()},
		views:     map[string]*markettypes.RequestView{},
		inputs:    map[string][]byte{},
		bids:      map[string]*markettypes.Bid{},
		keys:      map[string]proof.Key{},
		txs:       map[string]*fakeTx{},
		mayBid:    true,
		published: map[string]string{}, blocks: map[int64][]chain.Change{},
		standing: chain.Standing{Figures: auction.Figures{
			Active: true, SelfStake: math.NewInt(1_000), MinSelfStake: math.OneInt(), Assets: math.NewInt(2_000),
			AssignedStake: math.ZeroInt(), Exposure: math.ZeroInt(), MaxExposure: math.ZeroInt(),
		}},
	}
}

func (c *fakeChain) ChainID() string { return "test-1" }
func (c *fakeChain) Signer() string  { return signerAddr }

func (c *fakeChain) Head(context.Context) (chain.Head, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.publish()
	return c.head, nil
}

func (c *fakeChain) Seen() chain.Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return chain.Seen{Height: c.head.Height, Time: c.head.Time, State: c.head.Height}
}

func (c *fakeChain) Pending(context.Context) (out []markettypes.RequestView, at int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists++
	for _, v := range c.views {
		if v.Auction.Status == markettypes.REQUEST_STATUS_PENDING {
			out = append(out, *v)
		}
	}
	return out, c.head.Height, nil
}

func (c *fakeChain) Request(ctx context.Context, id string) (markettypes.RequestView, []byte, error) {
	return c.RequestFrom(ctx, id, 0)
}

func (c *fakeChain) RequestFrom(_ context.Context, id string, least int64) (markettypes.RequestView, []byte, error) {
	c.stepped()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if least > c.head.Height {
		return markettypes.RequestView{}, nil, fmt.Errorf("%w: it lags", chain.ErrUnavailable)
	}
	v, ok := c.views[id]
	if !ok {
		return markettypes.RequestView{}, nil, chain.ErrNotFound
	}
	return *v, c.inputs[id], nil
}

func (c *fakeChain) Bid(_ context.Context, id, prover string) (markettypes.Bid, error) {
	c.stepped()
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.bids[id]
	if !ok || prover != proverAddr {
		return markettypes.Bid{}, chain.ErrNotFound
	}
	return *b, nil
}

func (c *fakeChain) MayBid(context.Context, string, string) (*markettypes.QueryMayBidResponse, error) {
	return &markettypes.QueryMayBidResponse{MayBid: c.mayBid, Conditions: []markettypes.Condition{{Name: "vault", Ok: c.mayBid, Have: "1", Need: "2"}}}, nil
}

func (c *fakeChain) Standing(context.Context, string) (chain.Standing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standings++
	return c.standing, nil
}

func (c *fakeChain) Key(_ context.Context, st verifiertypes.Statement) (proof.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.keys[st.Program]; ok {
		return k, nil
	}
	return nil, chain.ErrNotFound
}

// errDead is what a dead process hears.
var errDead = fmt.Errorf("%w: the process is dead", chain.ErrUnavailable)

func (c *fakeChain) stepped() {
	if c.step != nil {
		c.step()
	}
}

func (c *fakeChain) Sign(_ context.Context, msg sdk.Msg) (chain.SignedTx, error) {
	c.stepped()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return chain.SignedTx{}, errDead
	}
	if c.signErr != nil {
		return chain.SignedTx{}, c.signErr
	}
	if refused := itemsThat(c.refuseItem, msg); len(refused) > 0 {
		return chain.SignedTx{}, &chain.ItemsError{Items: refused}
	}
	c.signed = append(c.signed, msg)
	raw := []byte(fmt.Sprintf("tx %d", len(c.signed)))
	tx := &fakeTx{msg: msg, expires: c.head.Time.Add(time.Minute)}
	c.txs[strings.ToUpper(sum(raw))] = tx
	return chain.SignedTx{Hash: strings.ToUpper(sum(raw)), Raw: raw, Expires: tx.expires}, nil
}

func (c *fakeChain) Broadcast(_ context.Context, raw []byte) error {
	c.stepped()
	defer c.stepped()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errDead
	}
	tx := c.txs[strings.ToUpper(sum(raw))]
	require.NotNil(c.t, tx)
	c.sent++
	arrives, err := true, error(nil)
	if c.onBroadcast != nil {
		arrives, err = c.onBroadcast(tx.msg)
	}
	tx.pooled = tx.pooled || arrives
	return err
}

func (c *fakeChain) LookUp(_ context.Context, hash string) (chain.TxResult, error) {
	c.stepped()
	c.mu.Lock()
	defer c.mu.Unlock()
	if tx := c.txs[hash]; tx != nil {
		return tx.result, nil
	}
	return chain.TxResult{}, nil
}

// mine makes a block of what is in the pool.
func (c *fakeChain) mine() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head.Height++
	c.head.Time = c.head.Time.Add(time.Second)
	for _, tx := range c.txs {
		if !tx.pooled || tx.result.Found || tx.expires.Before(c.head.Time) {
			continue
		}
		tx.result = chain.TxResult{Found: true, Height: c.head.Height}
		reason := ""
		if c.failTx != nil {
			reason = c.failTx(tx.msg)
		}
		if reason == "" {
			reason = c.deliverAll(tx)
		}
		if reason != "" {
			tx.result.Code, tx.result.Log = 5, reason
		}
	}
}

func (c *fakeChain) deliver(msg sdk.Msg) string {
	switch m := msg.(type) {
	case *markettypes.MsgBid:
		if c.views[m.RequestId].Stage != markettypes.STAGE_BIDDING {
			return "not bidding"
		}
		r := c.views[m.RequestId].Request
		bond, err := auction.Bond(r.MaxFee, r.Terms.MinBidBond, r.Terms.BidBondBps)
		if err != nil || (m.MaxBond.IsPositive() && bond.GT(m.MaxBond)) {
			return markettypes.ErrBondTooHigh.Error()
		}
		c.bids[m.RequestId] = &markettypes.Bid{Commitment: m.Commitment, State: markettypes.BID_STATE_SEALED, Bond: bond}
	case *markettypes.MsgReveal:
		b := c.bids[m.RequestId]
		if c.views[m.RequestId].Stage != markettypes.STAGE_REVEALING || b.State != markettypes.BID_STATE_SEALED {
			return "not revealing"
		}
		id, _ := hex.DecodeString(m.RequestId)
		want, err := auction.Commitment(c.ChainID(), id, sdk.MustAccAddressFromBech32(proverAddr), m.Fee, m.Standby, m.Salt)
		if err != nil || !bytes.Equal(want[:], b.Commitment) {
			return "does not open the commitment"
		}
		b.State, b.Fee = markettypes.BID_STATE_RANKED, m.Fee
	case *markettypes.MsgSubmitProof:
		v := c.views[m.RequestId]
		program, digest, err := statementBytes(v.Request.Statement)
		if err != nil {
			return err.Error()
		}
		if v.Auction.Assignment.Prover != proverAddr {
			return "not the assigned prover"
		}
		if err := c.keys[v.Request.Statement.Program].Verify(program, digest, m.PublicValues, m.Proof); err != nil {
			return err.Error()
		}
		v.Auction.Status, v.Auction.EndReason, v.Stage = markettypes.REQUEST_STATUS_FULFILLED, markettypes.END_REASON_PROVED, markettypes.STAGE_DONE
	}
	return ""
}

// stage moves a request on.
func (c *fakeChain) stage(id string, s markettypes.Stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[id].Stage, c.views[id].BlocksLeft, c.views[id].TimeLeft = s, 5, time.Minute
}

// assign makes a prover owe the proof.
func (c *fakeChain) assign(id, prover string, standby bool) {
	c.stage(id, markettypes.STAGE_ASSIGNED)
	if standby {
		c.stage(id, markettypes.STAGE_STANDBY)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[id].Auction.Assignment = &markettypes.Assignment{
		Prover: prover, Price: math.NewInt(1_000), Deadline: c.head.Time.Add(time.Minute), Standby: standby,
	}
}

// verifierStatus sets the status of a request's verifier.
func (c *fakeChain) verifierStatus(id string, status verifiertypes.VerifierStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[id].VerifierStatus = status
}

func (c *fakeChain) end(id string, status markettypes.RequestStatus, why markettypes.EndReason) {
	c.stage(id, markettypes.STAGE_DONE)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[id].Auction.Status, c.views[id].Auction.EndReason = status, why
}
