package plonk_test

import (
	"bytes"
	"testing"

	gnark "github.com/consensys/gnark/backend/plonk"
	"github.com/consensys/gnark/backend/witness"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof/circuit"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
)

// BenchmarkPlonk compares, in one run, a proof's whole way from bytes to verdict
// in this package and in gnark, under a parsed key.
func BenchmarkPlonk(b *testing.B) {
	for _, f := range plonktest.All(b) {
		vk := parse(b, f)
		name := f.Curve + "/" + f.Name
		b.Run(name+"/ours", func(b *testing.B) { benchmarkOurs(b, f, vk) })
		b.Run(name+"/gnark", func(b *testing.B) { benchmarkGnark(b, f) })
		b.Run(name+"/parse-key", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parse(b, f)
			}
		})
	}
}

func benchmarkOurs(b *testing.B, f *plonktest.Fixture, vk circuit.Key) {
	b.Helper()
	benchtest.Measure(b, func() error {
		claim, err := vk.Prepare(f.Inputs, f.RawProof)
		if err != nil {
			return err
		}
		return claim.Verify()
	})
}

func benchmarkGnark(b *testing.B, f *plonktest.Fixture) {
	b.Helper()
	w, err := witness.New(f.Field().ScalarField())
	require.NoError(b, err)
	require.NoError(b, w.UnmarshalBinary(plonktest.WitnessBytes(f.Inputs)))
	benchtest.Measure(b, func() error {
		p := gnark.NewProof(f.Field())
		if _, err := p.ReadFrom(bytes.NewReader(f.RawProof)); err != nil {
			return err
		}
		return gnark.Verify(p, f.VK, w)
	})
}
