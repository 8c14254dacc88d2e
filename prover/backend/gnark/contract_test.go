package gnark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
)

func TestContract(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backendtest.Subject {
		s := backendtest.Circuit(t)
		b := gnark.New(gnark.Config{Workers: 2})
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		s.Backend = b
		return s
	})
}
