package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// accesses is a gas schedule by which gas counts what is asked of the stores of all
// modules, whatever the sizes: reads by ones, writes by millions, deletions by
// billions, iterators and their steps by trillions.
var accesses = storetypes.GasConfig{
	HasCost: 1, ReadCostFlat: 1, WriteCostFlat: 1e6, DeleteCost: 1e9, IterNextCostFlat: 1e12,
}

// accesses returns the gas that what takes under the schedule above.
func (w *world) accesses(what func()) uint64 {
	before := w.ctx
	w.ctx = before.WithKVGasConfig(accesses).WithTransientKVGasConfig(accesses)
	gas := w.gas(what)
	w.ctx = w.ctx.WithKVGasConfig(before.KVGasConfig()).WithTransientKVGasConfig(before.TransientKVGasConfig())
	return gas
}

// gas returns the gas that what takes.
func (w *world) gas(what func()) uint64 {
	meter := w.ctx.GasMeter()
	w.ctx = w.ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	what()
	gas := w.ctx.GasMeter().GasConsumed()
	w.ctx = w.ctx.WithGasMeter(meter)
	return gas
}

// Nothing that a transaction, the end of a block or an import asks of the stores
// depends on how many provers there are, or how many stakers a vault has: the same
// reads, writes, deletions and iterator steps at a hundred positions and at ten
// thousand, in small vaults and in crowded ones, and the same gas but for the digits
// of larger sums. An import opens the same iterators: one for each prover
// would sort all that was written so far, each time.
func TestFlat(t *testing.T) {
	worlds := []*world{newWorld(t, t.TempDir(), 100), newWorld(t, t.TempDir(), 10_000)}
	for _, row := range operations {
		for _, kind := range []string{"small", "crowded"} {
			t.Run(row.name+", "+kind, func(t *testing.T) {
				var counts, gas []uint64
				for _, w := range worlds {
					w.anywhere = true
					counts = append(counts, w.accesses(func() { w.send(t, row.op(w)) }))
					w.end(t)
					w.send(t, row.op(w)) // the other kind's turn
					w.end(t)
					gas = append(gas, w.gas(func() { w.send(t, row.op(w)) }))
					w.end(t)
				}
				require.Equal(t, counts[0], counts[1], "reads, writes, deletions, iterator steps")
				logAccesses(t, counts[0])
				require.InEpsilon(t, gas[0], gas[1], 0.02)
			})
		}
	}
	t.Run("end of block", func(t *testing.T) {
		var counts []uint64
		for _, w := range worlds {
			w.mature(t, perBlock)
			counts = append(counts, w.accesses(func() { require.NoError(t, w.k.EndBlock(w.ctx)) }))
			require.EqualValues(t, perBlock, w.completed())
		}
		require.Equal(t, counts[0], counts[1], "reads, writes, deletions, iterator steps")
		logAccesses(t, counts[0])
	})
	t.Run("import", func(t *testing.T) {
		require.Positive(t, worlds[0].opened)
		require.Equal(t, worlds[0].opened, worlds[1].opened, "iterators")
	})
}

func logAccesses(t *testing.T, n uint64) {
	t.Logf("%d reads, %d writes, %d deletions, %d iterator steps", n%1e6, n/1e6%1e3, n/1e9%1e3, n/1e12)
}
