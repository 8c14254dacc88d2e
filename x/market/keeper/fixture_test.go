package keeper_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// TestMain makes the state machine's default moderate; -rapid.checks overrides it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const (
	maxFee   = 10_000_000
	minStake = 2_000_000
	penalty  = minStake / 10
	bond     = maxFee / 100
	wealth   = 1_000_000_000
)

var (
	requester = account("requester")
	stranger  = account("stranger")
	alice     = account("alice")
	bob       = account("bob")
	carol     = account("carol")
	dave      = account("dave")
	gpu       = account("gpu")
)

// account makes an address of a name.
func account(name string) sdk.AccAddress {
	sum := sha256.Sum256([]byte(name))
	return sum[:20]
}

// fixture is the market over real auth and bank keepers.
type fixture struct {
	*banktest.Fixture
	tb testing.TB
	// t is tb, or the property test at work.
	t        require.TestingT
	keeper   *keeper.Keeper
	msgs     types.MsgServer
	queries  types.QueryServer
	provers  *fakeProvers
	verifier *fakeVerifier
	// refuse makes bank refuse what is sent to the address.
	refuse map[string]bool
	nonce  uint64
	tx     int
	// onBlock looks at each block that has ended, with its events; nil for nobody.
	onBlock func()
	// handmade: accounts were made by hand where requests have theirs.
	handmade bool
}

// setup starts a chain with four active provers.
func setup(t testing.TB) *fixture {
	t.Helper()
	key, fakes := storetypes.NewKVStoreKey(types.StoreKey), storetypes.NewKVStoreKey("fakes")
	objects := storetypes.NewObjectStoreKey(types.ObjectStoreKey)
	b := banktest.New(t, map[string][]string{types.ModuleName: nil, stakingtypes.ModuleName: nil}, key, fakes, objects)
	for _, name := range []string{types.ModuleName, stakingtypes.ModuleName} {
		b.Account.GetModuleAccount(b.Ctx, name)
	}
	f := &fixture{Fixture: b, tb: t, t: t, refuse: map[string]bool{}}
	f.provers = newFakeProvers(b, fakes)
	f.verifier = newFakeVerifier(fakes)
	f.keeper = keeper.NewKeeper(b.Codec, runtime.NewKVStoreService(key), objects, b.Account, b.Bank, fakePool{b}, f.verifier, f.provers, b.Authority)
	f.msgs, f.queries = keeper.NewMsgServer(f.keeper), keeper.NewQueryServer(f.keeper)
	b.Bank.AppendSendRestriction(f.restrict)
	require.NoError(t, f.keeper.InitGenesis(b.Ctx, types.DefaultGenesis()))
	for _, a := range []sdk.AccAddress{requester, stranger, alice, bob, carol, dave, gpu} {
		b.Fund(t, a, wealth)
	}
	for _, p := range []sdk.AccAddress{alice, bob, carol, dave} {
		f.provers.add(f, p, 100_000_000)
	}
	require.NoError(t, f.keeper.BeginBlock(b.Ctx))
	return f
}

// endBlock ends the block as the application does: bank first.
func (f *fixture) endBlock() {
	require.NoError(f.t, f.Bank.CreditVirtualAccounts(f.Ctx))
	require.NoError(f.t, f.keeper.EndBlock(f.Ctx))
	require.Zero(f.t, f.fresh(), "law M18: statistics are folded at the end of the block")
	require.Zero(f.t, f.left(), "what could not be folded")
	f.clearObjects()
	f.tx = 0
	asked := f.verifier.asked
	f.checkAccounts()
	require.NoError(f.t, f.keeper.CheckInvariants(f.Ctx))
	if f.onBlock != nil {
		f.onBlock()
	}
	f.verifier.asked = asked // what the end of the block asked, and nobody else
}

// storeKeys are the keys of all stores by name.
func storeKeys(stores storetypes.MultiStore) map[string]storetypes.StoreKey {
	return stores.(interface {
		StoreKeysByName() map[string]storetypes.StoreKey
	}).StoreKeysByName()
}

// clearObjects empties the object stores of the bank and the market, as a commit does.
func (f *fixture) clearObjects() {
	for _, name := range []string{banktypes.ObjectStoreKey, types.ObjectStoreKey} {
		clearObjects(f.t, f.Ctx.ObjectStore(storeKeys(f.Ctx.MultiStore())[name]))
	}
}

func clearObjects(t require.TestingT, store storetypes.ObjKVStore) {
	for _, key := range objectKeys(t, store) {
		store.Delete(key)
	}
}

// objectKeys lists the keys of an object store.
func objectKeys(t require.TestingT, store storetypes.ObjKVStore) (keys [][]byte) {
	it := store.Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		keys = append(keys, it.Key())
	}
	require.NoError(t, it.Close())
	return keys
}

// beginBlock begins the next block, gap after this one.
func (f *fixture) beginBlock(gap time.Duration) {
	f.Ctx = f.Ctx.WithBlockHeight(f.Ctx.BlockHeight() + 1).WithBlockTime(f.Ctx.BlockTime().Add(gap)).WithEventManager(sdk.NewEventManager())
	require.NoError(f.t, f.keeper.BeginBlock(f.Ctx))
}

// blocks passes n blocks of one second.
func (f *fixture) blocks(n int) {
	for range n {
		f.endBlock()
		f.beginBlock(time.Second)
	}
}

// run runs a message as a transaction: all or nothing.
func run[M, R any](f *fixture, handler func(ctx contextT, msg M) (R, error), msg M) (R, error) {
	branch, write := f.Ctx.WithTxBytes([]byte{1}).WithTxIndex(f.tx).CacheContext()
	f.tx++
	response, err := recovered(branch, handler, msg)
	if err == nil {
		write()
	}
	return response, err
}

// recovered turns a panic into an error, as baseapp does.
func recovered[M, R any](ctx contextT, handler func(ctx contextT, msg M) (R, error), msg M) (response R, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panicked: %v", r)
		}
	}()
	return handler(ctx, msg)
}

// requestMsg makes a sound request.
func (f *fixture) requestMsg() *types.MsgRequest {
	f.nonce++
	return &types.MsgRequest{
		Requester: requester.String(),
		Statement: verifiertypes.Statement{Verifier: "pico/v1", Program: types.FormatID(account32("program")), Digest: types.FormatID(account32("digest"))},
		Image:     types.Image{Url: "https://example.org/image", Sha256: types.FormatID(account32("image"))},
		Input:     types.Input{Inline: []byte("input")},
		MaxFee:    math.NewInt(maxFee), MinStake: math.NewInt(minStake),
		TimeLimit: time.Minute, BiddingBlocks: 3, RevealBlocks: 10, Nonce: f.nonce,
	}
}

func account32(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

// request makes a request, changed as wanted.
func (f *fixture) request(change ...func(*types.MsgRequest)) string {
	msg := f.requestMsg()
	for _, c := range change {
		c(msg)
	}
	response, err := run(f, f.msgs.Request, msg)
	require.NoError(f.t, err)
	return response.Id
}

// ofCircuit asks for a proof of the circuit onCircuit.
func ofCircuit(m *types.MsgRequest) { m.Statement.Verifier = "circuit" }

func withStandby(m *types.MsgRequest) { m.StandbyWindow = 30 * time.Second }

// salt makes a bidder's salt.
func salt(name string) []byte { return account32("salt " + name) }

// bidMsg makes a bid of the prover.
func (f *fixture) bidMsg(id string, signer, prover sdk.AccAddress, fee int64, standby bool) *types.MsgBid {
	raw, err := types.ParseID(id)
	require.NoError(f.t, err)
	c, err := auction.Commitment(f.Ctx.ChainID(), raw, prover, math.NewInt(fee), standby, salt(prover.String()))
	require.NoError(f.t, err)
	return &types.MsgBid{Signer: signer.String(), RequestId: id, Commitment: c[:]}
}

func (f *fixture) bid(id string, prover sdk.AccAddress, fee int64, standby ...bool) {
	_, err := run(f, f.msgs.Bid, f.bidMsg(id, prover, prover, fee, len(standby) > 0))
	require.NoError(f.t, err)
}

// revealMsg makes the matching reveal.
func (f *fixture) revealMsg(id string, signer, prover sdk.AccAddress, fee int64, standby bool) *types.MsgReveal {
	return &types.MsgReveal{Signer: signer.String(), RequestId: id, Fee: math.NewInt(fee), Standby: standby, Salt: salt(prover.String())}
}

func (f *fixture) reveal(id string, prover sdk.AccAddress, fee int64, standby ...bool) *types.MsgRevealResponse {
	response, err := run(f, f.msgs.Reveal, f.revealMsg(id, prover, prover, fee, len(standby) > 0))
	require.NoError(f.t, err)
	return response
}

// proofMsg makes a valid submission.
func (f *fixture) proofMsg(id string, signer sdk.AccAddress) *types.MsgSubmitProof {
	return &types.MsgSubmitProof{Signer: signer.String(), RequestId: id, Proof: f.verifier.proof(f.view(id).Request.Statement), PublicValues: []byte("values")}
}

// refund sends MsgRefund for one request.
func (f *fixture) refund(id string) types.RefundResult {
	response, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: stranger.String(), RequestIds: []string{id}})
	require.NoError(f.t, err)
	return response.Results[0]
}

func (f *fixture) view(id string) types.RequestView {
	response, err := f.queries.Request(f.Ctx, &types.QueryRequestRequest{Id: id})
	require.NoError(f.t, err)
	return response.View
}

// toReveal passes the bidding window.
func (f *fixture) toReveal(id string) {
	for f.Ctx.BlockHeight() <= int64(f.view(id).Auction.BiddingEnd) {
		f.blocks(1)
	}
}

// assigned brings a request to where bob must deliver at alice's fee: bob asks
// 4, alice 6, carol 7 million; alice and carol offer to stand by.
func (f *fixture) assigned(change ...func(*types.MsgRequest)) string {
	id := f.request(change...)
	f.bid(id, alice, 6_000_000, true)
	f.bid(id, bob, 4_000_000)
	f.bid(id, carol, 7_000_000, true)
	f.toReveal(id)
	f.reveal(id, alice, 6_000_000, true)
	f.reveal(id, bob, 4_000_000)
	f.reveal(id, carol, 7_000_000, true)
	f.blocks(1)
	require.Equal(f.t, types.STAGE_ASSIGNED, f.view(id).Stage)
	return id
}

// export is the whole state: coins, accounts, market and fakes.
func (f *fixture) export() string {
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(f.t, err)
	bank := f.Bank.ExportGenesis(f.Ctx)
	return string(f.Codec.MustMarshalJSON(g)) + string(f.Codec.MustMarshalJSON(bank)) + f.provers.dump(f.Ctx)
}

// fails checks that a message fails with the error and changes nothing.
func fails[M, R any](f *fixture, handler func(ctx contextT, msg M) (R, error), msg M, want error) {
	before := f.export()
	_, err := run(f, handler, msg)
	require.ErrorIs(f.t, err, want)
	require.Equal(f.t, before, f.export(), "a refused message changed something")
}

// gained tells by how much the address's balance changed since before.
func (f *fixture) gained(addr sdk.AccAddress, before math.Int) int64 {
	return f.Balance(addr).Sub(before).Int64()
}

// restrict is bank's send restriction for addresses that refuse coins.
func (f *fixture) restrict(_ contextT, _, to sdk.AccAddress, amt sdk.Coins) (sdk.AccAddress, error) {
	if f.refuse[to.String()] && !amt.AmountOf(chain.Denom).IsZero() {
		return nil, stakingtypes.ErrSharesLocked
	}
	return to, nil
}
