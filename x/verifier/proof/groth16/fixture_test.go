package groth16_test

import (
	"bytes"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	bn254groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"

	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

type fixture = groth16test.Fixture

var (
	fixtures = groth16test.All
	encode   = groth16test.Encode
)

// gnarkVerdict is gnark's own answer for a proof that it can decode.
func gnarkVerdict(f *fixture, proofBytes []byte, inputs []fr.Element) error {
	var p bn254groth16.Proof
	if _, err := p.ReadFrom(bytes.NewReader(proofBytes)); err != nil {
		return err
	}
	return bn254groth16.Verify(&p, f.VK, append(fr.Vector{}, inputs...))
}

func parse(t testing.TB, f *fixture) *ours.VerifyingKey {
	t.Helper()
	vk, err := ours.ParseCanonicalKey(f.Raw)
	require.NoError(t, err)
	return vk
}
