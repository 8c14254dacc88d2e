package keeper

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// namedKey is a key that is told apart by a number only.
type namedKey struct {
	proof.Key
	n byte
}

func TestKeyCacheDropsLeastRecentlyUsed(t *testing.T) {
	c := newKeyCache(2)
	parsed := 0
	get := func(n byte) byte {
		k, err := c.get([32]byte{n}, func() (proof.Key, error) { parsed++; return namedKey{n: n}, nil })
		require.NoError(t, err)
		return k.(namedKey).n
	}
	for _, step := range []struct {
		n      byte
		parsed int
	}{{1, 1}, {2, 2}, {1, 2}, {3, 3}, {1, 3}, {2, 4}, {3, 5}} {
		require.Equal(t, step.n, get(step.n))
		require.Equal(t, step.parsed, parsed, "after %d", step.n)
		require.LessOrEqual(t, c.order.Len(), 2)
		require.Len(t, c.byKey, c.order.Len())
	}
}

func TestKeyCacheRemembersNoErrors(t *testing.T) {
	c := newKeyCache(2)
	_, err := c.get([32]byte{1}, func() (proof.Key, error) { return nil, proof.ErrPoint })
	require.ErrorIs(t, err, proof.ErrPoint)
	require.Zero(t, c.order.Len())
}

func TestKeyCacheInParallel(t *testing.T) {
	c := newKeyCache(3)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				n := byte((i + j) % 5)
				k, err := c.get([32]byte{n}, func() (proof.Key, error) { return namedKey{n: n}, nil })
				if err != nil || k.(namedKey).n != n {
					t.Errorf("asked for %d, got %v, %v", n, k, err)
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, c.order.Len(), 3)
}
