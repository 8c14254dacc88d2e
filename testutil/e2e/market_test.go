// Package e2e drives the whole application through its messages, with real
// signatures, a real circuit and real proofs, and checks the invariants of
// docs/design.md section 7 after every block.
package e2e

import (
	"bytes"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// cubic proves knowledge of X with X³ + X + 5 = Y. Committed, it also binds X
// with a gnark commitment, as circuits with range checks do.
type cubic struct {
	X         frontend.Variable
	Y         frontend.Variable `gnark:",public"`
	committed bool
}

func (c *cubic) Define(api frontend.API) error {
	api.AssertIsEqual(c.Y, api.Add(api.Mul(c.X, c.X, c.X), c.X, 5))
	if !c.committed {
		return nil
	}
	com, err := api.(frontend.Committer).Commit(c.X)
	if err != nil {
		return err
	}
	api.AssertIsDifferent(com, 0)
	return nil
}

// circuit is a compiled cubic with its keys.
type circuit struct {
	system constraint.ConstraintSystem
	pk     groth16.ProvingKey
	key    []byte // verifying key in gnark's WriteRawTo form
	id     string
}

func newCircuit(committed bool) (*circuit, error) {
	logger.Disable()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &cubic{committed: committed})
	if err != nil {
		return nil, err
	}
	pk, vk, err := groth16.Setup(system)
	if err != nil {
		return nil, err
	}
	var key bytes.Buffer
	if _, err := vk.WriteRawTo(&key); err != nil {
		return nil, err
	}
	id := proof.CircuitID(plaingroth16.Name, proof.CurveBN254, key.Bytes())
	return &circuit{system: system, pk: pk, key: key.Bytes(), id: hex.EncodeToString(id[:])}, nil
}

// Keys are made once for all tests.
var (
	plainKeys     = sync.OnceValues(func() (*circuit, error) { return newCircuit(false) })
	committedKeys = sync.OnceValues(func() (*circuit, error) { return newCircuit(true) })
)

func plainCircuit(t testing.TB) *circuit {
	t.Helper()
	c, err := plainKeys()
	require.NoError(t, err)
	return c
}

func committedCircuit(t testing.TB) *circuit {
	t.Helper()
	c, err := committedKeys()
	require.NoError(t, err)
	return c
}

// claim is a statement of the circuit with a proof of it.
type claim struct {
	statement    verifiertypes.Statement
	publicValues []byte
	proof        []byte
}

// prove makes a real proof that the prover knows x.
func (c *circuit) prove(t testing.TB, x int64) claim {
	t.Helper()
	w, err := frontend.NewWitness(&cubic{X: x, Y: x*x*x + x + 5}, ecc.BN254.ScalarField())
	require.NoError(t, err)
	p, err := groth16.Prove(c.system, c.pk, w)
	require.NoError(t, err)
	var raw bytes.Buffer
	_, err = p.WriteRawTo(&raw)
	require.NoError(t, err)
	values := publicValues(t, w)
	digest := proof.MaskedDigest(values)
	return claim{
		statement:    verifiertypes.Statement{Verifier: verifiertypes.CircuitVerifier, Program: c.id, Digest: hex.EncodeToString(digest[:])},
		publicValues: values,
		proof:        raw.Bytes(),
	}
}

// publicValues returns the public inputs as 32-byte big-endian words (law V2).
func publicValues(t testing.TB, w witness.Witness) []byte {
	t.Helper()
	public, err := w.Public()
	require.NoError(t, err)
	b, err := public.MarshalBinary()
	require.NoError(t, err)
	const header = 12 // three u32: public, secret, length
	return b[header:]
}

const (
	million     = 1_000_000
	maxFee      = 10 * million
	minStake    = 1_000 * million
	selfStake   = 5_000 * million
	bidding     = 3
	revealing   = 10
	timeLimit   = 30 * time.Second
	commission  = 1_000 // bps
	requestNote = "https://example.org/image"
)

// network is a chain with a requester, provers with submitters, and a circuit.
type network struct {
	*testutil.App
	t         testing.TB
	requester *testutil.Account
	provers   []*testutil.Account
	workers   []*testutil.Account // the submitters of the provers
	circuit   *circuit
	nonce     uint64
}

var names = []string{"alpha", "bravo", "charlie"}

// newNetwork starts a chain on which three provers are registered and linked,
// and checks all invariants after each block.
func newNetwork(t testing.TB, c *circuit, opts ...testutil.Option) *network {
	t.Helper()
	return newQuietNetwork(t, c, append([]testutil.Option{testutil.WithInvariants()}, opts...)...)
}

// accountNames are those of the network's accounts.
func accountNames() []string {
	all := []string{"requester", "delegator", "stranger"}
	for _, n := range names {
		all = append(all, n, n+"-worker")
	}
	return all
}

// newQuietNetwork is newNetwork without checks.
func newQuietNetwork(t testing.TB, c *circuit, opts ...testutil.Option) *network {
	t.Helper()
	opts = append([]testutil.Option{testutil.WithAccounts(accountNames()...)}, opts...)
	n := &network{App: testutil.NewApp(t, opts...), t: t, circuit: c}
	n.requester = n.Account("requester")
	var first, second [][]byte
	first = append(first, n.Tx(n.requester, c.registration(n.requester)))
	for _, name := range names {
		p, w := n.Account(name), n.Account(name+"-worker")
		n.provers, n.workers = append(n.provers, p), append(n.workers, w)
		first = append(first,
			n.Tx(p, &proverstypes.MsgRegister{
				Prover: p.String(), Profile: proverstypes.Profile{Name: name}, CommissionBps: commission, SelfStake: math.NewInt(selfStake),
			}),
			n.Tx(w, &markettypes.MsgConsentSubmitter{Submitter: w.String(), Prover: p.String()}))
	}
	n.RequireOK(n.Block(first...).Results...)
	for i, p := range n.provers {
		second = append(second, n.Tx(p, &markettypes.MsgRegisterSubmitter{Prover: p.String(), Submitters: []string{n.workers[i].String()}}))
	}
	n.RequireOK(n.Block(second...).Results...)
	return n
}

// requestMsg asks for a proof of the claim.
func (n *network) requestMsg(c claim) *markettypes.MsgRequest {
	n.nonce++
	return &markettypes.MsgRequest{
		Requester: n.requester.String(), Statement: c.statement,
		Image:  markettypes.Image{Url: requestNote, Sha256: hex.EncodeToString(make([]byte, 32))},
		Input:  markettypes.Input{Inline: []byte("input")},
		MaxFee: math.NewInt(maxFee), MinStake: math.NewInt(minStake), TimeLimit: timeLimit,
		BiddingBlocks: bidding, RevealBlocks: revealing, Nonce: n.nonce,
	}
}

// request makes the request and returns its id.
func (n *network) request(msg *markettypes.MsgRequest) string {
	n.t.Helper()
	var res markettypes.MsgRequestResponse
	n.MsgResponse(n.MustDeliver(n.requester, msg), 0, &res)
	return res.Id
}

// bid is what one prover hides behind its commitment.
type bid struct {
	prover  int // index into the network's provers
	fee     int64
	standby bool
}

func salt(b bid) []byte { return bytes.Repeat([]byte{byte(b.prover + 1)}, 32) }

// bidMsg seals b, signed by the prover's submitter.
func (n *network) bidMsg(id string, b bid) *markettypes.MsgBid {
	n.t.Helper()
	raw, err := hex.DecodeString(id)
	require.NoError(n.t, err)
	commitment, err := auction.Commitment(n.ChainID(), raw, n.provers[b.prover].Address, math.NewInt(b.fee), b.standby, salt(b))
	require.NoError(n.t, err)
	return &markettypes.MsgBid{Signer: n.workers[b.prover].String(), RequestId: id, Commitment: commitment[:]}
}

func (n *network) revealMsg(id string, b bid) *markettypes.MsgReveal {
	return &markettypes.MsgReveal{
		Signer: n.workers[b.prover].String(), RequestId: id, Fee: math.NewInt(b.fee), Standby: b.standby, Salt: salt(b),
	}
}

// submit sends the claim's proof as the submitter of that prover.
func (n *network) submit(id string, prover int, c claim) *abci.ExecTxResult {
	n.t.Helper()
	return n.Deliver(n.workers[prover], &markettypes.MsgSubmitProof{
		Signer: n.workers[prover].String(), RequestId: id, PublicValues: c.publicValues, Proof: c.proof,
	})
}

// auction takes a request from its bids to the assignment.
func (n *network) auction(id string, bids ...bid) {
	n.t.Helper()
	n.each(bids, func(b bid) sdk.Msg { return n.bidMsg(id, b) })
	n.Advance(bidding)
	n.each(bids, func(b bid) sdk.Msg { return n.revealMsg(id, b) })
}

// each delivers one message for each bid, all in one block.
func (n *network) each(bids []bid, msg func(bid) sdk.Msg) {
	n.t.Helper()
	var txs [][]byte
	for _, b := range bids {
		txs = append(txs, n.Tx(n.workers[b.prover], msg(b)))
	}
	n.RequireOK(n.Block(txs...).Results...)
}

// view returns where a request stands.
func (n *network) view(id string) markettypes.RequestView {
	n.t.Helper()
	res, err := markettypes.NewQueryClient(n.Conn()).Request(n.Context(), &markettypes.QueryRequestRequest{Id: id})
	require.NoError(n.t, err)
	return res.View
}

// vault returns a prover's vault as of the last block.
func (n *network) vault(prover int) *proverstypes.QueryVaultResponse {
	n.t.Helper()
	res, err := proverstypes.NewQueryClient(n.Conn()).Vault(n.Context(), &proverstypes.QueryVaultRequest{Prover: n.provers[prover].String()})
	require.NoError(n.t, err)
	return res
}
