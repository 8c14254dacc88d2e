package sp1_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
)

// FuzzSP1Key: no bytes make the parsers panic; what they accept is canonical, and
// what they canonicalize they accept again.
func FuzzSP1Key(f *testing.F) {
	fixtures, _ := load(f)
	for _, id := range []string{"sp1-v5.0.0-groth16", "sp1-v6.0.0-groth16", "sp1-v5.0.0-plonk", "sp1-v6.0.0-plonk"} {
		k := fixtures[id]
		var root []byte
		if k.constants != nil {
			root = k.constants[0].Value
		}
		f.Add(k.family.Name() == sp1.NamePlonk, false, k.canonical, root)
		f.Add(k.family.Name() == sp1.NamePlonk, true, k.canonical, root)
	}
	f.Fuzz(func(t *testing.T, plonk, lines bool, bz, root []byte) {
		if lines && len(bz) > linesOffset { // inputs stay small without them
			bz = withLines(bz)
		}
		family := sp1.Groth16
		if plonk {
			family = sp1.Plonk
		}
		var constants []proof.Constant
		if len(root) > 0 {
			constants = []proof.Constant{{Name: sp1.ConstantVKRoot, Value: root}}
		}
		canonical, err := family.Canonicalize(proof.CurveBN254, bz)
		k, parseErr := family.Parse(proof.CurveBN254, bz, constants)
		require.NotErrorIs(t, err, proof.ErrInternal)
		require.NotErrorIs(t, parseErr, proof.ErrInternal)
		if err == nil {
			again, err := family.Canonicalize(proof.CurveBN254, canonical)
			require.NoError(t, err)
			require.Equal(t, canonical, again)
			_, err = family.VerifierHash(canonical)
			require.NoError(t, err)
		}
		if parseErr == nil {
			require.NoError(t, err)
			require.Equal(t, canonical, bz)
			shape, err := family.Shape(proof.CurveBN254, bz)
			require.NoError(t, err)
			require.Equal(t, shape, k.Shape())
		}
	})
}

// FuzzSP1Proof: no bytes make a verifier panic, and only the published statement
// is proved.
func FuzzSP1Proof(f *testing.F) {
	ids := []string{"sp1-v5.0.0-groth16", "sp1-v6.1.0-groth16", "sp1-v5.0.0-plonk", "sp1-v6.0.0-plonk"}
	var keys []fixture
	var statements []statement
	for i, id := range ids {
		k, s := valid(f, id)
		keys, statements = append(keys, k), append(statements, s)
		f.Add(uint8(i), s.program[:], s.digest[:], s.proof)
	}
	f.Fuzz(func(t *testing.T, which uint8, program, digest, bz []byte) {
		i := int(which) % len(keys)
		var s statement
		copy(s.program[:], program)
		copy(s.digest[:], digest)
		err := s.with(bz).under(keys[i].key)
		require.NotErrorIs(t, err, proof.ErrInternal)
		if err == nil {
			require.Equal(t, statements[i].program, s.program)
			require.Equal(t, statements[i].digest, s.digest)
		}
	})
}
