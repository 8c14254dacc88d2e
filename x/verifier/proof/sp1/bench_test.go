package sp1_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// BenchmarkSP1 compares a verification from a proof's bytes with gnark's of a
// proof that is already parsed.
func BenchmarkSP1(b *testing.B) {
	for _, tc := range []struct{ name, id string }{{"groth16", "sp1-v6.1.0-groth16"}, {"plonk", "sp1-v6.0.0-plonk"}} {
		f, s := valid(b, tc.id)
		theirs := gnarkVerify(b, f, s)
		require.NoError(b, theirs())
		b.Run(tc.name+"/ours", func(b *testing.B) {
			benchtest.Measure(b, func() error { return s.under(f.key) })
		})
		b.Run(tc.name+"/gnark", func(b *testing.B) { benchtest.Measure(b, theirs) })
		b.Run(tc.name+"/parse", func(b *testing.B) {
			for b.Loop() {
				if _, err := f.family.Parse(proof.CurveBN254, f.canonical, f.constants); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
