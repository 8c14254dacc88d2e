package keeper_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/runtime"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/sidebyside"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingkeeper "github.com/proofmarket/proofmarket/x/staking/keeper"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	// perBlock is the number of transactions in a block of the benchmarks, each of
	// another requester and about another prover.
	perBlock = 10
	// perAssigned is the number of open requests for each that a prover owes a proof
	// of; the others take bids for a long time yet.
	perAssigned = 200
	// perCommit is the number of requests that are written to disk at once.
	perCommit = 20_000
	// stride takes transactions all over the open requests. It shares no divisor
	// with their numbers.
	stride = 7919
	// looks is how many requests and bids a world tries before it is measured.
	looks = 20_000
	// plenty is the uproof of each requester and the stake of each prover.
	plenty = 100_000_000_000_000_000
	// farHeight is where measuring begins, whatever it took to build a world, so
	// that heights have the same size in state.
	farHeight = 500_000
	// standing is the stake of an assignment that each prover has from the start, so
	// that what they owe in all has the same number of digits in every world.
	standing = 1_000_000_000_000_000
	// firstAccount is the number of the first account of a request: the numbers of
	// all others have the same size in state.
	firstAccount = 1 << 21
	// buildingNonce and measuredNonce are the first nonces of the requests that a
	// world begins with, and of those that are measured.
	buildingNonce, measuredNonce = 1 << 40, 1 << 41
)

// world is a chain with many open requests, all of it in committed state: the market
// and the provers over real accounts, banks and vaults, beside a verifier that looks
// at no proof.
type world struct {
	*banktest.Fixture
	cms      storetypes.CommitMultiStore
	market   *keeper.Keeper
	msgs     types.MsgServer
	provers  *stakingkeeper.Keeper
	verifier *fakeVerifier
	names    []string // of the stores that hold state
	// open are requests that take bids for a long time.
	open []string
	// next is the number of the next request or transaction about an open one.
	next, nonce uint64
	tx          int
}

// requestOf is the request of that number, whose bidding lasts as long as it may.
func (w *world) requestOf(nonce uint64) *types.MsgRequest {
	msg := (&fixture{}).requestMsg()
	msg.Requester, msg.Nonce = benchRequester(nonce).String(), nonce
	msg.BiddingBlocks, msg.RevealBlocks, msg.TimeLimit = types.MaxWindowBlocks, 10, types.MaxTimeLimit
	return msg
}

func benchRequester(n uint64) sdk.AccAddress { return account(fmt.Sprint("requester ", n%perBlock)) }
func benchProver(n uint64) sdk.AccAddress    { return account(fmt.Sprint("prover ", n%perBlock)) }

// newWorld makes the requests by messages, commits them some thousands at a time, and
// loads all of it again with the caches that a node has by default, and with nothing
// in them.
func newWorld(t testing.TB, db dbm.DB, requests int) *world {
	market, provers, fakes := storetypes.NewKVStoreKey(types.StoreKey), storetypes.NewKVStoreKey(stakingtypes.StoreKey), storetypes.NewKVStoreKey("fakes")
	objects := storetypes.NewObjectStoreKey(types.ObjectStoreKey)
	b := banktest.NewOn(t, db, map[string][]string{
		types.ModuleName: nil, stakingtypes.ModuleName: {authtypes.Minter, authtypes.Burner},
	}, market, provers, fakes, objects)
	w := &world{Fixture: b, cms: b.Ctx.MultiStore().(storetypes.CommitMultiStore), verifier: newFakeVerifier(fakes)}
	w.names = []string{types.StoreKey, authtypes.StoreKey, banktypes.StoreKey}
	w.provers = stakingkeeper.NewKeeper(b.Codec, runtime.NewKVStoreService(provers), b.Account, b.Bank, fakePool{b}, b.Authority)
	b.Bank.AppendSendRestriction(w.provers.SendRestriction)
	w.market = keeper.NewKeeper(b.Codec, runtime.NewKVStoreService(market), objects, b.Account, b.Bank, fakePool{b}, w.verifier, w.provers, b.Authority)
	w.msgs = keeper.NewMsgServer(w.market)
	w.cms.SetInterBlockCache(sidebyside.New(true))
	kept := w.cms.LastCommitID().Version
	if kept == 0 {
		w.cms.Commit()
		w.load(t, int(serverconfig.DefaultConfig().IAVLCacheSize))
		w.begin()
		w.found(t)
		w.commit(t)
		w.build(t, requests)
	}
	w.load(t, int(serverconfig.DefaultConfig().IAVLCacheSize))
	w.Ctx = w.Ctx.WithBlockHeight(farHeight + kept)
	w.begin()
	w.nonce = measuredNonce
	if kept > 0 {
		w.goOn(t, requests, uint64(kept))
	}
	w.settle(t)
	return w
}

// found sets parameters, and funds requesters and provers.
func (w *world) found(t testing.TB) {
	for _, name := range []string{types.ModuleName, stakingtypes.ModuleName} {
		w.Account.GetModuleAccount(w.Ctx, name)
	}
	g := stakingtypes.DefaultGenesis()
	// No epoch ends while it is measured.
	g.Params.EpochLength, g.Params.MinSelfStake = stakingtypes.MaxEpochLength, math.NewInt(minStake)
	g.EpochClock = &stakingtypes.EpochClock{Number: 1, Start: w.Ctx.BlockTime()}
	require.NoError(t, w.provers.InitGenesis(w.Ctx, g))
	m := types.DefaultGenesis()
	m.Params.MaxBiddingBlocks, m.Params.MaxTimeLimit = types.MaxWindowBlocks, types.MaxTimeLimit
	// What ends shrinks a block later, so that each block of a benchmark does the same.
	m.Params.Retention, m.Params.EndBlockCap, m.Params.PruneCap = time.Nanosecond, types.MaxEndBlockCap, types.MaxPruneCap
	require.NoError(t, w.market.InitGenesis(w.Ctx, m))
	msgs := stakingkeeper.NewMsgServer(w.provers)
	for i := range uint64(perBlock) {
		w.Fund(t, benchRequester(i), plenty)
		w.Fund(t, benchProver(i), 2*plenty)
		_, err := msgs.Register(w.Ctx, &stakingtypes.MsgRegister{
			Prover: benchProver(i).String(), SelfStake: math.NewInt(plenty), Profile: stakingtypes.Profile{Name: "prover"},
		})
		require.NoError(t, err)
		_, err = w.provers.OpenAssignment(w.Ctx, benchProver(i), math.NewInt(standing), math.NewInt(standing/10))
		require.NoError(t, err)
		w.Account.SetAccount(w.Ctx, w.Account.NewAccountWithAddress(w.Ctx, benchRequester(i)))
	}
	require.NoError(t, w.Account.AccountNumber.Set(w.Ctx, firstAccount))
	require.NoError(t, w.market.BeginBlock(w.Ctx))
}

// planned is a request to make.
type planned struct {
	id    []byte
	nonce uint64
}

// assignedOf is how many of the open requests a prover owes a proof of.
func assignedOf(requests int) int { return max(requests/perAssigned, perBlock) }

// plan lists n requests that take bids, in the order of their ids, which keeps what
// each commit touches of the trees together.
func (w *world) plan(t testing.TB, n int) []planned {
	list := make([]planned, n)
	for i := range list {
		msg := w.requestOf(buildingNonce + uint64(i))
		program, digest, err := msg.Statement.Decode()
		require.NoError(t, err)
		requester, err := sdk.AccAddressFromBech32(msg.Requester)
		require.NoError(t, err)
		id, err := auction.RequestID(w.Ctx.ChainID(), requester, msg.Nonce, msg.Statement.Verifier, program[:], digest[:])
		require.NoError(t, err)
		list[i] = planned{id: id[:], nonce: msg.Nonce}
	}
	slices.SortFunc(list, func(a, b planned) int { return bytes.Compare(a.id, b.id) })
	return list
}

// build makes the open requests.
func (w *world) build(t testing.TB, requests int) {
	assigned := assignedOf(requests)
	list := w.plan(t, requests-assigned)
	for i, m := range list {
		w.open = append(w.open, w.request(t, w.requestOf(m.nonce)))
		if (i+1)%perCommit == 0 {
			w.end(t)
		}
	}
	w.end(t)
	w.nonce = buildingNonce + uint64(len(list))
	for assigned > 0 {
		n := min(assigned, perCommit)
		w.lead(t, n)
		w.end(t)
		assigned -= n
	}
}

// lead makes n requests, each with one bid that is revealed: the end of the block
// closes them and assigns the bidders.
func (w *world) lead(t testing.TB, n int) (ids []string) {
	ids = w.sealed(t, n)
	w.toReveals(t)
	for i, id := range ids {
		w.reveal(t, uint64(i), id)
	}
	return ids
}

// sealed makes n requests with one bid each and a bidding window of one block.
func (w *world) sealed(t testing.TB, n int) (ids []string) {
	for i := range n {
		msg := w.requestOf(w.nonce)
		w.nonce++
		msg.BiddingBlocks = 1
		ids = append(ids, w.request(t, msg))
		w.bid(t, uint64(i), ids[i])
	}
	return ids
}

// toReveals passes the bidding window of requests just made.
func (w *world) toReveals(t testing.TB) {
	w.end(t)
	w.end(t)
}

// request, bid, reveal, prove and refund are one transaction each.
func (w *world) request(t testing.TB, msg *types.MsgRequest) (id string) {
	w.send(t, func(ctx context.Context) error {
		res, err := w.msgs.Request(ctx, msg)
		if err == nil {
			id = res.Id
		}
		return err
	})
	return id
}

const benchFee = 5_000_000

func (w *world) bid(t testing.TB, n uint64, id string) time.Duration {
	raw, err := types.ParseID(id)
	require.NoError(t, err)
	sum, err := auction.Commitment(w.Ctx.ChainID(), raw, benchProver(n), math.NewInt(benchFee), false, salt("bench"))
	require.NoError(t, err)
	return w.send(t, func(ctx context.Context) error {
		_, err := w.msgs.Bid(ctx, &types.MsgBid{Signer: benchProver(n).String(), RequestId: id, Commitment: sum[:]})
		return err
	})
}

func (w *world) reveal(t testing.TB, n uint64, id string) time.Duration {
	return w.send(t, func(ctx context.Context) error {
		_, err := w.msgs.Reveal(ctx, &types.MsgReveal{
			Signer: benchProver(n).String(), RequestId: id, Fee: math.NewInt(benchFee), Salt: salt("bench"),
		})
		return err
	})
}

func (w *world) prove(t testing.TB, n uint64, id string) time.Duration {
	proof := w.verifier.proof(w.requestOf(0).Statement)
	return w.send(t, func(ctx context.Context) error {
		_, err := w.msgs.SubmitProof(ctx, &types.MsgSubmitProof{Signer: benchProver(n).String(), RequestId: id, Proof: proof, PublicValues: []byte("values")})
		return err
	})
}

func (w *world) refund(t testing.TB, n uint64, id string) time.Duration {
	return w.send(t, func(ctx context.Context) error {
		res, err := w.msgs.Refund(ctx, &types.MsgRefund{Signer: benchRequester(n).String(), RequestIds: []string{id}})
		if err == nil && !res.Results[0].Applied {
			err = fmt.Errorf("nothing was due: %s", res.Results[0].Error)
		}
		return err
	})
}

// anywhere returns an open request that no other transaction of the benchmark is
// about.
func (w *world) anywhere() string {
	w.next++
	return w.open[w.next*stride%uint64(len(w.open))]
}

// send runs a transaction and tells what it took.
func (w *world) send(t testing.TB, do func(context.Context) error) time.Duration {
	cached, write := w.Ctx.WithTxBytes([]byte{1}).WithTxIndex(w.tx).WithEventManager(sdk.NewEventManager()).CacheContext()
	w.tx++
	start := time.Now()
	err := do(cached)
	if err == nil {
		write()
	}
	took := time.Since(start)
	require.NoError(t, err)
	return took
}

// load loads the committed state anew, with room for that many nodes of each tree in
// memory.
func (w *world) load(t testing.TB, nodes int) {
	w.cms.SetIAVLCacheSize(nodes)
	require.NoError(t, w.cms.LoadLatestVersion())
}

// begin starts a block over the committed state.
func (w *world) begin() {
	w.Ctx = w.Ctx.WithMultiStore(w.cms.CacheMultiStore()).WithEventManager(sdk.NewEventManager())
	w.tx = 0
}

// commit writes the block to disk, and tells what that took.
func (w *world) commit(t testing.TB) time.Duration {
	w.clearVirtual(t)
	start := time.Now()
	w.Ctx.MultiStore().(storetypes.CacheMultiStore).Write()
	w.cms.WorkingHash() // as FinalizeBlock does
	w.cms.Commit()
	took := time.Since(start)
	w.pass()
	w.begin()
	return took
}

// clearVirtual forgets the virtual credits of the block, as a commit does.
func (w *world) clearVirtual(t testing.TB) {
	clearObjects(t, w.Ctx.ObjectStore(storeKeys(w.cms)[banktypes.ObjectStoreKey]))
}

// pass moves the clock by a second.
func (w *world) pass() {
	w.Ctx = w.Ctx.WithBlockHeight(w.Ctx.BlockHeight() + 1).WithBlockTime(w.Ctx.BlockTime().Add(time.Second))
}

// end ends the block, commits it and begins the next.
func (w *world) end(t testing.TB) {
	w.endMarket(t)
	w.endRest(t)
}

// endMarket is the end of the market's block, and tells how long it took.
func (w *world) endMarket(t testing.TB) time.Duration {
	require.NoError(t, w.Bank.CreditVirtualAccounts(w.Ctx))
	start := time.Now()
	require.NoError(t, w.market.EndBlock(w.Ctx))
	return time.Since(start)
}

// endRest ends the other modules' block, commits it and begins the next one. It tells
// how long the commit took.
func (w *world) endRest(t testing.TB) time.Duration {
	require.NoError(t, w.provers.EndBlock(w.Ctx))
	took := w.commit(t)
	require.NoError(t, w.market.BeginBlock(w.Ctx))
	return took
}

// settle passes blocks until nothing that ended is left to shrink.
func (w *world) settle(t testing.TB) {
	for range 3 {
		w.end(t)
	}
}

// state tells how many bytes, keys and values, each store holds.
func (w *world) state(t testing.TB) (sizes []int) {
	for _, name := range w.names {
		size := 0
		it := w.Ctx.KVStore(storeKeys(w.cms)[name]).Iterator(nil, nil)
		for ; it.Valid(); it.Next() {
			size += len(it.Key()) + len(it.Value())
		}
		require.NoError(t, it.Close())
		sizes = append(sizes, size)
	}
	return sizes
}
