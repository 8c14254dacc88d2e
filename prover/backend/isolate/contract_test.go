package isolate_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/isolate"
)

// The contract, with gnark in real children.
func TestContract(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	backendtest.Run(t, func(t *testing.T) backendtest.Subject {
		s := backendtest.Circuit(t)
		b := isolate.New(isolate.Config{Command: []string{exe, gnarkChild}, Children: 2, MaxPrograms: 2, Stderr: os.Stderr})
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		s.Backend = b
		return s
	})
}
