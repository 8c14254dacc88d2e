package keeper_test

import (
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// accesses is a gas schedule by which gas counts what is asked of the stores of all
// modules, whatever the sizes: reads by ones, writes by millions, deletions by
// billions, iterators and their steps by trillions.
var accesses = storetypes.GasConfig{
	HasCost: 1, ReadCostFlat: 1, WriteCostFlat: 1e6, DeleteCost: 1e9, IterNextCostFlat: 1e12,
}

// accesses returns the gas that what takes under the schedule above.
func (w *world) accesses(what func()) uint64 {
	before := w.Ctx
	w.Ctx = before.WithKVGasConfig(accesses).WithTransientKVGasConfig(accesses)
	gas := w.gas(what)
	w.Ctx = w.Ctx.WithKVGasConfig(before.KVGasConfig()).WithTransientKVGasConfig(before.TransientKVGasConfig())
	return gas
}

// gas returns the gas that what takes.
func (w *world) gas(what func()) uint64 {
	meter := w.Ctx.GasMeter()
	w.Ctx = w.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	what()
	gas := w.Ctx.GasMeter().GasConsumed()
	w.Ctx = w.Ctx.WithGasMeter(meter)
	return gas
}

// Nothing that a transaction or the end of a block asks of the stores depends on how
// many requests are open: the same reads, writes, deletions and iterator steps, and
// the same gas to the unit, at a hundred and at ten thousand.
func TestFlat(t *testing.T) {
	worlds := []*world{newWorld(t, dbm.NewMemDB(), 100), newWorld(t, dbm.NewMemDB(), 10_000)}
	for _, m := range benchMessages {
		t.Run(m.name, func(t *testing.T) {
			var counts, gas []uint64
			for _, w := range worlds {
				ids := m.ready(t, w, 2)
				counts = append(counts, w.accesses(func() { m.send(t, w, 0, ids[0]) }))
				gas = append(gas, w.gas(func() { m.send(t, w, 1, ids[1]) }))
				w.settle(t)
			}
			require.Positive(t, gas[0])
			require.Equal(t, counts[0], counts[1], "reads, writes, deletions, iterator steps")
			require.Equal(t, gas[0], gas[1], "gas")
			logAccesses(t, counts[0])
			t.Logf("%d gas", gas[0])
		})
	}
	for _, b := range blockEnds {
		t.Run("end of block, "+b.name, func(t *testing.T) {
			var counts []uint64
			for _, w := range worlds {
				w.settle(t)
				b.ready(t, w)
				require.NoError(t, w.Bank.CreditVirtualAccounts(w.Ctx))
				counts = append(counts, w.accesses(func() { require.NoError(t, w.market.EndBlock(w.Ctx)) }))
				w.settle(t)
			}
			require.Equal(t, counts[0], counts[1], "reads, writes, deletions, iterator steps")
			logAccesses(t, counts[0])
		})
	}
}

func logAccesses(t *testing.T, n uint64) {
	t.Logf("%d reads, %d writes, %d deletions, %d iterator steps", n%1e6, n/1e6%1e3, n/1e9%1e3, n/1e12)
}

// What a request costs in state: while it is open, what its escrow account costs
// beside it, and what is left for good once it has shrunk (law M15).
func TestStateBytes(t *testing.T) {
	w := newWorld(t, dbm.NewMemDB(), 100)
	const n = 100
	finish := func(ids []string) {
		for i, id := range ids {
			w.prove(t, uint64(i), id)
		}
		w.settle(t)
	}
	finish(w.leadAndAssign(t, n)) // statistics, prices and the statement are there from now on
	grown := func(from, to []int) (sizes []int) {
		for i := range from {
			sizes = append(sizes, (to[i]-from[i])/n)
		}
		return sizes
	}
	before := w.state(t)
	for range n {
		w.request(t, w.requestOf(w.nonce))
		w.nonce++
	}
	w.settle(t)
	bidding := grown(before, w.state(t))
	before = w.state(t)
	ids := w.leadAndAssign(t, n)
	assigned := grown(before, w.state(t))
	finish(ids)
	receipt := grown(before, w.state(t))
	t.Logf("bytes in %v: request without bids %v, assigned with one bid %v, receipt %v", w.names, bidding, assigned, receipt)
	require.Less(t, bidding[0]+bidding[1]+bidding[2], 1_500)
	require.Less(t, assigned[0]+assigned[1]+assigned[2], 2_500)
	require.Less(t, receipt[0], 250)
	require.LessOrEqual(t, receipt[1]+receipt[2], 0, "the account of a request goes with it")
	for _, id := range ids {
		raw, err := types.ParseID(id)
		require.NoError(t, err)
		require.Nil(t, w.Account.GetAccount(w.Ctx, types.RequestAccount(raw)))
	}
}
