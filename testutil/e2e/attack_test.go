package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// busy does random things to a whole chain: everything that the market and the
// provers offer, by those who may and by those who may not. The same seed does
// the same things to the same chain.
type busy struct {
	*network
	random *rand.Rand
	claim  claim
	ids    []string
	// sealed is what each prover last hid behind its commitment, by request.
	sealed map[string]map[int]bid
	hashes []string
	codes  map[string]int
}

// shortUnstaking makes unstakings complete within the test, and parks those that
// an assignment holds.
func shortUnstaking(cdc codec.Codec, genesis app.GenesisState) {
	var g proverstypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[proverstypes.ModuleName], &g)
	g.Params.UnstakeDelay = 3 * time.Second
	g.Params.RewardPeriod = 20 * time.Second
	genesis[proverstypes.ModuleName] = cdc.MustMarshalJSON(&g)
}

// tightQueue leaves the market one due item a block and queue, so that messages
// meet requests that the queue has not come to.
func tightQueue(cdc codec.Codec, genesis app.GenesisState) {
	var g markettypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[markettypes.ModuleName], &g)
	g.Params.EndBlockCap = 2
	genesis[markettypes.ModuleName] = cdc.MustMarshalJSON(&g)
}

func newBusy(t *testing.T, c claim, seed int64, opts ...testutil.Option) *busy {
	opts = append([]testutil.Option{
		testutil.WithGenesis(shortUnstaking), testutil.WithGenesis(tightQueue), testutil.WithBlockHook(everyCoinIsSomewhere),
	}, opts...)
	return &busy{
		network: newNetwork(t, plainCircuit(t), opts...), random: rand.New(rand.NewSource(seed)), claim: c,
		sealed: map[string]map[int]bid{}, codes: map[string]int{},
	}
}

// block runs one block of up to n random transactions.
func (b *busy) block(n int) {
	b.t.Helper()
	var txs [][]byte
	for range n {
		if signer, msg := b.draw(); msg != nil {
			txs = append(txs, b.Tx(signer, msg))
		}
	}
	block := b.Block(txs...)
	b.hashes = append(b.hashes, fmt.Sprintf("%X %X", block.AppHash, block.ResultsHash))
	for _, r := range block.Results {
		b.codes[fmt.Sprintf("%s %d", r.Codespace, r.Code)]++
		require.NotEqual(b.t, uint32(111222), r.Code, "a message panicked: %s", r.Log)
	}
}

func (b *busy) draw() (*testutil.Account, sdk.Msg) {
	switch n := b.random.Intn(20); {
	case n < 1:
		return b.drawRequest()
	case n < 15:
		return b.drawStep()
	case n < 18:
		return b.drawStake()
	default:
		return b.drawState()
	}
}

func (b *busy) drawRequest() (*testutil.Account, sdk.Msg) {
	msg := b.requestMsg(b.claim)
	msg.BiddingBlocks = uint64(1 + b.random.Intn(3))
	msg.TimeLimit = time.Duration(2+b.random.Intn(6)) * time.Second
	msg.StandbyWindow = time.Duration(b.random.Intn(2)*4) * time.Second
	msg.MinStake = math.NewInt(int64(1+b.random.Intn(3)) * minStake)
	b.ids = append(b.ids, b.idOf(msg))
	return b.requester, msg
}

// drawStep does what the stage of a recent request calls for, or something else.
func (b *busy) drawStep() (*testutil.Account, sdk.Msg) {
	if len(b.ids) == 0 {
		return nil, nil
	}
	id := b.ids[max(0, len(b.ids)-1-b.random.Intn(8))]
	res, err := markettypes.NewQueryClient(b.Conn()).Request(b.Context(), &markettypes.QueryRequestRequest{Id: id})
	stage := markettypes.STAGE_BIDDING // it may be in this very block
	if err == nil {
		stage = res.View.Stage
	}
	who := b.random.Intn(len(b.provers))
	actor := b.provers[who]
	if b.random.Intn(2) == 0 {
		actor = b.workers[who]
	}
	switch b.random.Intn(16) {
	case 0:
		return b.requester, &markettypes.MsgCancel{Requester: b.requester.String(), RequestId: id}
	case 1:
		return b.Account("stranger"), &markettypes.MsgRefund{Signer: b.Account("stranger").String(), RequestIds: []string{id, id, b.ids[0]}}
	case 2:
		to := markettypes.RequestAccount(mustHex(id))
		return b.Account("delegator"), banktypes.NewMsgSend(b.Account("delegator").Address, to, uproof(int64(1+b.random.Intn(9))))
	}
	switch stage {
	case markettypes.STAGE_BIDDING:
		s := bid{prover: who, fee: int64(1 + b.random.Intn(maxFee)), standby: b.random.Intn(2) == 0}
		if b.sealed[id] == nil {
			b.sealed[id] = map[int]bid{}
		}
		msg := b.bidMsg(id, s)
		msg.Signer, b.sealed[id][who] = actor.String(), s
		return actor, msg
	case markettypes.STAGE_REVEALING:
		msg := b.revealMsg(id, b.sealed[id][who])
		msg.Signer = actor.String()
		return actor, msg
	default:
		return actor, &markettypes.MsgSubmitProof{
			Signer: actor.String(), RequestId: id, PublicValues: b.claim.publicValues, Proof: b.claim.proof,
		}
	}
}

func (b *busy) drawStake() (*testutil.Account, sdk.Msg) {
	who := b.random.Intn(len(b.provers))
	p, d := b.provers[who], b.Account("delegator")
	if b.random.Intn(3) == 0 {
		d = p
	}
	generation := b.vault(who).Vault.Generation
	amount := math.NewInt(int64(b.random.Intn(3000) * million))
	switch b.random.Intn(6) {
	case 0, 1:
		return d, &proverstypes.MsgStake{Staker: d.String(), Prover: p.String(), Amount: amount, MinSharesOut: math.ZeroInt()}
	case 2, 3:
		shares := b.BalanceOf(d.Address, proverstypes.ShareDenom(p.String(), generation))
		if b.random.Intn(2) == 0 {
			shares = math.MinInt(shares, amount)
		}
		return d, &proverstypes.MsgRequestUnstake{Staker: d.String(), Prover: p.String(), Shares: shares, MinOut: math.ZeroInt()}
	case 4:
		return d, &proverstypes.MsgCompleteUnstake{Signer: d.String(), Prover: p.String(), Id: uint64(1 + b.random.Intn(4))}
	default:
		shares := sdk.NewCoins(sdk.NewInt64Coin(proverstypes.ShareDenom(p.String(), generation), int64(1+b.random.Intn(million))))
		return d, banktypes.NewMsgSend(d.Address, b.Account("stranger").Address, shares)
	}
}

func (b *busy) drawState() (*testutil.Account, sdk.Msg) {
	who := b.random.Intn(len(b.provers))
	p, w := b.provers[who], b.workers[who]
	switch b.random.Intn(10) {
	case 0:
		return p, &proverstypes.MsgDeactivate{Prover: p.String()}
	case 1, 2:
		return p, &proverstypes.MsgReactivate{Prover: p.String()}
	case 3:
		return p, &proverstypes.MsgRetire{Prover: p.String()}
	case 4, 5:
		return p, &proverstypes.MsgRegister{Prover: p.String(), CommissionBps: commission, SelfStake: math.NewInt(selfStake)}
	case 6:
		return p, &proverstypes.MsgClaimCommission{Prover: p.String()}
	case 7:
		return w, &markettypes.MsgConsentSubmitter{Submitter: w.String(), Prover: p.String()}
	case 8:
		return p, &markettypes.MsgRegisterSubmitter{Prover: p.String(), Submitters: []string{w.String()}}
	default:
		return b.Account("stranger"), &markettypes.MsgClaim{Owner: b.Account("stranger").String()}
	}
}

// finish lets everything that is open end by itself, and checks that it has.
func (b *busy) finish() {
	b.t.Helper()
	b.Advance(60)
	for _, id := range b.ids {
		res, err := markettypes.NewQueryClient(b.Conn()).Request(b.Context(), &markettypes.QueryRequestRequest{Id: id})
		if err != nil {
			continue // its transaction was refused
		}
		require.NotEqual(b.t, markettypes.REQUEST_STATUS_PENDING, res.View.Auction.Status, "request %s never ends", id)
		b.codes["ended "+res.View.Auction.EndReason.String()]++
	}
	for i := range b.provers {
		res, err := proverstypes.NewQueryClient(b.Conn()).Prover(b.Context(), &proverstypes.QueryProverRequest{Prover: b.provers[i].String()})
		require.NoError(b.t, err)
		load := res.Prover.Prover.Load
		require.Zero(b.t, load.OpenAssignments)
		require.Zero(b.t, load.ParkedUnstakes)
		require.True(b.t, load.AssignedStake.IsZero() && load.Exposure.IsZero())
	}
}

// Whatever is thrown at the chain, the invariants hold after every block, nothing
// panics, every request ends and every obligation with it (law M12).
func TestBusyMarketKeepsItsInvariants(t *testing.T) {
	c := plainCircuit(t).prove(t, 11)
	seen := map[string]int{}
	for seed := range int64(3) {
		b := newBusy(t, c, seed)
		for range 80 {
			b.block(12)
		}
		b.RequireStableExport(ourModules...)
		b.finish()
		for k, n := range b.codes {
			seen[k] += n
		}
	}
	for _, reason := range []markettypes.EndReason{
		markettypes.END_REASON_PROVED, markettypes.END_REASON_CANCELLED, markettypes.END_REASON_MISSED,
		markettypes.END_REASON_NO_BIDS, markettypes.END_REASON_NONE_RANKED,
	} {
		require.Positive(t, seen["ended "+reason.String()], "%s: seen %v", reason, seen)
	}
}

// A network may mix executors: a busy market gives the same state and the same
// results whichever runs it (law M18).
func TestBusyMarketIsTheSameInParallel(t *testing.T) {
	c := plainCircuit(t).prove(t, 12)
	run := func(opts ...testutil.Option) []string {
		b := newBusy(t, c, 99, opts...)
		for range 40 {
			b.block(24)
		}
		return b.hashes
	}
	want := run()
	require.Equal(t, want, run(testutil.WithBlockSTM(2)))
	require.Equal(t, want, run(testutil.WithBlockSTM(8)))
}

// everyCoinIsSomewhere checks that all balances add up to the supply. A virtual
// credit that gets lost leaves the supply as it was and the coins nowhere (law M18).
func everyCoinIsSomewhere(a *testutil.App, ctx sdk.Context) error {
	sum := math.ZeroInt()
	a.BankKeeper.IterateAllBalances(ctx, func(_ sdk.AccAddress, coin sdk.Coin) bool {
		if coin.Denom == chain.Denom {
			sum = sum.Add(coin.Amount)
		}
		return false
	})
	if supply := a.BankKeeper.GetSupply(ctx, chain.Denom).Amount; !supply.Equal(sum) {
		return fmt.Errorf("supply is %s, balances come to %s", supply, sum)
	}
	return nil
}

// idOf is the id that a request will have: anybody can know it beforehand.
func (n *network) idOf(m *markettypes.MsgRequest) string {
	n.t.Helper()
	requester, err := sdk.AccAddressFromBech32(m.Requester)
	require.NoError(n.t, err)
	st := m.Statement
	id, err := auction.RequestID(n.ChainID(), requester, m.Nonce, st.Verifier, mustHex(st.Program), mustHex(st.Digest))
	require.NoError(n.t, err)
	return markettypes.FormatID(id[:])
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func uproof(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, n)) }
