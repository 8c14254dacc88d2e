package plonk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/circuit"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bls12381"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
)

// parse reads the fixture's canonical key.
func parse(t testing.TB, f *plonktest.Fixture) circuit.Key {
	t.Helper()
	var vk circuit.Key
	var err error
	if f.Curve == proof.CurveBN254 {
		vk, err = bn254.ParseCanonicalKey(f.Key)
	} else {
		vk, err = bls12381.ParseCanonicalKey(f.Key)
	}
	require.NoError(t, err)
	return vk
}
