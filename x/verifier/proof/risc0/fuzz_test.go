package risc0

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// FuzzRisc0Key: no key and constants make the parser panic; what it accepts has
// the shape that is charged for, and is canonical.
func FuzzRisc0Key(f *testing.F) {
	p := release(f, Name+"/v3.0")
	f.Add(p.Key, p.Constants[0].Value, p.Constants[1].Value)
	f.Add(p.Key, p.Constants[1].Value, p.Constants[0].Value)
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, bz, id, root []byte) {
		shape, shapeErr := Family{}.Shape(proof.CurveBN254, bz)
		k, err := Family{}.Parse(proof.CurveBN254, bz, []proof.Constant{{Name: ControlID, Value: id}, {Name: ControlRoot, Value: root}})
		require.NotErrorIs(t, err, proof.ErrInternal)
		if err != nil {
			return
		}
		require.NoError(t, shapeErr)
		require.Equal(t, shape, k.Shape())
		canonical, err := Family{}.Canonicalize(proof.CurveBN254, bz)
		require.NoError(t, err)
		require.Equal(t, bz, canonical)
	})
}

// FuzzRisc0Verify: no bytes make the verifier panic, and only the published
// statement is proved.
func FuzzRisc0Verify(f *testing.F) {
	k, s := parseRelease(f, Name+"/v2.2"), known(f)
	f.Add(s.program[:], s.digest[:], s.journal, s.proof)
	f.Add(s.digest[:], s.program[:], []byte{}, s.proof)
	f.Add([]byte{}, []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, program, digest, journal, bz []byte) {
		var gotProgram, gotDigest [32]byte
		copy(gotProgram[:], program)
		copy(gotDigest[:], digest)
		if len(journal) == 0 {
			journal = nil
		}
		err := k.Verify(gotProgram, gotDigest, journal, bz)
		require.NotErrorIs(t, err, proof.ErrInternal)
		if err == nil {
			require.Equal(t, s.program, gotProgram)
			require.Equal(t, s.digest, gotDigest)
		}
	})
}

// BenchmarkRisc0 compares the whole verification, from bytes, with gnark's own of
// a proof and inputs that are parsed before.
func BenchmarkRisc0(b *testing.B) {
	k, s := parseRelease(b, Name+"/v2.2"), known(b)
	b.Run("ours", func(b *testing.B) {
		benchtest.Measure(b, func() error { return k.Verify(s.program, s.digest, nil, s.proof) })
	})
	b.Run("gnark", func(b *testing.B) {
		id := Name + "/v2.2"
		benchtest.Measure(b, vectors.Gnark(b, release(b, id).Key, s.proof[SelectorSize:], inputs(b, id, s.program, s.digest)))
	})
}
