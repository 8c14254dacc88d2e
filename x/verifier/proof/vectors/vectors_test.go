package vectors_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// snarkJS returns the proof that snarkjs made. Its row is the only one whose
// public values must come with the proof.
func snarkJS(t testing.TB) vectors.Set {
	t.Helper()
	curve, key, err := groth16.KeyFromSnarkJS(vectors.Read(t, "snarkjs/groth16_verification_key.json"))
	require.NoError(t, err)
	proofCurve, bz, err := groth16.ProofFromSnarkJS(vectors.Read(t, "snarkjs/groth16_proof.json"))
	require.NoError(t, err)
	require.Equal(t, curve, proofCurve)
	inputs, err := groth16.InputsFromSnarkJS(curve, vectors.Read(t, "snarkjs/groth16_public.json"))
	require.NoError(t, err)
	return vectors.Set{
		Name: "snarkjs",
		Keys: []vectors.Key{{ID: "snarkjs", Family: groth16.Name, Curve: curve, Published: key}},
		Rows: []vectors.Row{{
			Name: "snarkjs", Program: proof.CircuitID(groth16.Name, curve, key), Digest: proof.MaskedDigest(inputs),
			PublicValues: inputs, Proof: bz, VerifiesUnder: []string{"snarkjs"},
		}},
	}
}

// sets returns all sets.
func sets(t testing.TB) []vectors.Set { return append(vectors.ZkVMs(t), snarkJS(t)) }

// family returns the family of a key.
func family(t testing.TB, key vectors.Key) proof.Family {
	t.Helper()
	f, ok := families.Get(key.Family)
	require.True(t, ok, "no family %q", key.Family)
	return f
}

// prepared is a key as the chain has it.
type prepared struct {
	vectors.Key
	canonical []byte
	parsed    proof.Key
}

// prepare takes a published key the way that it takes to the chain.
func prepare(t testing.TB, key vectors.Key) prepared {
	t.Helper()
	f := family(t, key)
	canonical, err := f.Canonicalize(key.Curve, key.Published)
	require.NoError(t, err, key.ID)
	parsed, err := f.Parse(key.Curve, canonical, key.Constants)
	require.NoError(t, err, key.ID)
	return prepared{key, canonical, parsed}
}

// verify is what the chain does with a proof under a key that it has parsed.
func verify(k proof.Key, program, digest [32]byte, publicValues, bz []byte) error {
	if err := k.CheckStatement(program, digest); err != nil {
		return err
	}
	return k.Verify(program, digest, publicValues, bz)
}

// sentinels are the errors of package proof.
var sentinels = []error{
	proof.ErrCurve, proof.ErrConstant, proof.ErrSize, proof.ErrEncoding, proof.ErrPoint, proof.ErrProgram,
	proof.ErrDigest, proof.ErrPublicValues, proof.ErrInvalidProof,
}

// requireRefused checks that an error is one of package proof, exactly one, and
// not that of a panic.
func requireRefused(t testing.TB, err error, what ...any) {
	t.Helper()
	require.Error(t, err, what...)
	n := 0
	for _, s := range sentinels {
		if errors.Is(err, s) {
			n++
		}
	}
	require.Equal(t, 1, n, "%v: %v", err, what)
	require.NotErrorIs(t, err, proof.ErrInternal, what...)
}

// Each published proof is valid under exactly the keys that it should be, with
// its public values and, where the family allows it, without.
func TestPublishedProofs(t *testing.T) {
	want := map[string]int{"pico": 2, "risc0": 4, "sp1": 8, "snarkjs": 1} // valid proofs at least
	for _, set := range sets(t) {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			valid := 0
			for _, key := range set.Keys {
				k := prepare(t, key)
				for _, row := range set.Rows {
					if testRow(t, k, row) {
						valid++
					}
				}
			}
			require.GreaterOrEqual(t, valid, want[set.Name])
		})
	}
}

// testRow checks one proof under one key and reports whether it is valid.
func testRow(t *testing.T, k prepared, row vectors.Row) bool {
	t.Helper()
	name := row.Name + " under " + k.ID
	valid := slices.Contains(row.VerifiesUnder, k.ID)
	if row.PublicValues != nil {
		require.Equal(t, row.Digest, k.parsed.Digest(row.PublicValues), name)
		require.Equal(t, row.Digest, family(t, k.Key).Digest(row.PublicValues), name)
		if err := verify(k.parsed, row.Program, row.Digest, row.PublicValues, row.Proof); valid {
			require.NoError(t, err, name)
		} else {
			requireRefused(t, err, name)
		}
	}
	if err := verify(k.parsed, row.Program, row.Digest, nil, row.Proof); valid && !k.parsed.NeedsPublicValues() {
		require.NoError(t, err, name)
	} else {
		requireRefused(t, err, name)
	}
	return valid
}
