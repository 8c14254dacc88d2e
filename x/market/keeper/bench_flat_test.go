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

// schedules count what is asked of the stores that are committed, and of those of
// objects, which a block forgets.
var schedules = []struct {
	name               string
	committed, objects storetypes.GasConfig
}{{name: "committed", committed: accesses}, {name: "objects", objects: accesses}}

// meter tells gas apart by what it was consumed for.
type meter struct {
	storetypes.GasMeter
	of map[string]uint64
}

func (m meter) ConsumeGas(amount uint64, descriptor string) {
	m.of[descriptor] += amount
	m.GasMeter.ConsumeGas(amount, descriptor)
}

// accesses returns the gas that what takes of the stores under a schedule.
func (w *world) accesses(committed, objects storetypes.GasConfig, what func()) uint64 {
	before := w.Ctx
	w.Ctx = before.WithKVGasConfig(committed).WithTransientKVGasConfig(objects)
	gas, of := w.gas(what)
	w.Ctx = w.Ctx.WithKVGasConfig(before.KVGasConfig()).WithTransientKVGasConfig(before.TransientKVGasConfig())
	return gas - of["statistics"]
}

// gas returns the gas that what takes, and what it was for.
func (w *world) gas(what func()) (uint64, map[string]uint64) {
	before, m := w.Ctx.GasMeter(), meter{storetypes.NewInfiniteGasMeter(), map[string]uint64{}}
	w.Ctx = w.Ctx.WithGasMeter(m)
	what()
	w.Ctx = w.Ctx.WithGasMeter(before)
	return m.GasConsumed(), m.of
}

// Nothing that a transaction or the end of a block asks of the stores depends on how
// many requests are open: the same reads, writes, deletions and iterator steps, and
// the same gas to the unit, at a hundred and at ten thousand.
func TestFlat(t *testing.T) {
	worlds := []*world{newWorld(t, dbm.NewMemDB(), 100), newWorld(t, dbm.NewMemDB(), 10_000)}
	for _, m := range benchMessages {
		t.Run(m.name, func(t *testing.T) {
			counts, gas := make([][]uint64, len(schedules)), []uint64{}
			for _, w := range worlds {
				ids := m.ready(t, w, len(schedules)+1)
				for i, s := range schedules {
					counts[i] = append(counts[i], w.accesses(s.committed, s.objects, func() { m.send(t, w, uint64(i), ids[i]) }))
				}
				last := len(schedules)
				used, _ := w.gas(func() { m.send(t, w, uint64(last), ids[last]) })
				gas = append(gas, used)
				w.settle(t)
			}
			requireFlat(t, counts)
			require.Positive(t, gas[0])
			require.Equal(t, gas[0], gas[1], "gas")
			t.Logf("%d gas", gas[0])
		})
	}
	for _, b := range blockEnds {
		t.Run("end of block, "+b.name, func(t *testing.T) {
			counts := make([][]uint64, len(schedules))
			for _, w := range worlds {
				for i, s := range schedules {
					w.settle(t)
					b.ready(t, w)
					require.NoError(t, w.Bank.CreditVirtualAccounts(w.Ctx))
					counts[i] = append(counts[i], w.accesses(s.committed, s.objects, func() { require.NoError(t, w.market.EndBlock(w.Ctx)) }))
					w.settle(t)
				}
			}
			requireFlat(t, counts)
		})
	}
}

// requireFlat wants the same counts in all worlds, and logs them.
func requireFlat(t *testing.T, counts [][]uint64) {
	for i, s := range schedules {
		n := counts[i][0]
		require.Equal(t, n, counts[i][1], "%s: reads, writes, deletions, iterator steps", s.name)
		t.Logf("%s: %d reads, %d writes, %d deletions, %d iterator steps", s.name, n%1e6, n/1e6%1e3, n/1e9%1e3, n/1e12)
	}
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
