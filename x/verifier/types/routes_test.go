package types

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A verifier's id contains a slash: its route takes the rest of the path, and
// shares none with the list's.
func TestVerifierRoutes(t *testing.T) {
	base := []string{"proofmarket", "verifier", "v1"}
	vars, err := pattern_Query_Verifier_0.Match(append(base, "verifier", "pico", "v1.2.2"), "")
	require.NoError(t, err)
	require.Equal(t, "pico/v1.2.2", vars["id"])
	_, err = pattern_Query_Verifiers_0.Match(append(base, "verifiers"), "")
	require.NoError(t, err)
	_, err = pattern_Query_Verifier_0.Match(append(base, "verifiers"), "")
	require.Error(t, err)
}
