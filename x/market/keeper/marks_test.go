package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// marks lists the marks that are set.
func (f *fixture) marks() (list []byte) {
	prefix := types.MarksPrefix.Bytes()
	it := f.marketStore().Iterator(prefix, storetypes.PrefixEndBytes(prefix))
	defer it.Close()
	for ; it.Valid(); it.Next() {
		list = append(list, it.Key()[len(it.Key())-1])
	}
	return list
}

// markAll sets all marks, as a test must that puts records into the store by hand.
func (f *fixture) markAll() {
	for mark := byte(1); mark <= 3; mark++ {
		f.marketStore().Set(append(types.MarksPrefix.Bytes(), 0, 0, 0, 0, 0, 0, 0, mark), []byte{})
	}
}

// law M9: the mark of dead letters stands from the block of the first to the one that finds
// none any more, also across an export.
func TestMarkOfDeadLetters(t *testing.T) {
	f := setup(t)
	first, second := f.assigned(), f.assigned()
	require.Empty(t, f.marks())
	f.provers.panicOnSlash = true
	f.blocks(62)
	require.Equal(t, []byte{1}, f.marks())
	require.Equal(t, []byte{1}, f.roundTrip().marks())
	f.provers.panicOnSlash = false
	require.True(t, f.refund(second).Applied)
	f.blocks(1)
	require.Equal(t, []byte{1}, f.marks(), "the other is there still")
	require.True(t, f.refund(first).Applied)
	f.blocks(1)
	require.Empty(t, f.marks())
}

// A record that no mark tells of would lie there for good.
func TestMarksAreChecked(t *testing.T) {
	for name, prefix := range map[string][]byte{
		"dead letter": append(types.PlacesPrefix.Bytes(), 3),
		"litter":      types.LitterPrefix.Bytes(),
		"delta":       types.StatsDeltasPrefix.Bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			require.NoError(t, f.keeper.CheckMarks(f.Ctx))
			f.marketStore().Set(append(prefix, make([]byte, 64)...), []byte{})
			require.ErrorIs(t, f.keeper.CheckMarks(f.Ctx), types.ErrInvariant)
			f.markAll()
			require.NoError(t, f.keeper.CheckMarks(f.Ctx))
		})
	}
}
