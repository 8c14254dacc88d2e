package keeper_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/internal/nodedb"
	"github.com/proofmarket/proofmarket/internal/sidebyside"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	// crowded is the number of vaults that share half of a world's positions, as
	// many in each: these grow with the world.
	crowded = 5
	// perVault is the number of positions in each of the other vaults: of these
	// there are more in a larger world.
	perVault = 10
	// perEntry is the number of positions for each unstaking entry that waits.
	perEntry = 10
	// perActor is the number of positions for each staker who transacts.
	perActor = 100
	// perCommit is the number of balances that are written to disk at once.
	perCommit = 100_000
	// stride takes the transactions all over the vaults and stakers. It shares no
	// divisor with their numbers.
	stride = 7919
	// held is what each position is worth in uproof, and the uproof of those
	// stakers who transact: enough for any number of rounds.
	held = 1_000_000_000_000
)

// world is a chain with many positions, all of it in committed state.
type world struct {
	*fixture
	cms       storetypes.CommitMultiStore
	db        dbm.DB
	positions uint64
	// next is the number of the next transaction.
	next uint64
	// anywhere spreads transactions over all vaults; otherwise they are about the
	// same ten, five of each kind, and one staker in each.
	anywhere bool
	// balances is the number of balances that were written down.
	balances int
	// opened is the number of iterators that the import opened, imported the time
	// that it took.
	opened   int
	imported time.Duration
}

// bigVault and smallVault return the number of positions in a vault of each kind,
// and how many vaults there are.
func (w *world) bigVault() (size, vaults uint64) { return w.positions / 2 / crowded, crowded }

func (w *world) smallVault() (size, vaults uint64) {
	return perVault, w.positions / 2 / perVault
}

// holder is the address of a position: slot 0 is the prover itself.
func holder(vault, slot uint64) sdk.AccAddress {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("holder"), vault), slot))
	return sum[:20]
}

// newWorld writes the positions to the stores of dir, some blocks' worth at a time,
// imports their vaults with the check of all invariants, and loads all of it again
// with the caches that a node has by default, and with nothing in them.
func newWorld(t testing.TB, dir string, positions uint64) *world {
	db, err := dbm.NewGoLevelDBWithOpts("bench", dir, nodedb.Options(nodedb.DefaultBlockCache))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	f := newFixtureOn(t, db)
	w := &world{fixture: f, db: db, cms: f.ctx.MultiStore().(storetypes.CommitMultiStore), positions: positions}
	w.cms.Commit()
	w.load(t, 1e7) // all nodes of the trees, so that building them reads nothing from disk
	g := types.DefaultGenesis()
	// Blocks of the benchmarks are seconds apart: entries mature in the next one,
	// and no epoch ends.
	g.Params.UnstakeDelay, g.Params.EpochLength = time.Nanosecond, types.MaxEpochLength
	g.Params.MaxUnstakes = types.MaxMaxUnstakes
	g.EpochClock = &types.EpochClock{Number: 1, Start: genesisTime}
	supply := math.ZeroInt()
	size, big := w.bigVault()
	rest, small := w.smallVault()
	for i := range big + small {
		if i == big {
			size = rest
		}
		w.addVault(t, g, i, size)
		owed := keeper.Owed(g.Vaults[i])
		require.NoError(t, f.bk.Balances.Set(f.ctx, collections.Join(types.VaultAddress(holder(i, 0), 1), chain.Denom), owed))
		supply = supply.Add(owed).Add(math.NewInt(held).MulRaw(int64(actors(size))))
	}
	require.NoError(t, f.bk.Supply.Set(f.ctx, chain.Denom, supply))
	f.account(t, "requester", held*1000)
	counted, start := w.counted(&w.opened), time.Now()
	require.NoError(t, counted.InitGenesis(f.ctx, g))
	w.imported = time.Since(start)
	w.commit()

	w.cms.SetInterBlockCache(sidebyside.New(true))
	w.load(t, int(serverconfig.DefaultConfig().IAVLCacheSize))
	return w
}

// load loads the committed state anew, with room for that many nodes of each tree in
// memory, and starts a block.
func (w *world) load(t testing.TB, nodes int) {
	w.cms.SetIAVLCacheSize(nodes)
	require.NoError(t, w.cms.LoadLatestVersion())
	w.begin()
}

// addVault adds a prover with its vault of size positions to the genesis, with
// entries that are due in a far year, and writes down the balances: the shares of
// each holder, and the uproof of those who transact.
func (w *world) addVault(t testing.TB, g *types.GenesisState, i, size uint64) {
	addr, one := holder(i, 0), math.NewInt(held)
	entries := size / perEntry
	v := types.NewVault(addr.String(), 1)
	v.Assets, v.Shares = one.MulRaw(int64(size)), one.MulRaw(int64(size))
	v.PoolAssets, v.PoolShares, v.NextUnstake = one.MulRaw(int64(entries)), one.MulRaw(int64(entries)), entries+1
	put := func(addr sdk.AccAddress, denom string) {
		require.NoError(t, w.bk.Balances.Set(w.ctx, collections.Join(addr, denom), one))
		if w.balances++; w.balances%perCommit == 0 {
			w.commit()
		}
	}
	denom := v.Denom()
	for slot := range size {
		put(holder(i, slot), denom)
	}
	for n := range actors(size) {
		put(actor(i, n), chain.Denom)
		w.ak.SetAccount(w.ctx, w.ak.NewAccountWithAddress(w.ctx, actor(i, n)))
	}
	require.NoError(t, w.bk.Supply.Set(w.ctx, denom, v.Shares))
	ownaccount.Open(w.ctx, w.ak, types.VaultAddress(addr, 1))
	g.Provers = append(g.Provers, types.GenesisProver{
		Prover:  types.Prover{Address: v.Prover, Generation: 1, Load: types.NewLoad(), Breaker: types.NewBreaker()},
		Profile: types.Profile{Name: "prover"},
	})
	g.Vaults = append(g.Vaults, v)
	g.RunningEpochs = append(g.RunningEpochs, types.NewRunningEpoch(v.Prover, 1, genesisTime))
	for n := range entries {
		g.Unstakes = append(g.Unstakes, types.Unstake{
			Prover: v.Prover, Generation: 1, Id: n + 1, Staker: holder(i, perEntry*n+2).String(), PoolShares: one, Mark: 1,
			ReadyAt: time.Date(2200, 1, 1, 0, int(n), int(i), 0, time.UTC), Status: types.UNSTAKE_STATUS_QUEUED,
		})
	}
}

// actors is the number of stakers who transact in a vault of size positions, and
// actor their addresses.
func actors(size uint64) uint64                 { return (size + perActor - 1) / perActor }
func actor(vault, number uint64) sdk.AccAddress { return holder(vault, perActor*number+1) }

// begin starts a block over the committed state.
func (w *world) begin() { w.ctx = w.ctx.WithMultiStore(w.cms.CacheMultiStore()) }

// commit writes the block to disk, starts the next one, and returns what the first
// took.
func (w *world) commit() time.Duration {
	start := time.Now()
	w.ctx.MultiStore().(storetypes.CacheMultiStore).Write()
	w.cms.WorkingHash() // as FinalizeBlock does
	w.cms.Commit()
	took := time.Since(start)
	w.begin()
	return took
}

// end ends a block and commits it.
func (w *world) end(t testing.TB) time.Duration {
	w.endBlock(t, time.Second)
	return w.commit()
}

// turn returns the prover and the staker of the next transaction: crowded and other
// vaults in turn, each next time another one.
func (w *world) turn() (prover, staker sdk.AccAddress) {
	n := w.next / 2
	w.next++
	size, vaults := w.bigVault()
	i, number := n%vaults, n/vaults*stride%actors(size)
	if w.next%2 == 1 {
		_, vaults = w.smallVault()
		i, number = crowded+n*stride%vaults, 0
	}
	if !w.anywhere {
		i, number = w.next%(2*crowded), 0
	}
	return holder(i, 0), actor(i, number)
}

// operation is a transaction about a prover and one of its stakers.
type operation func(ctx context.Context, prover, staker sdk.AccAddress) error

// operations are those that are measured.
var operations = []struct {
	name string
	op   func(*world) operation
}{
	{"stake", func(w *world) operation { return w.stakeOnce }},
	{"unstake", func(w *world) operation { return w.unstakeOnce }},
	{"reward", func(w *world) operation { return w.rewardOnce }},
	{"slash", func(w *world) operation { return w.slashOnce }},
}

// send runs the operation as a transaction for whoever's turn it is.
func (w *world) send(t testing.TB, op operation) time.Duration {
	prover, staker := w.turn()
	start := time.Now()
	err := w.tx(func(ctx context.Context) error { return op(ctx, prover, staker) })
	took := time.Since(start)
	require.NoError(t, err)
	return took
}

func (w *world) stakeOnce(ctx context.Context, prover, staker sdk.AccAddress) error {
	_, err := w.msg.Stake(ctx, &types.MsgStake{
		Staker: staker.String(), Prover: prover.String(), Amount: math.NewInt(proof), MinSharesOut: math.OneInt(),
	})
	return err
}

func (w *world) unstakeOnce(ctx context.Context, prover, staker sdk.AccAddress) error {
	_, err := w.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{
		Staker: staker.String(), Prover: prover.String(), Shares: math.NewInt(2 * proof), MinOut: math.OneInt(),
	})
	return err
}

func (w *world) rewardOnce(ctx context.Context, prover, _ sdk.AccAddress) error {
	requester := sdk.AccAddress("requester____________________")[:20]
	return w.k.AddRewards(ctx, prover, requester, types.SourceMarket, math.NewInt(proof), math.NewInt(proof/100))
}

func (w *world) slashOnce(ctx context.Context, prover, _ sdk.AccAddress) error {
	_, err := w.k.Slash(ctx, prover, "bench", math.NewInt(1000))
	return err
}

// counted returns a keeper of the same state that counts the iterators it opens on
// the module's store.
func (w *world) counted(opened *int) *keeper.Keeper {
	service := countingService{runtime.NewKVStoreService(w.key.(*storetypes.KVStoreKey)), opened}
	return keeper.NewKeeper(codectestutil.CodecOptions{}.NewCodec(), service, w.ak, w.bk, w.distr, w.authority)
}

type countingService struct {
	store.KVStoreService
	opened *int
}

func (s countingService) OpenKVStore(ctx context.Context) store.KVStore {
	return countingStore{s.KVStoreService.OpenKVStore(ctx), s.opened}
}

type countingStore struct {
	store.KVStore
	opened *int
}

func (s countingStore) Iterator(start, end []byte) (store.Iterator, error) {
	*s.opened++
	return s.KVStore.Iterator(start, end)
}

func (s countingStore) ReverseIterator(start, end []byte) (store.Iterator, error) {
	*s.opened++
	return s.KVStore.ReverseIterator(start, end)
}

// mature leaves the world at the end of a block, after bank's, in which txs entries
// are due and the vaults that they belong to were staked into.
func (w *world) mature(t testing.TB, txs uint64) {
	first := w.next
	for _, op := range []operation{w.unstakeOnce, w.stakeOnce} {
		w.end(t)
		for w.next = first; w.next < first+txs; {
			w.send(t, op)
		}
	}
	require.NoError(t, w.bk.CreditVirtualAccounts(w.ctx))
	w.ctx = w.ctx.WithEventManager(sdk.NewEventManager())
}

// completed returns how many entries the end of the block paid.
func (w *world) completed() (n uint64) {
	for _, e := range w.ctx.EventManager().Events() {
		if e.Type == "proofmarket.provers.v1.EventUnstakeCompleted" {
			n++
		}
	}
	return n
}
