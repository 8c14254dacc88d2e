package keeper_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	// perVault is the number of positions in each vault: the prover's own and
	// those of 19 stakers.
	perVault = 20
	// perBlock is the number of transactions in a block of the benchmarks. Each is
	// about another prover, also in the smallest world, so that none finds what it
	// reads in the block's cache.
	perBlock = 5
	// stride takes the benchmarks all over the provers. It shares no divisor with
	// their number.
	stride = 7919
	// held is what each position is worth in uproof, and the uproof of those
	// stakers who transact: enough for any number of rounds.
	held = 1_000_000_000_000
	// benchLimit names the environment variable with the size of a third world.
	benchLimit = "BENCH_POSITIONS"
)

// world is a chain with many positions, all of it in committed state.
type world struct {
	*fixture
	cms     storetypes.CommitMultiStore
	db      dbm.DB
	provers uint64
	next    uint64
	// commits is the time that blocks took to be committed, and blocks their number.
	commits time.Duration
	blocks  int
}

// holder is the address of a position: slot 0 is the prover itself.
func holder(prover uint64, slot byte) sdk.AccAddress {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64([]byte("holder"), prover), slot))
	return sum[:20]
}

// newWorld writes the positions to the stores and imports their vaults, each with
// one unstaking entry that is due in a far year.
func newWorld(b *testing.B, dir string, positions int) *world {
	db, err := dbm.NewGoLevelDB("bench", dir, nil)
	require.NoError(b, err)
	f := newFixtureOn(b, db)
	w := &world{fixture: f, db: db, cms: f.ctx.MultiStore().(storetypes.CommitMultiStore), provers: uint64(positions / perVault)}
	w.begin()
	g := types.DefaultGenesis()
	// Blocks of the benchmarks are seconds apart: entries mature in the next one,
	// and no epoch ends.
	g.Params.UnstakeDelay, g.Params.EpochLength = time.Nanosecond, types.MaxEpochLength
	g.Params.MaxUnstakes = types.MaxMaxUnstakes
	g.EpochClock = &types.EpochClock{Number: 1, Start: genesisTime}
	supply, size := math.ZeroInt(), math.NewInt(held)
	for i := range w.provers {
		addr := holder(i, 0)
		v := types.NewVault(addr.String(), 1)
		v.Assets, v.Shares = size.MulRaw(perVault), size.MulRaw(perVault)
		v.PoolAssets, v.PoolShares, v.NextUnstake = size, size, 2
		w.bank(b, v.Denom(), types.VaultAddress(addr, 1), i)
		supply = supply.Add(keeper.Owed(v)).Add(size)
		g.Provers = append(g.Provers, types.GenesisProver{
			Prover:  types.Prover{Address: v.Prover, Generation: 1, Load: types.NewLoad(), Breaker: types.NewBreaker()},
			Profile: types.Profile{Name: "prover"},
		})
		g.Vaults = append(g.Vaults, v)
		g.RunningEpochs = append(g.RunningEpochs, types.NewRunningEpoch(v.Prover, 1, genesisTime))
		g.Unstakes = append(g.Unstakes, types.Unstake{
			Prover: v.Prover, Generation: 1, Id: 1, Staker: holder(i, 2).String(), PoolShares: size, Mark: 1,
			ReadyAt: time.Date(2200, 1, 1, 0, 0, int(i), 0, time.UTC), Status: types.UNSTAKE_STATUS_QUEUED,
		})
	}
	require.NoError(b, f.bk.Supply.Set(f.ctx, chain.Denom, supply))
	f.account(b, "requester", held*1000)
	require.NoError(b, f.k.ImportState(f.ctx, g))
	w.end(b)
	if positions <= 10_000 { // the larger one comes from the same lines
		require.NoError(b, f.k.CheckInvariants(f.ctx))
	}
	return w
}

// bank writes down the balances of one vault: the shares of each holder, what the
// vault owes, and the uproof of the staker who transacts.
func (w *world) bank(b *testing.B, denom string, account sdk.AccAddress, prover uint64) {
	put := func(addr sdk.AccAddress, denom string, amount int64) {
		require.NoError(b, w.bk.Balances.Set(w.ctx, collections.Join(addr, denom), math.NewInt(amount)))
	}
	for slot := range byte(perVault) {
		put(holder(prover, slot), denom, held)
	}
	require.NoError(b, w.bk.Supply.Set(w.ctx, denom, math.NewInt(held*perVault)))
	put(account, chain.Denom, held*(perVault+1))
	put(holder(prover, 1), chain.Denom, held)
	ownaccount.Open(w.ctx, w.ak, account)
	w.ak.SetAccount(w.ctx, w.ak.NewAccountWithAddress(w.ctx, holder(prover, 1)))
}

// begin starts a block over the committed state.
func (w *world) begin() { w.ctx = w.ctx.WithMultiStore(w.cms.CacheMultiStore()) }

// end ends a block, commits it and starts the next one.
func (w *world) end(b *testing.B) {
	w.endBlock(b, time.Second)
	start := time.Now()
	w.ctx.MultiStore().(storetypes.CacheMultiStore).Write()
	w.cms.Commit()
	w.commits, w.blocks = w.commits+time.Since(start), w.blocks+1
	w.begin()
}

// turn returns the next prover, and the staker in its vault who transacts.
func (w *world) turn() (prover, staker sdk.AccAddress) {
	i := w.next * stride % w.provers
	w.next++
	return holder(i, 0), holder(i, 1)
}

// report adds what a busy machine disturbs less than the mean: the median.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns/op")
}

// each runs b.N transactions in blocks. The blocks' ends do not count; how long
// one took to be committed is told beside.
func (w *world) each(b *testing.B, send func(ctx context.Context, prover, staker sdk.AccAddress) error) {
	w.commits, w.blocks = 0, 0
	var took []time.Duration
	for i := range b.N {
		if i%perBlock == 0 {
			b.StopTimer()
			w.end(b)
			b.StartTimer()
		}
		prover, staker := w.turn()
		start := time.Now()
		err := w.tx(func(ctx context.Context) error { return send(ctx, prover, staker) })
		took = append(took, time.Since(start))
		require.NoError(b, err)
	}
	b.StopTimer()
	w.end(b)
	report(b, took)
	b.ReportMetric(float64(w.commits.Nanoseconds())/float64(w.blocks), "commit-ns/block")
}

func stakeOnce(w *world) func(context.Context, sdk.AccAddress, sdk.AccAddress) error {
	return func(ctx context.Context, prover, staker sdk.AccAddress) error {
		_, err := w.msg.Stake(ctx, &types.MsgStake{
			Staker: staker.String(), Prover: prover.String(), Amount: math.NewInt(proof), MinSharesOut: math.OneInt(),
		})
		return err
	}
}

func unstakeOnce(w *world) func(context.Context, sdk.AccAddress, sdk.AccAddress) error {
	return func(ctx context.Context, prover, staker sdk.AccAddress) error {
		_, err := w.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{
			Staker: staker.String(), Prover: prover.String(), Shares: math.NewInt(2 * proof), MinOut: math.OneInt(),
		})
		return err
	}
}

// endBlocks measures the end of a block in which perBlock entries mature and the
// same vaults were staked into.
func (w *world) endBlocks(b *testing.B) {
	var took []time.Duration
	for range b.N {
		b.StopTimer()
		first := w.next
		for _, send := range []func(context.Context, sdk.AccAddress, sdk.AccAddress) error{unstakeOnce(w), stakeOnce(w)} {
			w.end(b)
			for w.next = first; w.next < first+perBlock; {
				prover, staker := w.turn()
				require.NoError(b, w.tx(func(ctx context.Context) error { return send(ctx, prover, staker) }))
			}
		}
		require.NoError(b, w.bk.CreditVirtualAccounts(w.ctx))
		w.ctx = w.ctx.WithEventManager(sdk.NewEventManager())
		b.StartTimer()
		start := time.Now()
		err := w.k.EndBlock(w.ctx)
		took = append(took, time.Since(start))
		b.StopTimer()
		require.NoError(b, err)
		completed := 0
		for _, e := range w.ctx.EventManager().Events() {
			if e.Type == "proofmarket.provers.v1.EventUnstakeCompleted" {
				completed++
			}
		}
		require.Equal(b, perBlock, completed, "each iteration does the same")
	}
	report(b, took)
}

// BenchmarkVaults measures what transactions on vaults and the ends of blocks take
// among few and among many positions, over committed IAVL stores on disk, as nodes
// have them: nothing may grow with their number. BENCH_POSITIONS is the size of a third world beside
// those of 100 and 10,000, which takes a minute and more to build for a million.
func BenchmarkVaults(b *testing.B) {
	limit := 0
	if text := os.Getenv(benchLimit); text != "" {
		var err error
		limit, err = strconv.Atoi(text)
		require.NoError(b, err, benchLimit)
	}
	sizes := []int{100, 10_000}
	if limit > 10_000 {
		sizes = append(sizes, limit)
	}
	for _, positions := range sizes {
		dir := b.TempDir()
		var w *world // one for all of its size, built for the first that runs
		run := func(name string, bench func(*testing.B)) {
			b.Run(fmt.Sprintf("%s/%d", name, positions), func(b *testing.B) {
				if w == nil {
					w = newWorld(b, dir, positions)
				}
				b.ReportAllocs()
				b.ResetTimer()
				bench(b)
			})
		}
		run("stake", func(b *testing.B) { w.each(b, stakeOnce(w)) })
		run("unstake", func(b *testing.B) { w.each(b, unstakeOnce(w)) })
		run("reward", func(b *testing.B) {
			requester := w.account(b, "requester", 0)
			w.each(b, func(ctx context.Context, prover, _ sdk.AccAddress) error {
				return w.k.AddRewards(ctx, prover, requester, types.SourceMarket, math.NewInt(proof), math.NewInt(proof/100))
			})
		})
		run("slash", func(b *testing.B) {
			w.each(b, func(ctx context.Context, prover, _ sdk.AccAddress) error {
				_, err := w.k.Slash(ctx, prover, "bench", math.NewInt(1000))
				return err
			})
		})
		run("end_block", func(b *testing.B) { w.endBlocks(b) })
		if w != nil {
			require.NoError(b, w.db.Close())
		}
	}
}
