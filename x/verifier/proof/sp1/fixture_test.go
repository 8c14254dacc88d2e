package sp1_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// What a published PLONK key file has between its points and its last twelve
// bytes: the KZG lines, zeros.
const (
	linesOffset = 564
	linesSize   = 33792
)

// fixture is a published key, ready for use.
type fixture struct {
	family    sp1.Family
	canonical []byte
	file      []byte // as published
	constants []proof.Constant
	key       proof.Key
}

// statement is a published proof with what it proves.
type statement struct {
	program, digest     [32]byte
	publicValues, proof []byte
}

func statementOf(row vectors.Row) statement {
	return statement{row.Program, row.Digest, row.PublicValues, row.Proof}
}

// with returns the statement with another proof.
func (s statement) with(proof []byte) statement {
	s.proof = proof
	return s
}

// under verifies the statement.
func (s statement) under(k proof.Key) error { return k.Verify(s.program, s.digest, nil, s.proof) }

// familyOf returns the family of that name.
func familyOf(t testing.TB, name string) sp1.Family {
	t.Helper()
	require.Contains(t, []string{sp1.NameGroth16, sp1.NamePlonk}, name)
	if name == sp1.NamePlonk {
		return sp1.Plonk
	}
	return sp1.Groth16
}

// withLines returns a canonical PLONK key with zero lines, as it is published.
func withLines(key []byte) []byte {
	return slices.Concat(key[:linesOffset], make([]byte, linesSize), key[linesOffset:])
}

// load returns the published keys by id, and the published proofs.
func load(t testing.TB) (map[string]fixture, []vectors.Row) {
	t.Helper()
	set := vectors.SP1(t)
	fixtures := map[string]fixture{}
	for _, k := range set.Keys {
		f := fixture{family: familyOf(t, k.Family), file: k.Published, canonical: k.Published, constants: k.Constants}
		if k.Family == sp1.NamePlonk {
			f.canonical = slices.Concat(f.file[:linesOffset], f.file[linesOffset+linesSize:])
		}
		var err error
		f.key, err = f.family.Parse(k.Curve, f.canonical, f.constants)
		require.NoError(t, err, k.ID)
		fixtures[k.ID] = f
	}
	return fixtures, set.Rows
}

// valid returns the published proof under the key of that id.
func valid(t testing.TB, id string) (fixture, statement) {
	t.Helper()
	fixtures, rows := load(t)
	for _, row := range rows {
		if slices.Contains(row.VerifiesUnder, id) {
			s := statementOf(row)
			require.NoError(t, s.under(fixtures[id].key))
			return fixtures[id], s
		}
	}
	require.Fail(t, "no such vector", id)
	return fixture{}, statement{}
}

// flip returns bz with one bit of a byte changed.
func flip(bz []byte, i int) []byte {
	bad := bytes.Clone(bz)
	bad[i] ^= 1 << (i % 8)
	return bad
}

// splice returns bz with part written over it at an offset.
func splice(bz []byte, offset int, part []byte) []byte {
	out := bytes.Clone(bz)
	copy(out[offset:], part)
	return out
}
