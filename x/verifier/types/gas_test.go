package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// law V5
func TestVerificationGas(t *testing.T) {
	for _, tc := range []struct {
		shape proof.Shape
		want  uint64
	}{
		{proof.Shape{}, 13_000},
		{proof.Shape{PublicInputs: 2}, 14_000},
		{proof.Shape{PublicInputs: 10}, 18_000},
		{proof.Shape{PublicInputs: 11}, 18_100},
		{proof.Shape{PublicInputs: proof.MaxPublicInputs}, 68_200},
		{proof.Shape{PublicInputs: 1, Commitments: 1, Committed: 1}, 22_510},
		{proof.Shape{Commitments: 2, Committed: 3}, 26_530},
	} {
		require.Equal(t, tc.want, types.VerificationGas(tc.shape), "%+v", tc.shape)
	}
}
