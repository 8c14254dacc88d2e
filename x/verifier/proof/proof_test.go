package proof_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// The id of a circuit is part of every client's data: it must never change.
func TestCircuitIDIsPinned(t *testing.T) {
	id := proof.CircuitID("groth16", "bn254", []byte{1, 2, 3})
	require.Equal(t, "1cef1f66661b404fff6565301912ade52ed4afbce55b88a62d33957e83408e46", hex.EncodeToString(id[:]))
	require.NotEqual(t, id, proof.CircuitID("groth16b", "n254", []byte{1, 2, 3}), "parts are told apart")
}

func TestKeyHashCoversConstants(t *testing.T) {
	a := proof.KeyHash("f", "c", []byte{1}, nil)
	b := proof.KeyHash("f", "c", []byte{1}, []proof.Constant{{Name: "x", Value: []byte{2}}})
	c := proof.KeyHash("f", "c", []byte{1}, []proof.Constant{{Name: "x", Value: []byte{3}}})
	require.NotEqual(t, a, b)
	require.NotEqual(t, b, c)
}

func TestCheckConstants(t *testing.T) {
	named := func(names ...string) (out []proof.Constant) {
		for _, n := range names {
			out = append(out, proof.Constant{Name: n})
		}
		return out
	}
	var limit []string
	for i := range proof.MaxConstants {
		limit = append(limit, string(rune('a'+i)))
	}
	require.NoError(t, proof.CheckConstants(nil))
	require.NoError(t, proof.CheckConstants(named(limit...)))
	require.NoError(t, proof.CheckConstants(named(strings.Repeat("x", proof.MaxConstantNameSize))))
	require.NoError(t, proof.CheckConstants([]proof.Constant{{Name: "a", Value: make([]byte, proof.MaxConstantValueSize)}}))

	for name, bad := range map[string][]proof.Constant{
		"too many":      named(append(limit, "z")...),
		"no name":       named(""),
		"long name":     named(strings.Repeat("x", proof.MaxConstantNameSize+1)),
		"long value":    {{Name: "a", Value: make([]byte, proof.MaxConstantValueSize+1)}},
		"unsorted":      named("b", "a"),
		"given twice":   named("a", "a"),
		"empty in list": named("a", ""),
	} {
		require.ErrorIs(t, proof.CheckConstants(bad), proof.ErrConstant, name)
	}
}

func TestCheckSizes(t *testing.T) {
	require.NoError(t, proof.CheckSizes(make([]byte, proof.MaxPublicValuesSize), make([]byte, proof.MaxProofSize)))
	require.ErrorIs(t, proof.CheckSizes(nil, make([]byte, proof.MaxProofSize+1)), proof.ErrSize)
	require.ErrorIs(t, proof.CheckSizes(make([]byte, proof.MaxPublicValuesSize+1), nil), proof.ErrPublicValues)
}

func TestGuardRecoversPanics(t *testing.T) {
	require.ErrorIs(t, proof.Guard(func() error { panic("library bug") }), proof.ErrInternal)
	require.ErrorIs(t, proof.Guard(func() error { return proof.ErrPoint }), proof.ErrPoint)
	require.NoError(t, proof.Guard(func() error { return nil }))
}
