package groth16_test

import (
	"bytes"
	"testing"

	gnark "github.com/consensys/gnark/backend/groth16"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

// BenchmarkGroth16 measures a whole verification, from bytes to verdict, beside
// gnark's own of the same bytes.
func BenchmarkGroth16(b *testing.B) {
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(b, curve) {
			k, id, digest := key(b, f)
			pv := f.PublicValues()
			b.Run(curve+"/"+f.Name+"/ours", func(b *testing.B) {
				benchtest.Measure(b, func() error { return k.Verify(id, digest, pv, f.RawProof) })
			})
			vk := groth16test.GnarkKey(b, curve, f.Raw)
			w, err := groth16test.GnarkWitness(curve, pv)
			require.NoError(b, err)
			b.Run(curve+"/"+f.Name+"/gnark", func(b *testing.B) {
				benchtest.Measure(b, func() error {
					p := groth16test.NewGnarkProof(curve)
					if _, err := p.ReadFrom(bytes.NewReader(f.RawProof)); err != nil {
						return err
					}
					return gnark.Verify(p, vk, w)
				})
			})
		}
	}
}
