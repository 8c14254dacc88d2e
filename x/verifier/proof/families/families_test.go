package families_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
)

func TestBuiltInVerifiersAreUsable(t *testing.T) {
	list, err := families.BuiltIn()
	require.NoError(t, err)
	for i, v := range list {
		if i > 0 {
			require.Less(t, list[i-1].ID, v.ID)
		}
		f, ok := families.Get(v.Family)
		require.True(t, ok)
		k, err := f.Parse(v.Curve, v.Key, v.Constants)
		require.NoError(t, err)
		shape, err := f.Shape(v.Curve, v.Key)
		require.NoError(t, err)
		require.Equal(t, shape, k.Shape())
		require.Contains(t, families.Names(), v.Family)
	}
	_, ok := families.Get("plonk")
	require.False(t, ok)
}
