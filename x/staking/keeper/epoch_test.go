package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The number that other modules count by is that of the running epoch, the block that
// ends an epoch included, and only rises.
func TestCurrentEpoch(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	first := f.incentives(t).Clock.Number
	last := first
	for range 4 {
		f.endBlock(t, 15*time.Hour)
		epoch, err := f.k.CurrentEpoch(f.ctx)
		require.NoError(t, err)
		require.Equal(t, f.incentives(t).Clock.Number, epoch)
		require.GreaterOrEqual(t, epoch, last)
		last = epoch
	}
	require.Greater(t, last, first)
}
